"""What functions are called in debuggers and profilers."""

from __future__ import annotations

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.backend.names import readable
from ospjit.ir import FunctionType, Location, Operation

PLACE = Location("app.osp", 3, 9)


@pytest.mark.parametrize(
    ("symbol", "loc", "name"),
    [
        ("area", PLACE, "area"),
        ("osp.entry", PLACE, "<app.osp>"),
        ("lambda$0", PLACE, "lambda (app.osp:3:9)"),
        ("lambda$0$closure", PLACE, "lambda (app.osp:3:9)"),
        ("lambda$0", Location("", 0, 0), "lambda 0"),
        ("fused$4", PLACE, "loop (app.osp:3:9)"),
        ("area$closure", PLACE, "area (as a value)"),
        ("id<i64>", PLACE, "id<int>"),
        ("id<i64>$closure", PLACE, "id<int> (as a value)"),
        ("show<!osp.list<!osp.result<i64, !osp.string>>>", PLACE, "show<List<Result<int, Error>>>"),
        ('equal<!osp.data<"Maybe", f64>>', PLACE, "equal<Maybe<float>>"),
        ('equal<!osp.data<"Color">>', PLACE, "equal<Color>"),
        ("map<!osp.fn<i1, i64, !osp.string>, !osp.unit>", PLACE, "map<fn(int, string) -> bool, Unit>"),
        ('show<!osp.rec<"n", i64, "m", !osp.any>>', PLACE, "show<{ n: int, m: any }>"),
        ("odd<what is this>", PLACE, "odd<what is this>"),
    ],
)
def test_names(symbol: str, loc: Location, name: str) -> None:
    attributes = {"sym_name": symbol, "function_type": FunctionType((), ())}
    assert readable(Operation("func.func", (), (), attributes, loc=loc)) == name
