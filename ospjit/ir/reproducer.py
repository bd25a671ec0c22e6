"""Crash reproducers: one file with the IR before the pass that failed and the pipeline from there on.

The file is IR text that starts with comments; `ospjit opt FILE --run-reproducer` runs it again.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

_PIPELINE = re.compile(r"^// pipeline: (.*)$", re.MULTILINE)
_HEADING = "// ospjit crash reproducer\n"


def write_reproducer(directory: Path | None, name: str, pipeline: str, error: str, ir: str) -> Path | None:
    """Write a reproducer for pass `name` into `directory`, or the system's folder for temporary files.

    Returns where it is, or None if it could not be written.
    """
    said = " ".join(error.split())
    text = (
        f"{_HEADING}// pass: {name}\n// error: {said}\n// pipeline: {pipeline}\n"
        f"// run again: ospjit opt --run-reproducer THIS-FILE\n{ir}"
    )
    try:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(".mlir", f"ospjit-crash-{name}-", directory)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return None
    return Path(path)


def pipeline_of(text: str) -> str | None:
    """The pipeline of a reproducer, given its text; None if it is not one."""
    match = _PIPELINE.search(text) if text.startswith(_HEADING) else None
    return match.group(1) if match is not None else None
