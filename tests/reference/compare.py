"""One generated program, by the reference interpreter and compiled in several ways."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from ospjit.diagnostics import Diagnostics, Source
from ospjit.driver.options import PIPELINE
from ospjit.syntax.parser import parse
from ospjit.types.check import check
from tests.reference.generate import Generator
from tests.reference.interp import run

_WITHOUT_REUSE = PIPELINE.replace("perceus", "perceus{reuse=false}")

#: Both levels, each with the reuse of dying cells and without it.
WAYS: list[tuple[str, ...]] = [
    ("-O0",),
    ("-O0", f"--pass-pipeline={PIPELINE}"),
    ("-O2",),
    ("-O2", f"--pass-pipeline={_WITHOUT_REUSE}"),
]

#: Seconds after which a program hangs.
PATIENCE = 120


def expected(text: str) -> bytes:
    """What a program has to print. Raises AssertionError if it does not check or does not end well."""
    diagnostics = Diagnostics()
    program = check(parse(Source("generated.osp", text), diagnostics), diagnostics)
    assert program is not None, [(d.span and d.span.position(), d.message) for d in diagnostics.items]
    output, status = run(program)
    assert output and status == 0
    return output


def compiled(path: Path, options: tuple[str, ...]) -> tuple[int, bytes, bytes]:
    """Status, output and errors of the compiled program, in a copy of this process: that saves its start."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            status = 70
            try:
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                from ospjit.cli.main import main

                status = main([*options, str(path)])
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(status)
        end = time.monotonic() + PATIENCE
        ended, status = os.waitpid(child, os.WNOHANG)
        while not ended:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.01)
            ended, status = os.waitpid(child, os.WNOHANG)
        out.seek(0)
        err.seek(0)
        return os.waitstatus_to_exitcode(status), out.read(), err.read()


def differences(
    seed: int, statements: int, directory: Path, ways: Sequence[tuple[str, ...]] = WAYS
) -> list[str]:
    """What is wrong with the program of a seed, one line a way; the program is left in the directory."""
    text = Generator(seed).program(statements)
    path = directory / f"{seed}.osp"
    path.write_text(text)
    try:
        output = expected(text)
    except Exception as error:
        return [f"the reference interpreter: {type(error).__name__}: {error}"[:500]]
    found = []
    for options in ways:
        status, printed, errors = compiled(path, options)
        if (status, printed, errors) != (0, output, b""):
            what = f"status {status}, {errors[-300:]!r}" if status or errors else "another output"
            found.append(f"{' '.join(options)}: {what}")
    return found
