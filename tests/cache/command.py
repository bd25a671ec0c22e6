"""Runs of the command line with a cache of their own, by the launcher and by Python."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(sysconfig.get_path("scripts")) / "ospjit"
MODULE = (sys.executable, "-m", "ospjit")
HELLO = 'print("hello")\n'


@dataclass
class Cached:
    """A folder to be in, with a cache."""

    folder: Path
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # The launcher and its runtime as they are installed; a sanitizer would see half of what they do.
        drop = ("OSPJIT_DEBUG", "OSPJIT_RUNTIME", "LD_PRELOAD", "PYTHONPATH")
        self.env = {k: v for k, v in os.environ.items() if k not in drop}
        self.env |= {"OSPJIT_CACHE": "1", "OSPJIT_CACHE_DIR": str(self.cache), "NO_COLOR": "1"}

    @property
    def cache(self) -> Path:
        """The cache's folder; not made here."""
        return self.folder / "cache"

    def write(self, text: str = HELLO, name: str = "app.osp") -> str:
        """Write a program; its name."""
        (self.folder / name).write_text(text)
        return name

    def run(
        self,
        *arguments: str,
        command: tuple[str | Path, ...] = (LAUNCHER,),
        stdin: str = "",
        env: dict[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run the command line to its end."""
        return subprocess.run(
            [*map(str, command), *arguments],
            cwd=self.folder,
            env=self.env | (env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def how(self, *arguments: str, command: tuple[str | Path, ...] = (LAUNCHER,), **env: str) -> str:
        """Run the command line, which must succeed; where the code came from, in words."""
        result = self.run("--cache-stats", *arguments, command=command, env=env)
        assert result.returncode == 0, result.stderr
        line = result.stderr.splitlines()[-1]
        assert line.startswith("ospjit: cache: "), result.stderr
        return line.removeprefix("ospjit: cache: ")

    def entries(self) -> list[Path]:
        """The files that hold code."""
        return sorted(self.cache.glob("*.code"))
