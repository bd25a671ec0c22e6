"""A machine that cannot build ospjit is told so in a sentence that names the packages to install."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.packaging.environment import ROOT, copy_sources, run

#: Name of the case: options for CMake, additions to the environment, sentences expected.
_CASES: dict[str, tuple[list[str], dict[str, str], list[str]]] = {
    "other system": (
        ["-DCMAKE_SYSTEM_NAME=FreeBSD"],
        {},
        ["ospjit runs on Linux only; this build is for FreeBSD."],
    ),
    "other CPU": (
        ["-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=riscv64"],
        {},
        ["ospjit runs on x86-64 and AArch64 only; this build is for riscv64."],
    ),
    "no C compiler": (
        [],
        {"CC": "/nonexistent/cc"},
        [
            "needs a working C compiler",
            "/nonexistent/cc",
            "apt-get install build-essential",
            "dnf install gcc",
        ],
    ),
    "no OpenSSL": (
        ["-DCMAKE_DISABLE_FIND_PACKAGE_OpenSSL=ON"],
        {},
        ["needs the OpenSSL headers", "apt-get install libssl-dev", "dnf install openssl-devel"],
    ),
    "OpenSSL without headers": (
        ["-DOPENSSL_INCLUDE_DIR=/nonexistent"],
        {},
        ["needs the OpenSSL headers", "apt-get install libssl-dev", "dnf install openssl-devel"],
    ),
    "no zlib": (
        ["-DCMAKE_DISABLE_FIND_PACKAGE_ZLIB=ON"],
        {},
        ["needs the zlib headers", "apt-get install zlib1g-dev", "dnf install zlib-devel"],
    ),
    "no Python": (
        ["-DCMAKE_DISABLE_FIND_PACKAGE_Python3=ON"],
        {},
        ["needs Python 3.10 or newer", "apt-get install python3", "dnf install python3"],
    ),
}


def _words(text: str) -> str:
    """`text` with each run of blanks as one: CMake breaks lines as it likes."""
    return re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("folder", [".", "cruntime"])
@pytest.mark.parametrize("case", _CASES)
def test_cmake_says_what_is_missing(case: str, folder: str, tmp_path: Path) -> None:
    options, env, sentences = _CASES[case]
    command: list[str | Path] = ["cmake", "-S", ROOT / folder, "-B", tmp_path / "build", *options]
    result = run(*command, cwd=tmp_path, check=False, env=env)
    assert result.returncode != 0
    for sentence in sentences:
        assert sentence in _words(result.stderr)


def test_cmake_accepts_this_machine(tmp_path: Path) -> None:
    """The cases above fail for their own reason only if nothing else is wrong."""
    run("cmake", "-S", ROOT, "-B", tmp_path / "build", cwd=tmp_path)


def test_pip_shows_the_packages_after_a_failure(tmp_path: Path) -> None:
    source = copy_sources(tmp_path / "source")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    result = run(*pip, cwd=tmp_path, check=False, env={"CC": "/nonexistent/cc"})
    assert result.returncode != 0
    output = _words(result.stdout + result.stderr)
    assert "needs a working C compiler" in output
    assert "apt-get install build-essential cmake libssl-dev zlib1g-dev" in output
    assert "dnf install gcc cmake openssl-devel zlib-devel" in output


def test_missing_cmake_is_named(tmp_path: Path) -> None:
    source = copy_sources(tmp_path / "source")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", tmp_path, source)
    result = run(*pip, cwd=tmp_path, check=False, env={"CMAKE_EXECUTABLE": "/nonexistent/cmake"})
    assert result.returncode != 0
    output = _words(result.stdout + result.stderr)
    assert "apt-get install cmake" in output
    assert "dnf install cmake" in output
    assert "Traceback" not in output
