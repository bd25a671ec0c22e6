"""lower-data: records, variants, function values and variables become cells, slots and addresses.

Every record and variant is a counted cell whose header holds the tag; counted parts come first, so that the
runtime frees a cell without knowing its type. The slots of records are ordered by field name, which makes a
declared record and a structural one with the same fields the same thing in memory. A function value is a cell
that holds the address of an adapter and the captures.

Before:

    "osp.data"() {fields = [["x", "name"]], params = [], positional = [false], record = true,
      sym_name = "Point", title = "Point", types = [[i64, !osp.string]], variants = ["Point"]} : () -> ()
    "func.func"() ({
    ^bb0(%x: i64, %name: !osp.string):
      %p = "osp.construct"(%x, %name) {variant = "Point"} : (i64, !osp.string) -> !osp.data<"Point">
      %y = "osp.get_field"(%p) {field = "x"} : (!osp.data<"Point">) -> i64
      "func.return"(%y) : (i64) -> ()
    }) {function_type = (i64, !osp.string) -> i64, sym_name = "f"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%arg0: i64, %arg1: !osp.string):
      %0 = "rt.cell"(%arg1, %arg0) {scan = 1 : i64, tag = 0 : i64}
        : (!osp.string, i64) -> !osp.data<"Point">
      %1 = "rt.slot"(%0) {index = 1 : i64, scan = 1 : i64, words = 2 : i64} : (!osp.data<"Point">) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = (i64, !osp.string) -> i64, sym_name = "f"} : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.dialects.rt import MAX_SCAN, MAX_TAG, is_counted
from ospjit.ir import (
    Block,
    Builder,
    FunctionType,
    Operation,
    Pass,
    PassContext,
    Pattern,
    Region,
    Rewriter,
    SymbolRefAttr,
    SymbolTable,
    Type,
    TypeAttr,
    Value,
    apply_patterns,
    body_of,
    i64,
    pattern,
)
from ospjit.passes.data_types import DataTypes
from ospjit.passes.not_supported import NotSupported
from ospjit.passes.unbox_results import expand


@dataclass(frozen=True)
class LowerData(Pass):
    """Gives every value its machine representation."""

    name = "lower-data"
    summary = "records, variants and function values become cells"
    takes = ("osp", "func", "cf", "arith", "rt")
    leaves = ("func", "cf", "arith", "rt")
    required = True
    statistics = {
        "adapters": "functions through which function values are called",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        lowering = _Lowering(module, ctx)
        lowering.globals()
        apply_patterns(module, lowering.patterns())
        for op in body_of(module).ops:
            if op.name == "osp.data":
                op.erase()


class _Lowering:
    def __init__(self, module: Operation, ctx: PassContext) -> None:
        self.module = module
        self.ctx = ctx
        self.symbols = SymbolTable(module)
        self.datas = DataTypes(self.symbols)
        self.layouts: dict[tuple[Type, str], tuple[list[int], int]] = {}

    def layout(self, t: Type, variant: str) -> tuple[list[int], int]:
        """For each part of a variant, its slot; and how many slots are counted."""
        key = (t, variant)
        if key not in self.layouts:
            names = self.datas.field_names(t, variant)
            fields = [expand(f) for f in self.datas.field_types(t, variant)]
            keys = []
            for position, parts in enumerate(fields):
                order = (names[position], 0) if len(self.datas.variants(t)) == 1 else ("", position)
                keys += [(not is_counted(p), *order, i) for i, p in enumerate(parts)]
            ranks = sorted(range(len(keys)), key=keys.__getitem__)
            slots = [0] * len(keys)
            for slot, part in enumerate(ranks):
                slots[part] = slot
            self.layouts[key] = (slots, sum(1 for k in keys if not k[0]))
        return self.layouts[key]

    def field_parts(self, t: Type, variant: str, field: int) -> tuple[int, int]:
        """The first part of a field and the one after its last."""
        widths = [len(expand(f)) for f in self.datas.field_types(t, variant)]
        start = sum(widths[:field])
        return start, start + widths[field]

    def globals(self) -> None:
        """Variables know the types of their parts."""
        for op in body_of(self.module).ops:
            if op.name == "osp.global":
                types = tuple(TypeAttr(t) for t in expand(op.attr("type")))
                attrs: dict[str, object] = {
                    k: op.attributes[k]
                    for k in ("sym_name", "title", "mutable", "checked")
                    if k in op.attributes
                }
                Builder.before(op).create("rt.global", [], [], {**attrs, "types": types})
                op.erase()

    # ---- patterns

    def patterns(self) -> list[Pattern]:
        """The patterns of the pass, bound to this state."""

        @pattern("osp.construct")
        def construct(op: Operation, rw: Rewriter) -> bool:
            t, variant = op.result.type, op.attr("variant")
            slots, scan = self.layout(t, variant)
            tag = self.datas.variants(t).index(variant)
            if tag > MAX_TAG:
                raise NotSupported(f"a union has at most {MAX_TAG + 1} variants", op.loc)
            if scan > MAX_SCAN:
                raise NotSupported(f"a record holds at most {MAX_SCAN} strings, records and the like", op.loc)
            if not slots:
                rw.replace_op(op, "rt.static_cell", attrs={"tag": tag})
                return True
            values: list[Value | None] = [None] * len(slots)
            for part, slot in enumerate(slots):
                values[slot] = op.operands[part]
            rw.replace_op(
                op, "rt.cell", [v for v in values if v is not None], attrs={"tag": tag, "scan": scan}
            )
            return True

        @pattern("osp.get_field", "osp.variant_field")
        def field(op: Operation, rw: Rewriter) -> bool:
            t = op.operands[0].type
            variant = op.attr("variant", self.datas.variants(t)[0])
            if op.name == "osp.get_field":
                index = self.datas.field_names(t, variant).index(op.attr("field"))
            else:
                index = op.attr("index")
            start, end = self.field_parts(t, variant, index)
            slots, scan = self.layout(t, variant)
            shape = {"words": len(slots), "scan": scan}
            loads = [
                rw.create("rt.slot", [op.operands[0]], [r.type], {"index": slots[part], **shape}).result
                for part, r in zip(range(start, end), op.results, strict=True)
            ]
            rw.replace(op, loads)
            return True

        @pattern("osp.func_ref")
        def reference(op: Operation, rw: Rewriter) -> bool:
            adapter, order, scan = self.adapter(op)
            if scan > MAX_SCAN:
                raise NotSupported(f"a function value captures at most {MAX_SCAN} values", op.loc)
            captures = [op.operands[i] for i in order]
            attrs = {"callee": SymbolRefAttr(adapter), "scan": scan}
            rw.replace_op(op, "rt.closure", captures, attrs=attrs)
            return True

        @pattern("osp.global_get")
        def load(op: Operation, rw: Rewriter) -> bool:
            if op.attr("checked"):
                rw.create("rt.global_check", [], [], {"global": op.attributes["global"]})
            loads = [
                rw.create(
                    "rt.global_load", [], [r.type], {"global": op.attributes["global"], "index": i}
                ).result
                for i, r in enumerate(op.results)
            ]
            rw.replace(op, loads)
            return True

        @pattern("osp.global_set")
        def store(op: Operation, rw: Rewriter) -> bool:
            for i, value in enumerate(op.operands):
                rw.create("rt.global_store", [value], [], {"global": op.attributes["global"], "index": i})
            rw.erase(op)
            return True

        @pattern("osp.list_rest")
        def rest(op: Operation, rw: Rewriter) -> bool:
            index = rw.create("arith.constant", [], [i64], {"value": op.attr("index")}).result
            callee = {"callee": SymbolRefAttr("osp_list_drop")}
            rw.replace_op(op, "rt.call", [op.operands[0], index], attrs=callee)
            return True

        @pattern("osp.list_item")
        def item(op: Operation, rw: Rewriter) -> bool:
            index = rw.create("arith.constant", [], [i64], {"value": op.attr("index")}).result
            callee = {"callee": SymbolRefAttr("osp_list_get_unchecked")}
            rw.replace_op(op, "rt.call", [op.operands[0], index], attrs=callee)
            return True

        return [rest, item, construct, field, reference, load, store, *_RENAMES]

    def adapter(self, op: Operation) -> tuple[str, list[int], int]:
        """The function that a function value of `op`'s callee and captures points to, the order in which the
        captures are stored, and how many of them are counted."""
        callee = self.symbols.lookup(op.attr("callee"))
        assert callee is not None
        types = [v.type for v in op.operands]
        order = sorted(range(len(types)), key=lambda i: (not is_counted(types[i]), i))
        scan = sum(map(is_counted, types))
        symbol = f"{op.attr('callee')}$closure"
        if symbol in self.symbols:
            return symbol, order, scan
        signature = callee.attr("function_type")
        inputs = [op.result.type, *signature.inputs[len(types) :]]
        block = Block(inputs)
        attrs = {
            "sym_name": symbol,
            "function_type": TypeAttr(FunctionType(inputs, signature.results)),
            "title": callee.attr("title"),
        }
        self.symbols.insert(Operation("func.func", [], [], attrs, [Region([block])], loc=callee.loc))
        b = Builder.at_end(block, callee.loc)
        captured: list[Value] = [block.args[0]] * len(types)
        for slot, index in enumerate(order):
            place = {"index": slot + 1, "words": len(order) + 1, "scan": scan}
            captured[index] = b.create("rt.slot", [block.args[0]], [types[index]], place).result
        target = {"callee": SymbolRefAttr(op.attr("callee"))}
        call = b.create("func.call", [*captured, *block.args[1:]], signature.results, target)
        b.create("func.return", call.results)
        self.ctx.count("adapters")
        return symbol, order, scan


def _rename(old: str, new: str) -> Pattern:
    @pattern(old)
    def rename(op: Operation, rw: Rewriter) -> bool:
        rw.replace_op(op, new, op.operands, attrs=op.attributes)
        return True

    return rename


def _rename_call(old: str, symbol: str) -> Pattern:
    @pattern(old)
    def rename(op: Operation, rw: Rewriter) -> bool:
        rw.replace_op(op, "rt.call", op.operands, attrs={"callee": SymbolRefAttr(symbol)})
        return True

    return rename


_RENAMES = [
    _rename("osp.string", "rt.string"),
    _rename("osp.string_length", "rt.string_length"),
    _rename_call("osp.list_length", "osp_list_length"),
    _rename("osp.any_type", "rt.tag"),
    _rename("osp.variant_tag", "rt.tag"),
    _rename("osp.call", "func.call"),
    _rename("osp.call_extern", "rt.call_extern"),
    _rename("osp.extern", "rt.extern"),
    _rename("osp.c_function", "rt.c_function"),
    _rename("osp.call_closure", "rt.call_closure"),
    _rename("osp.coerce", "rt.cast"),
]
