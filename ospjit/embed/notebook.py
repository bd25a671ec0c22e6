"""`%load_ext ospjit` in IPython: cells that begin with `%%osprey` are Osprey.

Errors are printed with their carets and without a trace back of Python's; what a cell prints goes where the
notebook's own output goes.
"""

from __future__ import annotations

import sys
from typing import Any

from ospjit.embed.errors import CompileError, FiberError
from ospjit.embed.output import print_to_python, set_print_sink
from ospjit.embed.session import Session

_sessions: dict[int, Session] = {}


def load_ipython_extension(shell: Any) -> None:
    """Give a shell the magics `%%osprey` and `%osprey_reset`."""
    session = _sessions.setdefault(id(shell), Session())
    set_print_sink(print_to_python)

    def osprey(line: str, cell: str | None = None) -> Any:
        """Run the cell as Osprey. Earlier cells' declarations are visible; the value of the expression that
        the cell ends with is the cell's result. `%osprey EXPRESSION` does the same for one line."""
        try:
            return session.run(line if cell is None else cell)
        except CompileError as error:
            print(error, file=sys.stderr)
        except FiberError as error:
            print(f"ospjit: {error}", file=sys.stderr)
        return None

    def osprey_reset(line: str) -> None:
        """Forget what the `%%osprey` cells have declared."""
        session.clear()

    shell.register_magic_function(osprey, "line_cell", "osprey")
    shell.register_magic_function(osprey_reset, "line", "osprey_reset")


def unload_ipython_extension(shell: Any) -> None:
    """Take the magics away again."""
    _sessions.pop(id(shell), None)
    set_print_sink(None)
    for kind, names in shell.magics_manager.magics.items():
        for name in ("osprey", "osprey_reset"):
            if kind in ("cell", "line"):
                names.pop(name, None)
