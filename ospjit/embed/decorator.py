"""The decorator: which kind of handler a function is."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, overload

from ospjit.embed.docstring import Docstring, docstring_of, is_only_docstring
from ospjit.embed.server import Handler
from ospjit.embed.signature import check_osprey_result, signature_of


@overload
def handler(function: Callable[..., Any], /) -> Handler: ...
@overload
def handler(
    *, threads: int | None = None, nopython: bool = False
) -> Callable[[Callable[..., Any]], Handler]: ...
def handler(
    function: Callable[..., Any] | None = None, /, *, threads: int | None = None, nopython: bool = False
) -> Any:
    """Make a function a request handler, which can be called and served.

    The function takes four strings `(method, path, headers, body)`, where the path is the target as sent,
    or one `ospjit.Request`. If its body is only a docstring, that is the handler's body in Osprey, with the
    parameters' names; it is compiled at once. Its result is a string, or as annotated: `ospjit.Response`,
    `"Result<string, string>"` or `"Result<HttpResponse, string>"`. Otherwise the function itself answers,
    with str, bytes, `(status, body)` or an `ospjit.Response`, on one of `threads` threads of Python (by
    default as many as `concurrent.futures` would use); if it is a coroutine function, in one event loop.

    With `nopython` the function is compiled by numba and requests never meet the interpreter: it gets
    arrays of bytes instead of strings, and gives a text, `(status, text)` or `(status, text,
    content_type)`; see `ospjit.nopython`.

    Raises CompileError with every error in the Osprey, TypeError if the function is no handler.
    """
    if function is None:
        return lambda decorated: _make(decorated, threads, nopython)
    return _make(function, threads, nopython)


def _make(function: Callable[..., Any], threads: int | None, nopython: bool) -> Handler:
    if not hasattr(function, "__code__"):
        raise TypeError(f"a handler is made from a function, not from {function!r}")
    signature = signature_of(function)
    if threads is not None and threads < 1:
        raise ValueError("a handler has at least one thread")
    if nopython:
        if threads is not None:
            raise TypeError(f"handler '{signature.name}' is compiled: it runs on the runtime's own workers")
        import ospjit.nopython  # noqa: F401  says what to install when numba is missing
        from ospjit.embed.compiled import CompiledHandler

        return CompiledHandler(function, signature)
    if inspect.iscoroutinefunction(function):
        from ospjit.embed.python import AsyncHandler

        if threads is not None:
            raise TypeError(f"handler '{signature.name}' is async: it runs in the one event loop")
        return AsyncHandler(function, signature)
    if not is_only_docstring(function):
        from ospjit.embed.python import PythonHandler

        return PythonHandler(function, signature, threads)
    if threads is not None:
        raise TypeError(f"handler '{signature.name}' is Osprey: it runs on the runtime's own workers")
    check_osprey_result(signature)
    from ospjit.embed.osprey import OspreyHandler

    return OspreyHandler(function, signature, _docstring(function))


def _docstring(function: Callable[..., Any]) -> Docstring:
    docstring = docstring_of(function)
    if docstring is None or not docstring.text.strip():
        raise TypeError(
            f"handler '{function.__name__}' has neither a body in Python nor a docstring in Osprey "
            "(python -OO removes docstrings)"
        )
    return docstring
