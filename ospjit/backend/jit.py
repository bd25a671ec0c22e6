"""Machine code in this process: LLVM's optimiser and MCJIT behind a few functions.

One engine a module; whoever calls its code keeps the `Code` alive. Every declaration is resolved before the
engine is finalised, because an unresolved symbol in MCJIT is a crash at its first call.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ospjit.backend.runtime import RuntimeUnavailable, symbol_address
from ospjit.builtins.table import RUNTIME

#: All LLVM calls share one lock inside llvmlite; ours also covers sequences of them.
_lock = threading.RLock()


@cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target_machine(opt_level: int, cpu: str = "", features: str | None = None) -> Any:
    """A target machine for this host: small code model, position-independent, which is faster than the default
    large model and holds only relocations that a loader handles easily."""
    _initialize()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=cpu or llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten() if features is None else features,
        opt=opt_level,
        reloc="pic",
        codemodel="small",
        jit=True,
    )


class Code:
    """The machine code of one module. It is freed when the object dies, so callers keep it."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def address(self, symbol: str) -> int:
        """The address of a function. Raises KeyError if the module defines none of that name."""
        address = int(self._engine.get_function_address(symbol))
        if address == 0:
            raise KeyError(symbol)
        return address

    def close(self) -> None:
        """Free the code now; nothing may run in it any more."""
        self._engine.close()


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


def load(module: Any, machine: Any) -> Code:
    """Generate machine code, resolve every runtime function in it and make it callable."""
    with _lock:
        for function in module.functions:
            if function.is_declaration and not function.name.startswith("llvm."):
                _resolve(function.name)
        engine = llvm.create_mcjit_compiler(module, machine)
        engine.finalize_object()
    return Code(engine)


def _resolve(name: str) -> None:
    if name in RUNTIME:
        llvm.add_symbol(name, symbol_address(name))
    elif not llvm.address_of_symbol(name):
        raise RuntimeUnavailable(f"no library defines the function '{name}'")
