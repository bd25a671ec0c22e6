"""Reading source files for the command line: every way in which that fails is a sentence."""

from __future__ import annotations

import os
import sys

from ospjit.diagnostics import Source

#: Larger programs are refused before they fill the memory.
MAX_BYTES = 64 << 20


def read_source(name: str) -> Source | None:
    """The source in a file (`-`: standard input), or None after a message on standard error."""
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(name, "rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        print(f"ospjit: cannot read {name}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return None
    except ValueError as error:
        print(f"ospjit: cannot read {name!r}: {error}", file=sys.stderr)
        return None
    try:
        return decode_source("<stdin>" if name == "-" else name, data)
    except ValueError as error:
        print(f"ospjit: cannot read {name}: {error}", file=sys.stderr)
        return None


def find(path: str, suffix: str) -> list[str]:
    """The files below a directory whose names end so, sorted, hidden directories left out; a file itself."""
    if not os.path.isdir(path):
        return [path]
    found = []
    for directory, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        found += [os.path.normpath(os.path.join(directory, n)) for n in names if n.endswith(suffix)]
    return sorted(found)


def decode_source(name: str, data: bytes) -> Source:
    """The source in a file's bytes; a byte-order mark is no part of it. Raises ValueError, with a reason for
    a person, for what is no text or is too large."""
    if len(data) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES >> 20} MiB")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"not UTF-8 (line {line}, byte {error.start})") from None
    return Source(name, text.removeprefix("\ufeff"), data)
