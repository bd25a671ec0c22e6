"""Runs with OSPJIT_SEED: fibers go in another order with each seed, and what a program must print stays true.

The golden programs of the language reference's chapter on fibers say what must hold in every order.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAMS = ROOT / "tests" / "programs"

#: Seeds that each golden program runs with.
SEEDS = 5

#: Waits for real time to pass while others compute: with a seed it stands still meanwhile.
REAL_TIME = {"s10_fairness"}

#: Three fibers that race for two channels; prints in which order their values came.
RACE = """
fn produce(name: string, a: Channel<string>, b: Channel<string>) -> Unit =
    range(0, 6) |> forEach(fn(i) => select {
        send(a, "${name}${i}") => ()
        send(b, "${name}${i}!") => ()
    })

fn consume(a: Channel<string>, b: Channel<string>, left: int, seen: string) -> string =
    if left == 0 { seen } else {
        let next = select {
            v => recv(a) => v
            v => recv(b) => v
            sleep(5) => "late"
        }
        consume(a, b, left - 1 ?: 0, "${seen} ${next}")
    }

let a = Channel<string>(0)
let b = Channel<string>(2)
let producers = ["x", "y", "z"] |> mapList(fn(name) => spawn produce(name, a, b))
print(consume(a, b, 18, ""))
forEachList(producers, fn(p) => await(p))
"""


def runs(path: Path, first: int, count: int) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.seeded", str(path), str(first), str(count)],
        cwd=ROOT,
        env=os.environ | {"OSPJIT_COUNT_CELLS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == count, done.stderr
    return results


def expected(name: str, suffix: str) -> str:
    path = PROGRAMS / (name + suffix)
    return path.read_text() if path.exists() else ""


@pytest.mark.parametrize("name", sorted({p.stem for p in PROGRAMS.glob("s10_*.osp")} - REAL_TIME))
def test_golden_programs_hold_in_every_order(name: str) -> None:
    for run in runs(PROGRAMS / f"{name}.osp", 1, SEEDS):
        assert run["out"] == expected(name, ".out"), run
        assert run["status"] == int(expected(name, ".status") or 0), run
        for text in expected(name, ".err").splitlines():
            assert text in run["err"], run
        assert run["status"] == 3 or run["err"] == "", run


def test_a_seed_is_one_order_and_others_are_others(tmp_path: Path) -> None:
    path = tmp_path / "race.osp"
    path.write_text(RACE)
    first, second = runs(path, 1, 60), runs(path, 1, 60)
    assert first == second
    orders = {run["out"] for run in first}
    assert len(orders) > 20
    for order in orders:
        values = order.split()
        assert "late" not in values
        assert sorted(v[:2] for v in values) == [f"{n}{i}" for n in "xyz" for i in range(6)], order
        # The values of one fiber on one channel come in the order in which they were sent.
        for name in "xyz":
            for mark in (False, True):
                mine = [v for v in values if v[0] == name and v.endswith("!") == mark]
                assert mine == sorted(mine), order


def test_sleeping_costs_nothing_and_random_numbers_repeat(tmp_path: Path) -> None:
    path = tmp_path / "sleep.osp"
    path.write_text("""
        let started = currentTimeMillis()
        let dozing = spawn sleep(86400000)
        sleep(3600000)
        print(currentTimeMillis() - started ?: 0)
        await(dozing)
        print((currentTimeMillis() - started ?: 0) >= 86400000)
        print("${random()} ${randomBelow(1000)}")
    """)
    first, second = runs(path, 7, 1), runs(path, 7, 1)
    assert first == second
    assert first[0]["out"].splitlines()[:2] == ["3600000", "true"]
    assert runs(path, 8, 1)[0]["out"] != first[0]["out"]
