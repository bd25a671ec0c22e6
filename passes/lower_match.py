"""lower-match: matches and conditionals become branches; a match's arms become one decision tree.

The arms are a matrix of patterns. Each step picks a value, tests it once by switching on its tag, its value
or its length, and goes on with the rows that fit; nothing is tested twice on a path (Maranget, "Compiling
Pattern Matching to Good Decision Trees", 2008). Several leaves may branch to one arm's block, and paths
after which the same is left to do go on in one subtree: without that, literals in many columns multiply. A
tree that grows out of proportion all the same falls back on trying the arms one after the other, which
tests some things again but is linear in size.

Before:

    "osp.data"() {fields = [["r"], []], params = [], positional = [false, false], record = false,
      sym_name = "Shape", title = "Shape", types = [[f64], []], variants = ["Circle", "Dot"]} : () -> ()
    "func.func"() ({
    ^bb0(%s: !osp.data<"Shape">):
      %0 = "osp.match"(%s) ({
      ^circle(%r: f64):
        "osp.yield"(%r) : (f64) -> ()
      }, {
        %z = "arith.constant"() {value = 0.0 : f64} : () -> f64
        "osp.yield"(%z) : (f64) -> ()
      }) {guards = [false, false], patterns = [["con", "Circle", ["bind"]], ["wild"]]}
        : (!osp.data<"Shape">) -> f64
      "func.return"(%0) : (f64) -> ()
    }) {function_type = (!osp.data<"Shape">) -> f64, sym_name = "radius"} : () -> ()

After:

    "osp.data"() {fields = [["r"], []], params = [], positional = [false, false], record = false,
      sym_name = "Shape", title = "Shape", types = [[f64], []], variants = ["Circle", "Dot"]} : () -> ()
    "func.func"() ({
    ^bb0(%arg0: !osp.data<"Shape">):
      %0 = "osp.variant_tag"(%arg0) : (!osp.data<"Shape">) -> i64
      %1 = "arith.constant"() {value = 0 : i64} : () -> i64
      %2 = "arith.cmpi"(%0, %1) {predicate = 0 : i64} : (i64, i64) -> i1
      "cf.cond_br"(%2)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
    ^bb1:
      %3 = "osp.variant_field"(%arg0) {index = 0 : i64, variant = "Circle"} : (!osp.data<"Shape">) -> f64
      "cf.br"(%3)[^bb3] : (f64) -> ()
    ^bb2:
      "cf.br"()[^bb4] : () -> ()
    ^bb3(%4: f64):
      "cf.br"(%4)[^bb5] : (f64) -> ()
    ^bb4:
      %5 = "arith.constant"() {value = 0.0 : f64} : () -> f64
      "cf.br"(%5)[^bb5] : (f64) -> ()
    ^bb5(%6: f64):
      "func.return"(%6) : (f64) -> ()
    }) {function_type = (!osp.data<"Shape">) -> f64, sym_name = "radius"} : () -> ()
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ospjit.dialects import cf
from ospjit.dialects.osp import ANY, STRING, is_type
from ospjit.ir import (
    Block,
    Builder,
    DialectType,
    FloatAttr,
    Operation,
    Pass,
    PassContext,
    Region,
    Rewriter,
    SymbolRefAttr,
    SymbolTable,
    Type,
    Value,
    apply_patterns,
    body_of,
    f64,
    i1,
    i64,
    pattern,
    remove_unreachable,
)
from ospjit.passes.any_types import erased_types, is_record
from ospjit.passes.data_types import DataTypes

#: How many tests a tree may have, for a match and for each of its arms, before arms are tried one by one.
_TESTS_A_MATCH = 300
_TESTS_AN_ARM = 8

Pattern = tuple[object, ...]

#: What can be extracted from a value: the value, the operation (and what it is about), an index.
_Part = tuple[Value, str, int]


@dataclass(frozen=True)
class LowerMatch(Pass):
    """Turns `osp.match` and `scf.if` into `cf` branches."""

    name = "lower-match"
    summary = "matches become decision trees, conditionals become branches"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "cf", "arith")
    required = True
    statistics = {
        "tests": "switches and comparisons that the decision trees have",
    }

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        datas = DataTypes(SymbolTable(module))
        types = {t: number for number, t in enumerate(erased_types(module, datas))}

        @pattern("osp.match")
        def lower(op: Operation, rw: Rewriter) -> bool:
            _Match(op, rw, datas, types, ctx).run()
            return True

        @pattern("osp.erase")
        def number(op: Operation, rw: Rewriter) -> bool:
            if op.operands[0].type is ANY:
                rw.replace(op, op.operands[0])
                return True
            if op.attr("type_number") is not None:
                return False
            op.set_attr("type_number", types[op.operands[0].type])
            return True

        apply_patterns(module, [lower, lower_if, number])
        for function in body_of(module).ops:
            if function.name == "func.func":
                remove_unreachable(function.regions[0])


@pattern("scf.if")
def lower_if(op: Operation, rw: Rewriter) -> bool:
    """A conditional becomes two blocks and the block after it."""
    after = rw.split_block(op)
    results = [after.add_arg(r.type) for r in op.results]
    block = rw.block
    branches: list[Block] = []
    for region in reversed(op.regions):
        branches.insert(0, _inline(region, block, after, "scf.yield", rw))
    rw.set_at_end(block)
    rw.loc = op.loc
    cf.cond_br(rw, op.operands[0], branches[0], (), branches[1], ())
    rw.replace(op, results)
    return True


def _inline(region: Region, block: Block, after: Block, terminator: str, rw: Rewriter) -> Block:
    """Move a region of structured control flow behind `block`; it ends by branching to `after`."""
    entry = region.entry
    for inner in region.blocks:
        last = inner.last
        if last is not None and last.name == terminator:
            values = last.operands
            loc = last.loc
            rw.erase(last)
            Builder.at_end(inner, loc).create("cf.br", values, successors=[after])
    rw.inline_region_after(region, block)
    return entry


@dataclass(slots=True)
class _Row:
    """An arm that may still match: what is left to test, what is bound so far.

    `retried`: another alternative of the arm has matched and its guard has said no.
    """

    tests: dict[Value, Pattern]
    arm: int
    bound: dict[int, Value] = field(default_factory=dict)
    retried: bool = False

    def copy(self) -> _Row:
        return _Row(dict(self.tests), self.arm, dict(self.bound), self.retried)


def _number_binders(p: Pattern, counter: list[int]) -> Pattern:
    """Replace each `bind` by `ref n`, its argument's number."""
    kind = p[0]
    if kind == "bind":
        counter[0] += 1
        return ("ref", counter[0] - 1)
    return tuple(_number_binders(x, counter) if isinstance(x, tuple) and _is_pattern(x) else x for x in p)


