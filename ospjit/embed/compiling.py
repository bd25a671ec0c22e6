"""One compilation at a time, and what compilations leave behind in the process's tables taken out again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ospjit.irgen import types as ir_types
from ospjit.types import types

_lock = threading.RLock()
_compiled = 0
#: How many compilations may leave types behind before the tables are cleared of them.
_EVERY = 100


@contextmanager
def compiling() -> Iterator[None]:
    """Hold the compiler."""
    global _compiled
    with _lock:
        yield
        _compiled += 1
        if _compiled % _EVERY == 0:
            ir_types.forget()
            types.forget_unused()
