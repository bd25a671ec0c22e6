"""Room for recursion: a thread with a large stack and a recursion limit to match.

The parser bounds how deep a program nests; the stages that walk its structure recurse that deep, and the
stack of the main thread (or of an embedder's) is not made for it. Chains of operators are walked by loops
everywhere and do not need this.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

#: Python frames that nested syntax may take, and the stack that holds them (0.5 KiB of C stack a frame).
MAX_FRAMES = 100_000
STACK_BYTES = 512 << 20

Result = TypeVar("Result")


def with_deep_stack(work: Callable[[], Result]) -> Result:
    """Run `work` on a thread whose stack is large, with a recursion limit to match."""
    outcome: list[Result] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:
            failure.append(error)

    limit = sys.getrecursionlimit()
    size = threading.stack_size(STACK_BYTES)
    try:
        sys.setrecursionlimit(max(limit, MAX_FRAMES))
        thread = threading.Thread(target=run, name="ospjit-deep-stack")
        try:
            thread.start()
        except (RuntimeError, MemoryError):  # no address space for the stack: nesting has to be shallower
            sys.setrecursionlimit(limit)
            return work()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if failure:
        raise failure[0]
    return outcome[0]
