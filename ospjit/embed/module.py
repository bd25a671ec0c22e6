"""`ospjit.compile`: Osprey source as a module of Python, whose functions are called, and whose types are
classes.
 The file's statements run when the module is compiled, as those of a Python module when it is imported. The
code goes when nothing refers to the module, its functions or its function values any more.
"""

from __future__ import annotations

import ctypes
import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any

from ospjit.backend.code import EXPORT
from ospjit.backend.llvm_text import START, waiting
from ospjit.diagnostics import CompileFailed, Source
from ospjit.diagnostics.render import render_text
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CAPABILITIES, CompileOptions
from ospjit.embed import callbacks, running
from ospjit.embed.bridge import Bridge
from ospjit.embed.compiling import compiling
from ospjit.embed.declared import Declared
from ospjit.embed.errors import CompileError
from ospjit.embed.externs import extern_address, runs_python
from ospjit.embed.functions import python_function
from ospjit.embed.loaded import Loaded
from ospjit.embed.log import log
from ospjit.embed.values import Codecs
from ospjit.ir import Operation
from ospjit.types.types import Fun

_numbers = itertools.count(1)


class Module(ModuleType):
    """A compiled module: its exported functions and its types are attributes, as `__all__` lists them.

    As a context manager it is closed at the end of the block.
    """

    def __init__(self, name: str, doc: str | None, loaded: Loaded, members: Mapping[str, Any]) -> None:
        super().__init__(name, doc)
        self.__loaded = loaded
        self.__all__ = sorted(members)
        self.__dict__.update(members)

    def close(self) -> None:
        """Give the machine code up now. No function or function value of the module may be called any more,
        not even one that runs. Without `close` this happens when nothing refers to any of them."""
        for name in self.__all__:
            self.__dict__.pop(name, None)
        self.__loaded.close()

    def __enter__(self) -> Module:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Osprey module {self.__name__!r}>"


def compile(
    source: str | os.PathLike[str],
    externs: Mapping[str, Any] | None = None,
    *,
    name: str | None = None,
    opt_level: int = 2,
    disabled: Iterable[str] = (),
) -> Module:
    """Compile Osprey to a module of Python.

    `source` is the text, or the path of a file: a `Path`, or a str without line breaks that ends in ".osp".
    `externs` gives the program's `extern fn`s what they stand for: a numba `@cfunc`, a ctypes function
    pointer, or an address. `opt_level` is 0 to 3; `disabled` names capabilities that the program must not
    use (http, websocket, fs, ffi, process).

    Raises CompileError with every error found, OSError if the file cannot be read, FiberError if the file's
    statements fail.
    """
    if opt_level not in (0, 1, 2, 3):
        raise ValueError(f"opt_level is 0, 1, 2 or 3, not {opt_level!r}")
    unknown = sorted(set(disabled) - set(CAPABILITIES))
    if unknown:
        raise ValueError(f"there is no capability {unknown[0]!r}: {', '.join(CAPABILITIES)}")
    text = _source(source, name)
    addresses = {symbol: extern_address(symbol, value) for symbol, value in (externs or {}).items()}
    options = CompileOptions(
        opt_level=opt_level,
        disabled=frozenset(disabled),
        unloadable=True,
        externs=addresses,
        on_system_stack=frozenset(symbol for symbol, value in (externs or {}).items() if runs_python(value)),
    )
    build = _Build(Compilation(text, options), name or _module_name(text.name), externs or {})
    with compiling():
        build.compile()
    return build.module()


def _source(source: str | os.PathLike[str], name: str | None) -> Source:
    if isinstance(source, str) and not (source.endswith(".osp") and "\n" not in source):
        return Source(name or f"<osprey {next(_numbers)}>", source)
    path = Path(source)
    data = path.read_bytes()
    try:
        return Source(str(path), data.decode())
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8: byte {error.start}") from None


def _module_name(source: str) -> str:
    return Path(source).stem if source.endswith(".osp") else source.strip("<>").replace(" ", "_")


class _Build:
    """One compilation on its way to a module."""

    def __init__(self, compilation: Compilation, name: str, externs: Mapping[str, Any]) -> None:
        self.compilation = compilation
        self.name = name
        self.externs = externs

    def compile(self) -> None:
        """Everything up to machine code."""
        compilation = self.compilation
        try:
            program = compilation.core
            self.bridge = Bridge(program)
            self.exports = self.bridge.exports()
            for symbol in self.externs:
                if symbol not in program.externs:
                    raise TypeError(f"the program declares no 'extern fn {symbol}'")
            self.code = compilation.code
            self.declared = Declared(program, self.name)
        except CompileFailed as error:
            raise CompileError(error.diagnostics) from None
        if compilation.diagnostics.items:
            log.warning("%s", render_text(compilation.diagnostics.items))

    def module(self) -> Module:
        """The module, after its statements have run."""
        code = self.code
        running.ensure()
        loaded = Loaded(code, lingers(self.compilation.lowered), tuple(self.externs.values()))
        applies = {t: code.address(EXPORT + symbol) for t, symbol in self.bridge.applies.items()}
        members = self._members(loaded, applies)
        callbacks.wait_for(code.address(START), (ctypes.c_uint64 * 1)())
        return Module(self.name, None, loaded, members)

    def _members(self, loaded: Loaded, applies: dict[Fun, int]) -> dict[str, Any]:
        functions = callbacks.Functions(loaded, applies)
        codecs = Codecs(self.declared, functions.give, functions.take)
        slow = waiting(self.compilation.lowered)
        members: dict[str, Any] = {}
        for export in self.exports:
            members[export.name] = python_function(export, loaded, codecs, export.symbol in slow, self.name)
        # Asked for last: types of the prelude are among them if they cross.
        return {**self.declared.classes, **members}


#: What may let a fiber, a server or a callback of the module live on after a call has returned.
_STARTING = ("osp_spawn", "osp_http_listen", "osp_websocket_")


def lingers(module: Operation) -> bool:
    """Whether what a module starts may live on when nothing refers to it any more."""
    return any(op.name == "rt.call" and op.attr("callee").startswith(_STARTING) for op in module.walk())
