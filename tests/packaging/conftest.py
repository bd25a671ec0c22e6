"""Builds the package and installs it into fresh virtual environments, once per test run.

The tests work on a copy of the source tree, so that they can delete it and can see what a build leaves in
it. Under pytest-xdist the workers share one copy and one build through a lock. Nothing here may install into
the environment that runs the tests.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.packaging.environment import Environment, copy_sources, run


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers of one test run have in common."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / "packaging"
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _once(marker: Path) -> Iterator[bool]:
    """Hold `marker`'s lock and yield whether its work still has to be done; it counts as done on success."""
    with open(marker.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield not marker.exists()
        marker.touch()


@pytest.fixture(scope="session")
def wheel(shared: Path) -> Path:
    """The wheel, built from the source distribution, whose tree is gone by then."""
    dist = shared / "dist"
    with _once(shared / "wheel.done") as needed:
        if needed:
            source = copy_sources(shared / "source")
            run(sys.executable, "-m", "build", "--outdir", dist, source, cwd=shared)
            shutil.rmtree(source)
    (found,) = dist.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(shared: Path, wheel: Path) -> Environment:
    """A virtual environment that has the wheel and its run-time dependencies and nothing else."""
    with _once(shared / "venv.done") as needed:
        if needed:
            Environment.create(shared / "venv").install(wheel, cwd=shared)
    return Environment(shared / "venv")
