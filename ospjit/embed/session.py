"""A program that grows cell by cell, as in a notebook: what a cell declares, the later ones see.

Each cell is compiled as a module of its own behind the text of the earlier declarations. The variables of
earlier cells are not computed again: their values go from module to module. Only those that cannot leave a
module (fibers, channels, functions stay behind) have their initialiser run again.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ospjit.backend import runtime
from ospjit.backend.code import EXPORT
from ospjit.backend.llvm_text import START
from ospjit.diagnostics import CompileFailed, Diagnostic, Source, Span
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.embed import callbacks, running
from ospjit.embed.bridge import Bridge, NotCrossing
from ospjit.embed.compiling import compiling
from ospjit.embed.declared import Declared
from ospjit.embed.errors import CompileError
from ospjit.embed.loaded import Loaded
from ospjit.embed.module import lingers
from ospjit.embed.values import Codecs, Reader
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.types import PTR, UNIT, Fun, Type

_DECLARATIONS = (ast.FnDecl, ast.ExternFn, ast.TypeDecl, ast.EffectDecl, ast.Module, ast.Let)


@dataclass(frozen=True)
class Kept:
    """A declaration of an earlier cell: its text, and for a variable the bytes of its value and their type,
    if it could leave its module."""

    name: str
    text: str
    value: bytes | None = None
    type: Type | None = None


class Session:
    """The cells so far."""

    def __init__(self, *, opt_level: int = 1) -> None:
        self._opt_level = opt_level
        self._kept: dict[str, Kept] = {}
        self._numbers = itertools.count(1)

    @property
    def names(self) -> tuple[str, ...]:
        """What has been declared."""
        return tuple(k.name for k in self._kept.values() if k.name)

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def run(self, text: str) -> Any:
        """Run a cell; the value of the expression that it ends with, None if there is none or Python has no
        such values. What the cell declares replaces what had the same name.

        Raises CompileError, whose diagnostics point into the cell, and FiberError if it fails while it runs:
        nothing of such a cell is kept.
        """
        return _Cell(self, text, f"<cell {next(self._numbers)}>").run()


class _Cell:
    def __init__(self, session: Session, text: str, name: str) -> None:
        self.session = session
        self.own = Source(name, text)
        self.options = CompileOptions(
            opt_level=session._opt_level,
            unloadable=True,
            cache=False,  # the code also depends on which values are given
        )

    def run(self) -> Any:
        """Compile the cell, run it, and keep what it declares."""
        try:
            tree = Compilation(self.own, self.options).tree
        except CompileFailed as error:
            raise CompileError(error.diagnostics) from None
        declared = {_name(s): s for s in tree.statements if isinstance(s, (*_DECLARATIONS, ast.Import))}
        self.earlier = [k for key, k in self.session._kept.items() if key not in declared]
        self.prelude = "".join(k.text + "\n" for k in self.earlier)
        combined = Source(self.own.name, self.prelude + self.own.text)
        compilation = Compilation(combined, self.options)
        with compiling():
            try:
                program = compilation.core
                plan = _Plan(program, len(self.prelude), {k.name: k for k in self.earlier}, tree)
                code = compilation.code
            except CompileFailed as error:
                raise CompileError(tuple(map(self._moved, error.diagnostics))) from None
        running.ensure()
        loaded = Loaded(code, lingers(compilation.lowered))
        kept = self._start(loaded, plan)
        functions = callbacks.Functions(
            loaded, {t: code.address(EXPORT + s) for t, s in plan.bridge.applies.items()}
        )
        codecs = Codecs(Declared(program, "osprey"), functions.give, functions.take)
        reader, values, answer = Reader(kept), {}, None
        for name, t in plan.written:
            start = reader.at
            value = codecs.of(t).unpack(reader)
            if name:
                values[name] = (kept[start : reader.at], t)
            else:
                answer = value
        self._keep(declared, values)
        return answer

    def _start(self, loaded: Loaded, plan: _Plan) -> bytes:
        """Run the statements with the earlier values; the bytes of the values now."""
        library = runtime.library()
        streams = callbacks.Streams(library, b"".join(k.value or b"" for k in plan.given))
        callbacks.wait_for(loaded.code.address(START), streams.words, (streams, loaded))
        return callbacks.stream_bytes(library, streams.sink)

    def _keep(self, declared: Mapping[str, ast.Stmt], values: dict[str, tuple[bytes, Type]]) -> None:
        kept = {k.name or k.text: k for k in self.earlier}
        for key, statement in declared.items():
            text = self.own.text[statement.span.start : statement.span.end]
            kept[key] = Kept("" if isinstance(statement, ast.Import) else key, text)
        for name, (data, t) in values.items():
            if name in kept:
                kept[name] = replace(kept[name], value=data, type=t)
        self.session._kept = kept

    def _moved(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic in terms of the cell alone, or of what an earlier one declared."""
        return replace(
            diagnostic,
            span=self._moved_span(diagnostic.span) if diagnostic.span is not None else None,
            labels=tuple(replace(label, span=self._moved_span(label.span)) for label in diagnostic.labels),
        )

    def _moved_span(self, span: Span) -> Span:
        size = len(self.prelude)
        if span.source.text != self.prelude + self.own.text:
            return span
        if span.start >= size:
            return Span(self.own, span.start - size, span.end - size)
        return Span(Source("<earlier cells>", self.prelude), span.start, min(span.end, size))


