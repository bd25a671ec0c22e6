"""The table against nginx and Node: every difference from our expectations has a reason."""

from __future__ import annotations

import pytest

from tests.hostile.cases import CASES
from tests.hostile.compare import compare, program
from tests.hostile.differences import REASONS


@pytest.mark.parametrize("name", ["nginx", "node"])
def test_differences_are_known(name: str) -> None:
    if program(name) is None:
        pytest.skip(f"{name} is not installed")  # .ci/run installs it
    differences = compare(name)
    assert {case: answer for case, answer in differences.items() if case not in REASONS[name]} == {}
    assert len(differences) < len(CASES) / 3, "this is not the comparison that was meant"


def test_reasons_name_cases() -> None:
    names = {str(case) for case in CASES}
    for reasons in REASONS.values():
        assert set(reasons) <= names
