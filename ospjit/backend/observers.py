"""Tells debuggers and profilers of code that has been loaded: GDB through its JIT interface, perf by files.

What they are told is the object file and where its code is; how it got there does not matter here.
"""

from __future__ import annotations

from collections.abc import Callable

from ospjit.backend import perf, runtime
from ospjit.backend.elf import ObjectFile
from ospjit.backend.llvm_text import THUNK
from ospjit.backend.names import readable
from ospjit.ir import Operation, body_of


def names_of(module: Operation) -> dict[str, str]:
    """What to call the functions of a lowered module, by symbol."""
    return {op.attr("sym_name"): readable(op) for op in body_of(module).ops if op.name == "func.func"}


class Announced:
    """An object that GDB, and perf if asked for, know of. GDB forgets it when this dies.

    `address` gives the addresses of the object's public functions; `form` is one of `perf.FORMS` or empty.
    Raises OSError if what perf reads cannot be written.
    """

    def __init__(self, data: bytes, address: Callable[[str], int], names: dict[str, str], form: str) -> None:
        self._registration: int | None = None
        found = ObjectFile(data)
        # Every module has this function; where it is says where the others are.
        known = next(function for function in found.functions if function.symbol == THUNK)
        base = address(THUNK) - known.offset
        if form:
            perf.announce(form, found, base, known.section, names)
        placed = found.placed(known.section, base)
        self._registration = runtime.library().osp_gdb_register(placed, len(placed))

    def __del__(self) -> None:
        if self._registration:
            runtime.library().osp_gdb_unregister(self._registration)
