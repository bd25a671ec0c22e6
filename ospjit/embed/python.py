"""Handlers whose body is Python: threads of Python take requests from the runtime's queue and answer them.

A handler never runs on a fiber's stack, and every request is answered exactly once: what a handler raises is
logged and answered with 500, and says nothing about the inside.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from typing import Any

from ospjit.backend import runtime
from ospjit.embed.log import log
from ospjit.embed.message import Request, Response, decode, encode
from ospjit.embed.native import failed
from ospjit.embed.server import Handler
from ospjit.embed.signature import HandlerSignature

_FAILURE = Response('{"error":"internal server error"}', 500)


class PythonHandler(Handler):
    """A handler that is a Python function."""

    def __init__(
        self, function: Callable[..., Any], signature: HandlerSignature, threads: int | None
    ) -> None:
        super().__init__(function, signature)
        self._function = function
        self._count = threads or min(32, (os.cpu_count() or 1) + 4)
        self._threads: list[threading.Thread] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns."""
        return self._function(*args, **kwargs)

    def _listen(self, server: int) -> None:
        error = ctypes.c_void_p()
        runtime.library().osp_http_listen_queue(None, server, ctypes.byref(error))
        message = failed(error)
        if message is not None:
            raise OSError(message)
        # Daemons: the interpreter would otherwise wait for them before anything stops the server.
        self._threads = [
            threading.Thread(
                target=self._work, args=(server,), name=f"ospjit {self.signature.name} {n}", daemon=True
            )
            for n in range(self._count)
        ]
        for thread in self._threads:
            thread.start()

    def _stopped(self) -> None:
        for thread in self._threads:
            thread.join(timeout=1)  # one that still runs the handler is left behind
        self._threads = []

    def _answers_here(self) -> bool:
        return threading.current_thread() in self._threads

    def _work(self, server: int) -> None:
        """One thread: until the server has stopped, a request at a time."""
        library = runtime.library()
        while True:
            job = library.osp_http_next_job(server, -1)
            if job:
                self._respond(library, job)
            elif not library.osp_http_queue_open(server):
                return

    def _respond(self, library: ctypes.CDLL, job: int) -> None:
        answer = self._answer(library, job)
        body = encode(answer.body)
        kind, headers = encode(answer.content_type), encode(str(answer.headers))
        library.osp_http_job_respond(job, answer.status, headers, kind, body, len(body))

    def _answer(self, library: ctypes.CDLL, job: int) -> Response:
        """The function's answer to a job, whatever happens."""
        try:
            parts = [_part(getattr(library, f"osp_http_job_{name}"), job) for name in _PARTS]
            if self.signature.takes_request:
                return _response(self._function(Request.of(*parts)))
            return _response(self._function(*parts))
        except BaseException:
            log.exception("handler '%s' failed", self.signature.name)
            return _FAILURE


_PARTS = ("method", "target", "headers", "body")


def _part(read: Callable[..., int], job: int) -> str:
    length = ctypes.c_size_t()
    return decode(ctypes.string_at(read(job, ctypes.byref(length)), length.value))


def _response(value: Any) -> Response:
    """The response that a handler's result stands for. Raises TypeError if it stands for none."""
    if isinstance(value, Response):
        return value
    if isinstance(value, str | bytes):
        return Response(value)
    if isinstance(value, tuple) and len(value) == 2:
        status, body = value
        return Response(body, status)
    raise TypeError(
        f"a handler returns str, bytes, (status, body) or ospjit.Response, not {type(value).__name__}"
    )
