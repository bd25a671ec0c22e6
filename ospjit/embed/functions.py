"""Python functions for the exported functions of a module, written for each signature.

A function of machine numbers is a call of a C function with a check of each argument around it: a general
conversion would cost several times the call. All others pack their arguments. The functions hold what they
call, so the code lives as long as they do.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ospjit.backend import runtime
from ospjit.backend.code import EXPORT
from ospjit.backend.llvm_text import DIRECT
from ospjit.embed import callbacks
from ospjit.embed.bridge import Export
from ospjit.embed.declared import python_name
from ospjit.embed.errors import FiberError
from ospjit.embed.loaded import Loaded
from ospjit.embed.message import decode
from ospjit.embed.native import take_string
from ospjit.embed.results import Error, Success
from ospjit.embed.values import SCALARS, Codec, Codecs, Mismatch, Reader, pack_all
from ospjit.types.types import BOOL, FLOAT, INT, PTR, UNIT, Con, Type

_C_TYPES: dict[Type, Any] = {
    INT: ctypes.c_int64,
    FLOAT: ctypes.c_double,
    BOOL: ctypes.c_bool,
    PTR: ctypes.c_void_p,
}
#: The test by which most arguments pass; what fails it is converted, or refused.
_TESTS: dict[Type, str] = {
    INT: "if {0}.__class__ is not int or not -9223372036854775808 <= {0} <= 9223372036854775807:",
    FLOAT: "if {0}.__class__ is not float:",
    BOOL: "if {0}.__class__ is not bool:",
    PTR: "if 1:",
}
_FAILURE, _ERROR = 1, 2


def python_function(export: Export, loaded: Loaded, codecs: Codecs, waits: bool, module: str) -> Any:
    """The function that Python calls. `waits`: it needs a fiber of a worker."""
    if export.refusal:
        return _refused(export, module)
    params = [p.type for p in export.function.params]
    names = _names(export)
    if export.direct:
        made = _direct(export, loaded, params, names, waits)
    else:
        made = _packed(export, loaded, [codecs.of(p) for p in params], codecs, names, waits)
    hints = {name: codecs.of(t).hint for name, t in zip(names, params, strict=True)}
    made.__annotations__ = {**hints, "return": codecs.of(export.function.result).hint}
    return _named(made, export, module)


def _named(made: Any, export: Export, module: str) -> Any:
    made.__name__ = made.__qualname__ = export.name
    made.__module__ = module
    made.__doc__ = export.function.doc
    return made


def _names(export: Export) -> list[str]:
    names: list[str] = []
    for index, param in enumerate(export.function.params):
        name = python_name(param.name)
        names.append(f"_{index}" if name == "_" or name in names else name)
    return names


def _refused(export: Export, module: str) -> Any:
    message = export.refusal

    def refused(*arguments: Any, **named: Any) -> NoReturn:
        raise TypeError(message)

    return _named(refused, export, module)


def _write(name: str, names: Sequence[str], lines: Sequence[str], scope: dict[str, Any]) -> Any:
    """A function from its source. Local names of the source begin with two underscores, so that no parameter
    can be called like one."""
    text = "\n    ".join([f"def __made({', '.join(names)}):", *lines])
    exec(compile(text, f"<call of Osprey function {name}>", "exec"), scope)
    return scope.pop("__made")  # or the function and its globals would hold each other


# ---- functions of machine numbers


def _direct(export: Export, loaded: Loaded, params: Sequence[Type], names: Sequence[str], waits: bool) -> Any:
    result = export.function.result
    fallible = isinstance(result, Con) and result.name == "Result"
    value = result.args[0] if fallible and isinstance(result, Con) else result
    address = loaded.code.address(DIRECT + export.symbol)
    prototype = ctypes.CFUNCTYPE(None if value is UNIT else _C_TYPES[value], *(_C_TYPES[p] for p in params))
    function = prototype(address)
    scope: dict[str, Any] = {
        "__call": _waiting(loaded.code.address(EXPORT + export.symbol), params, value, fallible)
        if waits
        else function,
        "__pending": ctypes.c_uint32.in_dll(runtime.library(), "osp_pending"),
        "__failed": _failed,
        "__success": Success,
        "__loaded": loaded,
    }
    lines = []
    for index, (name, t) in enumerate(zip(names, params, strict=True)):
        scope[f"__convert{index}"] = _converter(t, name, export.name)
        lines += [_TESTS[t].format(name), f"    {name} = __convert{index}({name})"]
    if waits:
        lines.append(f"return __call({', '.join(names)})")
    else:
        lines.append(f"__result = __call({', '.join(names)})")
        lines += [
            "if __pending.value:",
            "    __error = __failed()",
            "    if __error is not None: return __error",
        ]
        returned = "__result" if value is not PTR else "__result or 0"
        lines.append(f"return __success({returned})" if fallible else f"return {returned}")
    made = _write(export.name, names, lines, scope)
    if not fallible:
        made.address = address
        made.ctypes = function
    return made


_LETTERS: dict[Type, str] = {INT: "q", FLOAT: "d", BOOL: "Q", PTR: "Q"}


def _waiting(address: int, params: Sequence[Type], value: Type, fallible: bool) -> Callable[..., Any]:
    """Calls of a function of machine numbers that may wait: on a fiber, with what it takes and gives in
    words."""
    pack = struct.Struct("=" + "".join(_LETTERS[p] for p in params))
    given = "" if value is UNIT else _LETTERS[value]
    unpack = struct.Struct(f"={'Q' if fallible else ''}{given}{'Q' if fallible else ''}")
    size = max(pack.size, unpack.size, 8)

    def call(*arguments: Any) -> Any:
        words = ctypes.create_string_buffer(pack.pack(*arguments), size)
        callbacks.wait_for(address, words)
        parts = unpack.unpack_from(words)
        if fallible and parts[0]:
            return Error(decode(take_string(parts[-1])))
        got = None if value is UNIT else parts[1] if fallible else parts[0]
        if value is BOOL:
            got = bool(got)
        return Success(got) if fallible else got

    return call


def _converter(t: Type, name: str, function: str) -> Callable[[Any], Any]:
    codec: Any = SCALARS[t]
    convert = codec.convert

    def converted(value: Any) -> Any:
        try:
            return convert(value)
        except Mismatch as error:
            raise error.error(f"argument '{name}' of '{function}' ({codec.text})") from None

    return converted


def _failed() -> Error[str] | None:
    """What this thread's last direct call left: an Error that it returned, or None. Raises FiberError, or
    RuntimeError if it was not called."""
    kind = ctypes.c_int()
    message = runtime.library().osp_take_pending(ctypes.byref(kind))
    if not message:
        return None
    text = take_string(message)
    if kind.value == _ERROR:
        return Error(decode(text))
    failure = text.decode("utf-8", "replace")
    if kind.value == _FAILURE:
        raise FiberError(failure)
    raise RuntimeError(f"the call could not be started: {failure}")


# ---- all others


def _packed(
    export: Export, loaded: Loaded, params: Sequence[Codec], codecs: Codecs, names: Sequence[str], waits: bool
) -> Any:
    result = codecs.of(export.function.result)
    run: Callable[[bytes], bytes]
    if waits:
        address = loaded.code.address(EXPORT + export.symbol)

        def run(data: bytes) -> bytes:
            return callbacks.run(address, data)
    else:
        run = _here(loaded.code.address(DIRECT + export.symbol))
    plain = tuple(names)

    def call(*arguments: Any) -> Any:
        return result.unpack(Reader(run(pack_all(params, arguments, plain, export.name))))

    scope = {"__call": call, "__loaded": loaded}
    return _write(export.name, names, [f"return __call({', '.join(names)})"], scope)


def _here(address: int) -> Callable[[bytes], bytes]:
    """Calls of a function that never waits: on this thread."""
    library = runtime.library()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(address)
    pending = ctypes.c_uint32.in_dll(library, "osp_pending")

    def run(data: bytes) -> bytes:
        source, sink = library.osp_stream_new(data, len(data)), library.osp_stream_new(None, 0)
        try:
            if not source or not sink:
                raise MemoryError
            function(source, sink)
            if pending.value:
                _failed()
            return callbacks.stream_bytes(library, sink)
        finally:
            library.osp_stream_free(source)
            library.osp_stream_free(sink)

    return run
