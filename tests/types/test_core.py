"""The core tree: what is written out in it that the source leaves implicit."""

from __future__ import annotations

from textwrap import dedent

import pytest

from ospjit.types import core
from ospjit.types.overload import select
from ospjit.types.types import FLOAT, INT, STRING, con, fun, list_of
from tests.types.checked import program, tree


def _tree(text: str) -> str:
    return tree(dedent(text))


def _expected(text: str) -> str:
    return dedent(text).strip("\n")


def test_pipes_and_named_arguments_are_positional() -> None:
    assert _tree("fn f(a, b) = a\nf(b: 1, a: true)\n2 |> f(3)") == _expected(
        """
        fn f<a, b>(a: a, b: b) -> a
          Var a : a
        entry
          Do
            expr: CallFn f <bool, int> : bool
              Lit true : bool
              Lit 1 : int
          Do
            expr: CallFn f <int, int> : int
              Lit 2 : int
              Lit 3 : int
        """
    )


def test_named_arguments_keep_the_order_of_evaluation() -> None:
    assert _tree('fn f(a, b) = a\nf(b: length("x"), a: length("y"))') == _expected(
        """
        fn f<a, b>(a: a, b: b) -> a
          Var a : a
        entry
          Do
            expr: Block : int
              Let a1
                value: CallBuiltin length #0 : int
                  Lit "x" : string
              Let a0
                value: CallBuiltin length #0 : int
                  Lit "y" : string
              result: CallFn f <int, int> : int
                Var a0 : int
                Var a1 : int
        """
    )


def test_fields_stand_in_declared_order_with_the_order_of_evaluation_beside() -> None:
    assert _tree("type P = { x: int, y: int }\nlet p = P { y: 1, x: 2 }") == _expected(
        """
        let p: P
        entry
          SetGlobal p
            value: Construct P order=1,0 : P
              Lit 2 : int
              Lit 1 : int
        """
    )


def test_defaults_of_http_response_are_written_out_and_body_is_partial_body() -> None:
    made = program('let r = HttpResponse { body: "hi", status: 200 }').entry.stmts[0]
    assert isinstance(made, core.SetGlobal) and isinstance(made.value, core.Construct)
    values = [a.value for a in made.value.args if isinstance(a, core.Lit)]
    assert values == [200, "", "", -2, -1, True, "hi", -2]
    assert made.value.order[:2] == (6, 0)


def test_short_circuit_operators_are_conditionals() -> None:
    assert _tree("let a = true && false || true") == _expected(
        """
        let a: bool
        entry
          SetGlobal a
            value: If : bool
              cond: If : bool
                cond: Lit true : bool
                then: Lit false : bool
                orelse: Lit false : bool
              then: Lit true : bool
              orelse: Lit true : bool
        """
    )


def test_values_for_any_are_erased_where_they_are_made() -> None:
    assert _tree("let xs: List<any> = [1, true]\nlet y: any = if true { 1 } else { 2.0 }") == _expected(
        """
        let xs: List<any>
        let y: any
        entry
          SetGlobal xs
            value: ListLit : List<any>
              Erase : any
                value: Lit 1 : int
              Erase : any
                value: Lit true : bool
          SetGlobal y
            value: If : any
              cond: Lit true : bool
              then: Block : any
                result: Erase : any
                  value: Lit 1 : int
              orelse: Block : any
                result: Erase : any
                  value: Lit 2.0 : float
        """
    )


def test_a_result_that_is_not_wanted_is_dropped_inside_a_lambda() -> None:
    text = """
        fn run(f: (int) -> Unit) = f(1)
        fn double(x) = x * 2
        run(double)
        run(|x| => x + 1)
        """
    shown = _tree(text)
    assert "Lambda params(x0: int) : (int) -> Unit" in shown
    assert "expr: CallFn double <int, Result<int, MathError>> : Result<int, MathError>" in shown
    assert "Lambda params(x: int) : (int) -> Unit" in shown


def test_lambdas_list_what_they_capture_once_in_order_of_use() -> None:
    text = """
        fn f(a: int, b: int, c: int) {
            let g = [|x: int| => [b, x, a, b]]
            g
        }
        """
    assert "Lambda params(x: int) captures(b: int, a: int) : (int) -> List<int>" in _tree(text)


