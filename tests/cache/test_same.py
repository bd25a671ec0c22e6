"""A run from the cache and one that compiles cannot be told apart by anything but the time."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cache.command import LAUNCHER, MODULE, Cached

PROGRAM = """\
fn variable(name: string) -> string = match getEnv(name) {
    Success value => value
    Error _ => "not set"
}
print(args())
print(input())
print(variable("LC_CTYPE"))
print(variable("OSPJIT_HANDOVER"))
printErr("on standard error")
"""

ENDS = {
    "success": "print(1)\n",
    "exit": "print(1)\nexit(7)\n",
    "main": "fn main() -> int = 300\n",
    "division": "fn f(n: int) -> int = f(n + 1 ?: 0) + 1 ?: 0\nprint(f(0))\n",
    "global": "fn f() -> int = later\nlet now = f()\nlet later = now\n",
}


def _all_ways(cached: Cached, *arguments: str, **options: object) -> list[tuple[int, str, str]]:
    """Compiled by the launcher's Python, compiled by Python, and from the cache by both."""
    off = {"OSPJIT_CACHE": "0"}
    cached.run(*arguments, **options)  # type: ignore[arg-type]
    results = []
    for command in ((LAUNCHER,), MODULE):
        for env in (off, {}):
            given = options.get("env") or {}
            assert isinstance(given, dict)
            rest = {k: v for k, v in options.items() if k != "env"}
            r = cached.run(*arguments, command=command, env=given | env, **rest)  # type: ignore[arg-type]
            results.append((r.returncode, r.stdout, r.stderr))
    return results


@pytest.mark.parametrize("end", ENDS)
def test_status_and_output(cached: Cached, end: str) -> None:
    app = cached.write(ENDS[end])
    first, *others = _all_ways(cached, app)
    assert others == [first] * 3


@pytest.mark.parametrize("locale", [{}, {"LC_CTYPE": "C.UTF-8"}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8"}])
def test_surroundings(cached: Cached, locale: dict[str, str]) -> None:
    app = cached.write(PROGRAM)
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        cached.env.pop(name, None)
    first, *others = _all_ways(cached, app, "a b", "-O0", "--", "ä", stdin="a line\n", env=locale)
    assert others == [first] * 3
    assert first[0] == 0, first[2]
    first, *others = _all_ways(cached, app, "a b", "-O0", stdin="a line\n", env=locale)
    assert others == [first] * 3
    assert "a line" in first[1] and "a b" in first[1]


def test_standard_input_as_the_program(cached: Cached) -> None:
    for expected in ("miss", "hit", "hit"):
        result = cached.run("--cache-stats", "-", stdin='print("from a pipe")\n')
        assert (result.returncode, result.stdout) == (0, "from a pipe\n")
        assert f"cache: {expected}" in result.stderr


def test_a_pipe_as_the_program(cached: Cached) -> None:
    shell = ("/bin/bash", "-c", '"$0" --cache-stats <(printf "print(1)\\n")', str(LAUNCHER))
    cached.run(cached.write())
    for _ in range(2):
        assert cached.run(command=shell).stdout == "1\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(cached: Cached, number: signal.Signals) -> None:
    app = cached.write('print("ready")\nsleep(60000)\n')
    statuses = []
    warm = None
    for command, cache in (((LAUNCHER,), "1"), ((LAUNCHER,), "1"), (MODULE, "1"), (MODULE, "0")):
        child = subprocess.Popen(
            [*map(str, command), app],
            cwd=cached.folder,
            env=cached.env | {"OSPJIT_CACHE": cache},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        child.send_signal(number)
        warm = child.communicate(timeout=60)
        statuses.append((child.returncode, *warm))
    assert statuses == [(128 + number, b"", b"")] * 4


def test_signals_that_are_ignored(cached: Cached) -> None:
    """SIGPIPE and SIGXFSZ are ignored by Python, so the launcher ignores them."""
    app = cached.write('print("ready")\nsleep(60000)\n')
    masks = []
    for _ in range(2):
        child = subprocess.Popen(
            [str(LAUNCHER), app], cwd=cached.folder, env=cached.env, stdout=subprocess.PIPE
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        status = Path(f"/proc/{child.pid}/status").read_text()
        masks.append([line for line in status.splitlines() if line.startswith("SigIgn")])
        child.kill()
        child.communicate()
    assert masks[0] == masks[1]


def test_a_failing_fiber_unwinds_through_cached_code(cached: Cached) -> None:
    """Landing pads release what dead fibers held: nothing is left, and the count of cells says so."""
    app = cached.write(
        'fn deep(n: int, text: string) -> int = (1 + deep(n + 1 ?: 0, "x${n}") ?: 0) + length(text) ?: 0\n'
        'let task = spawn deep(0, "a")\nprint("begun")\nsleep(300)\nprint("over")\n'
    )
    results = _all_ways(cached, app, env={"OSPJIT_COUNT_CELLS": "1"})
    assert all(r == results[0] for r in results)


def test_usage_errors_are_the_command_lines(cached: Cached) -> None:
    for arguments in (
        (),
        ("--nonsense",),
        ("missing.osp",),
        ("--workers", "0", "x"),
        ("-O9", "x"),
        ("--help",),
    ):
        first, *others = _all_ways(cached, *arguments)
        assert others == [first] * 3, arguments


def test_a_missing_python_is_said(cached: Cached) -> None:
    result = cached.run(cached.write(), env={"OSPJIT_PYTHON": "/nonexistent/python"})
    assert result.returncode == 3
    assert result.stderr == "ospjit: cannot start /nonexistent/python: No such file or directory\n"


def test_a_cached_start_imports_nothing_but_what_it_needs(cached: Cached) -> None:
    """Beside what every Python imports: the package, its build, three small modules and ctypes."""
    app = cached.write()
    cached.run(app)
    bare = _imported(cached, "-c", "pass")
    started = _imported(cached, "-m", "ospjit", app)
    plain = _imported(cached, "-c", "import runpy, ctypes")
    ours = {"ospjit", "ospjit.__main__", "ospjit.cli", "ospjit.cli.cached", "ospjit._build"}
    assert started - plain - bare <= ours, sorted(started - plain - bare - ours)
    assert "ctypes" in started


def _imported(cached: Cached, *arguments: str) -> set[str]:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        cwd=cached.folder,
        env=cached.env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr
    return {line.rpartition("|")[2].strip() for line in result.stderr.splitlines() if "|" in line}


def test_embedded_handlers_come_from_the_cache(cached: Cached) -> None:
    """And then neither the compiler nor LLVM is loaded."""
    script = cached.folder / "embedded.py"
    script.write_text(
        "import json, sys\nimport ospjit\n\n@ospjit.handler\n"
        "def greet(method: str, path: str, headers: str, body: str) -> str:\n"
        '    """\n    "hello ${path}"\n    """\n\n'
        'print(json.dumps([greet("GET", "/x", "", ""), "ospjit.backend.llvm" in sys.modules]))\n'
    )
    outputs = [cached.run(command=(sys.executable, script)) for _ in range(2)]
    assert [json.loads(o.stdout) for o in outputs] == [["hello /x", True], ["hello /x", False]]


def test_ospjit_test_uses_the_cache(cached: Cached) -> None:
    cached.write('test("one") { expect(1 + 1 ?: 0, 2) }\n', "a.test.osp")
    first = cached.run("test")
    second = cached.run("test")
    assert first.stdout == second.stdout
    assert len(cached.entries()) >= (1 if first.returncode == 0 else 0)
