"""The entry point of the checker: a parsed program in, an elaborated core program or diagnostics out.

Depth: long chains are walked by loops. All other nesting is bounded by the parser, and ordinary recursion
follows it, on a thread with a large stack of its own and a recursion limit that fits that stack. Should a
program still exceed it, that is a diagnostic too.
"""

from __future__ import annotations

from ospjit.deep_stack import with_deep_stack
from ospjit.diagnostics import Diagnostics, Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.finish import finish
from ospjit.types.functions import Functions
from ospjit.types.initorder import check_order
from ospjit.types.session import CheckOptions

__all__ = ["CheckOptions", "check"]


def check(
    program: ast.Program, diagnostics: Diagnostics, options: CheckOptions | None = None
) -> core.Program | None:
    """Check a program. Every error goes to `diagnostics`; the core program if there is none, else None.

    Never raises for a bad program. Of one that did not parse it reports what does not follow from that.
    `options` says which capabilities are off.
    """
    try:
        return with_deep_stack(lambda: _check(program, diagnostics, options or CheckOptions()))
    except RecursionError:
        span = Span(program.source, 0, min(1, len(program.source.text)))
        diagnostics.error("OSP1099", "the program is nested too deeply", span)
        return None


def _check(program: ast.Program, diagnostics: Diagnostics, options: CheckOptions) -> core.Program | None:
    found = Diagnostics()
    session = Functions(program, found, options)
    variables, entry = session.check_file(program.statements)
    functions = finish(session)
    made = core.Program(
        program.source,
        session.datas,
        functions,
        session.externs,
        variables,
        entry,
        "main" if "main" in functions else None,
        tuple(link.value for link in program.links if link.kind == "link"),
        tuple(link.value for link in program.links if link.kind == "linkdir"),
        _docs(program),
    )
    if not found.has_errors:
        check_order(made, found)
    for item in found.in_order():
        if item.span is None or not program.damage.covers(item.span.start):
            diagnostics.add(item)
    return None if diagnostics.has_errors else made


def _docs(program: ast.Program) -> dict[str, str]:
    """The doc comments of the declarations of the file scope."""
    documented = (ast.FnDecl, ast.ExternFn, ast.TypeDecl, ast.Let)
    return {s.name: s.doc for s in program.statements if isinstance(s, documented) and s.doc is not None}
