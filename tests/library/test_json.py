"""The JSON functions against Python's `json`, what RFC 8259 forbids, and handles."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.library.runtime import Failed, Runtime

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

KEY = st.text(alphabet='ab."é\\\n', max_size=4)
VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEY, inner, max_size=4),
    max_leaves=20,
)


def refuse(name: str) -> None:
    """NaN and Infinity, which Python would read."""
    raise ValueError(name)


def check(rt: Runtime, handle: int, path: str, value: Any) -> None:
    """Everything below a path is what Python made of it."""
    text = rt.osp_json_get(handle, path.encode())
    if isinstance(value, str):
        assert text == value.encode("utf-8", "surrogatepass")
    else:
        assert json.loads(text) == value
    if isinstance(value, (list, dict)):
        assert rt.osp_json_length(handle, path.encode()) == len(value)
    else:
        assert rt.osp_json_length(handle, path.encode()) == -1
    if isinstance(value, list):
        for i, element in enumerate(value):
            check(rt, handle, f"{path}[{i}]", element)
    elif isinstance(value, dict):
        for key, member in value.items():
            if '"' not in key:
                check(rt, handle, f'{path}["{key}"]', member)
            if key and not set(key) & set(".[]"):
                check(rt, handle, f"{path}.{key}" if path else key, member)


@RELAXED
@given(value=VALUE, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_what_python_writes(rt: Runtime, value: Any, ascii_only: bool, indent: int | None) -> None:
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    except UnicodeEncodeError:  # a lone surrogate
        return
    handle = rt.osp_json_parse(text)
    if not re.search(r"\\ud[89a-f]", text.decode()):
        check(rt, handle, "", value)
    rt.osp_json_free(handle)


MALFORMED = {
    b"": "line 1, column 1: the text ends too early",
    b" ": "line 1, column 2: the text ends too early",
    b"[1,]": "line 1, column 4: expected a value",
    b'{"a":1,}': "line 1, column 8: expected a key in quotes",
    b"{a:1}": "line 1, column 2: expected a key in quotes",
    b'{"a" 1}': "line 1, column 6: expected ':'",
    b'{"a":}': "line 1, column 6: expected a value",
    b"[1 2]": "line 1, column 4: expected ',' or ']'",
    b'{"a":1]': "line 1, column 7: expected ',' or '}'",
    b"[1\n}": "line 2, column 1: expected ',' or ']'",
    b"]": "line 1, column 1: expected a value",
    b"1 2": "line 1, column 3: expected the end of the text",
    b"01": "line 1, column 2: a number must not start with 0",
    b"-": "line 1, column 2: expected a digit",
    b"+1": "line 1, column 1: expected a value",
    b"1.": "line 1, column 3: expected a digit",
    b".5": "line 1, column 1: expected a value",
    b"1e": "line 1, column 3: expected a digit",
    b"NaN": "line 1, column 1: expected a value",
    b"nul": "line 1, column 1: expected a value",
    b"truex": "line 1, column 5: expected the end of the text",
    b'"a': "line 1, column 3: the string is not closed",
    b'"\n"': "line 1, column 2: a control character must be escaped",
    b'"\0"': "line 1, column 2: a control character must be escaped",
    b'"\\x"': "line 1, column 3: unknown escape",
    b'"\\': "line 1, column 3: unknown escape",
    b'"\\u12g4"': "line 1, column 6: expected four hexadecimal digits",
    b'"\xff"': "line 1, column 2: invalid UTF-8",
    b'"\xed\xa0\x80"': "line 1, column 2: invalid UTF-8",
    b"\xef\xbb\xbf1": "line 1, column 1: expected a value",
    b"1\0": "line 1, column 2: expected the end of the text",
    b"[" * 1001: "line 1, column 1001: nested too deeply",
    b"[" * 1000: "line 1, column 1001: the text ends too early",
    b"'a'": "line 1, column 1: expected a value",
    b"/**/1": "line 1, column 1: expected a value",
}


@pytest.mark.parametrize("text", list(MALFORMED))
def test_malformed(rt: Runtime, text: bytes) -> None:
    with pytest.raises(Failed, match="^" + re.escape(f"jsonParse: {MALFORMED[text]}") + "$"):
        rt.osp_json_parse(text)


@RELAXED
@given(
    text=st.one_of(
        st.binary(max_size=20), st.text(alphabet='[]{}",:0123e.-\\u truefalsn', max_size=20).map(str.encode)
    )
)
def test_strictly_what_python_accepts(rt: Runtime, text: bytes) -> None:
    try:
        json.loads(text.decode(), parse_constant=refuse)
        valid = True
    except ValueError:
        valid = False
    try:
        rt.osp_json_free(rt.osp_json_parse(text))
        assert valid
    except Failed:
        assert not valid


def test_escapes(rt: Runtime) -> None:
    handle = rt.osp_json_parse(
        rb'["\"\\\/\b\f\n\r\t", "\u0000\u00e9\u221a\ud83d\ude00", "\ud83d", "\ude00\ud83dx", "\ud83d\u0041"]'
    )
    expected = ['"\\/\b\f\n\r\t', "\0é√😀", "\ufffd", "\ufffd\ufffdx", "\ufffdA"]
    assert [rt.osp_json_get(handle, b"[%d]" % i).decode() for i in range(5)] == expected
    rt.osp_json_free(handle)


def test_paths(rt: Runtime) -> None:
    handle = rt.osp_json_parse(
        rb'{"user": {"items": [{"name": "x"}], "a.b": 1, "": 2, "\u0061": 3}, "k": 1, "k": [ 2 ]}'
    )
    assert rt.osp_json_get(handle, b"user.items[0].name") == b"x"
    assert rt.osp_json_get(handle, b'user["a.b"]') == b"1" and rt.osp_json_get(handle, b'user[""]') == b"2"
    assert rt.osp_json_get(handle, b"user.a") == b"3"  # keys are compared decoded
    assert rt.osp_json_get(handle, b"k") == b"[ 2 ]"  # the last of equal keys; its text as it stands
    for path in ("user.name", "user.items[1]", "user.items.name", "k[0].x", "user[0]", "k.0", f"k[{2**70}]"):
        with pytest.raises(Failed, match="^" + re.escape(f"jsonGet: no value at: {path}") + "$"):
            rt.osp_json_get(handle, path.encode())
        assert rt.osp_json_length(handle, path.encode()) == -1
    for path in (
        ".",
        "user.",
        ".user",
        "user..items",
        "k[",
        "k[]",
        "k[x]",
        "k[-1]",
        "k]",
        "k[0]x",
        'k["x]',
        "k[0",
    ):
        with pytest.raises(Failed, match="^" + re.escape(f"jsonGet: not a path: {path}") + "$"):
            rt.osp_json_get(handle, path.encode())
    rt.osp_json_free(handle)


def test_handles(rt: Runtime) -> None:
    handles = [rt.osp_json_parse(b"%d" % i) for i in range(300)]
    assert len(set(handles)) == 300 and all(handle > 0 for handle in handles)
    assert [rt.osp_json_get(handle, b"") for handle in handles] == [b"%d" % i for i in range(300)]
    for handle in handles:
        rt.osp_json_free(handle)
    again = rt.osp_json_parse(b"null")
    for handle in [*handles, 0, -1, 2**63 - 1, -(2**63)]:
        with pytest.raises(Failed, match=f"^jsonGet: not an open JSON handle: {handle}$"):
            rt.osp_json_get(handle, b"")
        with pytest.raises(Failed, match=f"^jsonFree: not an open JSON handle: {handle}$"):
            rt.osp_json_free(handle)
        assert rt.osp_json_length(handle, b"") == -1
    rt.osp_json_free(again)


def test_one_frees_while_others_read(rt: Runtime) -> None:
    text = json.dumps([{"name": "x" * 50}] * 200).encode()
    for _ in range(20):
        handle = rt.osp_json_parse(text)
        start = threading.Barrier(3)

        def read(handle: int = handle, start: threading.Barrier = start) -> None:
            start.wait()
            for i in range(100):
                try:
                    assert rt.osp_json_get(handle, b"[%d].name" % i) == b"x" * 50
                except Failed:
                    return

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        start.wait()
        rt.osp_json_free(handle)
        for reader in readers:
            reader.join()


@RELAXED
@given(s=st.text(max_size=20))
def test_escaping_is_undone_by_parsing(rt: Runtime, s: str) -> None:
    data = s.encode("utf-8", "replace")
    escaped = rt.osp_json_escape(data)
    assert json.loads(b'"' + escaped + b'"').encode() == data
    assert all(byte >= 32 for byte in escaped)


def test_escaping_bytes_that_are_not_utf8(rt: Runtime) -> None:
    assert rt.osp_json_escape(b'\xff"\x01\xc3') == '\ufffd\\"\\u0001\ufffd'.encode()
