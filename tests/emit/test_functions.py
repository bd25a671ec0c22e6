"""Which functions look at the stack, and which become part of the one that calls them."""

from __future__ import annotations

import ospjit.dialects  # noqa: F401
from ospjit.backend.call_graph import CallGraph
from ospjit.backend.single_calls import called_once
from ospjit.backend.stack_checks import functions_that_check
from ospjit.ir import body_of, parse_module


def graph(text: str) -> CallGraph:
    """The calls of a module."""
    return CallGraph(list(body_of(parse_module(text)).ops))


def function(name: str, body: str, args: str = "%n: i64", more: str = "") -> str:
    """A function of an integer."""
    return f"""
"func.func"() ({{
^bb0({args}):
{body}
  "func.return"(%n) : (i64) -> ()
}}) {{sym_name = "{name}", function_type = (i64) -> i64{more}}} : () -> ()
"""


def call(name: str) -> str:
    """A call of one."""
    return f'  "func.call"(%n) {{callee = @{name}}} : (i64) -> i64'


def test_a_cycle_of_calls_looks_at_the_stack() -> None:
    text = function("leaf", "") + function("small", call("leaf")) + function("ping", call("pong"))
    text += function("pong", call("ping")) + function("itself", call("itself"))
    assert functions_that_check(graph(text)) == {"ping", "pong", "itself"}


def test_so_does_what_may_call_anything() -> None:
    closure = '  "rt.call_closure"(%f) : (!osp.fn<i64>) -> i64'
    sort = '  "rt.call"(%xs, %f) {callee = @osp_list_sort} : (!osp.list<i64>, !osp.fn<i64>) -> !osp.list<i64>'
    length = '  "rt.call"(%xs) {callee = @osp_list_length} : (!osp.list<i64>) -> i64'
    args = "%n: i64, %f: !osp.fn<i64>, %xs: !osp.list<i64>"
    kind = ", function_type = (i64, !osp.fn<i64>, !osp.list<i64>) -> i64"
    text = "".join(
        function(name, body, args).replace(", function_type = (i64) -> i64", kind)
        for name, body in (("closure", closure), ("sort", sort), ("length", length))
    )
    assert functions_that_check(graph(text)) == {"closure", "sort"}


def test_so_does_the_first_of_many_small_ones_that_are_much_together() -> None:
    work = "\n".join(f'  %w{i} = "arith.addi"(%n, %n) : (i64, i64) -> i64' for i in range(20))
    text = function("f0", work) + "".join(
        function(f"f{i}", f"{work}\n{call(f'f{i - 1}')}") for i in range(1, 9)
    )
    found = functions_that_check(graph(text))
    assert "f0" not in found and "f1" not in found
    assert found and len(found) < 4


def test_what_is_called_once_becomes_part_of_the_caller() -> None:
    closure = '  "rt.closure"() {callee = @value, scan = 0 : i64} : () -> !osp.fn<i64>'
    text = (
        function("once", "") + function("twice", "") + function("value", "") + function("self", call("self"))
    )
    text += function("start", "\n".join([call("once"), call("twice"), call("twice"), call("value"), closure]))
    assert called_once(graph(text), set(), {"once"}) == set()
    text += function("rare", "") + function("entry", f"{call('start')}\n{call('rare')}\n{call('self')}")
    assert called_once(graph(text), {"entry"}, set()) == {"once"}


def test_unless_that_becomes_large() -> None:
    work = "\n".join(f'  %w{i} = "arith.addi"(%n, %n) : (i64, i64) -> i64' for i in range(150))
    text = "".join(function(f"f{i}", work) for i in range(4))
    text += function("all", "\n".join(call(f"f{i}") for i in range(4)))
    assert called_once(graph(text), set(), set()) == {"f0", "f1"}
