"""Large modules are cut in halves, which LLVM makes into one object in two threads."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

import ospjit.dialects  # noqa: F401
from benchmarks.startup.program import program
from ospjit.backend.code import UnresolvedSymbol, load
from ospjit.backend.elf import ObjectFile
from ospjit.backend.halves import ModuleText
from ospjit.backend.link import link
from ospjit.backend.llvm import in_two_threads
from ospjit.diagnostics import Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions

#: Runs the command line with every module cut, however small.
CUT = "import ospjit.backend.halves as h; h.LARGE = 0; from ospjit.__main__ import run; run()"
PROGRAMS = Path(__file__).parents[1] / "programs"


def module(*functions: str, constants: tuple[str, ...] = ()) -> ModuleText:
    """A module of these functions."""
    return ModuleText([], list(constants), ["declare i64 @osp_known(i64)"], list(functions), [])


def function(name: str, *calls: str, size: int = 40, more: str = "") -> str:
    """A function that makes these calls, of at least so many lines."""
    lines = [f"  %c{i} = call i64 {callee}(i64 %n)" for i, callee in enumerate(calls)]
    lines += [f"  %v{i} = add i64 %n, {i}" for i in range(size)]
    return "\n".join([f"define internal i64 {name}(i64 %n) {more}#0 {{", *lines, "  ret i64 %n\n}"])


def definitions(text: str) -> dict[str, str]:
    """The linkage of each function that a module defines."""
    found = re.findall(r'^define (\w+(?: hidden)?) i64 (@"[^"]*"|@[\w$.]+)\(', text, re.MULTILINE)
    return {name: linkage for linkage, name in found}


def test_callees_are_in_their_callers_half() -> None:
    text = module(function("@b"), function("@d"), function("@a", "@b"), function("@c", "@d"))
    first, second = map(definitions, text.halves())
    assert [set(first), set(second)] == [{"@a", "@b"}, {"@c", "@d"}]
    assert set({**first, **second}.values()) == {"internal"}


def test_what_the_other_half_calls_has_a_name_that_no_library_has() -> None:
    text = module(function("@a", "@strlen"), function("@strlen"), function('@"c<i64>"', "@strlen"))
    first, second = text.halves()
    assert definitions(first) == {"@a": "internal", "@osp_half$strlen": "hidden"}
    assert "call i64 @osp_half$strlen(i64 %n)" in first
    assert definitions(second) == {'@"c<i64>"': "internal"}
    assert "declare hidden i64 @osp_half$strlen(i64)" in second


def test_small_functions_of_the_other_half_can_be_inlined() -> None:
    text = module(function("@a", "@small"), function("@small", size=2), function("@c", "@small"))
    assert definitions(text.halves()[1])["@osp_half$small"] == "available_externally hidden"


def test_always_inlined_functions_are_in_both_halves() -> None:
    text = module(function("@a", "@in"), function("@in", more="alwaysinline "), function("@c", "@in"))
    assert [definitions(half)["@in"] for half in text.halves()] == ["internal", "internal"]


def test_variables_are_defined_once_and_constants_where_they_are_used() -> None:
    reads = "  %x = load i64, ptr {}\n  ret i64 %n\n}}"
    a, c = (function(name).replace("  ret i64 %n\n}", reads.format("@g.0")) for name in ("@a", "@c"))
    c = c.replace("  ret i64 %n\n}", reads.format("@str.0"))
    constants = ("@g.0 = internal global i64 zeroinitializer", '@str.0 = private constant [3 x i8] c"@a\\00"')
    first, second = module(a, c, constants=constants).halves()
    assert "@osp_half$g.0 = hidden global i64 zeroinitializer" in first
    assert "@osp_half$g.0 = external hidden global i64\n" in second
    assert "@str.0" not in first
    assert 'c"@a\\00"' in second


TEXT = """
define void @add(ptr %words) uwtable {
  %n = load i64, ptr %words
  %more = call i64 @other(i64 %n)
  store i64 %more, ptr %words
  ret void
}
declare i64 @other(i64)
"""
OTHER = """
@step = private constant i64 41
define hidden i64 @other(i64 %n) uwtable {
  %by = load volatile i64, ptr @step
  %sum = add i64 %n, %by
  ret i64 %sum
}
"""


def test_objects_are_linked() -> None:
    data = link(in_two_threads([TEXT, OTHER], 2, ""))
    names = [section.name for section in ObjectFile(data).sections]
    assert names.count(".eh_frame") == 1
    assert {each.symbol for each in ObjectFile(data).functions} == {"add", "other"}
    code = load(data)
    words = (ctypes.c_int64 * 1)(1)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(code.address("add"))(words)
    assert words[0] == 42


def test_what_no_object_defines_is_looked_for_elsewhere() -> None:
    with pytest.raises(UnresolvedSymbol, match="other"):
        load(link(in_two_threads([TEXT, OTHER.replace("@other", "@another")], 2, "")))


def test_one_thread_does_if_there_cannot_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    together = in_two_threads([TEXT, OTHER], 2, "")
    monkeypatch.setattr(Thread, "start", refuse)
    assert in_two_threads([TEXT, OTHER], 2, "") == together


def test_errors_of_llvm_come_out_of_the_thread() -> None:
    with pytest.raises(RuntimeError, match="parsing error"):
        in_two_threads([TEXT, "define nothing"], 2, "")


def test_the_code_of_a_large_program_is_the_same_each_time() -> None:
    source = Source("app.osp", program(1000))
    first, second = (Compilation(source, CompileOptions(cache=False)).object for _ in range(2))
    assert first == second
    assert any(f.symbol.startswith("osp_half$") for f in ObjectFile(first).functions)


@pytest.mark.parametrize("size", [100, 1000])
def test_only_large_programs_are_cut(tmp_path: Path, size: int) -> None:
    (tmp_path / "app.osp").write_text(program(size))
    command = [sys.executable, "-m", "ospjit", "--no-cache", "--timing", "app.osp"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("both halves" in done.stderr) == (size == 1000)


@pytest.mark.parametrize(
    "name", ["app_bank", "app_tokenizer_and_parser", "s04_many_declarations", "s06_results_everywhere"]
)
def test_cut_programs_do_the_same(tmp_path: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CUT, "--no-cache", str(PROGRAMS / f"{name}.osp")],
        cwd=tmp_path,
        capture_output=True,
        env=os.environ | {"OSPJIT_COUNT_CELLS": "1"},
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, (PROGRAMS / f"{name}.out").read_bytes()), done.stderr
