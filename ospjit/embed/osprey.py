"""Handlers whose body is Osprey: compiled when decorated, served without the interpreter's lock.

Around the handler stand three exported functions: one hands it to a server, one calls it, one makes a request
or takes a response apart into strings, so that no layout of the language's values is known here.

The machine code lives as long as the handler, and as any fiber that it may have started.
"""

from __future__ import annotations

import ctypes
import inspect
import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ospjit.diagnostics import CompileFailed, Diagnostic
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.embed import running
from ospjit.embed.compiling import compiling
from ospjit.embed.docstring import Docstring
from ospjit.embed.errors import CompileError, HandlerError
from ospjit.embed.loaded import Loaded
from ospjit.embed.log import log
from ospjit.embed.message import INTERNAL, Request, Response, decode, encode, error_response
from ospjit.embed.native import call, export_symbol, failed, new_string, take_string
from ospjit.embed.server import Handler
from ospjit.embed.signature import RESPONSE, HandlerSignature

#: Names that no docstring should define.
_LISTEN, _CALL, _FLATTEN = "ospjit__listen", "ospjit__call", "ospjit__flatten"
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")


class OspreyHandler(Handler):
    """A compiled handler."""

    def __init__(
        self, function: Callable[..., Any], signature: HandlerSignature, docstring: Docstring
    ) -> None:
        super().__init__(function, signature)
        self._loaded = _compiled(signature, docstring)
        code = self._loaded.code
        self._call_address = code.address(export_symbol(_CALL))
        self._listen_address = code.address(export_symbol(_LISTEN))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The answer to one request: str, or `Response` as annotated. Raises HandlerError for an `Error`."""
        arguments = self.signature.python.bind(*args, **kwargs)
        arguments.apply_defaults()
        parts = self._parts(arguments)
        running.ensure()
        words = call(self._call_address, [new_string(part) for part in parts], 3)
        if not self.signature.fallible:
            return self._answer(words[0])
        if words[0]:
            raise HandlerError(decode(take_string(words[2])))
        return self._answer(words[1])

    def respond(self, request: Request) -> Response:
        if request.method not in METHODS:
            return Response('{"error":"not implemented"}', 501)
        try:
            if self.signature.takes_request:
                answer = self(request)
            else:
                answer = self(request.method, request.target, request.headers, request.body)
        except HandlerError as error:
            return error_response(str(error) if self.signature.fallible else INTERNAL)
        return answer if isinstance(answer, Response) else Response(answer)

    def _parts(self, arguments: inspect.BoundArguments) -> list[bytes]:
        """The arguments of the call as bytes."""
        if self.signature.takes_request:
            (name,) = self.signature.parameters
            request = arguments.arguments[name]
            if not isinstance(request, Request):
                raise TypeError(f"argument '{name}' must be an ospjit.Request, not {type(request).__name__}")
            if request.method not in METHODS:
                raise ValueError(f"the language knows no method {request.method!r}: {', '.join(METHODS)}")
            texts = [request.method, request.path, request.headers, request.body, request.query]
        else:
            texts = [arguments.arguments[name] for name in self.signature.parameters]
        for name, text in zip(self.signature.parameters, texts, strict=False):
            if not isinstance(text, str | bytes):
                raise TypeError(f"argument '{name}' must be str or bytes, not {type(text).__name__}")
        return [encode(text) for text in texts]

    def _answer(self, address: int) -> str | Response:
        data = take_string(address)
        return _unflattened(data) if self.signature.payload == RESPONSE else decode(data)

    def _listen(self, server: int) -> None:
        words = call(self._listen_address, [server], 2)
        message = failed(ctypes.c_void_p(words[1]))
        if message is not None:
            raise OSError(message)


def _compiled(signature: HandlerSignature, docstring: Docstring) -> Loaded:
    header, rest = _program(signature)
    compilation = Compilation(docstring.source(header, rest), CompileOptions(unloadable=True))
    try:
        with compiling():
            code = compilation.code
    except CompileFailed as error:
        diagnostics = error.diagnostics
        if not docstring.raw:
            diagnostics = tuple(map(_with_hint, diagnostics))
        raise CompileError(diagnostics) from None
    if compilation.notes[0]:
        log.warning("%s", compilation.notes[0])
    return Loaded(code, lingers=True)


def _with_hint(diagnostic: Diagnostic) -> Diagnostic:
    hint = 'Python has replaced the escapes in this docstring: begin it with r""" to keep them'
    return replace(diagnostic, hints=(*diagnostic.hints, hint))


# ---- the program around a docstring


def _program(signature: HandlerSignature) -> tuple[str, str]:
    """What stands before the docstring, on one line, and after it."""
    kind = "HttpRequest" if signature.takes_request else "string"
    parameters = ", ".join(f"{name}: {kind}" for name in signature.parameters)
    header = f"fn {signature.name}({parameters}) -> {signature.result} {{"
    inputs = "method: string, path: string, headers: string, body: string"
    arguments = "method, path, headers, body"
    if signature.takes_request:
        inputs += ", query: string"
        arguments = _REQUEST
    result = "Result<string, string>" if signature.fallible else "string"
    flatten = _FLATTENING if signature.payload == RESPONSE else ""
    rest = f"""}}
export fn {_LISTEN}(server: int) -> Result<Success, string> = httpListen(server, {signature.name})
export fn {_CALL}({inputs}) -> {result} = {_call(signature, arguments)}
{flatten}"""
    return header, rest


def _call(signature: HandlerSignature, arguments: str) -> str:
    """The call of the handler, its answer a string."""
    called = f"{signature.name}({arguments})"
    if signature.payload != RESPONSE:
        return called
    if not signature.fallible:
        return f"{_FLATTEN}({called})"
    return f"match {called} {{ Success r => Success({_FLATTEN}(r))  Error m => Error(m) }}"


_REQUEST = (
    "HttpRequest { method: match method { "
    + "  ".join(f'"{m}" => {m}' for m in METHODS[1:])
    + "  _ => GET }, path: path, headers: headers, body: body, queryParams: query }"
)

#: A response as one string: numbers, then the texts whose lengths are among them.
_FLATTENING = (
    f'fn {_FLATTEN}(r: HttpResponse) -> string = "'
    "${r.status} ${byteLength(r.headers)} ${byteLength(r.contentType)} ${r.streamFd} ${r.isComplete}"
    '\\n${r.headers}${r.contentType}${r.partialBody}"\n'
)


def _unflattened(data: bytes) -> Response:
    line, _, rest = data.partition(b"\n")
    status, headers, kind, descriptor, complete = line.split()
    at, end = int(headers), int(headers) + int(kind)
    body = rest[end:]
    if int(descriptor) >= 0:
        with os.fdopen(int(descriptor), "rb") as stream:
            body += b"" if complete == b"true" else stream.read()
    return Response(decode(body), int(status), decode(rest[at:end]), decode(rest[:at]))
