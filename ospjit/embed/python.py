"""Handlers whose body is Python: threads of Python take requests from the runtime's queue and answer them.

A handler never runs on a fiber's stack, and every request is answered exactly once: what a handler raises is
logged and answered with 500, and says nothing about the inside.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import threading
from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from ospjit.backend import runtime
from ospjit.embed import loop
from ospjit.embed.log import log
from ospjit.embed.message import INTERNAL, Request, Response, decode, encode, error_response, response_of
from ospjit.embed.native import failed
from ospjit.embed.server import Handler
from ospjit.embed.signature import HandlerSignature

_PARTS = ("method", "target", "headers", "body")


class QueueHandler(Handler):
    """A handler whose requests are answered by threads of Python."""

    def __init__(self, function: Callable[..., Any], signature: HandlerSignature, threads: int) -> None:
        super().__init__(function, signature)
        self._count = threads
        self._threads: list[threading.Thread] = []

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
                self._take(job)
            elif not library.osp_http_queue_open(server):
                return

    @abstractmethod
    def _take(self, job: int) -> None:
        """Answer a job, now or later."""

    def _logged(self, error: BaseException) -> Response:
        """The response to a request whose handler has failed."""
        log.error("handler '%s' failed", self.signature.name, exc_info=error)
        return error_response(INTERNAL)


class PythonHandler(QueueHandler):
    """A handler that is a Python function."""

    def __init__(
        self, function: Callable[..., Any], signature: HandlerSignature, threads: int | None
    ) -> None:
        super().__init__(function, signature, threads or default_threads())
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the function returns."""
        return self._function(*args, **kwargs)

    def respond(self, request: Request) -> Response:
        try:
            return response_of(self._function(*self.signature.arguments(request)))
        except BaseException as error:
            return self._logged(error)

    def _take(self, job: int) -> None:
        try:
            answer = self.respond(request_of(job))
        except BaseException as error:  # the request cannot be read
            answer = self._logged(error)
        reply(job, answer)


class AsyncHandler(QueueHandler):
    """A handler that is a coroutine function: all of them run in one event loop, on a thread of its own. When
    the server stops, what has not answered after the time for requests in flight is cancelled."""

    def __init__(self, function: Callable[..., Any], signature: HandlerSignature) -> None:
        super().__init__(function, signature, 1)
        self._function = function
        self._running: set[Future[None]] = set()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The coroutine that the function returns: await it."""
        return self._function(*args, **kwargs)

    def respond(self, request: Request) -> Response:
        """As for every handler; not in a coroutine of the event loop, which would wait for itself."""
        return asyncio.run_coroutine_threadsafe(self.answer(request), loop.running()).result()

    async def answer(self, request: Request) -> Response:
        """The response to a request, in any event loop."""
        try:
            return response_of(await self._function(*self.signature.arguments(request)))
        except Exception as error:
            return self._logged(error)

    def _take(self, job: int) -> None:
        future = asyncio.run_coroutine_threadsafe(self._respond(job), loop.running())
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    async def _respond(self, job: int) -> None:
        answer = Response('{"error":"the server has stopped"}', 503)
        try:
            answer = await self.answer(request_of(job))
        except BaseException as error:
            if not isinstance(error, asyncio.CancelledError):
                answer = self._logged(error)
            raise
        finally:
            reply(job, answer)

    def _answers_here(self) -> bool:
        return super()._answers_here() or loop.is_current()

    def _stopped(self) -> None:
        super()._stopped()
        for future in list(self._running):
            future.cancel()


def default_threads() -> int:
    """As many threads as `concurrent.futures` would use."""
    return min(32, (os.cpu_count() or 1) + 4)


def request_of(job: int) -> Request:
    """The request of a job."""
    library = runtime.library()
    return Request.of(*[_part(getattr(library, f"osp_http_job_{name}"), job) for name in _PARTS])


def reply(job: int, answer: Response) -> None:
    """Answer a job, which is gone then."""
    body = encode(answer.body)
    kind, headers = encode(answer.content_type), encode(str(answer.headers))
    runtime.library().osp_http_job_respond(job, answer.status, headers, kind, body, len(body))


def _part(read: Callable[..., int], job: int) -> str:
    length = ctypes.c_size_t()
    return decode(ctypes.string_at(read(job, ctypes.byref(length)), length.value))
