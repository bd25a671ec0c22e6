"""What the compiler says to people: sources, spans, diagnostics and their rendering.

At the bottom of the house: every stage makes `Diagnostic` values, none prints them. A diagnostic is made
once, as data, and rendered for a terminal, as JSON or in a notebook by `render`.
"""

from ospjit.diagnostics.diagnostic import CompileFailed, Diagnostic, Diagnostics, Label, nearest
from ospjit.diagnostics.source import Source, Span

__all__ = ["CompileFailed", "Diagnostic", "Diagnostics", "Label", "Source", "Span", "nearest"]
