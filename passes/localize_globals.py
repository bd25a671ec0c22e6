"""localize-globals: file-scope variables that only the file's own statements use become values.

What functions read must be in a global, and what that holds is held for as long as the program runs, by all
threads. A variable that only the statements of the file read, and that never changes, is known where it is
read: it is a constant if its initialiser is, and a list that it holds can be changed in place by who uses it
last.

Before:

    "osp.global"() {mutable = false, sym_name = "xs", title = "xs", type = !osp.list<i64>} : () -> ()
    "func.func"() ({
      %0 = "osp.call"() {callee = @make} : () -> !osp.list<i64>
      "osp.global_set"(%0) {global = @xs} : (!osp.list<i64>) -> ()
      %1 = "osp.global_get"() {global = @xs} : () -> !osp.list<i64>
      %2 = "osp.call"(%1) {callee = @sum} : (!osp.list<i64>) -> i64
      "func.return"(%2) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()

After:

    "func.func"() ({
      %0 = "osp.call"() {callee = @make} : () -> !osp.list<i64>
      %1 = "osp.call"(%0) {callee = @sum} : (!osp.list<i64>) -> i64
      "func.return"(%1) : (i64) -> ()
    }) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from ospjit.ir import Block, Operation, Pass, PassContext, SymbolTable

ENTRY = "osp.entry"


@dataclass(frozen=True)
class LocalizeGlobals(Pass):
    """Replaces reads of a variable by what its initialiser gives, and removes it."""

    name = "localize-globals"
    summary = "variables that only the file's statements use become values"
    takes = ("osp", "func", "scf", "arith")
    leaves = ("osp", "func", "scf", "arith")
    statistics = {"localized": "variables that have become values"}

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""
        entry = SymbolTable(module).lookup(ENTRY)
        if entry is None:
            return
        statements = entry.regions[0].blocks[0]
        variables: dict[str, Operation] = {}
        accesses: defaultdict[str, list[Operation]] = defaultdict(list)
        for op in module.walk():
            if op.name == "osp.global":
                variables[op.attr("sym_name")] = op
            elif op.attr("global") is not None:
                accesses[op.attr("global")].append(op)
        for name, variable in variables.items():
            if not variable.attr("mutable") and _is_local(accesses[name], statements, entry):
                _localize(variable, accesses[name])
                ctx.count("localized")


def _is_local(accesses: list[Operation], statements: Block, entry: Operation) -> bool:
    """Whether a statement sets the variable, once, before all who read it, and these are statements, too."""
    if not accesses or accesses[0].name != "osp.global_set" or accesses[0].parent is not statements:
        return False
    return all(op.name == "osp.global_get" and op.ancestor("func.func") is entry for op in accesses[1:])


def _localize(variable: Operation, accesses: list[Operation]) -> None:
    setting, *readings = accesses
    for reading in readings:
        reading.result.replace_by(setting.operands[0])
        reading.erase()
    setting.erase()
    variable.erase()
