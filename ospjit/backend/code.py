"""Machine code in this process: objects loaded by the C runtime's loader, the same for what has just been
compiled and for what comes from the cache.

Whoever calls the code keeps its `Code` alive. LLVM is not needed here and must not be imported.
"""

from __future__ import annotations

import ctypes
import errno
import glob
import os
import re
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ospjit.backend import runtime

#: The C-ABI function that runs a program: `void (osp_ctx *, int64_t *status)`.
PROGRAM = "osp_program"
#: What precedes an exported function's name in that of its C-ABI thunk, `void (osp_ctx *, void *env, uint64_t
#: *words)`: it takes the arguments' parts from `words`, one each, and leaves the results' parts there. `env`
#: is ignored.
EXPORT = "osp_export$"


class UnresolvedSymbol(Exception):
    """No library defines a function that the program calls; `name` is its name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"no library defines the function '{name}'")
        self.name = name


class Code:
    """The machine code of one module. It is freed when the object dies, so callers keep it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._unload = runtime.library().osp_code_unload

    def address(self, symbol: str) -> int:
        """The address of a function. Raises KeyError if the module defines none of that name."""
        address = runtime.library().osp_code_symbol(self._handle, symbol.encode())
        if not address:
            raise KeyError(symbol)
        return int(address)

    def has(self, symbol: str) -> bool:
        """Whether the module defines a function of that name."""
        return bool(runtime.library().osp_code_symbol(self._handle, symbol.encode()))

    def close(self) -> None:
        """Free the code now; nothing may run in it any more."""
        handle, self._handle = self._handle, 0
        self._unload(handle)

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True)
class Library:
    """A library that a program links: its handle, and what the dynamic linker was asked for."""

    name: str
    handle: ctypes.CDLL


class _Surroundings(ctypes.Structure):
    """`struct osp_code_surroundings`."""

    _fields_ = (
        ("libraries", ctypes.POINTER(ctypes.c_void_p)),
        ("library_count", ctypes.c_size_t),
        ("names", ctypes.POINTER(ctypes.c_char_p)),
        ("addresses", ctypes.POINTER(ctypes.c_uint64)),
        ("symbol_count", ctypes.c_size_t),
    )


def load(data: bytes, libraries: Sequence[Library] = (), symbols: Mapping[str, int] | None = None) -> Code:
    """Load an object and resolve every function that it calls: in the runtime, in `symbols`, which holds
    addresses, in `libraries`, then in the C library and its mathematical part. Raises `UnresolvedSymbol`."""
    given = symbols or {}
    handles = (ctypes.c_void_p * len(libraries))(*(library.handle._handle for library in libraries))
    names = (ctypes.c_char_p * len(given))(*map(str.encode, given))
    addresses = (ctypes.c_uint64 * len(given))(*given.values())
    around = _Surroundings(handles, len(libraries), names, addresses, len(given))
    code, why = ctypes.c_void_p(), ctypes.create_string_buffer(1024)
    load = runtime.library().osp_code_load
    status = load(data, len(data), ctypes.byref(around), ctypes.byref(code), why, len(why))
    if status == -errno.ENOENT:
        raise UnresolvedSymbol(os.fsdecode(why.value))
    if status != 0:
        raise RuntimeError(os.fsdecode(why.value))
    return Code(code.value or 0)


def open_library(name: str, folders: Sequence[str]) -> Library:
    """The library called `name`, as a linker would find it: `libNAME.so` in the folders, then in the system.

    Raises OSError. Nothing is run through a shell.
    """
    for folder in folders:
        path = os.path.join(folder, f"lib{name}.so")
        if os.path.exists(path):
            return Library(path, ctypes.CDLL(path))
    for candidate in (f"lib{name}.so", *_versioned(name), name) if "/" not in name else (name,):
        try:
            return Library(candidate, ctypes.CDLL(candidate))
        except OSError:
            continue
    raise OSError(f"lib{name}.so is neither in {', '.join(folders) or 'a @linkdir folder'} nor in the system")


def looked_for(name: str, folders: Sequence[str]) -> list[str]:
    """The files in the folders that `open_library` looks for, in order."""
    return [os.path.join(folder, f"lib{name}.so") for folder in folders]


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
