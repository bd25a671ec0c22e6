"""The `rt` dialect: calls of the C runtime, heap cells, counts and function values at machine level.

What is left after lowering, beside `func`, `cf` and `arith`. Counted types are strings, function values, data
cells and the runtime's own objects; only the pass `perceus` may create the operations that count. A `rt.call`
of a fallible function has the message as its last result: null when the call succeeded.

Who owns what, after `perceus`. A reference is owned by exactly one holder, and given up exactly once on every
path: by a consuming operation or by one that drops. Arguments of functions and of blocks are owned by who
receives them; the attribute `borrowed` of a `func.func` lists those parameters, by index, that stay the
caller's, who keeps them alive during the call. Results are owned by who receives them; `static_results` of a
`func.func` lists those that are always static. Static are literals, null, cells and function values without
contents, and what is loaded from a global that is not mutable, with its slots: they are never freed, and need
no counts. The result of `rt.slot` and of `rt.load_word` may be used without a count of its own as long as the
cell that it was read from is held, be it by this function, by the caller, or through a cell further out.
"""

from __future__ import annotations

from ospjit.builtins.table import RUNTIME
from ospjit.ir import (
    ArrayAttr,
    Attribute,
    Dialect,
    DialectType,
    IntAttr,
    OpDef,
    Operation,
    StringAttr,
    SymbolRefAttr,
    Type,
    VerifyError,
    i1,
    i64,
    register,
)
from ospjit.ir.constraints import both, shape

#: Dialect types whose values are pointers to counted cells.
COUNTED = frozenset(
    (
        "osp.string",
        "osp.fn",
        "osp.data",
        "osp.rec",
        "osp.list",
        "osp.map",
        "osp.iterator",
        "osp.fiber",
        "osp.foreign",
        "osp.channel",
        "osp.any",
        "osp.box",
    )
)


#: What the header of a cell has room for: counted slots, and the number of a variant.
MAX_SCAN = 0xFFF
MAX_TAG = 0xFFFF

#: What is left of a dead cell: its memory, or null if the cell lives on. Used exactly once on every path, by
#: `rt.cell_reuse` or `rt.free_token`.
TOKEN = DialectType("rt.token")

PTR = DialectType("osp.ptr")

#: Operations that take over the references of all their operands, but for the parameters of a `func.call`'s
#: callee that are `borrowed`; those of `rt.call` stand in the table.
CONSUMING = frozenset(
    (
        "func.call",
        "func.return",
        "cf.br",
        "rt.call_closure",
        "rt.cell",
        "rt.closure",
        "rt.list",
        "rt.cast",
        "rt.store_word",
        "rt.global_store",
    )
)

#: Operations whose result belongs to somebody else: who keeps it needs a reference of its own.
BORROWED_RESULT = frozenset(("rt.slot", "rt.load_word", "rt.global_load", "arith.select"))


#: What the runtime calls the elements of a list (enum osp_elements): words, counted pointers, or bytes, of
#: which each is handed over as a word.
ELEMENTS = {"words": 0, "pointers": 1, "bytes": 2}


#: What of the runtime can change its first argument in place.
IN_PLACE = frozenset(("osp_list_append", "osp_list_set", "osp_map_set"))


def is_counted(t: Type) -> bool:
    """Whether values of a lowered type are pointers to counted cells."""
    return isinstance(t, DialectType) and t.name in COUNTED


def first_slot(t: Type) -> int:
    """The index of the first counted slot in cells of a type: function values start with their code."""
    return 1 if isinstance(t, DialectType) and t.name == "osp.fn" else 0


def _verify_call(op: Operation) -> None:
    symbol = op.attr("callee")
    fn = RUNTIME.get(symbol)
    if fn is None:
        raise VerifyError(f"'{symbol}' is not in the table of runtime functions", op)
    if len(op.operands) != len(fn.params):
        raise VerifyError(f"'{symbol}' takes {len(fn.params)} arguments, not {len(op.operands)}", op)
    results = (0 if fn.result == "Unit" else 1) + fn.fallible
    if len(op.results) != results:
        raise VerifyError(f"'{symbol}' has {results} results, not {len(op.results)}", op)


def _verify_count(op: Operation) -> None:
    if not is_counted(op.operands[0].type):
        raise VerifyError(f"values of type {op.operands[0].type} are not counted", op)


def _verify_slot(op: Operation) -> None:
    if op.attr("index") < 0:
        raise VerifyError("the index must not be negative", op)


def _verify_is_null(op: Operation) -> None:
    if op.result.type is not i1:
        raise VerifyError("result must be i1", op)


def _verify_in_place(op: Operation) -> None:
    shape(operands=1, results=1)(op)
    call = op.operands[0].owner
    if not isinstance(call, Operation) or call.name != "rt.call" or call.attr("callee") not in IN_PLACE:
        raise VerifyError("the operand must come from a call that can change its argument in place", op)
    if op.result.type is not i1:
        raise VerifyError("result must be i1", op)


