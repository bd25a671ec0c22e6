"""A cache of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cache.command import Cached


@pytest.fixture
def cached(tmp_path: Path) -> Cached:
    return Cached(tmp_path)
