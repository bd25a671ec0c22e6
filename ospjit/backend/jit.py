"""Machine code in this process: LLVM's optimiser and MCJIT behind a few functions.

One engine a module; whoever calls its code keeps the `Code` alive. Every declaration is resolved before the
engine is finalised, because an unresolved symbol in MCJIT is a crash at its first call.
"""

from __future__ import annotations

import ctypes
import glob
import os
import re
import sysconfig
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import llvmlite.binding as llvm

from ospjit.backend.runtime import symbol_address
from ospjit.builtins.table import RUNTIME

#: All LLVM calls share one lock inside llvmlite; ours also covers sequences of them.
_lock = threading.RLock()


@cache
def _initialize() -> None:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def target_machine(opt_level: int, cpu: str = "", features: str | None = None) -> Any:
    """A target machine for this host: small code model, position-independent, which is faster than the
    default
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

    def has(self, symbol: str) -> bool:
        """Whether the module defines a function of that name."""
        return int(self._engine.get_function_address(symbol)) != 0

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


def load(
    module: Any,
    machine: Any,
    libraries: Sequence[ctypes.CDLL] = (),
    symbols: Mapping[str, int] | None = None,
    on_object: Callable[[bytes], None] | None = None,
) -> Code:
    """Generate machine code, resolve every function that it calls and make it callable. Functions that are
    not the runtime's are looked for in `symbols`, which holds addresses, in `libraries`, then in the C
    library and its mathematical part. Raises `UnresolvedSymbol`. `on_object` is given the object file that
    the code is loaded from."""
    with _lock:
        for function in module.functions:
            if function.is_declaration and not function.name.startswith("llvm."):
                if symbols is not None and function.name in symbols:
                    llvm.add_symbol(function.name, symbols[function.name])
                else:
                    _resolve(function.name, libraries)
        # What landing pads end with; the code generator names it, the module does not.
        _resolve("_Unwind_Resume", ())
        engine = llvm.create_mcjit_compiler(module, machine)
        if on_object is not None:
            engine.set_object_cache(lambda _, data: on_object(data))
        engine.finalize_object()
    return Code(engine)


class UnresolvedSymbol(Exception):
    """No library defines a function that the program calls; `name` is its name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no library defines the function '{name}'")
        self.name = name


def _resolve(name: str, libraries: Sequence[ctypes.CDLL]) -> None:
    if name in RUNTIME:
        llvm.add_symbol(name, symbol_address(name))
        return
    for library in (*libraries, *_c_libraries()):
        function = getattr(library, name, None)
        if function is not None:
            llvm.add_symbol(name, ctypes.cast(function, ctypes.c_void_p).value)
            return
    raise UnresolvedSymbol(name)


@cache
def _c_libraries() -> tuple[ctypes.CDLL, ...]:
    """What every C program is linked with: the C library, the mathematical one, and the unwinder's."""
    return ctypes.CDLL("libc.so.6"), ctypes.CDLL("libm.so.6"), ctypes.CDLL("libgcc_s.so.1")


def open_library(name: str, folders: Sequence[str]) -> ctypes.CDLL:
    """The library called `name`, as a linker would find it: `libNAME.so` in the folders, then in the system.

    Raises OSError. Nothing is run through a shell.
    """
    for folder in folders:
        path = os.path.join(folder, f"lib{name}.so")
        if os.path.exists(path):
            return ctypes.CDLL(path)
    for candidate in (f"lib{name}.so", *_versioned(name), name) if "/" not in name else (name,):
        try:
            return ctypes.CDLL(candidate)
        except OSError:
            continue
    raise OSError(f"lib{name}.so is neither in {', '.join(folders) or 'a @linkdir folder'} nor in the system")


def _versioned(name: str) -> list[str]:
    """The system's `libNAME.so.N`, newest first: what a linker script called `libNAME.so`, as that of `m`,
    stands for, and all that there is where no development files are installed."""
    folders = ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib"]
    multiarch = sysconfig.get_config_var("MULTIARCH")
    if multiarch:
        folders = [f"/lib/{multiarch}", f"/usr/lib/{multiarch}", *folders]
    found = [p for folder in folders for p in glob.glob(f"{folder}/lib{glob.escape(name)}.so.*")]
    return sorted(
        found, key=lambda p: [int(n) for n in re.findall(r"\d+", p.rpartition(".so.")[2])], reverse=True
    )
