"""What a decorated Python function says about the handler: its parameters and its result.

Read from the function's signature and annotations alone; annotations are never evaluated.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ospjit.embed.message import Request

STRING = "string"
RESPONSE = "HttpResponse"

#: How annotations name the types of the language, without spaces and qualification.
_PARAMETERS = {
    "str": STRING,
    "string": STRING,
    "String": STRING,
    "Request": "HttpRequest",
    "HttpRequest": "HttpRequest",
}
_RESULTS = {
    "": STRING,
    "str": STRING,
    "string": STRING,
    "String": STRING,
    "Response": RESPONSE,
    "HttpResponse": RESPONSE,
    "Result<string,string>": "Result<string, string>",
    "Result<String,String>": "Result<string, string>",
    "Result<HttpResponse,string>": "Result<HttpResponse, string>",
    "Result<HttpResponse,String>": "Result<HttpResponse, string>",
}


@dataclass(frozen=True)
class HandlerSignature:
    """A handler's parameters: one request, or four strings. `result` is the type in Osprey as annotated, or
    what the annotation says if it is none of Osprey's (a Python handler's may be anything)."""

    name: str
    parameters: tuple[str, ...]
    result: str
    python: inspect.Signature

    @property
    def takes_request(self) -> bool:
        """Whether the one parameter is the request."""
        return len(self.parameters) == 1

    @classmethod
    def plain(cls, name: str, parameters: tuple[str, ...]) -> HandlerSignature:
        """A signature without annotations."""
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        python = inspect.Signature([inspect.Parameter(p, kind) for p in parameters])
        return cls(name, parameters, STRING, python)

    def arguments(self, request: Request) -> tuple[Any, ...]:
        """A request as the arguments of the handler."""
        if self.takes_request:
            return (request,)
        return request.method, request.target, request.headers, request.body

    @property
    def fallible(self) -> bool:
        """Whether the result is a `Result`."""
        return self.result.startswith("Result<")

    @property
    def payload(self) -> str:
        """The type of what is answered: a string or a response."""
        return RESPONSE if RESPONSE in self.result else STRING


def signature_of(function: Callable[..., Any]) -> HandlerSignature:
    """The signature of a handler. Raises TypeError that says what a handler looks like."""
    name = function.__name__
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise TypeError(f"handler '{name}' is a generator: a handler returns its response")
    signature = _unevaluated(function)
    parameters = tuple(signature.parameters.values())
    if len(parameters) not in (1, 4) or any(p.kind not in _POSITIONAL for p in parameters):
        raise TypeError(
            f"handler '{name}' must take four strings (method, path, headers, body) or one request, "
            f"not {signature}"
        )
    wanted = "HttpRequest" if len(parameters) == 1 else STRING
    for parameter in parameters:
        annotated = _annotation(parameter.annotation)
        if annotated and _PARAMETERS.get(annotated) != wanted:
            raise TypeError(
                f"parameter '{parameter.name}' of handler '{name}' is a {wanted}, not {annotated}: "
                "a handler takes four strings or one request"
            )
    result = _annotation(signature.return_annotation)
    return HandlerSignature(name, tuple(p.name for p in parameters), _RESULTS.get(result, result), signature)


def check_osprey_result(signature: HandlerSignature) -> None:
    """Raise TypeError unless the result is one that an Osprey handler may have."""
    if signature.result not in _RESULTS.values():
        raise TypeError(
            f"handler '{signature.name}' returns str, ospjit.Response, 'Result<string, string>' or "
            f"'Result<HttpResponse, string>', not {signature.result}"
        )


def _unevaluated(function: Callable[..., Any]) -> inspect.Signature:
    """The signature with its annotations as text where Python has not evaluated them yet: `HttpResponse` need
    not be a name of Python's."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.STRING)
    else:
        return inspect.signature(function)


_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def _annotation(annotation: object) -> str:
    """What an annotation names, without quotes, spaces and module; empty if there is none."""
    if annotation is inspect.Signature.empty:
        return ""
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    text = "".join(text.split()).strip("'\"")
    return text if "<" in text else text.rpartition(".")[2]
