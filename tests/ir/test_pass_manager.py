"""The pass manager: pipelines, dumps, statistics, bisection, verification, crash reproducers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.diagnostics import CompileFailed, Diagnostic
from ospjit.ir import (
    Operation,
    Pass,
    PassContext,
    PassFailed,
    PassManager,
    PassOptions,
    PassRegistry,
    PipelineError,
    Timer,
    body_of,
    i64,
    option,
    parse_module,
    parse_pipeline,
    print_op,
)
from ospjit.ir.pass_base import UnknownPass
from ospjit.ir.pipeline import add_passes, pipeline_text
from ospjit.ir.reproducer import pipeline_of

REGISTRY = PassRegistry()
TEXT = '"test.x"() {count = 0 : i64} : () -> () loc("a.osp":1:2)\n"test.y"() {sym_name = "y"} : () -> ()\n'


def fresh() -> Operation:
    return parse_module(TEXT, allow_unregistered=True)


@REGISTRY.register
@dataclass(frozen=True)
class Count(Pass):
    """Adds to the attribute `count`."""

    name = "count"
    summary = "count up"
    by: int = option(1, "how far")
    verbose: bool = option(False, "say so")
    label: str = option("none", "a word")

    def run(self, module: Operation, ctx: PassContext) -> None:
        op = body_of(module).ops[0]
        op.set_attr("count", op.attr("count") + self.by)
        ctx.count("steps", self.by)


@REGISTRY.register
@dataclass(frozen=True)
class Nothing(Pass):
    """Changes nothing."""

    name = "nothing"
    summary = "do nothing"
    required: ClassVar[bool] = True

    def run(self, module: Operation, ctx: PassContext) -> None:
        pass


@REGISTRY.register
@dataclass(frozen=True)
class Crash(Pass):
    """Changes something, then raises."""

    name = "crash"
    summary = "raise"

    def run(self, module: Operation, ctx: PassContext) -> None:
        body_of(module).ops[0].set_attr("count", 99)
        raise ZeroDivisionError("on\npurpose")


@REGISTRY.register
@dataclass(frozen=True)
class Break(Pass):
    """Leaves invalid IR."""

    name = "break"
    summary = "leave invalid IR"

    def run(self, module: Operation, ctx: PassContext) -> None:
        op = body_of(module).ops[0]
        body_of(module).append(Operation("arith.negf", (), [i64], loc=op.loc))


@REGISTRY.register
@dataclass(frozen=True)
class Complain(Pass):
    """Finds fault with the program compiled."""

    name = "complain"
    summary = "report a diagnostic"

    def run(self, module: Operation, ctx: PassContext) -> None:
        raise CompileFailed([Diagnostic("OSP8001", "not supported yet", None)])


@pytest.fixture
def said() -> Iterator[list[str]]:
    yield []


def manage(pipeline: str, said: list[str], **options: object) -> PassManager:
    chosen = PassOptions(allow_unregistered=True, **options)  # type: ignore[arg-type]
    return PassManager(parse_pipeline(pipeline, REGISTRY), chosen, said.append)


def test_pipelines_are_read_and_written() -> None:
    text = "count{by=-3 verbose label=a.b},nothing,count"
    passes = parse_pipeline(f" builtin.module( {text} ) ", REGISTRY)
    assert passes == [Count(by=-3, verbose=True, label="a.b"), Nothing(), Count()]
    assert pipeline_text(passes) == "count{by=-3 verbose=true label=a.b},nothing,count"
    assert parse_pipeline(pipeline_text(passes), REGISTRY) == passes
    assert parse_pipeline("", REGISTRY) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cuont", "there is no pass 'cuont'; did you mean 'count'"),
        ("zzzzzzz", "there is no pass 'zzzzzzz'$"),
        ("count{bye=1}", "pass 'count' has no option 'bye'; did you mean 'by'"),
        ("count{by=x}", "option 'by' of pass 'count' is an integer, not 'x'"),
        ("count{by}", "is an integer, not 'true'"),
        ("count{verbose=1}", "is true or false, not '1'"),
        ("count,", "ends in a comma"),
        ("count nothing", "cannot be read from 'count nothing' on"),
        ("count,,nothing", "cannot be read from ',nothing' on"),
        ("count{by=1", "cannot be read from 'count{by=1' on"),
    ],
)
def test_pipelines_that_cannot_be_run(text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        parse_pipeline(text, REGISTRY)


def test_dumps_before_and_after(said: list[str]) -> None:
    manage("count,nothing", said, print_ir_before=("count",), print_ir_after=("nothing",)).run(fresh())
    headings = [line for text in said for line in text.splitlines() if line.startswith("//")]
    assert headings == [
        "// -----// IR Dump Before count //----- //",
        "// -----// IR Dump After nothing //----- //",
    ]
    assert "count = 0" in said[0] and "count = 1" in said[1] and 'loc("a.osp":1:2)' in said[1]
    body = said[1].partition("\n")[2]
    assert print_op(parse_module(body, allow_unregistered=True)) == body.rstrip("\n") + "\n"


def test_dumps_of_all_and_of_changes(said: list[str]) -> None:
    manage("count,nothing", said, print_ir_before_all=True, print_ir_after_all=True).run(fresh())
    assert len(said) == 4
    said.clear()
    manage("nothing,count,nothing", said, print_ir_after_change="full").run(fresh())
    assert len(said) == 1 and "After count" in said[0]


def test_dumps_of_one_function(said: list[str]) -> None:
    manage("count", said, print_ir_after_all=True, filter_function="y").run(fresh())
    assert '"test.y"' in said[0] and '"test.x"' not in said[0]


def test_dumps_of_a_function_that_is_not_there(said: list[str]) -> None:
    manage("count", said, print_ir_after_all=True, filter_function="yy").run(fresh())
    assert said[-1] == "--filter-function: no function 'yy'; did you mean 'y'?\n"
    said.clear()
    manage("count", said, print_ir_tree_dir=None, filter_function="zzz").run(fresh())
    assert said == []  # no dump was asked for


def test_changes_as_a_diff(said: list[str]) -> None:
    manage("nothing,count", said, print_ir_after_change="diff").run(fresh())
    assert len(said) == 1
    heading, old, new, hunk, *lines = said[0].splitlines()
    assert (heading, old, new) == (
        "// -----// IR Diff After count //----- //",
        "--- test.x#0",
        "+++ test.x#0",
    )
    assert hunk == "@@ -1 +1 @@"
    assert lines[0].startswith('-"test.x"() {count = 0') and lines[1].startswith('+"test.x"() {count = 1')
    said.clear()
    manage("count", said, print_ir_after_change="cdiff").run(fresh())
    assert '\033[31m-"test.x"' in said[0] and '\033[32m+"test.x"' in said[0]


def test_passes_can_be_added(said: list[str]) -> None:
    passes = parse_pipeline("count,nothing,count", REGISTRY)
    additions = ["count{by=7}@before:nothing", "crash", " break @ after : count "]
    assert pipeline_text(add_passes(passes, additions, REGISTRY)) == (
        "count,count{by=7},nothing,count,break,crash"
    )
    assert pipeline_text(add_passes([], ["nothing"], REGISTRY)) == "nothing"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cuont", "there is no pass 'cuont'; did you mean 'count'"),
        ("count@before:nothin", "cannot add 'count': no pass 'nothin'.*did you mean 'nothing'"),
        ("count@before:zzzz", "no pass 'zzzz' is in the pipeline; it is: nothing"),
        ("count@nothing", "'count@nothing' is not NAME, NAME@before:PASS or NAME@after:PASS"),
        ("", "is not NAME, NAME@before:PASS"),
    ],
)
def test_passes_that_cannot_be_added(text: str, message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        add_passes(parse_pipeline("nothing", REGISTRY), [text], REGISTRY)


def test_unknown_names_in_dump_options(said: list[str]) -> None:
    with pytest.raises(PipelineError, match=r"--print-ir-after: no pass 'cuont'.*did you mean 'count'"):
        manage("count", said, print_ir_after=("cuont",))


def test_tree_of_dumps(tmp_path: Path, said: list[str]) -> None:
    manage("count,nothing,count", said, print_ir_tree_dir=tmp_path / "a" / "b").run(fresh())
    files = {path.name: path.read_text() for path in sorted((tmp_path / "a" / "b").iterdir())}
    assert list(files) == ["00_input.mlir", "01_count.mlir", "02_nothing.mlir", "03_count.mlir"]
    assert [text.partition("count = ")[2][0] for text in files.values()] == ["0", "1", "1", "2"]


def test_a_tree_of_dumps_that_cannot_be_written(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PipelineError, match=r"--print-ir-tree-dir: cannot write .*file: file exists"):
        manage("count", said, print_ir_tree_dir=tmp_path / "file").run(fresh())


def test_a_tree_of_dumps_holds_nothing_of_earlier_runs(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    manage("count,nothing,count", said, print_ir_tree_dir=tmp_path).run(fresh())
    manage("nothing", said, print_ir_tree_dir=tmp_path).run(fresh())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "00_input.mlir",
        "01_nothing.mlir",
        "notes.txt",
    ]


def test_statistics_and_timing(said: list[str]) -> None:
    ctx = manage("count{by=3},count,nothing", said, pass_statistics=True, timing=True).run(fresh())
    assert ctx.statistics["count"] == {"steps": 4}
    assert "count\n           4 steps" in said[0]
    assert "Execution time report" in said[1] and "  count\n" in said[1] and "Total" in said[1]


def test_timer_tree() -> None:
    timer = Timer()
    with timer.span("outer"), timer.span("inner"):
        pass
    timer.add("elsewhere", 0.5)
    lines = timer.report().splitlines()
    assert [line.split(")  ")[1] for line in lines[6:]] == ["outer", "  inner", "elsewhere", "Rest", "Total"]


def test_bisection_leaves_out_what_can_be_left_out(said: list[str]) -> None:
    module = fresh()
    manage("count,nothing,count,count", said, bisect_limit=2).run(module)
    assert body_of(module).ops[0].attr("count") == 2
    assert said == [
        "BISECT: running pass (1) count\n",
        "BISECT: running pass (2) count\n",
        "BISECT: NOT running pass (3) count\n",
    ]


@pytest.mark.parametrize("again", [True, False])
def test_a_crash_leaves_a_reproducer(tmp_path: Path, said: list[str], again: bool) -> None:
    manager = manage("count{by=5},crash,nothing", said, reproducer_dir=tmp_path)
    message = "pass 'crash' of package 'tests' failed: ZeroDivisionError: on\npurpose"
    with pytest.raises(PassFailed, match=message) as error:
        manager.run(fresh(), fresh if again else None)
    assert error.value.diagnostics[0].code == "OSP9002"
    path = error.value.reproducer
    assert path is not None and path.parent == tmp_path
    assert any(str(path) in hint for hint in error.value.diagnostics[0].hints)
    text = path.read_text()
    assert pipeline_of(text) == ("crash" if again else "count{by=5},crash")
    module = parse_module(text, allow_unregistered=True)
    assert body_of(module).ops[0].attr("count") == (5 if again else 0)
    assert body_of(module).ops[0].loc.line == 1
    with pytest.raises(PassFailed, match="ZeroDivisionError"):
        manage(pipeline_of(text) or "", said, reproducer_dir=tmp_path).run(module)


def test_the_error_itself_for_those_who_debug(
    tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSPJIT_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        manage("crash", said, reproducer_dir=tmp_path).run(fresh())
    assert str(tmp_path) in "".join(said)


def test_a_reproducer_that_cannot_be_written_is_no_further_error(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PassFailed, match="ZeroDivisionError") as error:
        manage("crash", said, reproducer_dir=tmp_path / "file").run(fresh())
    assert error.value.reproducer is None
    assert error.value.diagnostics[0].hints == ("no reproducer could be written",)


def test_invalid_ir_is_blamed_on_the_pass(tmp_path: Path, said: list[str]) -> None:
    message = r"pass 'break' of package 'tests' left invalid IR: 'arith.negf' from a\.osp:1:2: "
    with pytest.raises(PassFailed, match=message) as error:
        manage("count,break,count", said, verify_each=True, reproducer_dir=tmp_path).run(fresh(), fresh)
    assert error.value.reproducer is not None
    assert pipeline_of(error.value.reproducer.read_text()) == "break"


def test_unregistered_operations_are_invalid_unless_allowed(said: list[str]) -> None:
    manager = PassManager(parse_pipeline("nothing", REGISTRY), PassOptions(verify_each=True), said.append)
    with pytest.raises(PassFailed, match=r"invalid before the first pass: 'test.x' .*is not registered"):
        manager.run(fresh())


def test_invalid_input_is_not_blamed_on_a_pass(said: list[str]) -> None:
    module = fresh()
    Break().run(module, PassContext())
    with pytest.raises(PassFailed, match="the IR is invalid before the first pass"):
        manage("nothing", said, verify_each=True).run(module)


def test_verification_can_be_asked_for_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSPJIT_VERIFY_EACH", "0")
    assert not PassOptions().verifies_each and PassOptions(verify_each=True).verifies_each
    monkeypatch.setenv("OSPJIT_VERIFY_EACH", "1")
    assert PassOptions().verifies_each


def test_diagnostics_of_passes_go_through(said: list[str]) -> None:
    with pytest.raises(CompileFailed, match="not supported yet") as error:
        manage("complain", said).run(fresh())
    assert not isinstance(error.value, PassFailed)


def manage_in(registry: PassRegistry, pipeline: str) -> PassManager:
    return PassManager(parse_pipeline(pipeline, registry), PassOptions(allow_unregistered=True))


def test_registry_knows_passes_of_other_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "otherpkg-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: otherpkg\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[ospjit.passes]\ntheirs = otherpkg_passes:Theirs\ncount = nowhere:At\n"
    )
    (tmp_path / "otherpkg_passes.py").write_text(
        "from dataclasses import dataclass\nfrom ospjit.ir import Pass\n\n\n@dataclass(frozen=True)\n"
        "class Theirs(Pass):\n    name = 'theirs'\n    summary = 'of another package'\n\n"
        "    def run(self, module, ctx):\n        ctx.count('runs')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry = PassRegistry({"count": Count})
    ctx = manage_in(registry, "theirs").run(fresh())
    assert ctx.statistics["theirs"] == {"runs": 1}
    assert registry.names() == ["count", "theirs"] and registry.lookup("count") is Count
    with pytest.raises(UnknownPass):
        registry.lookup("their")
    with pytest.raises(ValueError, match="registered already"):
        registry.register(Count)
