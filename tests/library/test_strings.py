"""String functions against Python's, and their failure messages."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.library.runtime import Failed, Runtime

RELAXED = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)

SOME_BYTES = st.one_of(
    st.binary(max_size=24),
    st.text(alphabet="aé√😀b \0", max_size=12).map(str.encode),
    st.sampled_from([b"", b"a", b"aa", b"aba"]),
)
COUNT = st.one_of(st.integers(-3, 30), st.sampled_from([2**63 - 1, -(2**63)]))


def fails(message: str) -> pytest.RaisesExc[Failed]:
    """Expects exactly this message."""
    return pytest.raises(Failed, match=f"^{re.escape(message)}$")


@RELAXED
@given(s=SOME_BYTES, what=SOME_BYTES, other=SOME_BYTES)
def test_searching_and_replacing(rt: Runtime, s: bytes, what: bytes, other: bytes) -> None:
    assert rt.osp_string_contains(s, what) == (what in s)
    assert rt.osp_string_starts_with(s, what) == s.startswith(what)
    assert rt.osp_string_ends_with(s, what) == s.endswith(what)
    if what in s:
        assert rt.osp_string_index_of(s, what) == s.index(what)
    else:
        with fails("indexOf: substring not found"):
            rt.osp_string_index_of(s, what)
    if what:
        assert rt.osp_string_replace(s, what, other) == s.replace(what, other)
    else:
        with fails("replace: text to replace must not be empty"):
            rt.osp_string_replace(s, what, other)


@RELAXED
@given(s=SOME_BYTES, a=COUNT, b=COUNT)
def test_slices(rt: Runtime, s: bytes, a: int, b: int) -> None:
    assert rt.osp_string_take(s, a) == s[: max(a, 0)]
    assert rt.osp_string_drop(s, a) == s[max(a, 0) :]
    if 0 <= a <= b <= len(s):
        assert rt.osp_string_substring(s, a, b) == s[a:b]
    else:
        with pytest.raises(Failed, match=r"index out of bounds|is after end"):
            rt.osp_string_substring(s, a, b)
    if 0 <= a < len(s):
        assert rt.osp_string_byte_at(s, a) == s[a]
    else:
        with fails(f"index out of bounds: {a} (length {len(s)})"):
            rt.osp_string_byte_at(s, a)


@RELAXED
@given(s=SOME_BYTES)
def test_case_and_white_space(rt: Runtime, s: bytes) -> None:
    assert rt.osp_string_to_upper(s) == s.upper()
    assert rt.osp_string_to_lower(s) == s.lower()
    padded = b"\t \r\n\v\f" + s + b" \n"
    assert rt.osp_string_trim(padded) == s.strip()
    assert rt.osp_string_trim_start(padded) == padded.lstrip()
    assert rt.osp_string_trim_end(padded) == padded.rstrip()


@RELAXED
@given(s=st.text(max_size=20))
def test_code_points(rt: Runtime, s: str) -> None:
    data = s.encode("utf-8", "surrogatepass")
    at = 0
    for char in s:
        encoded = char.encode("utf-8", "surrogatepass")
        if "\ud800" <= char <= "\udfff":
            with fails(f"codePointAt: no character starts at byte {at}"):
                rt.osp_string_code_point_at(data, at)
        else:
            assert rt.osp_string_code_point_at(data, at) == ord(char)
            assert rt.osp_string_char_at(data, at) == encoded
            assert rt.osp_from_code_point(ord(char)) == encoded
            assert rt.osp_code_point_width(ord(char)) == len(encoded)
        at += len(encoded)


def test_every_code_point_and_no_other(rt: Runtime) -> None:
    for c in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF):
        assert rt.osp_from_code_point(c) == chr(c).encode()
    for c in (-1, 0xD800, 0xDFFF, 0x110000, 2**63 - 1, -(2**63)):
        with fails(f"fromCodePoint: not a code point: {c}"):
            rt.osp_from_code_point(c)
        with fails(f"codePointWidth: not a code point: {c}"):
            rt.osp_code_point_width(c)
    for bad in (
        b"\x80",
        b"\xc0\x80",
        b"\xc3",
        b"\xe0\x80\x80",
        b"\xf4\x90\x80\x80",
        b"\xf8\x80\x80\x80",
        b"\xff",
    ):
        with fails("index: no character starts at byte 0"):
            rt.osp_string_char_at(bad, 0)


@RELAXED
@given(s=st.text(alphabet="aé√😀", max_size=12))
def test_reverse(rt: Runtime, s: str) -> None:
    assert rt.osp_string_reverse(s.encode()) == s[::-1].encode()


def test_reverse_keeps_bytes_that_are_not_utf8(rt: Runtime) -> None:
    assert rt.osp_string_reverse(b"a\xffb\xc3") == b"\xc3b\xffa"


@RELAXED
@given(s=SOME_BYTES, n=st.integers(0, 40))
def test_repeat(rt: Runtime, s: bytes, n: int) -> None:
    assert rt.osp_string_repeat(s, n) == s * n


def test_repeat_refuses_what_cannot_be(rt: Runtime) -> None:
    with fails("repeat: count must not be negative: -1"):
        rt.osp_string_repeat(b"a", -1)
    for s, n in ((b"a", 2**63 - 1), (b"ab" * 16, 2**60), (b"abc", 2**31)):
        with fails("repeat: result is too large"):
            rt.osp_string_repeat(s, n)
    assert rt.osp_string_repeat(b"", 2**63 - 1) == b""


@RELAXED
@given(s=SOME_BYTES, width=st.integers(-2, 40), fill=st.text(alphabet="xyé😀", min_size=1, max_size=3))
def test_padding_never_cuts_a_character(rt: Runtime, s: bytes, width: int, fill: str) -> None:
    model = b""
    while True:
        char = fill[len(model.decode()) % len(fill)].encode()
        if len(s) + len(model) + len(char) > width:
            break
        model += char
    assert rt.osp_string_pad_start(s, width, fill.encode()) == model + s
    assert rt.osp_string_pad_end(s, width, fill.encode()) == s + model


def test_padding_failures(rt: Runtime) -> None:
    with fails("padStart: fill must not be empty"):
        rt.osp_string_pad_start(b"a", 2, b"")
    with fails("padEnd: result is too large"):
        rt.osp_string_pad_end(b"a", 2**63 - 1, b"x")
    assert rt.osp_string_pad_start(b"abc", 3, b"") == b"abc"


PATTERNS = [
    "a", "ab|b", "a*b", "(a|b)*c", "^a", "b$", "^(ab)+$", "a?b?c?$", "[ab]c", "[^ab]", "[a-c]{2}", "a{2,3}b",
    "(ab){1,2}c", "a{0}b", "^$", "()", "a|", "(a*)*b", "(a|aa)*$", "[]a]", "[^]a]", "[a-]", ".", "^.{3}$",
    "(^a|b$)", "[.]", "a.c", "((a)(b))c", "a{2,}", "(a?){3}a{3}",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_match_as_elsewhere(rt: Runtime, pattern: str) -> None:
    here = pattern.replace("$", r"\Z")  # Python's $ also matches before a last newline
    expression = re.compile(here.replace("[]a]", r"[\]a]").replace("[^]a]", r"[^\]a]"), re.DOTALL)
    for text in (
        "",
        "a",
        "b",
        "c",
        "ab",
        "abc",
        "aab",
        "aaa",
        "ac",
        "bc",
        "abab",
        "ababc",
        "]",
        "-",
        "a\nc",
        "aaab",
        "é",
    ):
        assert rt.osp_matches_pattern(text.encode(), pattern.encode()) == bool(expression.search(text)), text


@RELAXED
@given(
    pattern=st.from_regex(
        r"\A(?:[abc.]|\((?:[abc]|a\|b)\)|\[\^?[a-c]\])(?:[*+?]|\{[0-3],[3-5]\})?(?:a|b\*|\(c\|ab\)\+)*\Z"
    ),
    text=st.text(alphabet="abc", max_size=12),
)
def test_random_patterns(rt: Runtime, pattern: str, text: str) -> None:
    assert rt.osp_matches_pattern(text.encode(), pattern.encode()) == bool(re.search(pattern, text))


@RELAXED
@given(
    pattern=st.one_of(
        st.binary(max_size=20), st.text(alphabet="()[]{}*+?|\\^$.a-:1,", max_size=24).map(str.encode)
    ),
    text=st.binary(max_size=20),
)
def test_any_pattern_is_a_match_or_an_error(rt: Runtime, pattern: bytes, text: bytes) -> None:
    try:
        assert rt.osp_matches_pattern(text, pattern) in (True, False)
    except Failed as failure:
        assert str(failure).startswith("matchesPattern: ")


def test_pattern_details(rt: Runtime) -> None:
    match = rt.osp_matches_pattern
    assert match("né".encode(), b"^n.$")
    assert match("é".encode(), "^[à-ö]$".encode())
    assert match(b"a\0b", b"^a.b$") and match(b"\0", b"[[:cntrl:]]") and match(b"x\xff", b"^x.$")
    assert (
        match(b"key_1", b"^[[:alpha:]_][[:alnum:]_]*$")
        and match(b"7 up", rb"^\d\s\w+$")
        and match(b"a.b", rb"a\.b")
    )
    assert match(b"\\", rb"[\]") and match(b"-", b"[[.-.]]")
    for pattern, reason in {
        b"(": "expected ')'", b")": "')' without '('", b"*a": "nothing to repeat", b"[a": "expected ']'",
        b"a{": "expected a number after '{'", b"a{2,1}": "the bounds in braces are in the wrong order",
        b"[z-a]": "a range is in the wrong order", b"[[:foo:]]": "unknown character class",
        rb"(a)\1": "back-references are not supported", b"a\\": "a backslash must not be last",
        rb"\q": "unknown escape",
        b"((a{999}){999}){999}": "the pattern is too large", b"(" * 2000: "groups are nested too deeply",
    }.items():  # fmt: skip
        with pytest.raises(Failed, match=re.escape(f"matchesPattern: {reason} (at ")):
            match(b"text", pattern)


def test_hard_patterns_take_no_longer_than_others(rt: Runtime) -> None:
    assert not rt.osp_matches_pattern(b"a" * 5000 + b"c", b"^(a+)+$")
    assert not rt.osp_matches_pattern(b"a" * 5000, b"(a|aa)+b")
    assert rt.osp_matches_pattern(b"ab" * 1000, b"(a|b)*a(a|b){20}")
    assert rt.osp_matches_pattern(b"x", b"(" * 900 + b"x" + b")" * 900)
