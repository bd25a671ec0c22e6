"""Tests of the IR and of passes.

Files `*.mlir` here are tests themselves: their `RUN:` lines, which `lit` understands too, are run in this
process. For a file that runs a pipeline there is a second test: FileCheck must refuse the input as it is,
so a test that would pass if the passes did nothing is itself a failure. `CONTROL: none` in the file, with
the reason behind it, switches that off.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

import filecheck.main
import pytest

from ospjit.cli import opt
from ospjit.ir import parse_module, print_op

RUN_LINE = re.compile(r"//\s*RUN:\s*(.*)$", re.MULTILINE)
_UNCHECKED = re.compile(r"//\s*CONTROL:\s*none\b")


@pytest.fixture(autouse=True)
def verify_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every pipeline that a test runs verifies the IR after every pass."""
    monkeypatch.setenv("OSPJIT_VERIFY_EACH", "1")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".mlir" and file_path.parent == Path(__file__).parent:
        return MlirFile.from_parent(parent, path=file_path)
    return None


class MlirFile(pytest.File):
    """A test file of IR text."""

    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text(encoding="utf-8")
        commands = RUN_LINE.findall(text)
        if not commands:
            raise ValueError(f"{self.path.name} has no RUN: line")
        for number, command in enumerate(commands):
            yield RunLine.from_parent(self, name=f"run{number}", command=command)
            if "--pass-pipeline" in command and "filecheck" in command and not _UNCHECKED.search(text):
                yield ControlLine.from_parent(self, name=f"control{number}", command=command)


class RunLine(pytest.Item):
    """One `RUN:` line: `[not] ospjit opt …` and, behind a bar, `filecheck …`."""

    def __init__(self, *, command: str, **rest: object) -> None:
        super().__init__(**rest)  # type: ignore[arg-type]
        self.command = command

    def runtest(self) -> None:
        compile_command, _, check_command = self.command.partition("|")
        words = self._words(compile_command)
        fails = words[0] == "not"
        words = words[1:] if fails else words
        both = "2>&1" in words
        assert words[:2] == ["ospjit", "opt"], f"cannot run {self.command}"
        output, status = _opt([word for word in words[2:] if word != "2>&1"], both)
        if (status != 0) != fails:
            raise RunLineFailed(f"exit status {status} of: {compile_command}\n{output}")
        if check_command:
            complaint = _filecheck(self._words(check_command), output)
            if complaint is not None:
                raise RunLineFailed(complaint)

    def _words(self, command: str) -> list[str]:
        return [word.replace("%s", str(self.path)) for word in shlex.split(command)]

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if isinstance(excinfo.value, RunLineFailed):
            return str(excinfo.value)
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, f"{self.path.name}: {self.command}"


class ControlLine(RunLine):
    """The same checks on the input unchanged: they must fail, or the test shows nothing."""

    def runtest(self) -> None:
        words = self._words(self.command.partition("|")[2])
        text = self.path.read_text(encoding="utf-8")
        parts = re.split(r"^// -----\s*$", text, flags=re.MULTILINE)
        unchanged = "// -----\n".join(
            [print_op(parse_module(part, allow_unregistered=True)) for part in parts]
        )
        if _filecheck(words, unchanged) is None:
            raise RunLineFailed(
                "the checks pass although no pass has run: the test would not notice a broken one"
            )


class RunLineFailed(Exception):
    """A RUN line did not do what it should; the message says what happened."""


def _opt(arguments: list[str], both: bool) -> tuple[str, int]:
    """What `ospjit opt` prints (and says on standard error, if `both`), and its exit status."""
    out, err = io.StringIO(), io.StringIO()
    before = os.environ.get("OSPJIT_VERIFY_EACH")
    os.environ["OSPJIT_VERIFY_EACH"] = "1"
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out if both else err):
            status = opt.main(arguments)
    finally:
        if before is None:
            del os.environ["OSPJIT_VERIFY_EACH"]
        else:
            os.environ["OSPJIT_VERIFY_EACH"] = before
    return out.getvalue() + (err.getvalue() if status else ""), status


def _filecheck(words: list[str], text: str) -> str | None:
    """What FileCheck has against `text`; None if it is content."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                filecheck.main.main([*words, f"--input-file={file.name}"])
        except SystemExit as exit:
            if exit.code:
                return f"{said.getvalue()}\nin:\n{text}"
    return None
