"""Numbers from text, rounding, random numbers."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.library.runtime import Failed, Runtime

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@RELAXED
@given(n=st.integers(-(2**64), 2**64))
def test_integers_are_read_back_or_overflow(rt: Runtime, n: int) -> None:
    if -(2**63) <= n < 2**63:
        assert rt.osp_parse_int(b"%d" % n) == n
        assert rt.osp_parse_int(b"%+d" % n) == n
        assert rt.osp_parse_int(b"%+030d" % n) == n
    else:
        with pytest.raises(Failed, match=r"^parseInt: integer overflow$"):
            rt.osp_parse_int(b"%d" % n)


@pytest.mark.parametrize(
    "text", [b"", b"-", b"+", b"1.0", b" 1", b"1 ", b"0x1", b"--1", b"1\0", b"1_0", "١".encode()]
)
def test_what_is_not_an_integer(rt: Runtime, text: bytes) -> None:
    with pytest.raises(Failed, match=r"^parseInt: not an integer: "):
        rt.osp_parse_int(text)


@RELAXED
@given(x=st.floats())
def test_floats_are_read_back(rt: Runtime, x: float) -> None:
    y = rt.osp_parse_float(rt.osp_float_to_string(x))
    assert (math.isnan(x) and math.isnan(y)) or (x == y and math.copysign(1, x) == math.copysign(1, y))
    if math.isfinite(x):
        assert rt.osp_parse_float(repr(x).encode()) == x


def test_what_is_a_float(rt: Runtime) -> None:
    assert (
        rt.osp_parse_float(b"5") == 5.0
        and rt.osp_parse_float(b"-1.5e+3") == -1500
        and rt.osp_parse_float(b"+2E1") == 20
    )
    for text in (
        b"",
        b".",
        b"1.",
        b".5",
        b"1e",
        b"1e+",
        b" 1",
        b"1 ",
        b"0x1",
        b"infinity",
        b"1\0",
        b"1,5",
        b"i",
        b"nanx",
    ):
        with pytest.raises(Failed, match=r"^parseFloat: not a number: "):
            rt.osp_parse_float(text)
    with pytest.raises(Failed, match=r"^parseFloat: too large for a float$"):
        rt.osp_parse_float(b"1e999")
    assert rt.osp_parse_float(b"1" + b"0" * 300 + b"." + b"0" * 10000 + b"1") == 1e300


def test_rounding(rt: Runtime) -> None:
    assert [rt.osp_floor(x) for x in (1.5, -1.5)] == [1, -2]
    assert [rt.osp_ceil(x) for x in (1.5, -1.5)] == [2, -1]
    assert [rt.osp_round(x) for x in (0.5, 1.5, -2.5)] == [1, 2, -3]
    assert rt.osp_sqrt(9.0) == 3 and rt.osp_pow(2.0, 10.0) == 1024 and rt.osp_float_mod(-5.5, 2.0) == -1.5
    with pytest.raises(Failed, match=r"^sqrt: negative number$"):
        rt.osp_sqrt(-1.0)


def test_random(rt: Runtime) -> None:
    numbers = {rt.osp_random() for _ in range(100)}
    assert len(numbers) == 100 and all(0 <= n < 2**63 for n in numbers)
    assert {rt.osp_random_below(5) for _ in range(300)} == set(range(5))
    assert rt.osp_random_below(1) == 0
    for n in (0, -1, -(2**63)):
        with pytest.raises(Failed, match=re.escape(f"randomBelow: bound must be positive: {n}")):
            rt.osp_random_below(n)