_KINDS = frozenset(("wild", "bind", "ref", "lit", "con", "rec", "list", "as", "or", "type", "none"))


def _is_pattern(x: tuple[object, ...]) -> bool:
    return bool(x) and isinstance(x[0], str) and x[0] in _KINDS


@dataclass(slots=True)
class _Subtree:
    """A subtree that is there already: the block it stands in and the operation that it begins after.

    It may be gone on with wherever what it took from `made` is the same value.
    """

    block: Block
    before: Operation | None
    age: int
    used: dict[_Part, Value] = field(default_factory=dict)


class _Match:
    def __init__(
        self, op: Operation, rw: Rewriter, datas: DataTypes, types: dict[Type, int], ctx: PassContext
    ) -> None:
        self.types = types
        self.op = op
        self.rw = rw
        self.datas = datas
        self.ctx = ctx
        patterns = op.attr("patterns")
        self.patterns = [_number_binders(p, [0]) for p in patterns]
        self.bodies = op.regions[: len(patterns)]
        guarded = [i for i, g in enumerate(op.attr("guards")) if g]
        self.guards = dict(zip(guarded, op.regions[len(patterns) :], strict=True))
        self.made: dict[_Part, Value] = {}
        self.age: dict[Value, int] = {}
        self.subtrees: dict[object, list[_Subtree]] = {}
        self.budget: int | None = _TESTS_A_MATCH + _TESTS_AN_ARM * len(patterns)
        self.alone: dict[int, Block] = {}
        self.asked: list[int] = []
        self.open: list[_Subtree] = []

    def run(self) -> None:
        op, rw = self.op, self.rw
        after = rw.split_block(op)
        results = [after.add_arg(r.type) for r in op.results]
        head = rw.block
        self.arms = [region.entry for region in self.bodies]
        for region in reversed(self.bodies):
            _inline(region, head, after, "osp.yield", rw)
        rw.set_at_end(head)
        self._tree([self._row(arm) for arm in range(len(self.patterns))])
        self.budget = None
        while self.asked:
            self._try_alone(self.asked.pop())
        rw.replace(op, results)

    def _row(self, arm: int) -> _Row:
        return _Row({self.op.operands[0]: self.patterns[arm]}, arm)

    # ---- one arm after the other, when the tree has become too large

    def _try_alone(self, arm: int) -> None:
        """Fill the block that tries `arm` and then those after it."""
        self.made = {}
        self.rw.set_at_end(self.alone[arm])
        rows = [self._row(arm)]
        if arm + 1 < len(self.patterns):
            rows.append(_Row({}, len(self.patterns) + arm + 1))
        self._tree(rows)

    def _go_on_alone(self, arm: int) -> None:
        block = self.alone.get(arm)
        if block is None:
            block = self.alone[arm] = self._new_block()
            self.asked.append(arm)
            self.ctx.count("arms tried alone")
        self.rw.create("cf.br", successors=[block])

    # ---- the tree; the builder stands at the end of an open block

    def _tree(self, rows: list[_Row]) -> None:
        rows = self._reachable([expanded for row in rows for expanded in self._expand(row)])
        if not rows:
            self.rw.create("rt.unreachable")
            return
        first = rows[0]
        if not first.tests and first.arm not in self.guards:
            if first.arm < len(self.arms):
                self.rw.create("cf.br", self._bound(first), successors=[self.arms[first.arm]])
            else:
                self._go_on_alone(first.arm - len(self.arms))
            return
        key = tuple([_left(row) for row in rows])
        for subtree in self.subtrees.get(key, ()):
            if all(self.made.get(part) is value for part, value in subtree.used.items()):
                self._go_on_with(subtree)
                return
        if self.budget is not None and self.budget < 0 and not first.retried:
            self._go_on_alone(first.arm)
            return
        subtree = _Subtree(self.rw.block, self.rw.block.last, len(self.age))
        self.open.append(subtree)
        if first.tests:
            self._test(rows)
        else:
            self._guarded(first, rows[1:])
        self.open.pop()
        self.subtrees.setdefault(key, []).append(subtree)

    def _reachable(self, rows: list[_Row]) -> list[_Row]:
        """The rows up to the first that certainly matches."""
        for number, row in enumerate(rows):
            if not row.tests and row.arm not in self.guards:
                return rows[: number + 1]
        return rows

    def _go_on_with(self, subtree: _Subtree) -> None:
        here = self.rw.block
        if subtree.before is not None:
            head, begin = subtree.block, subtree.before.next
            assert begin is not None
            subtree.block, subtree.before = self.rw.split_block(begin), None
            self.rw.set_at_end(head)
            self.rw.create("cf.br", successors=[subtree.block])
            self.rw.set_at_end(here)
        self.rw.create("cf.br", successors=[subtree.block])
        for part, value in subtree.used.items():
            self._taken(part, value)
        self.ctx.count("shared subtrees")

    def _test(self, rows: list[_Row]) -> None:
        if self.budget is not None:
            self.budget -= 1
        value = self._choose(rows)
        kind = self._kind(value, rows)
        if value.type is ANY:
            self._switch_type(value, rows)
        elif kind == "con":
            self._switch_variant(value, rows)
        elif kind == "lit":
            self._switch_literal(value, rows)
        else:
            self._switch_length(value, rows)

    def _expand(self, row: _Row) -> list[_Row]:
        """Settle what needs no test: wildcards, names, records; alternatives become rows of their own."""
        done = _Row({}, row.arm, row.bound, row.retried)
        queue: list[tuple[Value, Pattern]] = list(row.tests.items())
        while queue:
            value, p = queue.pop(0)
            kind = p[0]
            rest: Any = p[1:]
            if kind == "wild":
                continue
            if kind == "ref":
                done.bound[rest[0]] = value
            elif kind == "as":
                queue[:0] = [(value, rest[0]), (value, rest[1])]
            elif kind == "rec" and value.type is not ANY:
                queue[:0] = [(self._field(value, n), q) for n, q in zip(rest[1], rest[2:], strict=True)]
            elif kind == "con" and self._only_variant(value):
                queue[:0] = list(zip(self._payload(value, rest[0]), rest[1:], strict=True))
            elif kind == "or" and (value.type is ANY or self._binds(value, p)):
                rows = []
                for alternative in rest:
                    tests = {**done.tests, value: alternative, **dict(queue)}
                    rows += self._expand(_Row(tests, row.arm, dict(done.bound), row.retried))
                return rows
            else:
                done.tests[value] = p
        return [done]

    def _choose(self, rows: list[_Row]) -> Value:
        """The value to test next: of those the first row needs, the one that most rows need."""
        return max(rows[0].tests, key=lambda v: sum(1 for row in rows if v in row.tests))

    @staticmethod
    def _kind(value: Value, rows: list[_Row]) -> str:
        return str(next(_alternatives(row.tests[value])[0][0] for row in rows if value in row.tests))

    def _binds(self, value: Value, p: Pattern) -> bool:
        """Whether alternatives must be rows of their own, because there is more to them than one test."""
        flat = all(q[0] == "lit" or (q[0] == "con" and _whole(q)) for q in _alternatives(p))
        return not flat or (p[1][0] == "con" and self._only_variant(value))  # type: ignore[index]

    def _bound(self, row: _Row) -> list[Value]:
        return [row.bound[i] for i in range(len(self.arms[row.arm].args))]

    def _guarded(self, row: _Row, rest: list[_Row]) -> None:
        arm, args, guard = self.arms[row.arm], self._bound(row), self.guards[row.arm]
        # The guard may stand at several leaves; each gets a copy.
        copy = _clone_region(guard, args)
        block = self.rw.block
        otherwise = Block()
        last_block = copy[-1]
        anchor = block
        for inner in copy:
            assert block.parent is not None
            block.parent.insert_after(anchor, inner)
            anchor = inner
        assert block.parent is not None
        block.parent.insert_after(anchor, otherwise)
        self.rw.create("cf.br", args, successors=[copy[0]])
        end = last_block.last
        assert end is not None
        condition = end.operands[0]
        end.erase()
        for inner in copy:
            for op in inner.ops:
                self.rw.changed(op)
        self.rw.set_at_end(last_block)
        cf.cond_br(self.rw, condition, arm, args, otherwise, ())
        self.rw.set_at_end(otherwise)
        for other in rest:
            other.retried |= other.arm == row.arm
        self._tree(rest)

    # ---- tests

    def _switch_variant(self, value: Value, rows: list[_Row]) -> None:
        """One test of the tag; a row that does not care goes into every case."""
        variants = self._variants(value.type)
        named = {str(q[1]) for row in rows if value in row.tests for q in _alternatives(row.tests[value])}
        used = [v for v in variants if v in named]
        cases: list[tuple[str, list[_Row]]] = []
        for variant in used:
            cases.append((variant, [r for row in rows if (r := self._with_variant(row, value, variant))]))
        others = [row.copy() for row in rows if value not in row.tests]
        if is_type(value.type, "osp.result"):
            condition = self.rw.create("osp.is_error", [value], [i1]).result
            by_name = dict(cases)
            self._two_ways(
                condition,
                lambda: self._case(value, "Error", by_name.get("Error", others)),
                lambda: self._case(value, "Success", by_name.get("Success", others)),
            )
            return
        tag = self.rw.create("osp.variant_tag", [value], [i64]).result
        groups = _equal_cases(value, cases)
        default = groups.pop() if len(used) == len(variants) else ([""], others)
        blocks = self._switch(tag, [tuple(map(variants.index, names)) for names, _ in groups])
        for (names, case_rows), block in zip([default, *groups], blocks, strict=True):
            self.rw.set_at_end(block)
            self._case(value, names[0], case_rows)

    def _with_variant(self, row: _Row, value: Value, variant: str) -> _Row | None:
        """The row once `value` is known to be `variant`; its payload's patterns wait under `variant`."""
        new = row.copy()
        if value in row.tests:
            fitting = [q for q in _alternatives(row.tests[value]) if q[1] == variant]
            if not fitting:
                return None
            new.tests[value] = fitting[0]
        return new

    def _case(self, value: Value, variant: str, rows: list[_Row]) -> None:
        """Go on where `value` is `variant`: its fields take the place of its test."""

        def go() -> None:
            payload: Sequence[Value] | None = None
            for row in rows:
                p = row.tests.pop(value, None)
                if p is not None and not _whole(p):
                    if payload is None:
                        payload = self._payload(value, variant)
                    front = dict(zip(payload, p[2:], strict=True))
                    row.tests = {**front, **row.tests}  # type: ignore[dict-item]
            self._tree(rows)

        self._scope(go)

    def _switch_literal(self, value: Value, rows: list[_Row]) -> None:
        literals: list[object] = []
        for row in rows:
            for q in _alternatives(row.tests[value]) if value in row.tests else ():
                if not any(_same(x, q[1]) for x in literals):
                    literals.append(q[1])
        others = [row for row in rows if value not in row.tests]
        cases = []
        for literal in literals:
            matching = [
                row.copy()
                for row in rows
                if (p := row.tests.get(value)) is None or any(_same(q[1], literal) for q in _alternatives(p))
            ]
            for row in matching:
                row.tests.pop(value, None)
            cases.append((literal, matching))
        if value.type is i1:
            by_value = dict(cases)
            self._two_ways(
                value,
                lambda: self._tree([r.copy() for r in by_value.get(True, others)]),
                lambda: self._tree([r.copy() for r in by_value.get(False, others)]),
            )
        elif value.type is i64:
            groups = _equal_cases(value, cases)
            blocks = self._switch(value, [tuple(map(int, numbers)) for numbers, _ in groups])
            for (_, case_rows), block in zip([([], others), *groups], blocks, strict=True):
                self.rw.set_at_end(block)
                self._scope(lambda rows=case_rows: self._tree([r.copy() for r in rows]))
        elif value.type is STRING:
            self._switch_string(value, cases, others)
        else:
            self._compare_in_turn(value, cases, others)

    def _switch_string(
        self, value: Value, cases: list[tuple[object, list[_Row]]], others: list[_Row]
    ) -> None:
        """Strings: first by their length, then compared with the few that have it."""
        by_length: dict[int, list[tuple[object, list[_Row]]]] = {}
        for literal, rows in cases:
            by_length.setdefault(len(str(literal).encode("utf-8", "surrogateescape")), []).append(
                (literal, rows)
            )
        if len(by_length) < 2:
            self._compare_in_turn(value, cases, others)
            return
        length = self.rw.create("osp.string_length", [value], [i64]).result
        blocks = self._switch(length, [(n,) for n in by_length])
        default = blocks[0]
        for group, block in zip(by_length.values(), blocks[1:], strict=True):
            self.rw.set_at_end(block)
            self._compare_in_turn(value, group, others, default)
        self.rw.set_at_end(default)
        self._scope(lambda: self._tree([r.copy() for r in others]))

    def _compare_in_turn(
        self,
        value: Value,
        cases: list[tuple[object, list[_Row]]],
        others: list[_Row],
        default: Block | None = None,
    ) -> None:
        for literal, rows in cases:
            condition = self._equals(value, literal)
            matched, different = self._split(condition)
            self.rw.set_at_end(matched)
            self._scope(lambda rows=rows: self._tree(rows))
            self.rw.set_at_end(different)
        if default is not None:
            self.rw.create("cf.br", successors=[default])
        else:
            self._scope(lambda: self._tree([r.copy() for r in others]))

    def _equals(self, value: Value, literal: object) -> Value:
        if value.type is f64:
            constant = self.rw.create("arith.constant", [], [f64], {"value": FloatAttr(float(literal))})  # type: ignore[arg-type]
            predicate = {"predicate": 1}  # oeq
            return self.rw.create("arith.cmpf", [value, constant.result], [i1], predicate).result
        constant = self.rw.create("osp.string", [], [STRING], {"value": literal})
        callee = {"callee": SymbolRefAttr("osp_string_equal")}
        return self.rw.create("rt.call", [value, constant.result], [i1], callee).result

    def _switch_length(self, value: Value, rows: list[_Row]) -> None:
        """Lists: by the exact lengths that patterns name; a rest fits every length from its own on."""
        fixed = sorted({len(p) - 2 for row in rows if (p := row.tests.get(value)) and p[1][0] == "none"})  # type: ignore[index]
        least = sorted({len(p) - 2 for row in rows if (p := row.tests.get(value)) and p[1][0] != "none"})  # type: ignore[index]
        length = self.rw.create("osp.list_length", [value], [i64]).result
        exact = list(range(max([*fixed, *(n - 1 for n in least), 0]) + 1))
        blocks = self._switch(length, [(n,) for n in exact])
        for count, block in zip(exact, blocks[1:], strict=True):
            self.rw.set_at_end(block)
            self._scope(lambda n=count: self._with_length(value, rows, n, exactly=True))
        self.rw.set_at_end(blocks[0])
        longest = exact[-1] + 1
        self._scope(lambda: self._with_length(value, rows, longest, exactly=False))

    def _with_length(self, value: Value, rows: list[_Row], count: int, *, exactly: bool) -> None:
        kept: list[_Row] = []
        element: Type = value.type.params[0]  # type: ignore[attr-defined]
        for row in rows:
            p = row.tests.get(value)
            new = row.copy()
            if p is not None:
                items, rest = p[2:], p[1]
                if (rest[0] == "none" and (not exactly or len(items) != count)) or len(items) > count:  # type: ignore[index]
                    continue
                del new.tests[value]
                front = {self._once(value, "osp.list_item", i, element): q for i, q in enumerate(items)}
                if rest[0] not in ("none", "wild"):  # type: ignore[index]
                    front[self._once(value, "osp.list_rest", len(items), value.type)] = rest
                new.tests = {**front, **new.tests}  # type: ignore[dict-item]
            kept.append(new)
        self._tree(kept)

    def _switch_type(self, value: Value, rows: list[_Row]) -> None:
        """Against `any`: one test of the type's number; a case for every type that some row is about."""
        tests = [row.tests[value] for row in rows if value in row.tests]
        wanted = [t for t in self.types if any(self._fits(t, p) for p in tests)]
        number = self.rw.create("osp.any_type", [value], [i64]).result
        blocks = self._switch(number, [(self.types[t],) for t in wanted])
        for t, block in zip(wanted, blocks[1:], strict=True):
            self.rw.set_at_end(block)
            self._scope(lambda t=t: self._with_type(value, t, rows))
        self.rw.set_at_end(blocks[0])
        others = [row.copy() for row in rows if value not in row.tests]
        self._scope(lambda: self._tree(others))

    def _fits(self, t: Type, p: Pattern) -> bool:
        """Whether a pattern against `any` may match values of a type."""
        if p[0] == "type":
            return p[1] is t
        if not is_record(t, self.datas):
            return False
        names: Any = p[2]
        fields = set(self.datas.field_names(t, self.datas.variants(t)[0]))
        return fields >= set(names) if p[1] else fields == set(names)

    def _with_type(self, value: Value, t: Type, rows: list[_Row]) -> None:
        kept = []
        for row in rows:
            p = row.tests.get(value)
            new = row.copy()
            if p is not None:
                if not self._fits(t, p):
                    continue
                del new.tests[value]
                concrete = self._once(value, f"osp.from_any {t}", 0, t)
                rest: Any = p[1:]
                if p[0] == "type":
                    new.tests = {concrete: rest[1], **new.tests}
                else:
                    fields = {self._erased(concrete, n): q for n, q in zip(rest[1], rest[2:], strict=True)}
                    new.tests = {**fields, **new.tests}
            kept.append(new)
        self._tree(kept)

    def _erased(self, record: Value, name: str) -> Value:
        """A field of a record as `any`."""
        value = self._field(record, name)
        if value.type is ANY:
            return value
        attrs = {"type_number": self.types[value.type]}
        return self._part(
            (record, f"erased {name}", 0), lambda: self.rw.create("osp.erase", [value], [ANY], attrs).result
        )

    # ---- parts of values, each made once on a path

    def _scope(self, go: object) -> None:
        """Run `go` so that what it extracts is not thought available elsewhere."""
        before = dict(self.made)
        go()  # type: ignore[operator]
        self.made = before

    def _part(self, part: _Part, make: Callable[[], Value]) -> Value:
        """What is called `part`: made here unless it was made on the way."""
        value = self.made.get(part)
        if value is None:
            value = self.made[part] = make()
            self.age[value] = len(self.age)
        else:
            self._taken(part, value)
        return value

    def _taken(self, part: _Part, value: Value) -> None:
        """Remember in the subtrees being made what they take that is older than they are."""
        for subtree in reversed(self.open):
            if self.age[value] >= subtree.age:
                break
            subtree.used[part] = value

    def _once(
        self, value: Value, name: str, index: int, t: Type, attrs: dict[str, object] | None = None
    ) -> Value:
        op_name, all_attrs = name.partition(" ")[0], {"index": index, **(attrs or {})}
        return self._part(
            (value, f"{name}{attrs}", index), lambda: self.rw.create(op_name, [value], [t], all_attrs).result
        )

    def _field(self, value: Value, name: str) -> Value:
        t = self.datas.field_type(value.type, name)
        return self._part(
            (value, f"field {name}", 0),
            lambda: self.rw.create("osp.get_field", [value], [t], {"field": name}).result,
        )

    def _variants(self, t: Type) -> list[str]:
        return ["Success", "Error"] if is_type(t, "osp.result") else self.datas.variants(t)

    def _only_variant(self, value: Value) -> bool:
        return len(self._variants(value.type)) == 1

    def _payload(self, value: Value, variant: str) -> list[Value]:
        t = value.type
        assert isinstance(t, DialectType)
        if t.name == "osp.result":
            which = 0 if variant == "Success" else 1
            name = "osp.result_value" if which == 0 else "osp.result_error"
            return [self._once(value, name, 0, t.params[which])]  # type: ignore[arg-type]
        types = self.datas.field_types(t, variant)
        attrs: dict[str, object] = {"variant": variant}
        return [self._once(value, "osp.variant_field", i, ft, attrs) for i, ft in enumerate(types)]

    # ---- branches

    def _new_block(self) -> Block:
        return self.rw.create_block()

    def _split(self, condition: Value) -> tuple[Block, Block]:
        otherwise = self._new_block()
        then = self._new_block()
        cf.cond_br(self.rw, condition, then, (), otherwise, ())
        self.ctx.count("tests")
        return then, otherwise

    def _two_ways(self, condition: Value, then: object, otherwise: object) -> None:
        yes, no = self._split(condition)
        self.rw.set_at_end(yes)
        self._scope(then)
        self.rw.set_at_end(no)
        self._scope(otherwise)

    def _switch(self, value: Value, cases: Sequence[tuple[int, ...]]) -> list[Block]:
        """A switch; the default block, then one for each case, which may be several numbers."""
        if len(cases) == 1 and len(cases[0]) == 1:
            constant = self.rw.create("arith.constant", [], [i64], {"value": cases[0][0]}).result
            equal = self.rw.create("arith.cmpi", [value, constant], [i1], {"predicate": 0}).result
            then, otherwise = self._split(equal)
            return [otherwise, then]
        blocks = [self._new_block() for _ in range(len(cases) + 1)]
        if not cases:
            self.rw.create("cf.br", successors=blocks)
            return blocks
        numbered = [(n, b, ()) for case, b in zip(cases, blocks[1:], strict=True) for n in case]
        cf.switch(self.rw, value, blocks[0], (), numbered)
        self.ctx.count("tests")
        return blocks


