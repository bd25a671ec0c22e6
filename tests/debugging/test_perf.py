"""perf sees compiled functions by their names in Osprey, and the lines that they came from."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from ospjit.backend.elf import ObjectFile
from ospjit.backend.line_table import lines
from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions

PROGRAM = """\
fn fib(n: int) -> int = match n {
  0 => 0
  1 => 1
  _ => fib(n: n - 1 ?: 0)
     + fib(n: n - 2 ?: 0) ?: 0
}
let show = fn(x: int) => "fib is ${x}"
print(show(fib(32)))
print([1, 2])
"""


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "fib.osp").write_text(PROGRAM)
    return tmp_path


@pytest.fixture
def no_maps() -> Iterator[set[Path]]:
    """The maps that this test leaves behind, to be removed; those of others stay."""
    mine: set[Path] = set()
    yield mine
    for path in mine:
        path.unlink()


OSPJIT = (sys.executable, "-m", "ospjit")


def test_the_line_table_is_read() -> None:
    compilation = Compilation(Source("fib.osp", PROGRAM), CompileOptions(0, debug_info=True))
    found = ObjectFile(compilation.object)
    functions = {f.symbol: f for f in found.functions}
    assert {"fib", "osp.entry"} <= functions.keys()
    table = lines(found)
    assert table == sorted(table, key=lambda entry: entry.offset) and table
    fib = functions["fib"]
    inside = {entry.line for entry in table if fib.offset <= entry.offset < fib.offset + fib.size}
    assert {1, 4, 5} <= inside and not inside & {7, 8, 9}
    assert {entry.file for entry in table if entry.line} == {"fib.osp"}


def test_objects_without_lines() -> None:
    found = ObjectFile(Compilation(Source("fib.osp", PROGRAM)).object)
    assert lines(found) == [] and "fib" in {f.symbol for f in found.functions}


@pytest.mark.parametrize(
    ("options", "environment"),
    [(["--perf"], {}), (["--perf=map"], {}), ([], {"OSPJIT_PERF": "1"}), ([], {"OSPJIT_PERF": "map"})],
)
def test_the_map_names_functions(
    folder: Path, no_maps: set[Path], options: list[str], environment: dict[str, str]
) -> None:
    code = "import os, sys; print(os.getpid(), flush=True); os.execv(sys.executable, sys.argv[1:])"
    done = run(folder, sys.executable, "-c", code, *OSPJIT, *options, "fib.osp", **environment)
    assert done.returncode == 0, done.stderr
    pid = done.stdout.split()[0]
    path = Path(f"/tmp/perf-{pid}.map")
    no_maps.add(path)
    entries = [line.split(" ", 2) for line in path.read_text().splitlines()]
    assert {"fib", "<fib.osp>", "show<List<int>>"} <= {name for _, _, name in entries}
    spans = sorted((int(start, 16), int(size, 16)) for start, size, _ in entries)
    assert all(a + size <= b for (a, size), (b, _) in pairwise(spans))
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_written_unasked(folder: Path) -> None:
    assert run(folder, *OSPJIT, "fib.osp", OSPJIT_PERF="0").returncode == 0
    assert [path.name for path in folder.iterdir()] == ["fib.osp"]


def test_where_nothing_can_be_written(folder: Path) -> None:
    code = (
        "import os, runpy, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone');"
        "sys.argv[:] = ['ospjit', '--perf=jitdump', sys.argv[1]];"
        "runpy.run_module('ospjit', run_name='__main__')"
    )
    done = run(folder, sys.executable, "-c", code, str(folder / "fib.osp"))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"ospjit: error: --perf: cannot write jit-\d+\.dump: no such file", done.stderr)


def test_perf_finds_names_and_lines(folder: Path) -> None:
    """Where the machine lets perf record; what it reads is tested in any case."""
    record = ("perf", "record", "-q", "-k", "mono", "-o", "perf.data")
    if run(folder, *record, "true").returncode != 0:
        test_the_dump_is_complete(folder)
        return
    done = run(folder, *record, *OSPJIT, "--perf=jitdump", "fib.osp")
    assert done.stdout.splitlines()[0] == "fib is 2178309", done.stderr
    done = run(folder, "perf", "inject", "--jit", "-i", "perf.data", "-o", "injected.data")
    assert done.returncode == 0, done.stderr
    said = run(folder, "perf", "script", "-i", "injected.data", "-F", "ip,sym,dso").stdout
    (code,) = set(re.findall(r"fib \(\S*/(jitted-\d+-\d+\.so)\)", said))
    columns = ("--stdio", "--dso", code, "--sort", "sym,srcline")
    said = run(folder, "perf", "report", "-i", "injected.data", *columns).stdout
    assert re.search(r"\d% +\[\.\] fib +fib\.osp:[45]\b", said), said
    assert set(re.findall(r"fib\.osp:(\d+)", said)) <= {"1", "2", "3", "4", "5", "6"}


def test_the_dump_is_complete(folder: Path) -> None:
    """Names, code and lines of every function are in the dump."""
    assert run(folder, *OSPJIT, "--perf=jitdump", "fib.osp").returncode == 0
    (path,) = folder.glob("jit-*.dump")
    data = path.read_bytes()
    assert data[:4] == b"DTiJ"
    kinds, names, at = [], [], 40
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        kinds.append(kind)
        body = data[at + 16 : at + size]
        if kind == 0:
            names.append(body[40 : body.index(0, 40)].decode())
            assert int.from_bytes(body[24:32], "little") == len(body) - 41 - len(names[-1])
        else:
            assert b"fib.osp\0" in body
        at += size
    assert at == len(data) and {0, 2} == set(kinds)
    assert {"fib", "<fib.osp>", "show<List<int>>"} <= set(names)
