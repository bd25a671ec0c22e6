"""The verifier refuses patterns of `osp.match` that no pass could read."""

from __future__ import annotations

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.ir import VerifyError, parse_module, verify

TEXT = """
"func.func"() ({
^bb0(%x: i64):
  %0 = "osp.match"(%x) ({
  ^arm(ARGUMENTS):
    "osp.yield"(%x) : (i64) -> ()
  }) {guards = [false], patterns = [PATTERN]} : (i64) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "f"} : () -> ()
"""


def check(pattern: str, arguments: str = "") -> None:
    text = TEXT.replace("PATTERN", pattern).replace("ARGUMENTS", arguments)
    verify(parse_module(text.replace("^arm():", "^arm:")))


@pytest.mark.parametrize(
    ("pattern", "arguments"),
    [
        ('["wild"]', ""),
        ('["bind"]', "%a: i64"),
        ('["as", ["bind"], ["lit", 1 : i64]]', "%a: i64"),
        ('["or", ["lit", 1 : i64], ["lit", 2 : i64]]', ""),
        ('["con", "Pair", ["bind"], ["con", "Pair", ["bind"], ["wild"]]]', "%a: i64, %b: i64"),
        ('["rec", true, ["x"], ["bind"]]', "%a: i64"),
        ('["list", ["none"], ["bind"]]', "%a: i64"),
        ('["or", ["con", "A", ["bind"]], ["con", "B", ["ref", 0 : i64]]]', "%a: i64"),
    ],
)
def test_patterns(pattern: str, arguments: str) -> None:
    check(pattern, arguments)


@pytest.mark.parametrize(
    ("pattern", "arguments", "message"),
    [
        ('["what"]', "", "is not a pattern"),
        ("[]", "", "is not a pattern"),
        ('"wild"', "", "'wild' is not a pattern"),
        ('["as", ["bind"]]', "%a: i64", "'as' lacks parts"),
        ('["lit"]', "", "'lit' lacks parts"),
        ('["or"]', "", "'or' lacks parts"),
        ('["wild", ["bind"]]', "%a: i64", "'wild' has no parts"),
        ('["bind"]', "", "a pattern binds 1 values, but its region takes 0"),
        ('["wild"]', "%a: i64", "a pattern binds 0 values, but its region takes 1"),
    ],
)
def test_what_is_no_pattern(pattern: str, arguments: str, message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        check(pattern, arguments)
