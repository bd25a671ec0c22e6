"""What programs hold at most: a hundred thousand fibers at once in little memory, a million one after the
other, and little garbage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.sanitizers import needs_release_build

ROOT = Path(__file__).parent.parent.parent


@needs_release_build
def test_a_hundred_thousand_waiting_fibers_take_at_most_six_kibibytes_each() -> None:
    script = ROOT / "benchmarks" / "scheduler" / "alive.py"
    done = subprocess.run(
        [sys.executable, str(script), "100000"], capture_output=True, text=True, timeout=300, check=True
    )
    columns = done.stdout.splitlines()[1].split()
    assert columns[0] == "100,000" and columns[2] == "MB"
    each, mappings = int(columns[3].replace(",", "")), int(columns[6])
    assert 0 < each <= 6 * 1024, done.stdout
    assert mappings < 1000, done.stdout


def test_a_million_fibers_are_spawned_and_awaited(tmp_path: Path) -> None:
    path = tmp_path / "million.osp"
    path.write_text("""
        fn wave(waves: int, sum: int) -> int = if waves == 0 { sum } else {
            let fibers = range(0, 1000) |> map(fn(i) => spawn i % 7 ?: 0) |> toList
            wave(waves - 1 ?: 0, fibers |> foldList(sum, fn(a, f) => a + await(f) ?: 0))
        }
        print(wave(1000, 0))
    """)
    done = subprocess.run(
        [sys.executable, "-m", "ospjit", str(path)], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.stdout, done.stderr) == (f"{1000 * sum(i % 7 for i in range(1000))}\n", "")


@needs_release_build
def test_freeing_keeps_up_with_a_program_that_drops_big_trees(tmp_path: Path) -> None:
    """A fiber that is made to yield while it frees a tree makes no other before that one is gone."""
    path = tmp_path / "trees.osp"
    path.write_text("""
        type Tree = Leaf | Node(Tree, Tree)
        fn make(depth: int) -> Tree =
            if depth == 0 { Leaf } else { Node(make(depth - 1 ?: 0), make(depth - 1 ?: 0)) }
        fn nodes(tree: Tree) -> int = match tree {
            Leaf => 1
            Node(left, right) => nodes(left) + nodes(right) + 1 ?: 0
        }
        fn peak() -> int = {
            let status = lines(readFile("/proc/self/status") ?: "")
            let line = listFind(status, fn(l) => startsWith(l, "VmHWM:")) ?: ""
            parseInt(listGet(words(line), 1) ?: "") ?: 0
        }
        let before = peak()
        print(range(0, 400) |> fold(0, fn(sum, _) => sum + nodes(make(16)) ?: 0))
        print(peak() - before ?: 0)
    """)
    done = subprocess.run(
        [sys.executable, "-m", "ospjit", "--workers", "1", str(path)],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    count, kilobytes = map(int, done.stdout.split())
    assert count == 400 * (2**17 - 1)
    assert kilobytes < 40_000, "one tree takes two megabytes"
