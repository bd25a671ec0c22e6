"""The stages of a compilation, each run on demand and once.

A `Compilation` belongs to one source. Errors of a stage end it with `CompileFailed`, which carries every
diagnostic found; no other exception is meant to leave.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from ospjit.deep_stack import with_deep_stack
from ospjit.diagnostics import CompileFailed, Diagnostic, Diagnostics, Source, Span
from ospjit.driver.collector import paused
from ospjit.driver.options import CompileOptions
from ospjit.ir import Location, Operation, PassManager, PipelineError
from ospjit.ir.timing import Timer
from ospjit.syntax import ast

if TYPE_CHECKING:
    from ospjit.backend.code import Code, Library
    from ospjit.backend.codecache import Inputs, Key, Notes
    from ospjit.backend.halves import ModuleText
    from ospjit.backend.llvm import Machine, Module
    from ospjit.ir.instrumentation import Instrumentation
    from ospjit.types import core


class Compilation:
    """One source on its way to machine code."""

    def __init__(self, source: Source, options: CompileOptions | None = None) -> None:
        self.source = source
        self.options = options or CompileOptions()
        self.diagnostics = Diagnostics()
        self.timer = Timer()
        self.watchers: list[Instrumentation] = []
        """Who is told of the course of the passes, besides those that the options ask for."""
        self.cache_report = "not used"
        self._cached_notes: Notes | None = None

    @cached_property
    def _parsed(self) -> ast.Program:
        """The syntax tree, or what there is of it after syntax errors."""
        with self.timer.span("parse"), paused():
            from ospjit.syntax.parser import parse

            return parse(self.source, self.diagnostics)

    @property
    def tree(self) -> ast.Program:
        """The syntax tree of a program without syntax errors."""
        tree = self._parsed
        self.diagnostics.raise_if_errors()
        return tree

    @cached_property
    def core(self) -> core.Program:
        """The checked, elaborated program."""
        tree = self._parsed
        with self.timer.span("check"), paused():
            from ospjit.types.check import CheckOptions, check

            program = check(tree, self.diagnostics, CheckOptions(disabled=self.options.disabled))
        self.diagnostics.raise_if_errors()
        assert program is not None
        return program

    def generate(self) -> Operation:
        """A fresh module of the osp dialect."""
        program = self.core
        with self.timer.span("irgen"), paused():
            from ospjit.irgen import generate

            module = with_deep_stack(lambda: generate(program, self.diagnostics))
        self.diagnostics.raise_if_errors()
        assert module is not None
        return module

    @cached_property
    def lowered(self) -> Operation:
        """The module after every pass."""
        module = self.generate()
        with self.timer.span("load the passes"):
            from ospjit.passes import parse_pipeline

            passes = parse_pipeline(self.options.pipeline, self.options.passes.add_passes)
        report = None
        if self.options.passes.ir_report is not None:
            from ospjit.driver.report import ProgramReport

            report = ProgramReport(self.source, self.options)
            self.watchers.append(report.recorder)
        manager = PassManager(passes, self.options.passes, timer=self.timer, instrumentation=self.watchers)
        try:
            with self.timer.span("passes"), paused():
                with_deep_stack(lambda: manager.run(module, self.generate))
        except CompileFailed as error:
            if report is not None:
                report.write(None)
            raise CompileFailed(self._placed(d) for d in error.diagnostics) from error
        if report is not None:
            report.write(module)
        return module

    def _placed(self, diagnostic: Diagnostic) -> Diagnostic:
        """A diagnostic of a pass knows a line and column; give it its span."""
        loc = getattr(diagnostic, "loc", None)
        if diagnostic.span is not None or not isinstance(loc, Location) or not loc.known:
            return diagnostic
        start = self.source.line_starts()[loc.line - 1] + loc.column - 1
        span = Span(self.source, start, start + 1)
        return Diagnostic(diagnostic.code, diagnostic.message, span, diagnostic.labels, diagnostic.hints)

    @cached_property
    def _llvm_ir(self) -> ModuleText:
        module = self.lowered
        with self.timer.span("llvm-ir"), paused():
            from ospjit.backend.llvm_text import emit

            options = self.options
            return emit(
                module,
                name=self.source.name,
                unloadable=options.unloadable,
                on_system_stack=options.on_system_stack,
                debug=options.debug_info,
            )

    @property
    def llvm_text(self) -> str:
        """The LLVM IR before LLVM's own passes."""
        return self._llvm_ir.text()

    @cached_property
    def _llvm(self) -> tuple[Module, Machine]:
        text = self.llvm_text
        with self.timer.span("llvm"):
            with self.timer.span("load LLVM"):
                from ospjit.backend.llvm import Machine, Module, kept_machine

                # Embedders compile one module at a time, and many.
                make = kept_machine if self.options.unloadable else Machine
                machine = make(self.options.opt_level, self.options.cpu)
            with self.timer.span("parse and verify"):
                module = Module(text)
            with self.timer.span("optimize"):
                machine.optimize(module, self.options.opt_level)
        return module, machine

    @property
    def llvm_optimized(self) -> str:
        """The LLVM IR after LLVM's passes."""
        return str(self._llvm[0])

    @property
    def assembly(self) -> str:
        """The machine code as assembly text."""
        module, machine = self._llvm
        return machine.emit_assembly(module)

    @cached_property
    def object(self) -> bytes:
        """The machine code as an object file."""
        options = self.options
        # Debuggers are told of a whole module, and an embedder has a use of its own for its other threads.
        if self._llvm_ir.large and not (options.debug_info or options.perf or options.unloadable):
            return self._object_of_halves()
        module, machine = self._llvm
        with self.timer.span("machine code"):
            return machine.emit_object(module)

    def _object_of_halves(self) -> bytes:
        from ospjit.backend.link import link
        from ospjit.backend.llvm import in_two_threads

        with self.timer.span("llvm-ir"), self.timer.span("cut in halves"), paused():
            halves = self._llvm_ir.halves()
        with self.timer.span("llvm"):
            with self.timer.span("both halves"):
                objects = in_two_threads(halves, self.options.opt_level, self.options.cpu)
            with self.timer.span("link"), paused():
                return link(objects)

    @cached_property
    def code(self) -> Code:
        """The machine code in this process: from the cache if it is there, else compiled and stored."""
        key = self._key
        if key is None:
            return self._loaded()[0]
        from ospjit.backend import codecache

        with self.timer.span("cache"):
            found = codecache.find(key)
        if isinstance(found, codecache.Found):
            self.cache_report, self._cached_notes = "hit", found.notes
            return found.code
        code, libraries = self._loaded()
        with self.timer.span("cache"):
            stored = codecache.store(key, self.inputs, self.object, libraries, self.core.linkdirs, self.notes)
        self.cache_report = f"miss: {found}; {stored}"
        return code

    @cached_property
    def inputs(self) -> Inputs:
        """The files that the compilation reads beside the source."""
        from ospjit.backend.codecache import Inputs

        return Inputs()

    @property
    def notes(self) -> Notes:
        """What the compilation said, if it succeeded: as text, coloured text and JSON."""
        if self._cached_notes is not None:
            return self._cached_notes
        items = self.diagnostics.items
        if not items:
            return ("", "", "")
        from ospjit.diagnostics.render import render_json, render_text

        return render_text(items), render_text(items, color=True), render_json(items)

    @property
    def _key(self) -> Key | None:
        """What the code is cached under; None if somebody wants no cache, or to see how the code is made."""
        if not self.options.cacheable or os.environ.get("OSPJIT_CACHE") == "0":
            return None
        from ospjit.backend.codecache import Key

        return Key(self.options.described(), self.options.cpu, self.source.name, self.source.encoded())

    def _loaded(self) -> tuple[Code, list[Library]]:
        """The compiled code, loaded, and the libraries that it is linked with."""
        data = self.object
        with self.timer.span("load"):
            from ospjit.backend.code import UnresolvedSymbol, load

            libraries = self._libraries()
            try:
                code = load(data, libraries, self.options.externs)
                self._announce(data, code)
                return code, libraries
            except UnresolvedSymbol as error:
                extern = self.core.externs.get(error.name)
                hint = "name its library in a comment: // @link: NAME"
                self.diagnostics.error("OSP7002", str(error), extern.span if extern else None, hints=(hint,))
                raise CompileFailed(self.diagnostics.in_order()) from None

    def _announce(self, data: bytes, code: Code) -> None:
        """Tell debuggers and profilers of the code, if they were asked for."""
        if self.options.debug_info or self.options.perf:
            from ospjit.backend import observers

            names = observers.names_of(self.lowered)
            try:
                self._observers = observers.Announced(data, code.address, names, self.options.perf)
            except OSError as error:
                said = (error.strerror or str(error)).lower()
                raise PipelineError(f"--perf: cannot write {error.filename}: {said}") from None

    def _libraries(self) -> list[Library]:
        """The libraries that the source links."""
        from ospjit.backend.code import open_library

        libraries = []
        for name in self.core.links:
            try:
                libraries.append(open_library(name, self.core.linkdirs))
            except OSError as error:
                named = [link.span for link in self.tree.links if (link.kind, link.value) == ("link", name)]
                message = f"cannot open library '{name}': {error}"
                self.diagnostics.error("OSP7003", message, named[0] if named else None)
        self.diagnostics.raise_if_errors()
        return libraries
