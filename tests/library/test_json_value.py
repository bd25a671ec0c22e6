"""JSON texts as values of the union JsonValue and back, against Python's `json`."""

from __future__ import annotations

import ctypes
import json
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.library.runtime import Failed, Runtime

RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=4), inner, max_size=40),
    max_leaves=60,
)


def as_floats(value: Any) -> Any:
    """A value as the language sees it: numbers are floats."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, float)):
        return float(value)
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return [as_floats(v) for v in value]
    return {k: as_floats(v) for k, v in value.items()}


def there_and_back(rt: Runtime, text: bytes) -> bytes:
    """Decode, then encode."""
    value = rt.osp_json_decode(text)
    encoded: bytes = rt.osp_json_encode(value)
    rt.drop(value)
    return encoded


@RELAXED
@given(value=VALUE, ascii_only=st.booleans(), indent=st.sampled_from([None, 1]))
def test_a_value_survives_the_way_there_and_back(
    rt: Runtime, value: Any, ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    encoded = there_and_back(rt, text.encode())
    assert as_floats(json.loads(encoded)) == as_floats(value)
    assert there_and_back(rt, encoded) == encoded


@RELAXED
@given(value=st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_every_bit(rt: Runtime, value: float) -> None:
    encoded = there_and_back(rt, repr(value).encode())
    assert float(encoded).hex() == value.hex()
    assert not encoded.endswith(b".0") or encoded == b"-0.0"


@RELAXED
@given(text=st.binary(max_size=30) | st.text(alphabet='[]{},:"\\utrfalsn0123456789.eE+- ').map(str.encode))
def test_what_is_accepted_is_what_the_other_functions_accept(rt: Runtime, text: bytes) -> None:
    try:
        rt.osp_json_free(rt.osp_json_parse(text))
        accepted = True
    except Failed:
        accepted = False
    try:
        encoded = there_and_back(rt, text)
    except Failed as failed:
        assert not accepted or "too large for a float" in str(failed)
    else:
        assert accepted
        json.loads(encoded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "jsonDecode: line 1, column 1: the text ends too early"),
        (b"[1,\n]", "jsonDecode: line 2, column 1: expected a value"),
        (b"[" * 1001, "jsonDecode: line 1, column 1001: nested too deeply"),
        (b"[1, -1e400, {}]", "jsonDecode: too large for a float: -1e400"),
        (b"9" * 400, "jsonDecode: too large for a float: " + "9" * 40),
    ],
)
def test_messages(rt: Runtime, text: bytes, message: str) -> None:
    with pytest.raises(Failed) as failed:
        rt.osp_json_decode(text)
    assert str(failed.value) == message


def test_deep_and_wide(rt: Runtime) -> None:
    deep = b"[" * 1000 + b"]" * 1000
    assert there_and_back(rt, deep) == deep
    wide = json.dumps(list(range(100_000)), separators=(",", ":")).encode()
    assert there_and_back(rt, wide) == wide
    keys = {f"key {i}": i for i in range(10_000)}
    assert json.loads(there_and_back(rt, json.dumps(keys).encode())) == keys


def test_a_value_deeper_than_any_text(rt: Runtime) -> None:
    """A program can put values into each other without end."""
    value = rt.osp_json_decode(b"[]")
    for _ in range(100_000):
        outer = rt.osp_json_decode(b"[null]")
        items = field(outer)
        set_field(outer, rt.osp_list_set(items, 0, value))
        value = outer
    encoded = rt.osp_json_encode(value)
    rt.drop(value)
    assert encoded == b"[" * 100_001 + b"]" * 100_001


def field(cell: int) -> int:
    """The only field of a cell."""
    return ctypes.c_int64.from_address(cell).value


def set_field(cell: int, word: int) -> None:
    """Replace it; whose counts are whose is the caller's business."""
    ctypes.c_int64.from_address(cell).value = word


def test_bytes_that_are_no_text_become_replacement_characters(rt: Runtime) -> None:
    value = rt.osp_json_decode(b'"a"')
    old = field(value)
    set_field(value, rt.string(b"\xff\x00"))
    rt.drop(old)
    assert rt.osp_json_encode(value) == '"\ufffd\\u0000"'.encode()
    rt.drop(value)


def test_many_threads(rt: Runtime) -> None:
    """Values that are shared are read by all at once."""
    text = json.dumps({"a": [1, 2, {"b": "c"}] * 50}, separators=(",", ":")).encode()
    value = rt.osp_json_decode(text)
    rt.share(value)
    seen: list[bytes] = []

    def read() -> None:
        for _ in range(50):
            seen.append(rt.osp_json_encode(value))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rt.drop(value)
    assert seen == [text] * 200
