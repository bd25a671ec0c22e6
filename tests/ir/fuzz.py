"""Passes keep the meaning: random programs are run before, between and after the passes of random pipelines.

A few hundred run with the tests. For as long as you like, until something is found:

    python -m tests.ir.fuzz --seconds 600 [--seed N]

What is found is printed as a program, a pipeline and what to run again.
"""

from __future__ import annotations

import argparse
import math
import struct
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any

import ospjit.dialects  # noqa: F401
from ospjit.driver.options import PIPELINE
from ospjit.ir import (
    IntegerType,
    Operation,
    PassManager,
    PassOptions,
    SymbolTable,
    Type,
    body_of,
    f64,
    i1,
    parse_module,
    print_op,
    verify,
)
from ospjit.passes import parse_pipeline
from tests.ir.generator import FLOATS, INTERESTING, random_module
from tests.ir.interpreter import Undefined, run, signed
from tests.ir.osp_generator import FALLIBLE, random_program
from tests.ir.osp_interpreter import Result, run_osp

SIMPLIFYING = ("canonicalize", "cse", "dce")


class Mismatch(AssertionError):
    """A pipeline changed what a program does."""


def some(random: Random, t: Type) -> Any:
    """A value of a type, one that is likely to make trouble."""
    if t is FALLIBLE:
        failed = random.random() < 0.3
        return Result(failed, "given" if failed else random.choice(INTERESTING))
    if t is i1:
        return random.random() < 0.5
    if isinstance(t, IntegerType):
        return signed(random.choice(INTERESTING), t.width)
    return random.choice(FLOATS if t is f64 else (0.0, -0.0, 1.5, math.inf, math.nan))


def exact(results: Any) -> list[Any]:
    """Results that are equal only if they are the same; all NaNs are one."""
    found: list[Any] = []
    for value in results:
        if isinstance(value, float):
            found.append(b"nan" if math.isnan(value) else struct.pack("<d", value))
        elif isinstance(value, Result):
            found.append(("error", value.value) if value.failed else ("success", *exact([value.value])))
        else:
            found.append(repr(value).encode())
    return found


def check_machine(random: Random) -> None:
    """A program of `arith`, `cf`, `scf` and `func` before and after a pipeline of simplifying passes."""
    module = random_module(random)
    text = print_op(module)
    passes = ",".join(random.choices(SIMPLIFYING, k=random.randint(1, 4)))
    PassManager(parse_pipeline(passes), PassOptions(verify_each=True)).run(module)
    verify(module)
    original = parse_module(text)
    symbols, symbols_after = SymbolTable(original), SymbolTable(module)
    for before, after in zip(body_of(original).ops, body_of(module).ops, strict=True):
        for _ in range(4):
            given = [some(random, t) for t in before.attr("function_type").inputs]
            try:
                expected = run(before, given, 2000, symbols)
            except Undefined:
                continue
            found = run(after, given, 10_000, symbols_after)
            if exact(found) != exact(expected):
                said = f"{before.attr('sym_name')}{given} is {found}, not {expected}"
                raise Mismatch(f"{passes}: {said}\n{text}")


def random_pipeline(random: Random) -> list[str]:
    """The passes that lower programs, up to some point, with simplifying ones in between.

    Nothing may come between the counts and the end: other passes may not know of them.
    """
    names = PIPELINE.split(",")
    if random.random() < 0.3:
        names.remove("fuse-iterators")
    names = names[: random.randint(1, len(names))]
    if random.random() < 0.3:
        names = [
            f"{name}{{specialize=false reuse=false}}" if name == "perceus" else name for name in names
        ]
    last = next((i for i, name in enumerate(names) if name.startswith("perceus")), len(names))
    for _ in range(random.choice((0, 0, 1, 2, 3))):
        names.insert(random.randint(0, last), random.choice(SIMPLIFYING))
        last += 1
    return names


def lowered(values: list[Any], results_fell_apart: bool) -> list[Any]:
    """Values as they are passed once Results are flags, values and messages."""
    if not results_fell_apart:
        return values
    parts: list[Any] = []
    for value in values:
        if isinstance(value, Result):
            parts += [True, 0, value.value] if value.failed else [False, value.value, None]
        else:
            parts.append(value)
    return parts


def raised(values: list[Any], types: tuple[Type, ...]) -> list[Any]:
    """What `lowered` was given."""
    rest = iter(values)
    found: list[Any] = []
    for t in types:
        value = next(rest)
        if t is FALLIBLE and not isinstance(value, Result):
            payload, message = next(rest), next(rest)
            value = Result(True, message) if value else Result(False, payload)
        found.append(value)
    return found


def check_program(random: Random) -> None:
    """A program of `osp` before and after a pipeline that begins as the usual one does."""
    module = random_program(random)
    verify(module)
    text = print_op(module)
    names = random_pipeline(random)
    PassManager(parse_pipeline(",".join(names)), PassOptions(verify_each=True)).run(module)
    apart = "unbox-results" in names
    counts = any(name.startswith("perceus") for name in names)
    original = parse_module(text)
    for function in body_of(original).ops:
        if not function.attr("exported"):
            continue
        t = function.attr("function_type")
        for _ in range(4):
            given = [some(random, input) for input in t.inputs]
            found_before = _outcome(original, function, given, False)
            if found_before is None:
                continue
            expected, _ = found_before
            outcome = _outcome(module, function, lowered(given, apart), counts)
            if outcome is None:
                raise Mismatch(f"{names} does not end\n{text}")
            found, live = outcome
            found = raised(found, t.results)
            if exact(found) != exact(expected) or (counts and live):
                said = f"is {found}, not {expected}" if not (counts and live) else f"leaves {live} cells"
                raise Mismatch(f"{','.join(names)}: {function.attr('sym_name')}{given} {said}\n{text}")


def _outcome(
    module: Operation, function: Operation, given: list[Any], counts: bool
) -> tuple[list[Any], int] | None:
    try:
        results, live = run_osp(module, function.attr("sym_name"), given, counts)
    except Undefined:
        return None
    return results, live


CHECKS: dict[str, Callable[[Random], None]] = {"machine": check_machine, "program": check_program}


def main() -> int:
    """Run the checks for a while; the exit status is 1 if one failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.ir.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="begin with this one (default: the time)")
    parser.add_argument("--only", choices=CHECKS)
    args = parser.parse_args()
    seed = int(time.time()) if args.seed is None else args.seed
    until = time.monotonic() + args.seconds
    done = 0
    while time.monotonic() < until:
        for name, check in CHECKS.items():
            if args.only not in (None, name):
                continue
            try:
                check(Random(seed))
            except Exception as error:
                print(f"{name}, seed {seed}: {type(error).__name__}: {error}")
                print(f"again: python -m tests.ir.fuzz --only {name} --seed {seed} --seconds 1")
                return 1
        seed += 1
        done += 1
    print(f"{done} programs of each kind, up to seed {seed - 1}: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
