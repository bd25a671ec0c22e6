"""The HTTP benchmark without its load: what it reads from wrk and /proc, and what it writes about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.http import load, peers, process, report
from benchmarks.http.goals import Measurements, goals
from benchmarks.http.load import Result

ROOT = Path(__file__).parents[2]
WRK = """Running 2s test @ http://127.0.0.1:8080/plaintext
  1 threads and 1000 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    69.26ms  171.02ms   1.88s    95.38%
    Req/Sec    12.35k     2.94k   16.13k    78.95%
  Latency Distribution
     50%  435.00us
     75%   46.98ms
     90%   68.66ms
     99%    1.07s{tail}
  23914 requests in 2.07s, 4.08MB read
{errors}Requests/sec:  11546.95
Transfer/sec:      1.97MB
"""


def run(monkeypatch: pytest.MonkeyPatch, output: str, pipelined: bool = False) -> Result:
    monkeypatch.setattr(load, "_wrk", lambda *_: output)
    server = peers.Running(os.getpid(), 8080)
    return load.run(load.Load("c", "c", 1000, pipelined), server, 2, 1)


def test_what_wrk_says(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, WRK.format(tail=" ", errors=""))
    assert (result.requests_per_second, result.p50_ms, result.p99_ms) == (11546.95, 0.435, 1070.0)
    assert result.requests_per_cpu_second > 0 and result.memory_mib > 1
    assert run(monkeypatch, WRK.format(tail="", errors=""), pipelined=True).p99_ms is None


@pytest.mark.parametrize(
    "errors",
    ["  Non-2xx or 3xx responses: 3\n", "  Socket errors: connect 0, read 5, write 0, timeout 0\n"],
)
def test_a_run_with_errors_is_refused(monkeypatch: pytest.MonkeyPatch, errors: str) -> None:
    with pytest.raises(RuntimeError, match="errors"):
        run(monkeypatch, WRK.format(tail="", errors=errors))


def test_costs_of_a_process_tree() -> None:
    command = [sys.executable, "-c", "sum(range(3_000_000)); print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdin is not None
        child.stdout.readline()
        assert process.tree(os.getpid())[0] == os.getpid() and child.pid in process.tree(os.getpid())
        assert 0.001 < process.cpu_seconds(child.pid) < 60
        assert process.user_memory(child.pid) > 1 << 20 and process.descriptors(child.pid) >= 3
        child.stdin.close()


def measurements(ours: float, idle: float) -> Measurements:
    one = Result(ours, ours, 1.0, 2.0, 10.0)
    nginx = Result(100.0, 100.0, 2.0, 2.5, 3.0)
    return Measurements({load.name: {"ospjit": one, "nginx": nginx} for load in load.LOADS}, {"ospjit": idle})


def test_goals() -> None:
    assert [goal.holds for goal in goals(measurements(500.0, 600.0))] == [True] * 6
    held = [goal.holds for goal in goals(measurements(99.0, 601.0))]
    assert held == [False, True, False, True, False, False]
    assert {goal.holds for goal in goals(Measurements({}, {}))} == {None}


def test_best_figures() -> None:
    best = Result(1, 5, 2.0, 9.0, 1).best_of(Result(2, 4, 3.0, 8.0, 2))
    assert best == Result(2, 5, 2.0, 8.0, 2)


def test_report(tmp_path: Path) -> None:
    about = {"command": "python -m benchmarks.http", "idle connections": "10,000"}
    report.write(tmp_path, measurements(500.0, 432.0), about)
    data = json.loads((tmp_path / "report.json").read_text())
    assert data["loads"]["c64"]["nginx"]["p99_ms"] == 2.5 and all(goal["holds"] for goal in data["goals"])
    text = (tmp_path / "report.md").read_text()
    assert "| ospjit, handler in Osprey | 500 | 500 | 1.00 | 2.00 | 10.0 | 5.00 |" in text
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") == 7 and "does not hold" not in page


def test_what_is_missing_is_said() -> None:
    command = [sys.executable, "-m", "benchmarks.http", "--only", "apache"]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 2 and "no server is called 'apache'" in result.stderr
    missing = peers.needs("no-such-server", "some-package")()
    assert missing is not None and "apt-get install some-package" in missing
