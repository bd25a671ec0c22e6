"""Tests of the passes. Files `*.mlir` here run as those of the IR do, each with a control that must fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ir.conftest import MlirFile


@pytest.fixture(autouse=True)
def verify_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pipeline that a test runs verifies the IR after every pass."""
    monkeypatch.setenv("OSPJIT_VERIFY_EACH", "1")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".mlir" and file_path.parent == Path(__file__).parent:
        return MlirFile.from_parent(parent, path=file_path)
    return None
