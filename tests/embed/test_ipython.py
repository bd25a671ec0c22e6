"""`%%osprey` cells in an IPython shell, and the sessions behind them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.testing.globalipapp import start_ipython

import ospjit
from ospjit.embed.session import Session


@pytest.fixture(scope="module")
def shell() -> Iterator[Any]:
    shell = start_ipython()
    shell.run_line_magic("load_ext", "ospjit")
    yield shell
    shell.run_line_magic("unload_ext", "ospjit")


@pytest.fixture(autouse=True)
def fresh(shell: Any) -> None:
    shell.run_line_magic("osprey_reset", "")


def run(shell: Any, cell: str) -> Any:
    return shell.run_cell_magic("osprey", "", cell)


def test_a_cell_prints_and_gives_its_value(shell, capsys) -> None:
    answer = run(shell, 'fn twice(x: int) -> int = x * 2 ?: 0\nprint("hello ${twice(4)}")\ntwice(21)')
    captured = capsys.readouterr()
    assert (answer, captured.out, captured.err) == (42, "hello 8\n", "")
    assert run(shell, 'print("only")') is None
    assert shell.run_line_magic("osprey", "twice(5) + 1") == ospjit.Success(11)


def test_errors_have_carets_and_no_trace_back(shell, capsys) -> None:
    assert run(shell, 'let a = 1\nlet b: int = "text"\n') is None
    captured = capsys.readouterr()
    assert captured.err.splitlines()[1:] == ["  |", '2 | let b: int = "text"', "  |              ^^^^^^"]
    assert "error[OSP3001]: type mismatch: expected int, found string" in captured.err
    run(shell, "print(a)")
    assert "undefined variable 'a'" in capsys.readouterr().err  # nothing of a wrong cell is kept


def test_definitions_are_kept(shell, capsys) -> None:
    run(shell, "type Point = { x: int, y: int }\nfn flip(p: Point) = Point { x: p.y, y: p.x }")
    run(shell, "let p = Point { x: 1, y: 2 }\nmut n = 1")
    run(shell, "n = n + 1 ?: 0")
    answer = run(shell, "[flip(p), Point { x: n, y: n }]")
    assert [(a.x, a.y) for a in answer] == [(2, 1), (1, 1)] or [(a.x, a.y) for a in answer] == [
        (2, 1),
        (2, 2),
    ]
    assert capsys.readouterr().err == ""


def test_variables_are_not_computed_again(shell, capsys) -> None:
    run(shell, 'fn noisy() -> int { print("computed")  randomBelow(1000000000) ?: 0 }\nlet x = noisy()')
    assert capsys.readouterr().out == "computed\n"
    first = run(shell, "x")
    assert run(shell, "x") == first
    assert capsys.readouterr().out == ""


def test_redefinition(shell, capsys) -> None:
    run(shell, "fn f() -> int = 1\nfn g() -> int = f()\nlet v = 1")
    run(shell, 'fn f() -> int = 2\nlet v = "text"')
    assert run(shell, '"${g()} ${v}"') == "2 text"
    run(shell, 'fn f() -> string = "no number"')  # g would not compile any more
    assert "<earlier cells>" in capsys.readouterr().err
    assert run(shell, "g()") == 2


def test_a_cell_that_fails_while_it_runs(shell, capsys) -> None:
    run(shell, "fn deep(n: int) -> int = (deep((n + 1) ?: 0) + 1) ?: 0\nlet kept = 1")
    assert run(shell, "let lost = deep(0)") is None
    assert "stack exhausted" in capsys.readouterr().err
    assert run(shell, "kept") == 1
    run(shell, "lost")
    assert "undefined variable 'lost'" in capsys.readouterr().err


def test_a_session_without_a_notebook() -> None:
    session = Session(opt_level=0)
    assert session.run("let xs = [1, 2, 3]") is None
    assert session.run("let channel = Channel<int> { capacity: 5 }\nlet f = fn(x: int) => x") is None
    assert session.run("send(channel, 5)\nrecv(channel)") == 5  # a new channel each time
    assert session.run("mapList(xs, fn(x) => f(x))") == [1, 2, 3]
    assert session.names == ("xs", "channel", "f")
    with pytest.raises(ospjit.CompileError, match="<cell 5>:1:1"):
        session.run("nothing")
    session.clear()
    assert session.names == ()
