"""Running a compiled program as the process's program: on the runtime's main fiber, until it and its servers
end.
"""

from __future__ import annotations

import ctypes
import sys

from ospjit.driver.compile import Compilation


def run_program(compilation: Compilation, arguments: list[str], workers: int = 0) -> int:
    """Run a program; its exit status. The interpreter's lock is not held meanwhile.

    Output that Python has buffered is written first. Fibers of the program may still be alive when this
    returns: the caller is expected to leave the process at once.
    """
    from ospjit.backend import runtime
    from ospjit.backend.llvm_text import PROGRAM

    code = compilation.code
    runtime.start(workers, arguments)
    lib = runtime.library()
    status = int(lib.osp_run_main(ctypes.c_void_p(code.address(PROGRAM))))
    live = int(lib.osp_live_cells())
    if live > 0:  # -1: nobody counts, see OSPJIT_COUNT_CELLS
        print(f"ospjit: {live} cells are still alive at the end", file=sys.stderr)
    return status
