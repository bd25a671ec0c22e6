"""The last step: every type settled, captures known, and what can only be asked of the whole program.

Works on the lists of nodes that the session kept, not on the tree, so depth does not matter here.
"""

from __future__ import annotations

from ospjit.types import core
from ospjit.types.exhaustive import Coverage
from ospjit.types.functions import Functions
from ospjit.types.scope import FnInfo, Frame
from ospjit.types.types import UNIT, Fun, Type, param
from ospjit.types.unify import Settling


def finish(session: Functions) -> dict[str, core.Function]:
    """Settle everything; the program's functions, lifted."""
    _settle_types(session)
    _captures(session)
    _references(session)
    for block in session.dropped:
        value = block.stmts[0]
        if isinstance(value, core.Do) and value.expr.type is UNIT:
            block.stmts, block.result = (), value.expr
    _coverage(session)
    _foreign_functions(session)
    return {info.symbol: _function(info) for info in session.functions.values() if info.body is not None}


def _settle_types(session: Functions) -> None:
    settling = Settling()
    settled = settling.zonk
    checked: set[Type] = set()
    for node in session.exprs:
        node.type = settled(node.type)
        if not session.too_large and node.type not in checked:
            checked.add(node.type)
            session.limit_type(node.type, node.span)
        if isinstance(node, (core.CallFn, core.FuncRef, core.CallBuiltin, core.BuiltinRef)):
            node.targs = tuple(map(settled, node.targs))
    for pattern in session.patterns:
        pattern.type = settled(pattern.type)
    for local in session.locals:
        local.type = settled(local.type)
    for info in session.functions.values():
        if info.mono is not None:
            made = settled(info.mono)
            assert isinstance(made, Fun)
            info.mono = made
    for variable in session.globals.values():
        variable.type = settled(variable.type)


def _captures(session: Functions) -> None:
    """Captures by fixpoint: a body also captures what the local functions it mentions capture."""
    frames: list[Frame] = [session.file_frame]
    frames += [info.frame for info in session.functions.values() if info.frame is not None]
    for frame in frames:
        frames.extend(frame.lambdas)
    busy = [f for f in frames if f.calls or f.lambdas]
    changed = True
    while changed:
        changed = False
        for frame in reversed(busy):
            needed = [info.frame for info in frame.calls if info.frame is not None] + frame.lambdas
            for inner in needed:
                for local in inner.captures:
                    if local not in frame.locals and local not in frame.captures:
                        frame.captures[local] = None
                        changed = True
    for node, frame in session.lambdas:
        node.captures = tuple(frame.captures)


def _references(session: Functions) -> None:
    """Give each mention of a function its type arguments from outside and its captures."""
    for node, info, _ in session.references:
        own = node.targs or tuple(map(param, info.own))
        node.targs = (*map(param, outer_parameters(info)), *own)
        if info.frame is not None and info.frame.captures:
            node.captures = tuple(core.Var(c.type, node.span, c) for c in info.frame.captures)


def outer_parameters(info: FnInfo) -> tuple[str, ...]:
    """The type parameters of the functions around a local function, outermost first."""
    frame = info.parent
    while frame is not None:
        if frame.function is not None:
            return (*outer_parameters(frame.function), *frame.function.own)
        frame = frame.parent
    return ()


def _function(info: FnInfo) -> core.Function:
    assert info.frame is not None and info.body is not None and info.mono is not None
    captured = tuple(info.frame.captures)
    return core.Function(
        info.symbol,
        info.name,
        (*outer_parameters(info), *info.own),
        (*captured, *info.params),
        len(captured),
        info.mono.result,
        info.body,
        info.decl.span,
        info.decl.doc,
        info.decl.exported,
    )


def _coverage(session: Functions) -> None:
    coverage = Coverage(session.datas, session.show)
    for match, dropped in session.matches:
        coverage.check(match, session.diagnostics, dropped)


def _foreign_functions(session: Functions) -> None:
    """What is passed to C as a function pointer has no environment."""
    for node in session.exprs:
        if not isinstance(node, core.CallExtern):
            continue
        for argument in node.args:
            if not isinstance(argument.type, Fun):
                continue
            named = isinstance(argument, core.FuncRef) and not argument.captures
            bare = isinstance(argument, core.Lambda) and not argument.captures
            if not (named or bare):
                what = (
                    "a lambda that captures variables"
                    if isinstance(argument, core.Lambda)
                    else "a function value"
                )
                message = f"{what} cannot be passed to C"
                hint = "pass a named function, or a lambda that uses its parameters only"
                session.error("OSP3017", message, argument.span, (hint,))
