"""Options about how a program is run, not about what it does: workers, the access log, statistics.

That `--access-log` may stand without a value is known to `pass_options.with_values`.
"""

from __future__ import annotations

import argparse


def add_operation_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare `--workers`, `--access-log[=FILE]` and `--stats`."""
    group = parser.add_argument_group("operation")
    group.add_argument(
        "--workers", type=_positive, default=0, metavar="N", help="worker threads (one a core)"
    )
    group.add_argument(
        "--access-log",
        metavar="FILE",
        help="write a line for each HTTP request; --access-log without =FILE: to standard error",
    )
    group.add_argument(
        "--stats", action="store_true", help="report counters on standard error, at the end and for SIGUSR1"
    )


def _positive(text: str) -> int:
    number = int(text) if text.isdecimal() and text.isascii() else 0
    if not 1 <= number <= 1024:
        raise argparse.ArgumentTypeError("expected a number from 1 to 1024")
    return number
