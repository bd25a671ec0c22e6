"""The machine code of a module, for as long as anything refers to it, and its end.
 Code that may have started fibers or servers of its own is only unmapped when the runtime is idle: until
then it waits in a list, which is looked at whenever another module comes or goes. This must never unmap
code that runs.
"""

from __future__ import annotations

import ctypes
import threading
import weakref

from ospjit.backend import runtime
from ospjit.backend.code import Code
from ospjit.backend.llvm_text import UNLOAD

_lock = threading.RLock()
_waiting: list[tuple[Code, int, tuple[object, ...]]] = []


class Loaded:
    """Whoever may call the code holds this object. `lingers`: its fibers may outlive every reference to it.
    `keep` is what the code calls."""

    def __init__(self, code: Code, lingers: bool, keep: tuple[object, ...] = ()) -> None:
        self.code = code
        self._end = weakref.finalize(self, _release, code, code.address(UNLOAD), lingers, keep)
        self._end.atexit = False
        sweep()

    def close(self) -> None:
        """Give the code up; nothing of it may be called any more."""
        self._end()


def _release(code: Code, unload: int, lingers: bool, keep: tuple[object, ...]) -> None:
    if lingers and not runtime.library().osp_is_idle():
        with _lock:
            _waiting.append((code, unload, keep))
        return
    _unmap(code, unload)
    sweep()


def _unmap(code: Code, unload: int) -> None:
    ctypes.CFUNCTYPE(None)(unload)()
    code.close()


def sweep() -> None:
    """Unmap what waited for its fibers, if no fiber lives any more."""
    if not _waiting or not runtime.library().osp_is_idle():
        return
    with _lock:
        waiting, _waiting[:] = list(_waiting), []
    for code, unload, _ in waiting:
        _unmap(code, unload)


def waiting_modules() -> int:
    """How many modules wait for the runtime to be idle."""
    return len(_waiting)
