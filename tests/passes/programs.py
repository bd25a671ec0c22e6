"""All Osprey programs of the repository, for tests that run over every one of them."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted(
    path
    for folder in ("examples", "tests")
    for path in (ROOT / folder).rglob("*.osp")
    if "programs" in path.parts or folder == "examples"
)


def identifier(path: Path) -> str:
    """The name of a program in a test's id: where it is in the repository."""
    return path.relative_to(ROOT).as_posix()
