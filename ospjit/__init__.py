"""ospjit: runs Osprey programs at once, embeds them in Python, shows the IR of every pass.

This file is read by build tools before any dependency is installed and by every start of the command
line, so it must never import anything beyond the standard library's cheapest modules.
"""

from __future__ import annotations

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    """Load the embedding API on first use, so that `import ospjit` costs next to nothing."""
    if name in ("handler", "compile", "CompileError", "Handler"):
        from ospjit import embed

        return getattr(embed, name)
    raise AttributeError(f"module 'ospjit' has no attribute {name!r}")
