"""How a pass says that it cannot compile something of the user's program: a diagnostic with an IR location.

The driver, which has the source, gives it its span.
"""

from __future__ import annotations

from dataclasses import dataclass

from ospjit.diagnostics import CompileFailed, Diagnostic
from ospjit.ir import UNKNOWN, Location


@dataclass(frozen=True)
class LocatedDiagnostic(Diagnostic):
    """A diagnostic at a location of the IR."""

    loc: Location = UNKNOWN


class NotSupported(CompileFailed):
    """Something of the language has no lowering yet; `loc` is where the program uses it."""

    def __init__(self, message: str, loc: Location) -> None:
        super().__init__([LocatedDiagnostic("OSP8002", message, None, loc=loc)])
