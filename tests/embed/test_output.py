"""What Osprey prints, and what the runtime has to say, in a Python program."""

from __future__ import annotations

import logging
import threading
import time

import pytest

import ospjit
from tests.e2e.program import PATIENCE

SOURCE = """
fn say(text: string) = print(text)
fn complain(text: string) = printErr(text)
fn many(n: int) -> int = fold(range(0, n), 0, fn(a: int, i: int) => { print("line ${i}")  i })
fn fails(c: Channel<int>) -> int = recv(c)
export fn talk(text: string) = say(text)
export fn both(text: string) { say("1 " + text)  complain("2 " + text)  say("3 " + text) }
export fn repeated(n: int) = many(n)
export fn unheard() -> int {
    let c = Channel<int> { capacity: 1 }
    close(c)
    let f = spawn fails(c)
    sleep(50)
    0
}
"""


@pytest.fixture(scope="module")
def m() -> ospjit.Module:
    return ospjit.compile(SOURCE, opt_level=0)


def test_a_sink_takes_every_line(m) -> None:
    seen: list[tuple[int, str]] = []
    assert ospjit.set_print_sink(lambda stream, text: seen.append((stream, text))) is None
    try:
        m.both("grüße")
        assert [s for s, _ in seen] == [1, 2, 1]
        assert "".join(t for _, t in seen) == "1 grüße\n2 grüße\n3 grüße\n"
        m.repeated(100)
    finally:
        assert ospjit.set_print_sink(None) is not None
    assert "".join(t for _, t in seen[3:]) == "".join(f"line {i}\n" for i in range(100))


def test_output_is_out_when_a_call_returns(m, capfd: pytest.CaptureFixture[str]) -> None:
    m.talk("hello")
    assert capfd.readouterr().out == "hello\n"
    m.repeated(3000)  # more than the buffer holds
    assert capfd.readouterr().out == "".join(f"line {i}\n" for i in range(3000))


def test_a_sink_that_fails_is_logged(m, caplog: pytest.LogCaptureFixture) -> None:
    def fail(stream: int, text: str) -> None:
        raise ValueError("why")

    ospjit.set_print_sink(fail)
    try:
        m.talk("hello")
    finally:
        ospjit.set_print_sink(None)
    assert [r.getMessage() for r in caplog.records] == ["the print sink failed"]


def test_output_through_python(m, capsys: pytest.CaptureFixture[str]) -> None:
    ospjit.set_print_sink(ospjit.print_to_python)
    try:
        m.both("x")
    finally:
        ospjit.set_print_sink(None)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("1 x\n3 x\n", "2 x\n")


def test_lines_of_many_threads_stay_whole(m) -> None:
    seen: list[str] = []
    ospjit.set_print_sink(lambda stream, text: seen.append(text))
    try:
        callers = [threading.Thread(target=m.repeated, args=(200,)) for _ in range(4)]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join(PATIENCE)
    finally:
        ospjit.set_print_sink(None)
    assert sorted("".join(seen).splitlines()) == sorted(4 * [f"line {i}" for i in range(200)])


def test_messages_of_the_runtime_are_logged(m, caplog: pytest.LogCaptureFixture) -> None:
    """A task fails that nobody awaits: the command line would write that to standard error."""
    m.unheard()
    until = time.monotonic() + PATIENCE
    while not caplog.records and time.monotonic() < until:
        time.sleep(0.01)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("ospjit", logging.WARNING)
    assert "closed" in record.getMessage()