def test_a_lambda_inside_a_lambda_makes_the_outer_one_capture_too() -> None:
    text = "fn f(a: int) = [|x: int| => [|y: int| => [a, x, y]]]"
    shown = _tree(text)
    assert "Lambda params(x: int) captures(a: int)" in shown
    assert "Lambda params(y: int) captures(a: int, x: int)" in shown


def test_local_functions_are_lifted_with_their_captures_in_front() -> None:
    text = """
        fn f(k: int) {
            let n = 1
            fn ping(x: int) -> int = pong(x)
            fn pong(x: int) -> int = if x == 0 { n } else { ping(k) }
            [ping]
        }
        """
    shown = _tree(text)
    assert "fn f.ping[n: int, k: int](x: int) -> int" in shown
    assert "fn f.pong[n: int, k: int](x: int) -> int" in shown
    assert (
        "FuncRef f.ping : (int) -> int\n        captures: Var n : int\n        captures: Var k : int" in shown
    )


def test_a_lambda_captures_what_the_local_functions_it_calls_capture() -> None:
    text = """
        fn f(k: int) {
            fn g() = k
            [|x: int| => g()]
        }
        """
    shown = _tree(text)
    assert "fn f.g[k: int]() -> int" in shown
    assert "Lambda params(x: int) captures(k: int) : (int) -> int" in shown


def test_file_scope_muts_are_locals_of_the_entry_and_captured_by_value() -> None:
    shown = _tree("mut n = 0\nn = 1\nlet f = |x: int| => n")
    assert "  Let mut n" in shown
    assert "  Assign mut n" in shown
    assert "Lambda params(x: int) captures(n: int) : (int) -> int" in shown


def test_records_change_their_static_type_explicitly() -> None:
    text = """
        type P = { x: int }
        fn f(r: { x: int }) = r.x
        fn g(p: P) = p.x
        let anonymous = { x: 1 }
        let a = f(P { x: 1 })
        let b = g(anonymous)
        """
    shown = _tree(text)
    assert "Coerce : { x: int }\n        value: Construct P : P" in shown
    assert "Coerce : P\n        value: GlobalVar anonymous : { x: int }" in shown


def test_a_generic_use_of_an_overloaded_built_in_is_decided_per_instance() -> None:
    shown = _tree("fn size(x) = length(x)\nlet n = size([1])")
    assert "CallBuiltin length #-1 : int" in shown
    assert "CallFn size <List<int>> : int" in shown
    assert select("length", (list_of(INT),), INT) == (1, (INT,))
    assert select("length", (STRING,), INT) == (0, ())
    assert select("map", (list_of(INT), fun([INT], FLOAT)), list_of(FLOAT)) == (1, (INT, FLOAT))
    assert select("length", (INT,), INT) is None
    assert select("min", (FLOAT, FLOAT), FLOAT) == (1, ())
    assert select("map", (con("Iterator", INT), fun([INT], INT)), con("Iterator", INT)) == (0, (INT, INT))


@pytest.mark.parametrize("text", ["fn f(x) = f2(x)\nfn f2(x) = f(x)\nlet y = 1", "fn main() = main()"])
def test_types_that_nothing_settles_are_concrete_or_parameters(text: str) -> None:
    assert "_" not in _tree(text)


def test_statements_keep_their_order_however_they_were_inferred() -> None:
    shown = _tree("let a = 1\nprint(a)\nlet b = f()\nmut c = b\nprint(c)\nfn f() = a")
    order = [line.strip() for line in shown.partition("entry\n")[2].splitlines() if line[:3] != "   "]
    assert order == ["SetGlobal a", "Do", "SetGlobal b", "Let mut c", "Do"]


def test_select_arms_and_fibers() -> None:
    text = """
        let ch = Channel<int> { capacity: 1 }
        let f = spawn recv(ch)
        let x = select {
            v => recv(ch) => v
            send(ch, 1) => 0
            sleep(50) => 1
            _ => 2
        }
        """
    shown = _tree(text)
    assert "Spawn : Fiber<int>\n      body: Lambda : () -> int" in shown
    for arm in ("SelectArm recv v", "SelectArm send", "SelectArm sleep", "SelectArm default"):
        assert arm in shown
