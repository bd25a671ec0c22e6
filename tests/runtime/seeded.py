"""Runs one program many times, each with its own seed, compiling it once.

    python -m tests.runtime.seeded FILE FIRST COUNT

prints a line of JSON a run: seed, exit status, output, standard error. A run is a forked child, since the
runtime reads OSPJIT_SEED when it starts; the parent never starts it.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.run import run_program


def run(compilation: Compilation, seed: int) -> dict[str, object]:
    """One run in a child."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            os.environ["OSPJIT_SEED"] = str(seed)
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            os._exit(run_program(compilation, []))
        _, status = os.waitpid(child, 0)
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="backslashreplace"))
    return {"seed": seed, "status": os.waitstatus_to_exitcode(status), "out": texts[0], "err": texts[1]}


def main() -> None:
    """See the module's docstring."""
    path, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    compilation = Compilation(Source(path.name, path.read_text()))
    _ = compilation.code
    for seed in range(first, first + count):
        print(json.dumps(run(compilation, seed)), flush=True)


if __name__ == "__main__":
    main()
