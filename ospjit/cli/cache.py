"""`ospjit cache path | size | clear`: the machine code that is kept for the next run."""

from __future__ import annotations

import argparse
import ctypes
import os
import re
import sys
from collections.abc import Iterator

OK, FAILED = 0, 2

#: The names that the C library gives (see `cruntime/src/code/store.c`); others are not ours.
_OURS = re.compile(r"[0-9a-f]{32}\.(code|where)|\.tmp-.*")


def main(argv: list[str]) -> int:
    """Run the command; the exit status."""
    description = "The machine code that is kept for the next run."
    parser = argparse.ArgumentParser(prog="ospjit cache", description=description)
    help_ = "path: print its folder; size: count programs and bytes; clear: remove all of it"
    parser.add_argument("what", choices=("path", "size", "clear"), help=help_)
    args = parser.parse_args(argv)
    path = folder()
    if path is None:
        print("ospjit: there is no cache: it is switched off, or there is no home directory", file=sys.stderr)
        return FAILED
    if args.what == "path":
        print(path)
        return OK
    try:
        return _size(path) if args.what == "size" else _clear(path)
    except OSError as error:
        print(f"ospjit: {path}: {(error.strerror or str(error)).lower()}", file=sys.stderr)
        return FAILED


def folder() -> str | None:
    """The folder of the cache, or None if there is to be none."""
    from ospjit.backend.runtime import library

    path, why = ctypes.create_string_buffer(4096), ctypes.c_char_p()
    found = library().osp_cache_path(path, len(path), ctypes.byref(why))
    return os.fsdecode(path.value) if found else None


def _files(path: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from (entry for entry in entries if _OURS.fullmatch(entry.name))
    except FileNotFoundError:
        return


def _size(path: str) -> int:
    sizes = [(e.name.endswith(".code"), e.stat(follow_symlinks=False).st_size) for e in _files(path)]
    print(f"{sum(code for code, _ in sizes)} programs, {sum(size for _, size in sizes)} bytes")
    return OK


def _clear(path: str) -> int:
    for entry in _files(path):
        try:
            os.unlink(entry.path)
        except FileNotFoundError:
            continue  # another process was faster
    return OK
