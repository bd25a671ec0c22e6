"""Calls of exported Osprey functions, and strings across the boundary.

A call runs on a fiber while the calling thread waits without the interpreter's lock. Strings are copied in
both directions: neither side ever sees the other's memory after the call.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

from ospjit.backend import runtime
from ospjit.backend.code import EXPORT
from ospjit.embed.errors import HandlerError


def export_symbol(name: str) -> str:
    """The symbol of the C thunk of an exported function."""
    return EXPORT + name


def new_string(data: bytes) -> int:
    """A string of the language with these bytes; the caller owns it."""
    address = runtime.library().osp_string_new(data, len(data))
    if not address:
        raise MemoryError
    return int(address)


def take_string(address: int) -> bytes:
    """The bytes of a string that the caller owns and gives up."""
    library = runtime.library()
    data = ctypes.string_at(address, library.osp_string_length(address))
    library.osp_drop(address)
    return data


def call(address: int, arguments: Sequence[int], results: int) -> list[int]:
    """Call the C thunk of an exported function: a word for each part of its arguments, whose ownership
    passes to it, and one for each part of its results, owned by the caller.

    Raises HandlerError with the diagnostic if the fiber failed, RuntimeError if it could not be started.
    """
    library = runtime.library()
    words = (ctypes.c_uint64 * max(len(arguments), results))(*arguments)
    failure = ctypes.c_void_p()
    status = library.osp_call_on_fiber(address, None, words, ctypes.byref(failure))
    library.osp_flush()
    if failure.value:
        raise HandlerError(take_string(failure.value).decode("utf-8", "replace"))
    if status != 0:
        raise RuntimeError(f"the call could not be started: {runtime.reason(status)}")
    return words[:results]


def failed(error: ctypes.c_void_p) -> str | None:
    """The message that a runtime function left, if it did."""
    return take_string(error.value).decode("utf-8", "replace") if error.value else None
