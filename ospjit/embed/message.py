"""Requests and responses as Python handlers see them. Plain data: nothing here knows the runtime.

Text is UTF-8; bytes that are not are kept by surrogate escapes, so that nothing is lost in either direction.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_ERRORS = "surrogateescape"


def encode(text: str | bytes) -> bytes:
    """The bytes of a text of a message."""
    return text if isinstance(text, bytes) else text.encode("utf-8", _ERRORS)


def decode(data: bytes) -> str:
    """The text of bytes of a message."""
    return data.decode("utf-8", _ERRORS)


@dataclass(frozen=True)
class Request:
    """A request. `path` and `query` are the halves of the target, not decoded; `headers` are the lines as
    sent, each with its CR LF."""

    method: str = "GET"
    path: str = "/"
    headers: str = ""
    body: str = ""
    query: str = ""

    @classmethod
    def of(cls, method: str, target: str, headers: str = "", body: str = "") -> Request:
        """The request for a target, which is split at its first question mark."""
        path, _, query = target.partition("?")
        return cls(method, path, headers, body, query)

    @property
    def target(self) -> str:
        """Path and query as sent, but for an empty query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def data(self) -> bytes:
        """The body's bytes."""
        return encode(self.body)

    def header(self, name: str, default: str | None = None) -> str | None:
        """The value of the first header field of that name, in any case of letters."""
        wanted = name.lower()
        for line in self.headers.split("\r\n"):
            field, colon, value = line.partition(":")
            if colon and field.lower() == wanted:
                return value.strip(" \t")
        return default


@dataclass(frozen=True)
class Response:
    """A response. Without a `content_type` the server looks at the body: JSON, HTML, else plain text.

    `headers` are lines (`"Name: value\\r\\n"`), a mapping or pairs; a value that would break out of its
    line is a ValueError.
    """

    body: str | bytes = ""
    status: int = 200
    content_type: str = ""
    headers: str | Mapping[str, str] | Iterable[tuple[str, str]] = ""

    def __post_init__(self) -> None:
        if not isinstance(self.body, str | bytes):
            raise TypeError(f"the body of a response is str or bytes, not {type(self.body).__name__}")
        if not isinstance(self.status, int) or not 200 <= self.status <= 999:
            raise ValueError(f"the status of a response is a number from 200 to 999, not {self.status!r}")
        if _breaks_out(self.content_type):
            raise ValueError("a content type holds no line breaks")
        object.__setattr__(self, "headers", _lines(self.headers))


def content_type_of(body: bytes) -> str:
    """What the server takes a body for that comes without a content type."""
    start = body.lstrip(b" \t\r\n")[:16].lower()
    if start.startswith((b"{", b"[")):
        return "application/json; charset=utf-8"
    if start.startswith((b"<!doctype", b"<html")):
        return "text/html; charset=utf-8"
    return "text/plain; charset=utf-8"


#: What a client is told of a failure inside.
INTERNAL = "internal server error"


def error_response(message: str) -> Response:
    """A 500 with a message, as the runtime answers for an `Error`."""
    return Response(json.dumps({"error": message}, ensure_ascii=False), 500)


def response_of(value: object) -> Response:
    """The response that a Python handler's result stands for. Raises TypeError if it stands for none."""
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


def _lines(headers: str | Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
    if isinstance(headers, str):
        if "\0" in headers:
            raise ValueError("a header holds no NUL")
        return headers
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    for name, value in pairs:
        if _breaks_out(name) or _breaks_out(value) or ":" in name:
            raise ValueError(f"header {name!r} is malformed")
    return "".join(f"{name}: {value}\r\n" for name, value in pairs)


def _breaks_out(text: str) -> bool:
    return any(c in text for c in "\r\n\0")


for _type in (Request, Response):
    _type.__module__ = "ospjit"
