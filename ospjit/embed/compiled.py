"""Handlers compiled by numba: the server calls machine code, and a request never meets the interpreter.

Numba makes the thunk that the runtime runs on the request's fiber. It hands the parts of the request to the
function as arrays of bytes and copies what it returns into the response. What the function raises is a 500.
"""

from __future__ import annotations

import ctypes
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import carray, types
from numba.extending import intrinsic, overload

from ospjit.backend import runtime
from ospjit.embed.log import log
from ospjit.embed.message import INTERNAL, Request, Response, encode, error_response
from ospjit.embed.native import failed
from ospjit.embed.server import Handler
from ospjit.embed.signature import HandlerSignature
from ospjit.nopython import as_text

#: What a handler of one parameter gets: arrays of bytes, `path` and `query` the halves of the target.
View = namedtuple("View", "method path query headers body")

_word, _text, _int = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int64
_BYTES = types.Array(types.uint8, 1, "C")


def _function(name: str, result: Any, *arguments: Any) -> Any:
    """A function of the runtime as numba calls it."""
    address = ctypes.cast(getattr(runtime.library(), name), ctypes.c_void_p).value
    return ctypes.CFUNCTYPE(result, *arguments)(address or 0)


class CompiledHandler(Handler):
    """A handler in nopython mode."""

    def __init__(self, function: Callable[..., Any], signature: HandlerSignature) -> None:
        super().__init__(function, signature)
        self._jitted = numba.njit(nogil=True, boundscheck=True)(function)
        try:
            self._thunk = _thunk(self._jitted, signature)
        except numba.core.errors.NumbaError as error:
            raise TypeError(
                f"handler '{signature.name}' cannot be compiled in nopython mode: {error}"
            ) from error

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The answer to one request, as the function gives it: a text is bytes. Takes str and bytes, or a
        Request."""
        bound = self.signature.python.bind(*args, **kwargs)
        bound.apply_defaults()
        values = [bound.arguments[name] for name in self.signature.parameters]
        if self.signature.takes_request:
            (request,) = values
            if not isinstance(request, Request):
                raise TypeError(f"a handler is called with an ospjit.Request, not {type(request).__name__}")
            texts = (request.method, request.path, request.query, request.headers, request.body)
            return _plain(self._jitted(View(*[_array(text) for text in texts])))
        for name, value in zip(self.signature.parameters, values, strict=True):
            if not isinstance(value, str | bytes):
                raise TypeError(f"argument '{name}' must be str or bytes, not {type(value).__name__}")
        return _plain(self._jitted(*[_array(value) for value in values]))

    def respond(self, request: Request) -> Response:
        try:
            answer = self(*self.signature.arguments(request))
        except Exception as error:
            log.error("handler '%s' failed", self.signature.name, exc_info=error)
            return error_response(INTERNAL)
        parts = answer if isinstance(answer, tuple) else (200, answer)
        kind = parts[2] if len(parts) > 2 else b""
        return Response(parts[1], int(parts[0]), encode(kind).decode())

    def _listen(self, server: int) -> None:
        error = ctypes.c_void_p()
        runtime.library().osp_http_listen(None, server, self._thunk.address, None, ctypes.byref(error))
        message = failed(error)
        if message is not None:
            raise OSError(message)


@intrinsic
def _pointer(typing: Any, address: Any) -> Any:
    """An address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.uintp), generate


@numba.njit(nogil=True)
def _view(address: Any, length: Any) -> Any:
    """The bytes at an address."""
    return carray(_pointer(address), (length,), np.uint8)


def _array(text: str | bytes) -> Any:
    return np.frombuffer(bytearray(encode(text)), np.uint8)


def _plain(answer: Any) -> Any:
    """An answer with its texts as bytes."""
    if isinstance(answer, tuple):
        return tuple(_plain(part) for part in answer)
    return answer.tobytes() if isinstance(answer, np.ndarray) else answer


def _parts(answer: Any) -> Any:
    """Status, body and content type of what a handler returns; the types decide, in `_parts_of`."""
    raise NotImplementedError


@overload(_parts)
def _parts_of(answer):
    if isinstance(answer, types.BaseTuple):
        if len(answer) == 2:
            return lambda answer: (answer[0], as_text(answer[1]), np.empty(0, np.uint8))
        if len(answer) == 3:
            return lambda answer: (answer[0], as_text(answer[1]), as_text(answer[2]))
        return None
    return lambda answer: (200, as_text(answer), np.empty(0, np.uint8))


def _thunk(handle: Any, signature: HandlerSignature) -> Any:
    """The C function `void (osp_ctx *, void *env, void *request)`."""
    parts = ("method", "path", "query", "headers", "body") if signature.takes_request else (
        "method", "target", "headers", "body"
    )  # fmt: skip
    reads = [_function(f"osp_http_request_{part}", _text, _word, _word) for part in parts]
    length = _function("osp_string_length", _int, _text)
    drop = _function("osp_drop", None, _text)
    new = _function("osp_string_new", _text, _word, _word)
    respond = _function(
        "osp_http_respond",
        None,
        *(_word, _word, _int, _text, _text, _int, _int, ctypes.c_bool, _text, _int),
    )
    fail = _function("osp_http_respond_error", None, _word, _word, _text)
    message = np.frombuffer(INTERNAL.encode(), np.uint8)
    call = _caller(handle, signature.takes_request)
    read0, read1, read2, read3 = reads[:4]
    read4 = reads[4] if len(reads) > 4 else None
    has_query = read4 is not None
    if read4 is None:
        read4 = reads[3]

    @numba.njit(nogil=True)
    def answer(ctx: Any, request: Any, a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        status, body, kind = _parts(
            call(
                _view(a, length(a)),
                _view(b, length(b)),
                _view(c, length(c)),
                _view(d, length(d)),
                _view(e, length(e)),
            )
        )
        text, type_, none = new(body.ctypes.data, len(body)), new(kind.ctypes.data, len(kind)), new(0, 0)
        respond(ctx, request, status, none, type_, -2, -1, True, text, -2)
        drop(text)
        drop(type_)
        drop(none)

    @numba.cfunc(types.void(types.uintp, types.uintp, types.uintp))
    def thunk(ctx: Any, env: Any, request: Any) -> None:
        a, b, c, d = read0(ctx, request), read1(ctx, request), read2(ctx, request), read3(ctx, request)
        e = read4(ctx, request) if has_query else new(0, 0)
        try:
            answer(ctx, request, a, b, c, d, e)
        except Exception:
            text = new(message.ctypes.data, len(message))
            fail(ctx, request, text)
            drop(text)
        drop(a)
        drop(b)
        drop(c)
        drop(d)
        drop(e)

    return thunk


def _caller(handle: Any, takes_request: bool) -> Any:
    if takes_request:

        @numba.njit(nogil=True)
        def with_request(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
            return handle(View(a, b, c, d, e))

        return with_request

    @numba.njit(nogil=True)
    def with_texts(a: Any, b: Any, c: Any, d: Any, e: Any) -> Any:
        return handle(a, b, c, d)

    return with_texts
