"""LLVM behind a few functions: text to an optimised module, and that to an object file.

Objects are position-independent code of the small model with undefined symbols only, so that they can be
cached and loaded anywhere (see `ospjit.backend.code`).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import llvmlite.binding as llvm


@cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target_machine(opt_level: int, cpu: str = "") -> Any:
    """A target machine for the CPU of that name, or for this host's: small code model, position-independent,
    which is faster than the default large model and holds only relocations that a loader handles easily."""
    _initialize()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu or llvm.get_host_cpu_name(),
        features="" if cpu else llvm.get_host_cpu_features().flatten(),
        opt=opt_level,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


def parse(text: str) -> Any:
    """An LLVM module from its text, verified."""
    _initialize()
    module = llvm.parse_assembly(text)
    module.verify()
    return module


def optimize(module: Any, machine: Any, opt_level: int) -> None:
    """Run LLVM's own pipeline for the level (0: only what the code needs to be valid)."""
    options = llvm.create_pipeline_tuning_options(speed_level=opt_level)
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)


def emit_object(module: Any, machine: Any) -> bytes:
    """The machine code of a module as a relocatable object file. The module is used up."""
    return bytes(machine.emit_object(module))
