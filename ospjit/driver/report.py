"""`--ir-report` for programs: the passes as recorded, and behind them what LLVM made of their product."""

from __future__ import annotations

from typing import NamedTuple

from ospjit.backend.listing import Listing
from ospjit.diagnostics import Source
from ospjit.driver.options import CompileOptions
from ospjit.ir import Operation
from ospjit.ir.instrumentation import Selection
from ospjit.report.recorder import Recorder
from ospjit.report.snapshot import Place, SnapshotLine


class MachineCode(NamedTuple):
    """The functions of a program, with their places in the source, in each form that LLVM has for them."""

    llvm: Listing
    optimized: Listing
    assembly: Listing


def machine_code(module: Operation, name: str, opt_level: int) -> MachineCode:
    """What LLVM makes of a lowered module. Raises TypeError if something in it was not lowered."""
    from ospjit.backend import listing
    from ospjit.backend.llvm import Machine, Module
    from ospjit.backend.llvm_text import emit

    text = emit(module, name=name, debug=True).text()
    machine = Machine(opt_level, "")
    parsed = Module(text)
    machine.optimize(parsed, opt_level)
    optimized = str(parsed)
    return MachineCode(
        listing.llvm_functions(text),
        listing.llvm_functions(optimized),
        listing.assembly_functions(machine.emit_assembly(parsed)),
    )


def place_in(source: Source) -> Place:
    """Which line and column of `source` an operation came from; zeros if it came from elsewhere."""
    return lambda op: (op.loc.line, op.loc.column) if op.loc.file == source.name else (0, 0)


class ProgramReport:
    """The report of one compilation; its `recorder` watches the passes."""

    def __init__(self, source: Source, options: CompileOptions) -> None:
        self._source = source
        self._options = options
        selection = Selection(options.passes.filter_function)
        self.recorder = Recorder(source.name, source.text, place_in(source), selection)

    def write(self, module: Operation | None) -> None:
        """Write the page, with LLVM's part if there is a lowered module. Raises `PipelineError`."""
        directory = self._options.passes.ir_report
        assert directory is not None
        if module is not None:
            self._add_machine_code(module)
        self.recorder.write(directory)

    def _add_machine_code(self, module: Operation) -> None:
        """LLVM IR before and after LLVM's passes, and assembly; nothing if the passes asked for left what
        cannot be compiled."""
        try:
            code = machine_code(module, self._source.name, self._options.opt_level)
        except TypeError:
            return
        self._stage("LLVM IR", "what LLVM gets", "llvm", code.llvm)
        self._stage("optimized", "what LLVM's own passes left", "llvm", code.optimized)
        self._stage("assembly", "the machine code", "asm", code.assembly)

    def _stage(self, name: str, summary: str, kind: str, found: Listing) -> None:
        texts = {
            symbol: tuple(SnapshotLine(text, 0, line, column) for text, line, column in lines)
            for symbol, lines in found.items()
        }
        self.recorder.stage(name, summary, kind, texts)
