"""The hardening flags, read back from the built libraries: the marks in the files and what was recorded.

The flags are those of the seed chapter, section 14.4.1. `-frecord-gcc-switches` keeps the compiler's command
line in the file for those that leave no other mark.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ospjit.backend import runtime
from tests.sanitizers import needs_release_build

pytestmark = [
    needs_release_build,
    pytest.mark.skipif(shutil.which("readelf") is None, reason="binutils are not installed"),
]

LIBRARIES = ["libospjit_rt.so", "libospjit_crypto.so", "libospjit_deflate.so"]
X86 = platform.machine() == "x86_64"


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Path:
    path = runtime.library_path().with_name(request.param)
    assert path.exists()
    return path


def readelf(*arguments: str | Path) -> str:
    return subprocess.run(["readelf", "-W", *arguments], check=True, capture_output=True, text=True).stdout


def compilers(library: Path) -> list[str]:
    """The command lines of gcc that are recorded in the file."""
    return re.findall(r"GNU C\d+ .*", readelf("-p", ".GCC.command.line", library))


def test_relocations_are_bound_at_load_and_then_read_only(library: Path) -> None:
    assert "BIND_NOW" in readelf("-d", library)
    assert "GNU_RELRO" in readelf("-l", library)


def test_the_stack_is_not_executable(library: Path) -> None:
    (stack,) = re.findall(r"GNU_STACK.*", readelf("-l", library))
    assert re.search(r" RW\s+0x", stack) and "RWE" not in stack


def test_no_segment_is_writable_and_executable(library: Path) -> None:
    assert not re.search(r"LOAD.* RWE ", readelf("-l", library))


def test_stack_protector_and_fortified_calls(library: Path) -> None:
    imported = set(re.findall(r"UND (\w+)", readelf("--dyn-syms", library)))
    assert "__stack_chk_fail" in imported
    if library.name != "libospjit_deflate.so":  # which calls nothing that could be fortified
        assert {name for name in imported if name.endswith("_chk")} - {"__stack_chk_fail"}


@pytest.mark.skipif(not X86, reason="the note is x86's")
def test_every_function_is_a_landing_pad_and_the_library_says_so(library: Path) -> None:
    assert re.search(r"x86 feature: IBT, SHSTK", readelf("-n", library))
    function = r"[0-9a-f]+ <(osp_\w+|http_\w+)>:\n\s+[0-9a-f]+:\s[^\n]*\t(\S+)"
    exported = re.findall(function, disassembly(library))
    assert exported
    assert [name for name, first in exported if first != "endbr64"] == []


def disassembly(library: Path) -> str:
    return subprocess.run(["objdump", "-d", library], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    "flag",
    [
        "-fstack-protector-all",
        "-fstack-clash-protection",
        "-fcf-protection=full" if X86 else "-mbranch-protection=standard",
        "-ftrapv",
        "-fno-delete-null-pointer-checks",
        "-O2",
    ],
)
def test_recorded_flags(library: Path, flag: str) -> None:
    lines = compilers(library)
    if not lines:
        pytest.skip("another compiler than gcc built the library: it records nothing")
    assert [line for line in lines if flag not in line.split()] == []


def test_only_the_crypto_library_is_linked_to_openssl() -> None:
    needed = readelf("-d", runtime.library_path())
    assert "libssl" not in needed and "libcrypto" not in needed


def test_only_the_deflate_library_is_linked_to_zlib() -> None:
    for name in ("libospjit_rt.so", "libospjit_crypto.so", "libospjit_deflate.so"):
        needed = readelf("-d", runtime.library_path().with_name(name))
        assert ("libz.so" in needed) == (name == "libospjit_deflate.so")


def test_nothing_internal_is_exported(library: Path) -> None:
    names = re.findall(r"(?:FUNC|OBJECT)\s+GLOBAL DEFAULT\s+\d+ (\S+)", readelf("--dyn-syms", library))
    assert names
    assert [name for name in names if name.startswith("osp__")] == []
