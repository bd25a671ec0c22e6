"""Where `print` and `printErr` of the language go.

To the process's standard output and error, unless a program of Python takes the lines: a notebook does. Then
each line is handed over as it is printed, on whatever thread prints.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any

from ospjit.backend import runtime
from ospjit.embed.log import log
from ospjit.embed.message import decode

Sink = Callable[[int, str], object]

_PROTOTYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
_lock = threading.Lock()
_sink: Sink | None = None
#: The runtime may be in the middle of a call of an earlier one.
_kept: list[Any] = []


def set_print_sink(sink: Sink | None) -> Sink | None:
    """Have `sink(stream, text)` called with what Osprey prints: stream 1 for `print`, 2 for `printErr`, and
    whole lines with their newlines. None: to the process's standard output and error again. The sink
    before.

    Without a sink, what `print` writes is buffered: it is out when the call from Python returns, when 16
    KiB have come together, at the end of every line if standard output is a terminal, and before anything
    is written to standard error. What the sink raises is logged. It must not call Osprey.
    """
    global _sink
    with _lock:
        before, _sink = _sink, sink
        if sink is None:
            runtime.library().osp_set_print_sink(None, None)
            return before
        taken = sink

        def take(user: int | None, stream: int, text: int, length: int) -> None:
            try:
                taken(stream, decode(ctypes.string_at(text, length)))
            except Exception:
                log.exception("the print sink failed")

        function = _PROTOTYPE(take)
        _kept[:] = [*_kept[-1:], function]
        runtime.library().osp_set_print_sink(ctypes.cast(function, ctypes.c_void_p), None)
        return before


def print_to_python(stream: int, text: str) -> None:
    """A sink that writes to `sys.stdout` and `sys.stderr`, whatever they are at the moment."""
    out = sys.stdout if stream == 1 else sys.stderr
    if out is not None:
        out.write(text)
