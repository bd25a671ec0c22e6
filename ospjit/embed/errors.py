"""What embedding raises. Diagnostics stay data: rendering them is what `str` does, as the command line
would."""

from __future__ import annotations

from ospjit.diagnostics import Diagnostic
from ospjit.diagnostics.render import render_text


class CompileError(Exception):
    """Osprey source that does not compile. `diagnostics` holds every error found; `str` renders them."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(diagnostics)
        self.diagnostics = diagnostics

    def __str__(self) -> str:
        return render_text(self.diagnostics).rstrip("\n")


class HandlerError(Exception):
    """What an Osprey handler gave instead of a response: the message of its `Error`, or of its run-time
    diagnostic."""


class FiberError(RuntimeError):
    """A run-time diagnostic that ended a call of an Osprey function: its stack ran out, it received from a
    closed channel, what it waited for failed."""


for _error in (CompileError, HandlerError, FiberError):
    _error.__module__ = "ospjit"  # where users import them from, and what trace backs should say
