"""Attributes: equal by value, plain in Python, and the same after printing and parsing."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ospjit.ir import (
    UNIT,
    ArrayAttr,
    Attribute,
    BoolAttr,
    DenseArrayAttr,
    DenseIntElementsAttr,
    DictAttr,
    FloatAttr,
    IntAttr,
    IntegerType,
    Operation,
    StringAttr,
    SymbolRefAttr,
    TypeAttr,
    attribute,
    body_of,
    f32,
    f64,
    i1,
    i8,
    i32,
    i64,
    index,
    parse_module,
    print_op,
)


def read_back(attr: Attribute) -> Attribute:
    """What the attribute is after standing on an operation that was printed and parsed."""
    text = print_op(Operation("test.op", attributes={"a": attr}))
    module = parse_module(text, allow_unregistered=True)
    op = body_of(module).first
    assert op is not None
    return op.attributes["a"]


@pytest.mark.parametrize(
    ("attr", "text", "plain"),
    [
        (IntAttr(5), "5 : i64", 5),
        (IntAttr(-5, i8), "-5 : i8", -5),
        (IntAttr(255, i8), "-1 : i8", -1),
        (IntAttr(-(1 << 63)), "-9223372036854775808 : i64", -(1 << 63)),
        (IntAttr(3, index), "3 : index", 3),
        (BoolAttr(True), "true", True),
        (IntAttr(0, i1), "false", False),
        (FloatAttr(1.5), "1.5 : f64", 1.5),
        (FloatAttr(1e300), "1.0e+300 : f64", 1e300),
        (FloatAttr(1e22), "1.0e+22 : f64", 1e22),
        (FloatAttr(5e-324), "5.0e-324 : f64", 5e-324),
        (FloatAttr(-0.0), "-0.0 : f64", -0.0),
        (FloatAttr(math.inf), "0x7FF0000000000000 : f64", math.inf),
        (FloatAttr(-math.inf, f32), "0xFF800000 : f32", -math.inf),
        (FloatAttr(0.1, f32), "0.10000000149011612 : f32", 0.10000000149011612),
        (StringAttr('a"\\\n'), '"a\\22\\\\\\0A"', 'a"\\\n'),
        (StringAttr("é"), '"é"', "é"),
        (StringAttr(b"\xff\x00"), '"\\FF\\00"', "\udcff\x00"),
        (UNIT, "unit", True),
        (TypeAttr(i64), "i64", i64),
        (SymbolRefAttr("f.g"), "@f.g", "f.g"),
        (SymbolRefAttr("id<i64>"), '@"id<i64>"', "id<i64>"),
        (ArrayAttr([1, "a", [True]]), '[1 : i64, "a", [true]]', (1, "a", (True,))),
        (DictAttr({"b": 1, "a b": UNIT}), '{"a b", b = 1 : i64}', {"a b": True, "b": 1}),
        (DenseArrayAttr("i32", (1, -2)), "array<i32: 1, -2>", (1, -2)),
        (DenseArrayAttr(i64, ()), "array<i64>", ()),
        (DenseIntElementsAttr(i32, (1, 2)), "dense<[1, 2]> : tensor<2xi32>", (1, 2)),
        (DenseIntElementsAttr(i32, (7,)), "dense<7> : tensor<1xi32>", (7,)),
        (DenseIntElementsAttr(i32, ()), "dense<> : tensor<0xi32>", ()),
    ],
    ids=str,
)
def test_spelling_plain_value_and_reading_back(attr: Attribute, text: str, plain: object) -> None:
    assert str(attr) == text
    assert attr.plain == plain
    assert type(attr.plain) is type(plain)
    assert read_back(attr) == attr
    assert hash(read_back(attr)) == hash(attr)


@given(st.integers(0, 2**64 - 1))
def test_every_double_survives(bits: int) -> None:
    value = struct.unpack("<d", struct.pack("<Q", bits))[0]
    found = read_back(FloatAttr(value))
    assert isinstance(found, FloatAttr)
    assert struct.pack("<d", found.value) == struct.pack("<Q", bits)


@given(st.binary())
def test_every_byte_string_survives(data: bytes) -> None:
    found = read_back(StringAttr(data))
    assert isinstance(found, StringAttr)
    assert found.data == data


@given(st.text())
def test_every_text_survives(text: str) -> None:
    assert read_back(StringAttr(text)) == StringAttr(text.encode())
    assert read_back(SymbolRefAttr(text)).plain == text


@given(
    st.recursive(
        st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.just(i64),
        lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(min_size=1), inner),
        max_leaves=20,
    )
)
def test_plain_python_values_survive(value: object) -> None:
    attr = attribute(value)
    assert read_back(attr) == attr
    assert str(read_back(attr)) == str(attr)


def test_equality_is_by_value_and_kind() -> None:
    assert IntAttr(1) == IntAttr(1) != IntAttr(1, i32)
    assert IntAttr(1, i1) == BoolAttr(True) != IntAttr(1)
    assert FloatAttr(0.0) != FloatAttr(-0.0)
    assert FloatAttr(math.nan) == FloatAttr(math.nan)
    assert StringAttr("a") == StringAttr(b"a") != SymbolRefAttr("a")
    assert len({IntAttr(1), IntAttr(1), BoolAttr(True), IntAttr(1, i1)}) == 2


@pytest.mark.parametrize(("value", "type"), [(1 << 64, i64), (-(1 << 63) - 1, i64), (256, i8)])
def test_integers_that_do_not_fit(value: int, type: IntegerType) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        IntAttr(value, type)


def test_what_no_attribute_stands_for() -> None:
    with pytest.raises(TypeError, match="no attribute"):
        attribute(None)


def test_a_text_that_is_no_bytes_is_refused() -> None:
    with pytest.raises(UnicodeEncodeError):
        StringAttr("\ud800")


def test_float_types_are_kept() -> None:
    assert read_back(FloatAttr(2.0, f32)) == FloatAttr(2.0, f32) != FloatAttr(2.0, f64)
