"""ospjit: runs Osprey programs at once, embeds them in Python, shows the IR of every pass.

This file is read by build tools before any dependency is installed and by every start of the command
line, so it must never import anything beyond the standard library's cheapest modules.
"""

from __future__ import annotations

from time import process_time_ns, time_ns

__version__ = "0.1.0"

#: When this process began to read the package (ns since 1970): what changes later is not what it runs.
STARTED = time_ns()

#: The CPU time that the process had taken by then, for the interpreter's start (ns).
SPENT = process_time_ns()

TYPE_CHECKING = False  # what type checkers take for true, without importing typing
if TYPE_CHECKING:
    from ospjit.embed import (
        CompileError,
        Error,
        FiberError,
        Handler,
        HandlerError,
        Module,
        Request,
        Response,
        Result,
        Router,
        Success,
        asgi,
        compile,
        handler,
        load_ipython_extension,
        print_to_python,
        serve,
        set_print_sink,
        unload_ipython_extension,
    )

__all__ = [
    "CompileError",
    "Error",
    "FiberError",
    "Handler",
    "HandlerError",
    "Module",
    "Request",
    "Response",
    "Result",
    "Router",
    "Success",
    "asgi",
    "compile",
    "handler",
    "load_ipython_extension",
    "print_to_python",
    "serve",
    "set_print_sink",
    "unload_ipython_extension",
]


def __getattr__(name: str) -> object:
    """Load the embedding API on first use, so that `import ospjit` costs next to nothing."""
    if name in __all__:
        from ospjit import embed

        return getattr(embed, name)
    raise AttributeError(f"module 'ospjit' has no attribute {name!r}")
