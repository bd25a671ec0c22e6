"""Osprey inside Python programs: `ospjit.compile` and `@ospjit.handler`.
 Source becomes a module of Python whose functions are called; a decorated function becomes a request
handler that can be called and served. Installs no signal handler (but for the time of `serve`), never
touches the program's threads, and lets no exception of a handler or callback reach the runtime.
 Each name is imported when it is first used: a program that only has handlers in Python never loads a
compiler.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # what type checkers take for true, without importing typing
if TYPE_CHECKING:
    from ospjit.embed.asgi_application import asgi
    from ospjit.embed.decorator import handler
    from ospjit.embed.errors import CompileError, FiberError, HandlerError
    from ospjit.embed.message import Request, Response
    from ospjit.embed.module import Module, compile
    from ospjit.embed.notebook import load_ipython_extension, unload_ipython_extension
    from ospjit.embed.output import print_to_python, set_print_sink
    from ospjit.embed.results import Error, Result, Success
    from ospjit.embed.router import Router, serve
    from ospjit.embed.server import Handler

#: Where each public name lives.
_PLACES = {
    "CompileError": "errors",
    "Error": "results",
    "FiberError": "errors",
    "Handler": "server",
    "HandlerError": "errors",
    "Module": "module",
    "Request": "message",
    "Response": "message",
    "Result": "results",
    "Router": "router",
    "Success": "results",
    "asgi": "asgi_application",
    "compile": "module",
    "handler": "decorator",
    "load_ipython_extension": "notebook",
    "print_to_python": "output",
    "serve": "router",
    "set_print_sink": "output",
    "unload_ipython_extension": "notebook",
}

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
    """Import what is asked for."""
    if name in _PLACES:
        return getattr(import_module(f"ospjit.embed.{_PLACES[name]}"), name)
    raise AttributeError(f"module 'ospjit.embed' has no attribute {name!r}")
