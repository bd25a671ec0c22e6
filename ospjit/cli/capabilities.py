"""What a program may be denied, as options of the commands that compile one."""

from __future__ import annotations

import argparse

from ospjit.driver.options import CAPABILITIES

_TITLES = {
    "http": "HTTP servers and clients",
    "websocket": "WebSockets",
    "fs": "access to files",
    "ffi": "C functions (extern)",
    "process": "child processes",
}


def add_capability_arguments(parser: argparse.ArgumentParser) -> None:
    """`--sandbox` and an option for each capability."""
    group = parser.add_argument_group("capabilities")
    group.add_argument("--sandbox", action="store_true", help="switch all of them off")
    for name, flag in CAPABILITIES.items():
        group.add_argument(flag, dest=f"no_{name}", action="store_true", help=f"no {_TITLES[name]}")


def disabled(args: argparse.Namespace) -> frozenset[str]:
    """The names of those that are switched off."""
    return frozenset(name for name in CAPABILITIES if args.sandbox or getattr(args, f"no_{name}"))
