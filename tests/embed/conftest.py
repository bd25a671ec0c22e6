"""What the tests of embedding share: a Python program in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.program import PATIENCE, ROOT, environment


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a Python program to its end."""

    def run(text: str, *options: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "program.py"
        path.write_text(text)
        return subprocess.run(
            [sys.executable, *options, path],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=environment(PYTHONPATH=str(ROOT), **env),
        )

    return run
