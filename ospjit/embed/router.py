"""Several handlers behind one port, chosen by the beginning of the path. Routing is Python's business; the
handlers answer as they always do."""

from __future__ import annotations

from collections.abc import Mapping

from ospjit.embed.message import Request, Response
from ospjit.embed.python import AsyncHandler, QueueHandler, default_threads, reply, request_of
from ospjit.embed.server import LOCALHOST, Certificate, Handler
from ospjit.embed.signature import HandlerSignature


class Router(QueueHandler):
    """A handler made of handlers: the one whose prefix is the longest that the path begins with answers.

    A prefix begins with "/" and ends where a segment of the path ends: "/api" stands for "/api" and
    "/api/users", but not for "/apiary". The path is passed on whole. Without a handler for it a path gets a
    404. Requests are handed out by threads of Python, also those of Osprey handlers.
    """

    __module__ = "ospjit"

    def __init__(self, routes: Mapping[str, Handler], *, threads: int | None = None) -> None:
        for prefix, handler in routes.items():
            if not isinstance(prefix, str) or not prefix.startswith("/"):
                raise ValueError(f"a prefix begins with '/': {prefix!r}")
            if not isinstance(handler, Handler):
                raise TypeError(f"'{prefix}' must be an ospjit handler, not {type(handler).__name__}")
        super().__init__(router, _SIGNATURE, threads or default_threads())
        self.routes = dict(routes)
        self._longest_first = sorted(
            ((p.rstrip("/"), h) for p, h in routes.items()), key=lambda r: -len(r[0])
        )

    def find(self, path: str) -> Handler | None:
        """The handler of a path."""
        for prefix, handler in self._longest_first:
            if path == prefix or path.startswith(prefix + "/"):
                return handler
        return None

    def __call__(self, request: Request) -> Response:
        """The response to a request."""
        return self.respond(request)

    def respond(self, request: Request) -> Response:
        handler = self.find(request.path)
        return NOT_FOUND if handler is None else handler.respond(request)

    def _take(self, job: int) -> None:
        try:
            request = request_of(job)
            handler = self.find(request.path)
            if isinstance(handler, AsyncHandler):
                handler._take(job)
                return
            answer = NOT_FOUND if handler is None else handler.respond(request)
        except BaseException as error:
            answer = self._logged(error)
        reply(job, answer)

    def _stopped(self) -> None:
        super()._stopped()
        for handler in self.routes.values():
            if isinstance(handler, AsyncHandler) and handler.port is None:
                handler._stopped()


NOT_FOUND = Response('{"error":"not found"}', 404)


def router(request: Request) -> Response:
    """Several handlers by prefix."""
    raise NotImplementedError


_SIGNATURE = HandlerSignature.plain("router", ("request",))


def serve(
    routes: Mapping[str, Handler] | Handler,
    port: int = 8080,
    host: str = LOCALHOST,
    *,
    tls: Certificate | None = None,
    threads: int | None = None,
) -> None:
    """Serve a handler, or several by prefix, until SIGINT or SIGTERM; see `Handler.serve` and `Router`."""
    handler = routes if isinstance(routes, Handler) else Router(routes, threads=threads)
    handler.serve(port, host, tls=tls)
