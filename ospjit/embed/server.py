"""Starting, stopping and serving a handler; what is the same for handlers of either language.

A server belongs to its handler and to the process that started it. Servers that still run when the
interpreter exits are stopped first; in a forked child, where no worker threads exist, they are forgotten.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import os
import sys
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ospjit.backend import runtime
from ospjit.embed import running
from ospjit.embed.ending import Ending
from ospjit.embed.message import Request, Response, encode
from ospjit.embed.native import failed, new_string
from ospjit.embed.signature import HandlerSignature

LOCALHOST = "127.0.0.1"
#: The files of a certificate chain and of its key, both PEM.
Certificate = tuple[str | os.PathLike[str], str | os.PathLike[str]]


class Handler(ABC):
    """A request handler: call it, or serve it. As a context manager it is served on a free port meanwhile.

    Safe to use from any thread.
    """

    __module__ = "ospjit"

    def __init__(self, function: Callable[..., Any], signature: HandlerSignature) -> None:
        functools.update_wrapper(self, function)
        self.signature = signature
        self._lock = threading.RLock()
        self._server = 0
        self._port: int | None = None
        self._scheme = "http"
        self._endings: list[Ending] = []

    def __repr__(self) -> str:
        where = f"served on port {self._port}" if self._port else "not served"
        return f"<ospjit handler {self.signature.name!r}, {where}>"

    @abstractmethod
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The answer to one request, without a server."""

    @property
    def port(self) -> int | None:
        """The port on which the handler is served, None while it is not."""
        return self._port

    @abstractmethod
    def respond(self, request: Request) -> Response:
        """The response that a client would get, without a server: an `Error` or an exception is a 500."""

    def start(self, port: int = 0, host: str = LOCALHOST, *, tls: Certificate | None = None) -> int:
        """Serve in the background; the port, a free one for 0. `tls`: HTTPS, with the files of the
        certificate chain and its key.

        Raises OSError if the port cannot be had (one in use is tried again for up to a second),
        RuntimeError if the handler is being served already or the process was forked after the runtime had
        started.
        """
        with self._lock:
            if self._server:
                raise RuntimeError(f"handler '{self.signature.name}' is served already, on port {self._port}")
            running.ensure()
            server = _bound(port, host, tls)
            try:
                self._listen(server)
            except BaseException:
                _stop(server)
                raise
            self._server = server
            self._scheme = "http" if tls is None else "https"
            self._port = int(runtime.library().osp_http_server_port(None, server))
            _running.add(self)
            return self._port

    def stop(self) -> None:
        """Stop serving: requests in flight get up to 5 s, then the port is free. Nothing if not served.

        In a request of a Python handler it returns at once, since it cannot wait for itself.
        """
        if self._answers_here():
            threading.Thread(target=self.stop, name="ospjit stop").start()
            return
        with self._lock:
            server, self._server, self._port = self._server, 0, None
            if not server:
                return
            try:
                _stop(server)
                self._stopped()
            finally:
                _running.discard(self)
                for ending in list(self._endings):
                    ending.end()

    def serve(self, port: int = 8080, host: str = LOCALHOST, *, tls: Certificate | None = None) -> None:
        """Serve until SIGINT, SIGTERM or `stop`; return when the server has stopped.

        In the main thread the two signals are handled meanwhile, and a second one does what it did before. In
        another thread only `stop` ends it.
        """
        with Ending() as ending:
            self._endings.append(ending)
            try:
                port = self.start(port, host, tls=tls)
                where = f"{self._scheme}://{_authority(host)}:{port}"
                print(f"{self.signature.name}: serving on {where}", file=sys.stderr, flush=True)
                ending.wait()
            finally:
                self._endings.remove(ending)
                self.stop()

    def __enter__(self) -> Handler:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def _listen(self, server: int) -> None:
        """Give a bound server what answers its requests. Raises OSError."""

    def _stopped(self) -> None:
        """The server has stopped: release what answered."""
        return

    def _answers_here(self) -> bool:
        """Whether the calling thread is answering one of the handler's requests."""
        return False

    def _forget(self) -> None:
        """In a forked child: the server is the parent's."""
        self._lock = threading.RLock()
        self._server, self._port = 0, None


def _authority(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _bound(port: int, host: str, tls: Certificate | None) -> int:
    """A server bound to an address."""
    library, error = runtime.library(), ctypes.c_void_p()
    if isinstance(tls, str) or (tls is not None and len(tls) != 2):
        raise TypeError("tls is a pair: the files of the certificate and of its key")
    strings = [new_string(encode(host)), *(new_string(os.fsencode(file)) for file in tls or ())]
    create = library.osp_http_create_server if tls is None else library.osp_http_create_server_tls
    try:
        server = create(None, port, *strings, ctypes.byref(error))
    finally:
        for string in strings:
            library.osp_drop(string)
    message = failed(error)
    if message is not None:
        raise OSError(message)
    return int(server)


def _stop(server: int) -> None:
    error = ctypes.c_void_p()
    runtime.library().osp_http_stop_server(None, server, ctypes.byref(error))
    failed(error)  # the only failure is that the server is gone already
    runtime.library().osp_flush()


_running: set[Handler] = set()


def _stop_all() -> None:
    for handler in list(_running):
        handler.stop()


def _forget_all() -> None:
    for handler in list(_running):
        handler._forget()
    _running.clear()


atexit.register(_stop_all)
os.register_at_fork(after_in_child=_forget_all)
