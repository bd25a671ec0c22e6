"""Types: interned, spelled as MLIR spells them, given back when nobody holds them."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import pytest

from ospjit.ir import (
    DialectType,
    FloatType,
    FunctionType,
    IndexType,
    IntegerType,
    IRSyntaxError,
    NoneType,
    Type,
    f64,
    i64,
    parse_type,
)

SPELLINGS: list[tuple[Type, str]] = [
    (i64, "i64"),
    (IntegerType(1), "i1"),
    (FloatType(64), "f64"),
    (FloatType(32), "f32"),
    (IndexType(), "index"),
    (NoneType(), "none"),
    (FunctionType((), ()), "() -> ()"),
    (FunctionType((i64, f64), (i64,)), "(i64, f64) -> i64"),
    (FunctionType((i64,), (i64, f64)), "(i64) -> (i64, f64)"),
    (FunctionType((), (FunctionType((), (i64,)),)), "() -> (() -> i64)"),
    (FunctionType((FunctionType((i64,), ()),), ()), "((i64) -> ()) -> ()"),
    (DialectType("osp.string"), "!osp.string"),
    (DialectType("osp.result", (i64, DialectType("osp.string"))), "!osp.result<i64, !osp.string>"),
    (DialectType("osp.adt", ("Shape", i64, -3)), '!osp.adt<"Shape", i64, -3>'),
    (DialectType("osp.adt", ('a "b"\n',)), r'!osp.adt<"a \22b\22\0A">'),
    (DialectType("osp.fn", (FunctionType((i64,), (i64,)),)), "!osp.fn<(i64) -> i64>"),
]


@pytest.mark.parametrize(("type", "text"), SPELLINGS, ids=[text for _, text in SPELLINGS])
def test_spelling_reads_back_as_the_same_object(type: Type, text: str) -> None:
    assert str(type) == text
    assert parse_type(text) is type


@pytest.mark.parametrize(("type", "text"), SPELLINGS, ids=[text for _, text in SPELLINGS])
def test_copies_are_the_same_object(type: Type, text: str) -> None:
    assert pickle.loads(pickle.dumps(type)) is type
    assert copy.deepcopy(type) is type


def test_types_nobody_holds_are_given_back() -> None:
    inner = DialectType("test.short_lived", ("only here",))
    outer = FunctionType((inner,), (inner,))
    watch = weakref.ref(inner)
    text = str(outer)
    del inner, outer
    gc.collect()
    assert watch() is None
    assert "only here" in text


@pytest.mark.parametrize("width", [0, -1, 1 << 24])
def test_integer_width_out_of_range(width: int) -> None:
    with pytest.raises(ValueError, match="width"):
        IntegerType(width)


def test_a_parameter_is_a_type_a_string_or_an_integer() -> None:
    with pytest.raises(TypeError, match="type parameter"):
        DialectType("osp.x", (1.5,))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a type"),
        ("i0", "expected a type"),
        ("i99999999", "width out of range"),
        ("!osp.a<i64", "expected '>'"),
        ("!alias", "type aliases are not supported"),
        ("(i64", "expected '->'|expected '\\)'"),
        ("i64 i64", "the end of the text"),
        ("!osp.a<" * 5000 + ">" * 5000, "nested more than"),
    ],
)
def test_what_is_no_type(text: str, message: str) -> None:
    with pytest.raises(IRSyntaxError, match=message):
        parse_type(text)
