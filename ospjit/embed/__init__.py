"""Osprey inside Python programs: `@ospjit.handler`.

A decorated function becomes a request handler that can be called and served. If its body is only a
docstring, that text is Osprey and is compiled; otherwise the Python body answers. Installs no signal
handler (but for the time of `serve`), never touches the program's threads, and lets no exception of a
handler reach the runtime.
"""

from ospjit.embed.decorator import handler
from ospjit.embed.errors import CompileError, HandlerError
from ospjit.embed.message import Request, Response
from ospjit.embed.server import Handler

__all__ = ["CompileError", "Handler", "HandlerError", "Request", "Response", "handler"]
