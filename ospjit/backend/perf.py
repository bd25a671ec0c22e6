"""What `perf` reads to know the code that was made in this process.

`/tmp/perf-PID.map` names functions. `jit-PID.dump`, in the current folder, has their code and lines as well;
`perf record -k mono` notices it, and `perf inject --jit` makes files of it that all of perf understands
(tools/perf/Documentation/jitdump-specification.txt of Linux).
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator, Sequence

from ospjit.backend.elf import Function, ObjectFile
from ospjit.backend.line_table import Line, lines

FORMS = ("map", "jitdump")

_lock = threading.Lock()
_dump: _JitDump | None = None


def announce(form: str, found: ObjectFile, base: int, section: int, names: dict[str, str]) -> None:
    """Tell perf of the functions in section number `section` of an object, loaded at address `base`; `names`
    says what to call symbols. Raises OSError if the file cannot be written."""
    functions = [function for function in found.functions if function.section == section]
    with _lock:
        if form == "map":
            _write_map(functions, base, names)
        else:
            global _dump
            if _dump is None:
                _dump = _JitDump(found.machine)
            _dump.write(found, functions, base, names)


def _write_map(functions: Sequence[Function], base: int, names: dict[str, str]) -> None:
    # The name is known to everybody and the folder is everybody's: no link is followed.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(f"/tmp/perf-{os.getpid()}.map", flags, 0o600), "w", encoding="utf-8") as file:
        for f in functions:
            file.write(f"{base + f.offset:x} {f.size:x} {names.get(f.symbol, f.symbol)}\n")


class _JitDump:
    """The open dump of this process. It stays mapped: that mapping is how perf learns of it."""

    def __init__(self, machine: int) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(f"jit-{os.getpid()}.dump", flags, 0o600), "w+b")
        self._file.write(
            struct.pack("<IIIIIIQQ", 0x4A695444, 1, 40, machine, 0, os.getpid(), time.monotonic_ns(), 0)
        )
        self._file.flush()
        # Python maps no more than there is; and nobody reads the page.
        os.ftruncate(self._file.fileno(), mmap.PAGESIZE)
        self._marker = mmap.mmap(
            self._file.fileno(), mmap.PAGESIZE, mmap.MAP_PRIVATE, mmap.PROT_READ | mmap.PROT_EXEC
        )
        os.ftruncate(self._file.fileno(), 40)
        self._count = 0

    def write(
        self, found: ObjectFile, functions: Sequence[Function], base: int, names: dict[str, str]
    ) -> None:
        table = lines(found)
        for function in functions:
            entries = list(_lines_of(function, table))
            if entries:
                self._record(2, _debug_info(base, function, entries))
            name = names.get(function.symbol, function.symbol).encode("utf-8", "surrogateescape") + b"\0"
            address = base + function.offset
            thread = threading.get_native_id()
            head = struct.pack("<IIQQQQ", os.getpid(), thread, address, address, function.size, self._count)
            self._record(0, head + name + ctypes.string_at(address, function.size))
            self._count += 1
        self._file.flush()

    def _record(self, kind: int, body: bytes) -> None:
        self._file.write(struct.pack("<IIQ", kind, 16 + len(body), time.monotonic_ns()) + body)


def _lines_of(function: Function, table: Sequence[Line]) -> Iterator[Line]:
    """The entries within a function that name a line."""
    for entry in table:
        if function.offset <= entry.offset < function.offset + function.size and entry.line:
            yield entry


def _debug_info(base: int, function: Function, entries: Sequence[Line]) -> bytes:
    parts = [struct.pack("<QQ", base + function.offset, len(entries))]
    for entry in entries:
        parts.append(struct.pack("<QII", base + entry.offset, entry.line, 0))
        parts.append(entry.file.encode("utf-8", "surrogateescape") + b"\0")
    return b"".join(parts)