def _alternatives(p: Pattern) -> Sequence[Any]:
    """The patterns of which one must match."""
    return p[1:] if p[0] == "or" else (p,)


def _whole(p: Pattern) -> bool:
    """Whether a variant's pattern asks nothing of its fields."""
    return all(q == ("wild",) for q in p[2:])


def _equal_cases(value: Value, cases: Sequence[tuple[Any, list[_Row]]]) -> list[tuple[list[Any], list[_Row]]]:
    """The cases of a test, those put together after which the same is left to do."""
    groups: dict[object, tuple[list[Any], list[_Row]]] = {}
    for number, (name, rows) in enumerate(cases):
        key: object = number
        if all(_whole(row.tests[value]) for row in rows if value in row.tests):
            key = tuple([_left(row, value) for row in rows])
        groups.setdefault(key, ([], rows))[0].append(name)
    return list(groups.values())


def _left(row: _Row, settled: Value | None = None) -> object:
    """What there is to do for a row, once `settled` is; patterns are parts of the match, which lives."""
    tests = [(v, id(p)) for v, p in row.tests.items() if v is not settled]
    return row.arm, row.retried, frozenset(tests), frozenset(row.bound.items())


def _same(a: object, b: object) -> bool:
    """Whether two literals are the same pattern: `-0.0` and `0.0` are, `True` and `1` never meet."""
    return a == b


def _clone_region(region: Region, args: Sequence[Value]) -> list[Block]:
    """Copies of a region's blocks, which expect `args` as the arguments of the first."""
    mapping: dict[object, object] = {}
    blocks = []
    for block in region.blocks:
        copy = Block([a.type for a in block.args])
        mapping[block] = copy
        mapping.update(zip(block.args, copy.args, strict=True))
        blocks.append(copy)
    for block, copy in zip(region.blocks, blocks, strict=True):
        for op in block.ops:
            copy.append(op.clone(mapping))  # type: ignore[arg-type]
    return blocks
