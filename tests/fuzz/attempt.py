"""One broken program through the compiler. It ends in code or in diagnostics; anything else is an exception.

The program is never run. A crash of LLVM ends the process: whoever tries many does it in one that may die.
"""

from __future__ import annotations

from ospjit.cli.files import decode_source
from ospjit.diagnostics import CompileFailed
from ospjit.diagnostics.render import render_json, render_text
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.ir import PassOptions

#: How far a program is taken: `check`; all passes and LLVM without optimization; the same with it.
CHECK, QUICK, FULL = "check", "quick", "full"


def attempt(data: bytes, depth: str) -> bool:
    """Whether a file's bytes are a program, as far as it was taken. Diagnostics must render."""
    try:
        source = decode_source("mutant.osp", data)
    except ValueError:
        return False
    level = 2 if depth == FULL else 0
    options = CompileOptions(opt_level=level, passes=PassOptions(verify_each=depth == QUICK))
    compilation = Compilation(source, options)
    try:
        if depth == CHECK:
            compilation.generate()
        else:
            assert compilation.object
    except CompileFailed as failed:
        assert failed.diagnostics
        for item in failed.diagnostics:
            if item.span is not None:
                assert 0 <= item.span.start <= item.span.end <= len(source.text), item
        render_text(failed.diagnostics, color=True).encode()
        render_json(failed.diagnostics).encode()
        return False
    return True
