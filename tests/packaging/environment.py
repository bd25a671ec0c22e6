"""Copies of the source tree and fresh virtual environments for the packaging tests.

Commands run without our environment's Python settings, so that nothing finds the checkout by accident.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Folders at the top of a checkout that are no part of the sources.
_NOT_SOURCES = {".git", ".venv", "venv", "build", "dist"}
_CACHES = shutil.ignore_patterns("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis")


def run(
    *command: str | Path, cwd: Path, check: bool = True, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command with captured output; with `check`, a failure fails the test with that output.

    The environment is ours without what would let Python find the checkout; `env` is added to it.
    """
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=clean | (env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    if check and result.returncode != 0:
        pytest.fail(
            f"{command} ended with {result.returncode}\n{result.stdout}\n{result.stderr}", pytrace=False
        )
    return result


def copy_sources(destination: Path) -> Path:
    """Copy the sources, links as links, without version control, caches and build folders."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        ignored = set(_CACHES(folder, names))
        return ignored | (_NOT_SOURCES & set(names) if Path(folder) == ROOT else set())

    return Path(shutil.copytree(ROOT, destination, symlinks=True, ignore=ignore))


@dataclass(frozen=True)
class Environment:
    """A virtual environment without pip; packages are put in from outside."""

    path: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / "bin" / "python"

    @property
    def ospjit(self) -> Path:
        """The installed command."""
        return self.path / "bin" / "ospjit"

    def install(self, *arguments: str | Path, cwd: Path) -> None:
        """`pip install` into this environment."""
        pip = (sys.executable, "-m", "pip", "--python", self.python)
        run(*pip, "install", "--quiet", "--no-input", *arguments, cwd=cwd)

    def evaluate(self, program: str, cwd: Path) -> str:
        """Run a Python program in this environment and return what it printed."""
        return run(self.python, "-c", program, cwd=cwd).stdout.strip()

    @classmethod
    def create(cls, path: Path) -> Environment:
        """Make an empty environment at `path`."""
        run(sys.executable, "-m", "venv", "--without-pip", path, cwd=path.parent)
        return cls(path)