def _verify_drop_cell(op: Operation) -> None:
    if not op.operands or not is_counted(op.operands[0].type):
        raise VerifyError("the first operand must be a counted cell", op)
    words, scan, slots = (op.attr(name) for name in ("words", "scan", "slots"))
    if not all(isinstance(slot, int) for slot in slots):
        raise VerifyError("slots are given by their indices", op)
    if not 0 <= scan <= words:
        raise VerifyError("a cell has no more counted slots than words", op)
    if len(slots) != len(op.operands) - 1 or len(set(slots)) != len(slots):
        raise VerifyError("every operand after the cell must be a slot of its own", op)
    first = first_slot(op.operands[0].type)
    if any(not first <= slot < first + scan for slot in slots):
        raise VerifyError("only counted slots can move out", op)
    if any(not is_counted(v.type) for v in op.operands[1:]):
        raise VerifyError("only counted values can move out", op)
    if op.results and op.result.type is not TOKEN:
        raise VerifyError(f"result must be {TOKEN}", op)


def _verify_token(op: Operation) -> None:
    if not op.operands or op.operands[0].type is not TOKEN:
        raise VerifyError(f"the first operand must be {TOKEN}", op)


def _verify_overflow(op: Operation) -> None:
    if [v.type for v in (*op.operands, *op.results)] != [i64, i64, i64, i1]:
        raise VerifyError("must take two i64 and yield i64 and i1", op)


#: How many operands an arm of a select has.
SELECT_ARMS = {"recv": 1, "send": 2, "sleep": 1, "default": 0}


def _verify_select(op: Operation) -> None:
    kinds = op.attr("kinds")
    if any(not isinstance(kind, str) or kind not in SELECT_ARMS for kind in kinds):
        raise VerifyError(f"kinds of arms are {', '.join(SELECT_ARMS)}", op)
    if len(op.operands) != sum(SELECT_ARMS[kind] for kind in kinds):
        raise VerifyError("the operands are not those that the arms' kinds need", op)
    if len(op.attr("owned")) != len(op.operands):
        raise VerifyError("'owned' must say something about each operand", op)
    if op.results[0].type is not i64 or op.results[1].type is not PTR:
        raise VerifyError(f"results must be {i64} and {PTR}", op)


def _verify_tag(op: Operation) -> None:
    if op.result.type is not i64:
        raise VerifyError("result must be i64", op)


_LAYOUT: dict[str, type[Attribute]] = {"words": IntAttr, "scan": IntAttr, "slots": ArrayAttr}

