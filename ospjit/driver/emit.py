"""The product of a stage, as `--emit` prints it."""

from __future__ import annotations

from ospjit.driver.compile import Compilation


def emit(compilation: Compilation, what: str) -> str | bytes:
    """What the stage called `what` yields: text, or bytes for an object file."""
    if what == "tokens":
        from ospjit.syntax.dump import dump_tokens
        from ospjit.syntax.lexer import tokenize
        from ospjit.syntax.parser import refine

        tokens = refine(tokenize(compilation.source, compilation.diagnostics))
        compilation.diagnostics.raise_if_errors()
        return dump_tokens(tokens, compilation.source)
    if what == "ast":
        from ospjit.syntax.dump import dump_ast

        return dump_ast(compilation.tree)
    if what == "types":
        from ospjit.types.dump import dump

        return dump(compilation.core)
    if what == "osp":
        return str(compilation.generate())
    if what == "llvm":
        return compilation.llvm_text
    if what == "llvm-opt":
        return compilation.llvm_optimized
    if what == "asm":
        return compilation.assembly
    return compilation.object
