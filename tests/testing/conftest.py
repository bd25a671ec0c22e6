"""`ospjit test` as from a shell, over files that a test writes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

#: Far above what any run needs on a busy machine.
SECONDS = 120

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def ospjit(tmp_path: Path) -> Callable[..., Done]:
    """`ospjit("test", files={"a.test.osp": "…"})` writes the files and runs the command beside them."""

    def run(*arguments: str, files: dict[str, str] | None = None, **environment: str) -> Done:
        for name, text in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run(
            [sys.executable, "-m", "ospjit", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | environment,
            timeout=SECONDS,
            check=False,
        )

    return run