OPS = [
    OpDef(
        "rt.call",
        "A call of a runtime function.",
        verify=both(shape(operands=None, results=None, attributes={"callee": SymbolRefAttr}), _verify_call),
    ),
    OpDef(
        "rt.add_overflow", "The wrapped sum, and whether it overflowed.", verify=_verify_overflow, pure=True
    ),
    OpDef(
        "rt.sub_overflow",
        "The wrapped difference, and whether it overflowed.",
        verify=_verify_overflow,
        pure=True,
    ),
    OpDef(
        "rt.mul_overflow",
        "The wrapped product, and whether it overflowed.",
        verify=_verify_overflow,
        pure=True,
    ),
    OpDef(
        "rt.string_length",
        "The number of bytes of a string.",
        verify=both(shape(operands=1, results=1), _verify_tag),
        pure=True,
    ),
    OpDef(
        "rt.concat",
        "The concatenation of any number of strings, borrowed.",
        verify=shape(operands=None, results=1, attributes={"callee": SymbolRefAttr}),
        pure=True,
    ),
    OpDef(
        "rt.list",
        "A list: what its elements are, one of `ELEMENTS`, then these, which it consumes.",
        verify=shape(operands=None, results=1),
        pure=True,
    ),
    OpDef(
        "rt.extern",
        "Declares a C function of a library.",
        verify=shape(attributes={"sym_name": StringAttr}),
        symbol=True,
    ),
    OpDef(
        "rt.call_extern",
        "A call of a C function, which borrows; a string that it returns is copied.",
        verify=shape(operands=None, results=None, attributes={"callee": SymbolRefAttr}),
    ),
    OpDef(
        "rt.store_word",
        "Writes a value, which it consumes, to a word at an address.",
        verify=shape(operands=2, attributes={"index": IntAttr}),
    ),
    OpDef(
        "rt.load_word",
        "What a word at an address holds, borrowed from the cell that keeps it alive.",
        verify=shape(operands=2, results=1, attributes={"index": IntAttr}),
        pure=True,
    ),
    OpDef("rt.cast", "The same cell at another type.", verify=shape(operands=1, results=1), pure=True),
    OpDef(
        "rt.global",
        "Declares a file-scope variable by the types of its parts.",
        verify=shape(attributes={"sym_name": StringAttr, "types": ArrayAttr}),
        symbol=True,
    ),
    OpDef(
        "rt.string",
        "The address of a static string.",
        verify=shape(results=1, attributes={"value": StringAttr}),
        pure=True,
    ),
    OpDef("rt.null", "A null pointer, the filler of what is not there.", verify=shape(results=1), pure=True),
    OpDef(
        "rt.is_null",
        "Whether a pointer is null.",
        verify=both(shape(operands=1, results=1), _verify_is_null),
        pure=True,
    ),
    OpDef(
        "rt.cell",
        "A new cell; consumes what it holds. `tag`, and the first `scan` slots are counted.",
        verify=shape(operands=None, results=1, attributes={"tag": IntAttr, "scan": IntAttr}),
        pure=True,
    ),
    OpDef(
        "rt.static_cell",
        "The address of a static cell without slots, by its tag.",
        verify=shape(results=1, attributes={"tag": IntAttr}),
        pure=True,
    ),
    OpDef(
        "rt.slot",
        "What a slot of a cell holds, borrowed from the cell, of which `words` and `scan`, if given, are the "
        "size and the number of counted slots.",
        verify=both(
            shape(
                operands=1,
                results=1,
                attributes={"index": IntAttr},
                optional={"words": IntAttr, "scan": IntAttr},
            ),
            _verify_slot,
        ),
        pure=True,
    ),
    OpDef("rt.tag", "The tag of a cell.", verify=both(shape(operands=1, results=1), _verify_tag), pure=True),
    OpDef(
        "rt.closure",
        "A new function value of a function and its captures, which it consumes.",
        verify=shape(operands=None, results=1, attributes={"callee": SymbolRefAttr, "scan": IntAttr}),
        pure=True,
    ),
    OpDef(
        "rt.call_closure",
        "A call of a function value, which it consumes as it does the arguments.",
        verify=shape(operands=None, results=None),
    ),
    OpDef(
        "rt.global_check",
        "Ends the fiber if a file-scope variable has no value yet.",
        verify=shape(attributes={"global": SymbolRefAttr}),
    ),
    OpDef(
        "rt.c_function",
        "The address of a C function that calls a function value without captures.",
        verify=shape(operands=1, results=1),
        pure=True,
    ),
    OpDef(
        "rt.in_place",
        "Whether a call of the runtime, whose result is given, was done by changing its first argument: the "
        "result is that argument then, of which nothing has changed but what it was told to change.",
        verify=_verify_in_place,
        pure=True,
    ),
    OpDef(
        "rt.same_address",
        "Whether two addresses are equal.",
        verify=shape(operands=2, results=1),
        pure=True,
    ),
    OpDef(
        "rt.cleanup",
        "What the function holds: given up if the fiber dies in the next operation.",
        verify=shape(operands=None),
    ),
    OpDef(
        "rt.global_load",
        "What a slot of a file-scope variable holds, borrowed; static unless the variable is mutable.",
        verify=shape(results=1, attributes={"global": SymbolRefAttr, "index": IntAttr}),
    ),
    OpDef(
        "rt.global_store",
        "Gives a slot of a file-scope variable a value, which it consumes.",
        verify=shape(operands=1, attributes={"global": SymbolRefAttr, "index": IntAttr}),
    ),
    OpDef("rt.dup", "One more reference to a cell.", verify=both(shape(operands=1), _verify_count)),
    OpDef(
        "rt.drop",
        "One reference to a cell less; the last one frees it.",
        verify=both(shape(operands=1), _verify_count),
    ),
    OpDef(
        "rt.drop_cell",
        "One reference to a cell of known layout less, one more to each of these `slots` of it, which follow "
        "as operands: a `rt.dup` of each and a `rt.drop`, but the last reference lets the slots move out.",
        verify=both(shape(operands=None, attributes=_LAYOUT), _verify_drop_cell),
    ),
    OpDef(
        "rt.drop_reuse",
        "As `rt.drop_cell`; yields the cell's memory if this was the last reference, null if it was not.",
        verify=both(shape(operands=None, results=1, attributes=_LAYOUT), _verify_drop_cell),
    ),
    OpDef(
        "rt.cell_reuse",
        "As `rt.cell`, in the memory of the token that is the first operand, unless that is null.",
        verify=both(
            shape(operands=None, results=1, attributes={"tag": IntAttr, "scan": IntAttr}), _verify_token
        ),
    ),
    OpDef(
        "rt.free_token",
        "Frees the memory that was kept for a cell which this path does not make.",
        verify=both(shape(operands=1), _verify_token),
    ),
    OpDef(
        "rt.select",
        "Waits until one of the arms can go on: the arm's number, and the arms in the frame. Operands are, "
        "arm by arm, a channel for `recv`, a channel and a word for `send`, milliseconds for `sleep`; "
        "`owned` says which it consumes: the words, whether they are sent or not.",
        verify=both(
            shape(operands=None, results=2, attributes={"kinds": ArrayAttr, "owned": ArrayAttr}),
            _verify_select,
        ),
    ),
    OpDef(
        "rt.take_word",
        "The word that the arm `index` of a select has received; taken once, where that arm is the one.",
        verify=shape(operands=1, results=1, attributes={"index": IntAttr}),
    ),
    OpDef(
        "rt.poll",
        "Lets other fibers have their turn, if this one has had the thread for long; where a loop that is no "
        "call comes around.",
        verify=shape(),
    ),
    OpDef("rt.unreachable", "Control never comes here.", verify=shape(), terminator=True),
]

DIALECT = register(Dialect("rt", OPS, "calls of the C runtime, cells, counts and function values"))
