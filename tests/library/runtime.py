"""The C library, called through ctypes as compiled code calls it, but without a compiler in between.

Signatures come from the one table. This is what the tests of the library share.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

from ospjit.builtins.table import RUNTIME

os.environ["OSPJIT_COUNT_CELLS"] = "1"  # read when the library is loaded

_C = {
    "int": ctypes.c_int64,
    "word": ctypes.c_int64,
    "float": ctypes.c_double,
    "bool": ctypes.c_bool,
    "string": ctypes.c_void_p,
    "Ptr": ctypes.c_void_p,
    "cell": ctypes.c_void_p,
    "strings": ctypes.c_void_p,
    "Unit": None,
}

THUNK = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Failed(Exception):
    """A function's `Error`; the message is the argument, as text."""


class Runtime:
    """`rt.osp_string_repeat(b"ab", 3)`: bytes become the strings of the language; cells are addresses."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.library = ctypes.CDLL(str(path))
        self.library.osp_string_new.restype = ctypes.c_void_p
        self.library.osp_string_new.argtypes = [ctypes.c_char_p, ctypes.c_size_t]
        self.library.osp_live_cells.restype = ctypes.c_int64
        self.library.osp_drop.argtypes = self.library.osp_dup.argtypes = [ctypes.c_void_p]
        self.library.osp_mark_shared.argtypes = [ctypes.c_void_p]

    def string(self, data: bytes) -> int:
        """A new string of the language, owned by the caller."""
        address: int = self.library.osp_string_new(data, len(data))
        return address

    def bytes(self, address: int) -> bytes:
        """The contents of a string, which stays alive."""
        return ctypes.string_at(address, ctypes.c_uint64.from_address(address - 16).value)

    def take(self, address: int) -> bytes:
        """The contents of a string, which is dropped."""
        data = self.bytes(address)
        self.drop(address)
        return data

    def drop(self, address: int) -> None:
        """Gives up a count."""
        self.library.osp_drop(address)

    def dup(self, address: int) -> int:
        """Takes a count."""
        self.library.osp_dup(address)
        return address

    def share(self, address: int) -> None:
        """Makes an object one that other threads may count."""
        self.library.osp_mark_shared(address)

    @property
    def live(self) -> int:
        """Counted objects alive."""
        count: int = self.library.osp_live_cells()
        return count

    def __getattr__(self, symbol: str) -> Any:
        if symbol not in RUNTIME:
            raise AttributeError(symbol)
        fn = RUNTIME[symbol]
        function = getattr(self.library, symbol)
        types: list[Any] = [ctypes.c_void_p] if fn.context else []
        for _, machine in fn.params:
            types += [THUNK, ctypes.c_void_p] if machine == "thunk" else [_C[machine]]
        if fn.fallible:
            types.append(ctypes.c_void_p)
        function.argtypes = types
        function.restype = _C[fn.result]

        def call(*arguments: Any) -> Any:
            owned: list[int] = []
            values: list[Any] = [None] if fn.context else []
            for argument in arguments:
                if isinstance(argument, bytes):
                    owned.append(self.string(argument))
                    values.append(owned[-1])
                else:
                    values.append(argument)
            error = ctypes.c_void_p()
            if fn.fallible:
                values.append(ctypes.byref(error))
            result = function(*values)
            for address in owned:
                self.drop(address)
            if error.value:
                raise Failed(self.take(error.value).decode(errors="replace"))
            return self.take(result) if fn.result == "string" else result

        setattr(self, symbol, call)
        return call


def built_library(temporary: Path) -> Path:
    """The library to test: the one that OSPJIT_TEST_LIBRARY names (a sanitizer build, say), or the installed
    one, or one built from the sources once for all workers."""
    if "OSPJIT_TEST_LIBRARY" in os.environ:
        return Path(os.environ["OSPJIT_TEST_LIBRARY"])
    try:
        from ospjit._build import LIB_DIR
    except ImportError:
        pass
    else:
        return Path(LIB_DIR) / "libospjit_rt.so"
    root = Path(__file__).resolve().parents[2]
    build = temporary / "cruntime"
    with open(temporary / "cruntime.lock", "w", encoding="ascii") as lock:
        flock(lock, LOCK_EX)
        if not (build / "done").exists():
            python = f"-DPython3_EXECUTABLE={sys.executable}"
            subprocess.run(
                ["cmake", "-S", root / "cruntime", "-B", build, "-DOSP_TESTS=OFF", python],
                check=True,
                capture_output=True,
            )
            subprocess.run(
                ["cmake", "--build", build, "--target", "ospjit_rt", "-j2"], check=True, capture_output=True
            )
            (build / "done").touch()
    return build / "libospjit_rt.so"
