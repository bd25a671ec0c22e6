"""One running example API for the tests of its routes."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.e2e.program import ROOT, Program


@pytest.fixture(scope="session")
def api() -> Iterator[str]:
    """The address of `examples/api.osp`, served for the session of this worker."""
    with Program(ROOT / "examples" / "api.osp", "0") as program:
        yield f"http://127.0.0.1:{program.port()}"
        assert program.process.poll() is None, "the server died"
        program.stop(signal.SIGTERM)
        assert program.process.returncode == 0
        assert program.errors == []
