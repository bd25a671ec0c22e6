"""The one event loop in which `async def` handlers run, on a thread of its own that starts with the first."""

from __future__ import annotations

import asyncio
import os
import threading

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def running() -> asyncio.AbstractEventLoop:
    """The loop, started if it was not."""
    global _loop, _thread
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            # A daemon: the servers are stopped, and what runs in here is cancelled, before the interpreter
            # ends.
            _thread = threading.Thread(target=_run, args=(_loop,), name="ospjit event loop", daemon=True)
            _thread.start()
        return _loop


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    loop.run_forever()


def is_current() -> bool:
    """Whether the calling thread is the loop's."""
    return threading.current_thread() is _thread


def _forget() -> None:
    """In a forked child: the thread is the parent's."""
    global _loop, _thread, _lock
    _loop, _thread, _lock = None, None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
