"""check-globals: reads of file-scope variables that may come before the initialiser are checked.

The statements of a file run from top to bottom; what one calls may read a variable that a later one
initialises. A variable is checked if, before its initialiser, some statement can reach a function that reads
it: by a call, or because a function value that reads it exists at all. The checker has already refused what
is certain to fail; all other variables cost nothing.

Before:

    "osp.global"() {mutable = false, sym_name = "late", title = "late", type = i64} : () -> ()
    "func.func"() ({
      %v = "osp.global_get"() {global = @late} : () -> i64
      "func.return"(%v) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "read"} : () -> ()
    "func.func"() ({
      %v = "osp.call"() {callee = @read} : () -> i64
      "osp.global_set"(%v) {global = @late} : (i64) -> ()
      "func.return"(%v) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()

After:

    "osp.global"() {checked, mutable = false, sym_name = "late", title = "late", type = i64} : () -> ()
    "func.func"() ({
      %0 = "osp.global_get"() {checked, global = @late} : () -> i64
      "func.return"(%0) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "read"} : () -> ()
    "func.func"() ({
      %0 = "osp.call"() {callee = @read} : () -> i64
      "osp.global_set"(%0) {global = @late} : (i64) -> ()
      "func.return"(%0) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.ir import Operation, Pass, PassContext, SymbolTable, UnitAttr

ENTRY = "osp.entry"


@dataclass(frozen=True)
class CheckGlobals(Pass):
    """Marks the variables, and the reads of them, that need a check at run time."""

    name = "check-globals"
    summary = "reads that may come before the initialiser are marked for a check"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith")
    required = True
    statistics = {"checked": "variables that are checked"}

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        symbols = SymbolTable(module)
        entry = symbols.lookup(ENTRY)
        if entry is None:
            return
        early = _read_too_early(entry, symbols)
        for op in module.walk():
            name = op.attr("sym_name") if op.name == "osp.global" else op.attr("global")
            if name in early and (op.name == "osp.global" or _in_function(op)):
                op.attributes["checked"] = UnitAttr()
        ctx.count("checked", len(early))


def _in_function(op: Operation) -> bool:
    """Whether a read stands in a function; the file's own statements read in order."""
    function = op.ancestor("func.func")
    return op.name == "osp.global_get" and function is not None and function.attr("sym_name") != ENTRY


def _read_too_early(entry: Operation, symbols: SymbolTable) -> set[str]:
    """The variables that something reachable from a statement before their initialiser reads."""
    reached: set[str] = set()
    read: set[str] = set()
    initialised: set[str] = set()
    early: set[str] = set()
    for op in entry.walk():
        callee = op.attr("callee") if op.name in ("osp.call", "osp.func_ref") else None
        if callee is not None:
            _reach(callee, symbols, reached, read)
            early |= read - initialised
        if op.name == "osp.global_set":
            initialised.add(op.attr("global"))
    return early


def _reach(symbol: str, symbols: SymbolTable, reached: set[str], read: set[str]) -> None:
    """Add what a function reads, itself or through any function that it names."""
    work = [symbol]
    while work:
        name = work.pop()
        function = symbols.lookup(name)
        if name in reached or function is None:
            continue
        reached.add(name)
        for op in function.walk():
            if op.name == "osp.global_get":
                read.add(op.attr("global"))
            elif op.name in ("osp.call", "osp.func_ref"):
                work.append(op.attr("callee"))
