"""Running a compiled program as the process's program: on the runtime's main fiber, until it and its servers
end.
"""

from __future__ import annotations

import ctypes
import sys
import time
from dataclasses import dataclass

from ospjit.driver.compile import Compilation


@dataclass(frozen=True)
class Operation:
    """How to run it: worker threads (0: one a core), where the access log goes ("": nowhere, unless the
    environment says so), and whether counters are reported."""

    workers: int = 0
    access_log: str = ""
    stats: bool = False


def run_program(compilation: Compilation, arguments: list[str], operation: Operation = Operation()) -> int:
    """Run a program; its exit status. The interpreter's lock is not held meanwhile.

    Output that Python has buffered is written first. Fibers of the program may still be alive when this
    returns: the caller is expected to leave the process at once.
    """
    from ospjit.backend import runtime
    from ospjit.backend.llvm_text import PROGRAM

    code = compilation.code
    runtime.start(operation.workers, arguments, operation.access_log, operation.stats)
    lib = runtime.library()
    status = int(lib.osp_run_main(ctypes.c_void_p(code.address(PROGRAM))))
    live = _live_cells(lib)
    if live > 0:  # -1: nobody counts, see OSPJIT_COUNT_CELLS
        print(f"ospjit: {live} cells are still alive at the end", file=sys.stderr)
    return status


def _live_cells(lib: ctypes.CDLL) -> int:
    """The cells that stay. A fiber wakes who awaits it before its own worker has released what it held, so
    the workers get a moment when something is left."""
    until = time.monotonic() + 0.5
    while (live := int(lib.osp_live_cells())) > 0 and time.monotonic() < until:
        time.sleep(0.002)
    return live