def _name(statement: ast.Stmt) -> str:
    """What a declaration is kept under."""
    if isinstance(statement, ast.Import):
        return "import " + ".".join(statement.path)
    return str(getattr(statement, "name", ""))


class _Plan:
    """The statements of a cell, changed: variables of earlier cells get their values from a stream, and at
    the end all values are written to another. `given` are those, in order; `written` the names and types of
    these, and at last that of the cell's expression, without a name."""

    def __init__(self, program: core.Program, own: int, earlier: dict[str, Kept], tree: ast.Program) -> None:
        self.bridge = Bridge(program)
        self.program = program
        self.given: list[Kept] = []
        self.written: list[tuple[str, Type]] = []
        span = program.entry.span
        stmts: list[core.Stmt] = []
        after: list[core.Stmt] = []
        own_stmts = [s for s in program.entry.stmts if s.span.start >= own]
        for stmt in program.entry.stmts:
            if isinstance(stmt, core.SetGlobal | core.Let):
                stmt = self._given(stmt, earlier, own)
                self._written(stmt, after, span)
            elif (
                isinstance(stmt, core.Do)
                and own_stmts
                and stmt is own_stmts[-1]
                and tree.statements
                and isinstance(tree.statements[-1], ast.ExprStmt)
            ):
                stmt = self._answer(stmt, after)
            stmts.append(stmt)
        result = program.entry.result
        program.entry = core.Block(program.entry.type, span, (*stmts, *after), result)
        program.main = None

    def _given(self, stmt: core.SetGlobal | core.Let, earlier: dict[str, Kept], own: int) -> core.Stmt:
        name, t = _variable(stmt, self.program)
        kept = earlier.get(name) if stmt.span.start < own else None
        if kept is None or kept.value is None or kept.type is not t:
            return stmt
        try:
            value = self.bridge.read(t, self._stream("call.given", stmt.span))
        except NotCrossing:
            return stmt
        self.given.append(kept)
        if isinstance(stmt, core.Let):
            return core.Let(stmt.span, stmt.local, value)
        return core.SetGlobal(stmt.span, stmt.name, value)

    def _written(self, stmt: core.Stmt, after: list[core.Stmt], span: Span) -> None:
        assert isinstance(stmt, core.SetGlobal | core.Let)
        name, t = _variable(stmt, self.program)
        if _holds_function(t):
            return
        value: core.Expr = (
            core.Var(t, span, stmt.local)
            if isinstance(stmt, core.Let)
            else core.GlobalVar(t, span, stmt.name)
        )
        try:
            write = self.bridge.write(t, self._stream("call.kept", span), value)
        except NotCrossing:
            return
        after.append(core.Do(span, write))
        self.written.append((name, t))

    def _answer(self, stmt: core.Do, after: list[core.Stmt]) -> core.Stmt:
        t = stmt.expr.type
        if t is UNIT or _holds_function(t):
            return stmt
        local = core.Local("answer", t, stmt.span)
        try:
            write = self.bridge.write(t, self._stream("call.kept", stmt.span), core.Var(t, stmt.span, local))
        except NotCrossing:
            return stmt
        after.append(core.Do(stmt.span, write))
        self.written.append(("", t))
        return core.Let(stmt.span, local, stmt.expr)

    def _stream(self, name: str, span: Span) -> core.Expr:
        return core.CallBuiltin(PTR, span, name, 0, (), ())


def _variable(stmt: core.SetGlobal | core.Let, program: core.Program) -> tuple[str, Type]:
    if isinstance(stmt, core.Let):
        return stmt.local.name, stmt.local.type
    return program.globals[stmt.name].title, program.globals[stmt.name].type


def _holds_function(t: Type, seen: Sequence[Type] = ()) -> bool:
    """Whether values of a type may hold functions, whose code belongs to their cell's module."""
    return isinstance(t, Fun) or any(_holds_function(a) for a in getattr(t, "args", ()))
