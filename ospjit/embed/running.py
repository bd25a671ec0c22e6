"""Starting the runtime for an embedder: its messages go to the logger, and it is let go of before the
interpreter ends."""

from __future__ import annotations

import atexit
import ctypes
import os
import threading

from ospjit.backend import runtime
from ospjit.embed.log import log

_lock = threading.Lock()
_listens = False


def ensure() -> None:
    """The runtime runs. Raises RuntimeError in a child that was forked from a process in which it did."""
    global _listens
    runtime.start()
    if _listens:
        return
    with _lock:
        if not _listens:
            _listens = True
            runtime.library().osp_collect_messages(True)
            threading.Thread(target=_listen, name="ospjit messages", daemon=True).start()


def _listen() -> None:
    while _listens:
        _tell(1000)


def _tell(timeout_ms: int) -> bool:
    """Log the next message; whether there was one."""
    text = ctypes.create_string_buffer(512)
    length = runtime.library().osp_next_message(text, 512, timeout_ms)
    if length:
        log.warning("%s", text.raw[:length].decode("utf-8", "replace"))
    return bool(length)


def _end() -> None:
    """What comes from now on is written by the runtime itself; no thread of it calls Python any more."""
    global _listens
    if _listens:
        _listens = False
        library = runtime.library()
        library.osp_collect_messages(False)
        library.osp_set_print_sink(None, None)
        while _tell(0):
            pass


def _forget() -> None:
    """In a forked child the thread does not exist."""
    global _listens, _lock
    _lock = threading.Lock()
    _listens = False


atexit.register(_end)
os.register_at_fork(after_in_child=_forget)
