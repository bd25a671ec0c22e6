"""The code cache: which key a program has, what its code depends on, and the C library's functions for both.

The files, their checks and their layout are the C library's business (`cruntime/src/code`). Nothing here may
make a compilation fail: whatever goes wrong is a reason, in words, to compile or not to store.
"""

from __future__ import annotations

import ctypes
import glob
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import ospjit
from ospjit.backend import runtime
from ospjit.backend.code import Code, Library, looked_for

#: The warnings of a compilation: as text, coloured text and JSON.
Notes = tuple[str, str, str]
NO_NOTES: Notes = ("", "", "")

PACKAGE = os.path.dirname(os.path.abspath(ospjit.__file__))

#: The launcher that started this process, set by the command line.
launcher: str | None = None


class _Bytes(ctypes.Structure):
    """`struct osp_bytes`."""

    _fields_ = (("data", ctypes.c_char_p), ("size", ctypes.c_size_t))


def _bytes(data: bytes) -> _Bytes:
    return _Bytes(data, len(data))


@dataclass(frozen=True)
class Key:
    """What a program's code is the code of."""

    options: str
    """The optimization level and what is switched off: `O2 no=fs,http`."""
    cpu: str
    """A CPU's name; empty: this host's."""
    name: str
    """What diagnostics call the source."""
    source: bytes

    def parts(self) -> ctypes.Array[_Bytes]:
        """The parts as the C library takes them, in the order of `enum osp_key_part`."""
        library = os.fsencode(runtime.library_path())
        texts = [self.options.encode(), self.cpu.encode(), os.fsencode(self.name), self.source]
        return (_Bytes * 6)(*map(_bytes, [os.fsencode(PACKAGE), library, *texts]))


@dataclass(frozen=True)
class Found:
    """Code from the cache, and what its compilation said."""

    code: Code
    notes: Notes


class Inputs:
    """Files that a compilation reads beside its source. Add one before it is read."""

    def __init__(self) -> None:
        self._list = ctypes.c_void_p(runtime.library().osp_dependencies_new() or None)
        self.problem: str | None = None if self._list else "out of memory"

    def __del__(self) -> None:
        runtime.library().osp_dependencies_free(self._list)

    def add_source(self, path: str) -> None:
        """A file whose contents count."""
        self._add("C", path)

    def add_file(self, path: str) -> None:
        """A file that counts as the same while nobody has touched it, or its contents are the same."""
        self._add("F", path)

    def add_tree(self, path: str) -> None:
        """The Python files below a folder."""
        self._add("T", path)

    def add_absent(self, path: str) -> None:
        """A look-up that found nothing."""
        self._add("A", path)

    def _add(self, kind: str, path: str) -> None:
        if self.problem is None:
            status = runtime.library().osp_dependencies_add(self._list, ord(kind), os.fsencode(path))
            if status != 0:
                self.problem = f"{path}: {runtime.reason(status)}"

    @property
    def handle(self) -> ctypes.c_void_p:
        """The list, for the C library."""
        return self._list


def find(key: Key) -> Found | str:
    """The code of a key, or the reason why it has to be compiled."""
    code, notes, why = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_char_p()
    lib = runtime.library()
    status = lib.osp_cache_load(
        key.parts(), ospjit.STARTED, ctypes.byref(code), ctypes.byref(notes), ctypes.byref(why)
    )
    if status != 0:
        return (why.value or b"").decode()
    _tell_launcher()
    said = _split(notes.value or 0)
    lib.osp_cache_release(notes)
    return Found(Code(code.value or 0), said)


def _tell_launcher() -> None:
    """The launcher that started this process did not know to which installation it belongs."""
    if launcher is not None:
        library = os.fsencode(runtime.library_path())
        runtime.library().osp_where_remember(os.fsencode(launcher), os.fsencode(PACKAGE), library)


def _split(address: int) -> Notes:
    texts = []
    for _ in range(3):
        text = ctypes.string_at(address)
        texts.append(text.decode("utf-8", "replace"))
        address += len(text) + 1
    return texts[0], texts[1], texts[2]


def store(
    key: Key, inputs: Inputs, data: bytes, libraries: Sequence[Library], folders: Sequence[str], notes: Notes
) -> str:
    """Store an object with the libraries it was linked with; how that went, in words."""
    _add_installation(inputs)
    for library in libraries:
        _add_library(inputs, library, folders)
    if inputs.problem is not None:
        return f"not stored: {inputs.problem}"
    names = b"".join(os.fsencode(library.name) + b"\0" for library in libraries)
    said = b"".join(note.replace("\0", "").encode("utf-8", "replace") + b"\0" for note in notes)
    why = ctypes.c_char_p()
    lib = runtime.library()
    parts = [ctypes.byref(_bytes(part)) for part in (names, said, data)]
    status = lib.osp_cache_store(key.parts(), ospjit.STARTED, inputs.handle, *parts, ctypes.byref(why))
    if status != 0:
        return f"not stored: {(why.value or b'').decode()}"
    _tell_launcher()
    return f"stored {len(data)} bytes"


def _add_installation(inputs: Inputs) -> None:
    """The compiler, the runtime library, LLVM and PLY."""
    inputs.add_tree(PACKAGE)
    library = str(runtime.library_path())
    built = os.path.dirname(os.path.dirname(library))
    if built != PACKAGE and os.path.isdir(os.path.join(built, "syntax")):
        inputs.add_tree(built)  # an editable installation keeps what is built beside the sources' folder
    inputs.add_file(library)
    from ospjit.backend import llvm

    inputs.add_file(_record_of("llvmlite", os.path.join(llvm.package(), "__init__.py")))
    if "ply" in sys.modules:  # not needed when the parser's tables are at hand
        inputs.add_file(_record_of("ply", sys.modules["ply"].__file__ or ""))


def _record_of(name: str, file: str) -> str:
    """The file that changes when an installed package does: the installer's list of its files and digests."""
    site = os.path.dirname(os.path.dirname(file))
    records = glob.glob(f"{glob.escape(site)}/{name}-*.dist-info/RECORD")
    return records[0] if len(records) == 1 else file


def _add_library(inputs: Inputs, library: Library, folders: Sequence[str]) -> None:
    name = os.path.basename(library.name).removeprefix("lib").partition(".so")[0]
    for path in looked_for(name, folders):
        if path == library.name:
            break
        inputs.add_absent(path)
    if "/" in library.name:
        inputs.add_file(library.name)
