"""Writes `ospjit/_build.py`; run by CMake (see BuildModule.cmake), never imported.

BUILD_ID is a SHA-256 over everything that decides the C library's machine code: the sources with their
names relative to the repository, the compiler, the flags, the CPU and OpenSSL's version. Two builds of the
same tree with the same tools have the same id, wherever they were made.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

_TEMPLATE = '''"""Where the C library of this installation is and how it was built. Generated; see cmake/."""

from __future__ import annotations

import os.path

#: Folder of the libraries libospjit_*.so; the public headers are in its `include/`.
LIB_DIR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "_lib")

#: SHA-256 (hexadecimal) over the C sources, the compiler and its flags.
BUILD_ID = {build_id!r}

#: Name and version of the C compiler.
COMPILER = {compiler!r}
'''


def build_id(root: Path, sources: list[Path], facts: list[str]) -> str:
    """Hash `facts` and each source under its name relative to `root`, independent of the given order."""
    digest = hashlib.sha256()

    def add(data: bytes) -> None:
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)

    for fact in facts:
        add(fact.encode())
    for source in sorted(sources):
        add(source.relative_to(root).as_posix().encode())
        add(source.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Parse the command line and write the module."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--compiler", required=True)
    parser.add_argument("--processor", required=True)
    parser.add_argument("--openssl", required=True)
    parser.add_argument("--flags-file", type=Path, required=True)
    parser.add_argument("sources", type=Path, nargs="+")
    args = parser.parse_args()
    # A flag may name the tree (an include path, a prefix map); the id must not depend on where it lies.
    flags = args.flags_file.read_text().replace(str(args.root), ".")
    facts = [args.compiler, args.processor, args.openssl, flags]
    identity = build_id(args.root, args.sources, facts)
    args.output.write_text(_TEMPLATE.format(build_id=identity, compiler=args.compiler))


if __name__ == "__main__":
    main()
