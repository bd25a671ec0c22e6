"""Broken programs end in a program or in diagnostics: some seconds of them (`python -m tests.fuzz`: more)."""

from __future__ import annotations

import time

import pytest

from tests.fuzz.attempt import CHECK, QUICK, attempt
from tests.fuzz.mutate import Mutants, corpus

#: Seconds of one test.
SECONDS = 5

#: Every so many mutants goes through the passes and LLVM too.
SAMPLE = 4


@pytest.fixture(scope="module")
def mutants() -> Mutants:
    return Mutants(corpus())


@pytest.mark.parametrize("part", range(4))
def test_mutants(part: int, mutants: Mutants) -> None:
    """The seeds are the same in every run; how many of them there is time for is not."""
    end = time.monotonic() + SECONDS
    seed = part * 1_000_000
    good = 0
    while time.monotonic() < end:
        good += attempt(mutants.make(seed), CHECK if seed % SAMPLE else QUICK)
        seed += 1
    assert seed % 1_000_000 > 50
    assert good


def test_the_corpus_itself_is_large(mutants: Mutants) -> None:
    assert len(mutants.texts) > 200
