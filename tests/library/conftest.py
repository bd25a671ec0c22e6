"""The library for a session, and the check after each test that no counted object is left alive."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.library.runtime import Runtime, built_library


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    """The library of this session."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Runtime(built_library(shared))


@pytest.fixture
def rt(runtime: Runtime) -> Iterator[Runtime]:
    """The library; the test must leave no object alive."""
    before = runtime.live
    yield runtime
    assert before >= 0, "the library does not count its objects"
    assert runtime.live == before
