"""`ospjit test`: which files run, what is said of them, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.testing.conftest import SECONDS, Done

Ospjit = Callable[..., Done]

GOOD = 'test("adds", fn() => expect(1 + 1, 2))\ntest("joins", fn() => expect("a" + "b", "ab"))\n'
BAD = 'test("fine", fn() => ())\ntest("wrong", fn() => {\n  print("before")\n  expect(1, 2)\n})\n'


def test_everything_passes(ospjit: Ospjit) -> None:
    done = ospjit("test", files={"b.test.osp": GOOD, "a/c.test.osp": GOOD})
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "ok    a/c.test.osp (2 cases)\nok    b.test.osp (2 cases)\n\n2 files, 4 cases: 4 passed, 0 failed\n"
    )
    assert done.stderr == ""


def test_a_failed_case_is_shown_with_its_file_its_name_and_what_was_printed(ospjit: Ospjit) -> None:
    done = ospjit("test", "x", files={"x/bad.test.osp": BAD, "x/good.test.osp": GOOD})
    assert done.returncode == 1
    assert done.stdout == (
        "FAIL  x/bad.test.osp (1 of 2 cases failed)\n"
        "  wrong\n"
        "    | before\n"
        "    bad.test.osp:4:3: expect\n"
        "      expected: 2\n"
        "      actual:   1\n"
        "ok    x/good.test.osp (2 cases)\n"
        "\n2 files, 4 cases: 3 passed, 1 failed; 1 file failed\n"
    )


def test_a_file_that_does_not_compile_has_failed(ospjit: Ospjit) -> None:
    done = ospjit("test", "x.test.osp", files={"x.test.osp": "expct(1, 1)\n"})
    assert done.returncode == 1
    assert done.stdout.startswith("FAIL  x.test.osp (does not compile)\n")
    assert "undefined function 'expct'" in done.stdout and "did you mean 'expect'?" in done.stdout


def test_compile_errors_for_tools_stand_alone_on_standard_error(ospjit: Ospjit) -> None:
    files = {"a.test.osp": 'expct(1, 1)\nlet n: int = ""\n', "b.test.osp": GOOD}
    done = ospjit("test", "--diagnostics=json", files=files)
    assert done.returncode == 1
    found = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(item["span"]["file"], item["code"]) for item in found] == [
        ("a.test.osp", "OSP2002"),
        ("a.test.osp", "OSP3001"),
    ]
    assert done.stdout.startswith("FAIL  a.test.osp (does not compile)\nok    b.test.osp (2 cases)\n")


def test_a_file_that_ends_badly_has_failed_though_its_cases_passed(ospjit: Ospjit) -> None:
    closed = "let ch: Channel<int> = Channel(1)\nclose(ch)\nprint(recv(ch))\n"
    files = {"a.test.osp": GOOD + closed, "b.test.osp": GOOD + "exit(4)\n", "c.test.osp": "exit(1)\n"}
    done = ospjit("test", files=files)
    assert done.returncode == 1
    assert "FAIL  a.test.osp (ended with status 3; 2 cases)\n" in done.stdout
    assert "closed" in done.stdout
    assert "FAIL  b.test.osp (ended with status 4; 2 cases)\n" in done.stdout
    assert "FAIL  c.test.osp (ended with status 1)\n" in done.stdout


def test_a_file_that_crashes_has_failed(ospjit: Ospjit) -> None:
    crash = 'extern fn raise(signal: int) -> int\ntest("crashes", fn() => expect(raise(9), 0))\n'
    done = ospjit("test", files={"x.test.osp": crash})
    assert done.returncode == 1
    assert "FAIL  x.test.osp (was ended by signal 9 (Killed))\n" in done.stdout


def test_a_case_that_leaves_the_program_has_failed(ospjit: Ospjit) -> None:
    leaves = (
        'test("outer", fn() => {\n  test("leaves", fn() => { expect(1, 2) exit(0) })\n})\n'
        'test("never", fn() => ())\n'
    )
    done = ospjit("x.test.osp", files={"x.test.osp": leaves})
    assert done.returncode == 1
    assert done.stdout == (
        "not ok 1 - outer > leaves\n"
        "# x.test.osp:2:28: expect\n"
        "#   expected: 2\n"
        "#   actual:   1\n"
        "# did not finish\n"
        "not ok 2 - outer\n"
        "# did not finish\n"
        "1..2\n"
    )


def test_a_file_that_takes_too_long_says_which_case_did(ospjit: Ospjit) -> None:
    slow = 'test("quick", fn() => ())\ntest("slow", fn() => { print("going") sleep(600000) })\n'
    done = ospjit("test", "--timeout", "10", files={"x.test.osp": slow})
    assert done.returncode == 1
    assert "FAIL  x.test.osp (did not end within 10 s; 1 of 2 cases failed)\n" in done.stdout
    assert "  slow\n    | going\n    did not finish\n" in done.stdout


def test_a_file_that_prints_without_end_is_stopped(ospjit: Ospjit) -> None:
    endless = (
        'let text = repeat("x", 1000000) ?: ""\nfn go(n: int) -> int { print(text) go(n) }\nprint(go(1))\n'
    )
    done = ospjit("test", files={"x.test.osp": endless})
    assert done.returncode == 1
    assert "FAIL  x.test.osp (printed more than 16 MiB)\n" in done.stdout


def test_only_the_cases_asked_for(ospjit: Ospjit) -> None:
    nested = 'test("group adds", fn() => test("inner", fn() => ()))\ntest("other", fn() => expect(1, 2))\n'
    files = {"a.test.osp": GOOD, "b.test.osp": nested}
    done = ospjit("test", "--filter", "adds", files=files)
    assert done.returncode == 0, done.stdout
    assert "a.test.osp (1 case)" in done.stdout and "b.test.osp (2 cases)" in done.stdout
    done = ospjit("test", "--filter", "nothing like it")
    assert done.returncode == 2
    assert "no case has a name that contains 'nothing like it'" in done.stderr


def test_one_tap_stream(ospjit: Ospjit) -> None:
    done = ospjit("test", "--tap", files={"a.test.osp": BAD, "b.test.osp": "oops(1)\n", "c.test.osp": GOOD})
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[:5] == [
        "ok 1 - a.test.osp: fine",
        "not ok 2 - a.test.osp: wrong",
        "# a.test.osp:4:3: expect",
        "#   expected: 2",
        "#   actual:   1",
    ]
    assert lines[5] == "not ok 3 - b.test.osp does not compile"
    assert "undefined function 'oops'" in lines[6] and lines[6].startswith("# ")
    assert lines[-3:] == ["ok 4 - c.test.osp: adds", "ok 5 - c.test.osp: joins", "1..5"]


def test_what_is_found(ospjit: Ospjit, tmp_path: Path) -> None:
    files = {".hidden/a.test.osp": BAD, "test.osp": BAD, "b.osp": BAD, "deep/er/c.test.osp": GOOD}
    done = ospjit("test", "deep", ".", "deep/er/c.test.osp", files=files)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("c.test.osp") == 1
    assert done.stdout.endswith("\n1 file, 2 cases: 2 passed, 0 failed\n")


def test_a_file_that_is_named_runs_whatever_it_is_called(ospjit: Ospjit) -> None:
    done = ospjit("test", "plain.osp", files={"plain.osp": GOOD})
    assert done.returncode == 0 and "ok    plain.osp (2 cases)\n" in done.stdout


def test_a_file_without_cases_passes_and_says_so(ospjit: Ospjit) -> None:
    done = ospjit("test", files={"x.test.osp": 'print("ok 3 - not a case")\n'})
    assert done.returncode == 0 and "ok    x.test.osp (no cases)\n" in done.stdout


def test_nothing_to_run_is_wrong_usage(ospjit: Ospjit, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = ospjit("test", "empty")
    assert done.returncode == 2 and done.stderr == "ospjit: no files named *.test.osp in empty\n"
    done = ospjit("test", "missing.test.osp")
    assert done.returncode == 2
    assert done.stderr == "ospjit: cannot read missing.test.osp: no such file or directory\n"
    assert ospjit("test", "--jobs", "0").returncode == 2
    assert ospjit("test", "--timeout", "never").returncode == 2


def test_capabilities_are_passed_on(ospjit: Ospjit) -> None:
    files = {"x.test.osp": 'test("reads", fn() => expectFalse(fileExists("/nowhere")))\n'}
    assert ospjit("test", files=files).returncode == 0
    done = ospjit("test", "--no-fs")
    assert done.returncode == 1 and "--no-fs" in done.stdout


def test_modules_beside_the_tests_are_not_imported(ospjit: Ospjit) -> None:
    done = ospjit("test", files={"x.test.osp": GOOD, "llvmlite.py": "raise SystemExit(9)\n"})
    assert done.returncode == 0, done.stdout


def _processes_that_name(text: str) -> list[int]:
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            try:
                line = (directory / "cmdline").read_bytes()
            except OSError:
                continue
            if text.encode() in line:
                found.append(int(directory.name))
    return found


def _interrupt(tmp_path: Path, number: int) -> subprocess.Popen[str]:
    """Start files that never end, and send a signal once they run."""
    for name in ("a", "b", "c"):
        text = f'writeFile("{name}.started", "")\ntest("waits", fn() => sleep(600000))\n'
        (tmp_path / f"{name}.test.osp").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "ospjit", "test", "-j", "2", str(tmp_path)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + SECONDS
    while not all((tmp_path / f"{name}.started").exists() for name in ("a", "b")):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    os.kill(process.pid, number)
    return process


def test_an_interrupt_ends_everything(tmp_path: Path) -> None:
    process = _interrupt(tmp_path, signal.SIGINT)
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 130 and "Traceback" not in stderr
    assert _processes_that_name(str(tmp_path)) == []
    assert not (tmp_path / "c.started").exists()


def test_a_request_to_terminate_ends_everything(tmp_path: Path) -> None:
    process = _interrupt(tmp_path, signal.SIGTERM)
    _, stderr = process.communicate(timeout=SECONDS)
    assert process.returncode == 143 and "Traceback" not in stderr
    assert _processes_that_name(str(tmp_path)) == []
