"""`python -m tests.soak`: ten million requests among clients that behave badly; a few minutes with wrk."""

from __future__ import annotations

import argparse
import sys
import time

from tests.soak.soak import WRK, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000_000, help="in all (default 10,000,000)")
    parser.add_argument(
        "--first", type=int, default=100_000, help="before the first reading (default 100,000)"
    )
    parser.add_argument("--threads", type=int, default=4, help="of badly behaved clients (default 4)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if WRK is None:
        print("wrk is not installed (apt-get install wrk): this will take long", file=sys.stderr)
    start = time.monotonic()

    def report(done: int) -> None:
        print(f"\r{done:,} requests, {time.monotonic() - start:.0f} s", end="", file=sys.stderr, flush=True)

    outcome = soak(options.first, options.requests, options.threads, options.seed, report)
    print(file=sys.stderr)
    print(f"{outcome.requests:,} requests in {time.monotonic() - start:.0f} s")
    print(f"after the first {options.first:,}: {outcome.first}")
    print(f"at the end: {outcome.last}")
    for complaint in outcome.complaints:
        print(f"FAILED: {complaint}")
    return 1 if outcome.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
