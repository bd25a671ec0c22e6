"""`python -m tests.fuzz --seconds 600`: broken programs by the thousand, for as long as one likes.

Every mutant goes through the whole compiler, in a process that may die without harm. What is no program and
gets no diagnostic is kept in a folder with the traceback (or the signal), and makes the status 1.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.attempt import CHECK, FULL, QUICK, attempt
from tests.fuzz.mutate import Mutants, corpus

#: A mutant that takes longer than this many seconds is a finding.
PATIENCE = 60

#: The work of one process, so that one that leaks is noticed by nobody but the process.
BATCH = 400


def _work(mutants: Mutants, first: int, answers: Connection) -> None:
    """Try the mutants of consecutive seeds; tell about each."""
    for seed in range(first, first + BATCH):
        answers.send(("begin", seed, ""))
        depth = random.Random(seed).choice((CHECK, QUICK, QUICK, FULL))
        try:
            answers.send(("end", seed, "good" if attempt(mutants.make(seed), depth) else "refused"))
        except BaseException:
            answers.send(("end", seed, traceback.format_exc()))


def _batch(mutants: Mutants, first: int, last_moment: float) -> tuple[dict[str, int], list[tuple[int, str]]]:
    """Counts of outcomes and the findings, by seed, of one batch; goes on behind what kills its process."""
    counts = {"good": 0, "refused": 0}
    findings: list[tuple[int, str]] = []
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_work, args=(mutants, first, theirs))
    process.start()
    theirs.close()
    current = first
    try:
        while time.monotonic() < last_moment:
            if not ours.poll(PATIENCE):
                findings.append((current, f"no answer after {PATIENCE} s\n"))
                break
            event, current, outcome = ours.recv()
            if event == "end" and outcome in counts:
                counts[outcome] += 1
            elif event == "end":
                findings.append((current, outcome))
    except EOFError:
        process.join()
        if process.exitcode:
            findings.append((current, f"the process ended with {_name(process.exitcode)}\n"))
    process.kill()
    process.join()
    return counts, findings


def _name(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"status {status}"


def main() -> int:
    """Run for the time asked for; 1 if there were findings."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="the first seed (a random one)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="where findings go")
    args = parser.parse_args()
    mutants = Mutants(corpus())
    assert attempt(b"print(1)", FULL)  # loads what the processes share, so that each starts warm
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 40)
    print(f"{len(mutants.texts)} programs, first seed {seed}")
    last_moment = time.monotonic() + args.seconds
    total = {"good": 0, "refused": 0, "findings": 0}
    seen: set[str] = set()
    while time.monotonic() < last_moment:
        counts, findings = _batch(mutants, seed, last_moment)
        for at, what in findings:
            total["findings"] += 1
            place = "\n".join(what.strip().splitlines()[-3:])
            if place not in seen:
                seen.add(place)
                args.keep.mkdir(exist_ok=True)
                (args.keep / f"{at}.osp").write_bytes(mutants.make(at))
                (args.keep / f"{at}.txt").write_text(what)
                print(f"\n{args.keep / str(at)}.osp:\n{place}", flush=True)
        for name, count in counts.items():
            total[name] += count
        seed += BATCH
    print(", ".join(f"{count} {name}" for name, count in total.items()))
    return 1 if total["findings"] else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONHASHSEED", "0")
    sys.exit(main())
