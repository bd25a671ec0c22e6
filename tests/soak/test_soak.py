"""The soak in small; `python -m tests.soak` is the whole."""

from __future__ import annotations

from tests.soak.soak import soak


def test_a_small_soak() -> None:
    outcome = soak(first=6_000, requests=30_000, threads=3, seed=7)
    assert outcome.requests >= 30_000
    assert outcome.complaints == []
