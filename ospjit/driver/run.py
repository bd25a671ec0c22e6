"""Running a compiled program as the process's program: on the runtime's main fiber, until it and its servers
end.
"""

from __future__ import annotations

import ctypes
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

    Output that Python has buffered must have been written. Fibers of the program may still be alive when this
    returns: the caller is expected to leave the process at once.
    """
    from ospjit.backend import runtime
    from ospjit.backend.code import PROGRAM

    entry = compilation.code.address(PROGRAM)
    runtime.start(operation.workers, arguments, operation.access_log, operation.stats)
    return int(runtime.library().osp_run_program(ctypes.c_void_p(entry)))
