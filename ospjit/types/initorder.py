"""File-scope variables that are certainly read before their initialiser has run.

A statement reads a later variable either itself, or through a function that it calls and that reads it on
every path. What happens only on some paths is left to the run-time check.
"""

from __future__ import annotations

from collections.abc import Iterator

from ospjit.diagnostics import Diagnostics, Label
from ospjit.plain import fields
from ospjit.types import core

_SLOTS: dict[type, tuple[str, ...]] = {}


def _slots(kind: type) -> tuple[str, ...]:
    known = _SLOTS.get(kind)
    if known is None:
        known = _SLOTS[kind] = tuple(f.name for f in fields(kind) if f.name not in ("type", "span"))
    return known


def check_order(program: core.Program, diagnostics: Diagnostics) -> None:
    """Report each such read once."""
    initialised: set[str] = set()
    certain = _certain_reads(program)
    later = {s.local for s in program.entry.stmts if isinstance(s, core.Let)}
    for statement in program.entry.stmts:
        _check_muts(statement, later, diagnostics)
        for node in _evaluated(statement, always=False):
            if isinstance(node, core.GlobalVar) and node.name not in initialised:
                _report(program, node.name, node, None, diagnostics)
        for node in _evaluated(statement, always=True):
            if isinstance(node, core.CallFn):
                for name, place in certain.get(node.symbol, {}).items():
                    if name not in initialised:
                        _report(program, name, node, place, diagnostics)
        if isinstance(statement, core.SetGlobal):
            initialised.add(statement.name)


def _check_muts(statement: core.Stmt, later: set[core.Local], diagnostics: Diagnostics) -> None:
    """Report what a statement does with the `mut`s of the file that come after it."""
    found = [(statement.local, statement.span)] if isinstance(statement, core.Assign) else []
    for node in _evaluated(statement, always=False, lambdas=True):
        if isinstance(node, core.Var):
            found.append((node.local, node.span))
    for local, span in found:
        if local in later:
            labels = [Label(local.span, "its initialiser stands here")]
            message = f"'{local.name}' is used before its initialiser has run"
            diagnostics.error("OSP2008", message, span, labels=labels, hints=("move its declaration up",))
    if isinstance(statement, core.Let):
        later.discard(statement.local)


def _report(
    program: core.Program, name: str, node: core.Expr, place: core.Expr | None, diagnostics: Diagnostics
) -> None:
    declared = program.globals[name]
    labels = [Label(declared.span, "its initialiser stands here")]
    if place is not None:
        labels.append(Label(place.span, "the called function reads it here"))
    message = f"'{declared.title}' is read before its initialiser has run"
    diagnostics.error("OSP2008", message, node.span, labels=labels, hints=("move its declaration up",))


def _certain_reads(program: core.Program) -> dict[str, dict[str, core.Expr]]:
    """For each function the variables that it reads on every path, itself or through what it calls."""
    reads: dict[str, dict[str, core.Expr]] = {}
    calls: dict[str, list[str]] = {}
    for symbol, function in program.functions.items():
        own: dict[str, core.Expr] = {}
        called: list[str] = []
        for node in _evaluated(function.body, always=True):
            if isinstance(node, core.GlobalVar):
                own.setdefault(node.name, node)
            elif isinstance(node, core.CallFn):
                called.append(node.symbol)
        reads[symbol], calls[symbol] = own, called
    changed = True
    while changed:
        changed = False
        for symbol, called in calls.items():
            for other in called:
                for name, node in reads.get(other, {}).items():
                    if name not in reads[symbol]:
                        reads[symbol][name] = node
                        changed = True
    return reads


def _evaluated(root: core.Expr | core.Stmt, always: bool, lambdas: bool = False) -> Iterator[core.Expr]:
    """The expressions evaluated with `root`, without the bodies of lambdas (or with them); only those that
    are evaluated on every path, if `always`."""
    work: list[object] = [root]
    while work:
        node = work.pop()
        if isinstance(node, (tuple, list)):
            work.extend(reversed(node))
            continue
        if isinstance(node, core.Lambda) and not lambdas:
            continue
        if isinstance(node, core.Expr):
            yield node
        if always and isinstance(node, core.If):
            work.append(node.cond)
        elif always and isinstance(node, core.Default):
            work.append(node.result)
        elif always and isinstance(node, core.Match):
            work.append(node.scrutinee)
        elif always and isinstance(node, core.Select):
            work.extend(reversed([o for arm in node.arms for o in arm.operands]))
        elif isinstance(node, (core.Expr, core.Stmt, core.Arm, core.SelectArm)):
            work.extend(getattr(node, slot) for slot in reversed(_slots(type(node))))
