"""`python -m tests.reference --seconds 600`: generated programs, compiled in every way and interpreted.

Needs nobody: a program that the ways disagree about is kept in a folder and makes the status 1.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from pathlib import Path

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from tests.reference.compare import WAYS, differences


def main() -> int:
    """Run for the time asked for; 1 if a program did something else than the reference interpreter."""
    parser = argparse.ArgumentParser(prog="python -m tests.reference", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None, help="the first seed (a random one)")
    parser.add_argument("--statements", type=int, default=10, help="the size of a program")
    parser.add_argument("--ways", type=int, default=2, help="in how many of the four ways each is compiled")
    parser.add_argument("--keep", type=Path, default=Path("generated-findings"), help="where findings go")
    args = parser.parse_args()
    # Loaded before the copies are made, so that they start warm (and do not notice changes of the sources).
    import ospjit.cli.capabilities
    import ospjit.cli.main
    import ospjit.cli.pass_options
    import ospjit.driver.run  # noqa: F401

    assert Compilation(Source("warm.osp", "print(range(0, 3) |> toList)")).code
    os.environ["OSPJIT_COUNT_CELLS"] = "1"
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(1 << 40)
    print(f"first seed {seed}", flush=True)
    args.keep.mkdir(exist_ok=True)
    last_moment = time.monotonic() + args.seconds
    count = wrong = 0
    while time.monotonic() < last_moment:
        found = differences(seed, args.statements, args.keep, random.Random(seed).sample(WAYS, args.ways))
        count += 1
        if found:
            wrong += 1
            print(f"\n{args.keep / str(seed)}.osp", *found, sep="\n", flush=True)
        else:
            (args.keep / f"{seed}.osp").unlink()
        seed += 1
    print(f"{count} programs, {wrong} findings")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
