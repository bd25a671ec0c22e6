"""GCC's static analyzer finds nothing in the runtime: no leak, no use after free, no bound that is overrun.

Warnings are errors here. It follows paths within a file; clang-tidy takes minutes: `cruntime/analyze`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "cruntime" / "src"
ROOMS = sorted(folder.name for folder in SOURCES.iterdir() if folder.is_dir())


@pytest.fixture(scope="module")
def header(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the header that is made from the table of built-ins."""
    folder = tmp_path_factory.mktemp("include")
    command = [sys.executable, "-m", "ospjit.builtins.cheader", str(folder / "osp_builtins.h")]
    subprocess.run(command, check=True, cwd=ROOT)
    return folder


@pytest.mark.skipif(shutil.which("gcc") is None, reason="the analyzer is gcc's")
@pytest.mark.parametrize("room", ROOMS)
def test_the_analyzer_is_content(room: str, header: Path, tmp_path: Path) -> None:
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-DOSP_HAVE_BUILTINS_H", "-O2", "-Wall", "-Wextra", "-fanalyzer"]
    folders = [f"-I{folder}" for folder in (SOURCES, ROOT / "cruntime" / "include", header)]
    for source in sorted((SOURCES / room).glob("*.c")):
        command = ["gcc", *flags, "-Werror", *folders, "-c", "-o", str(tmp_path / "object.o"), str(source)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
