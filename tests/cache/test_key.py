"""The cache's key: a program is compiled again exactly if something changed that could change its code."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ospjit
from tests.cache.command import MODULE, Cached


def test_second_run_is_a_hit_whoever_runs_it(cached: Cached) -> None:
    app = cached.write()
    assert cached.how(app).startswith("miss: not there; stored ")
    assert cached.how(app) == "hit"
    assert cached.how(app, command=MODULE) == "hit"
    assert cached.how(app, command=(sys.executable, "-m", "ospjit", "--diagnostics=json")) == "hit"
    assert len(cached.entries()) == 1


def test_what_python_compiled_the_launcher_finds(cached: Cached) -> None:
    first, second = cached.write(name="a.osp"), cached.write('print("b")\n', "b.osp")
    assert cached.how(first).startswith("miss")  # tells the launcher where it belongs
    assert cached.how(second, command=MODULE).startswith("miss")
    assert cached.how(second) == "hit"


@pytest.mark.parametrize(
    "options",
    [
        *("-O0", "-O3", "--sandbox", "--no-http", "--no-fs", "--no-ffi", "--no-process", "--no-websocket"),
        *("--no-http --no-fs", "--mcpu=x86-64 --no-ffi -O1"),
    ],
)
def test_options_of_the_code_are_part_of_the_key(cached: Cached, options: str) -> None:
    """And the launcher spells them as Python does: its look-up finds what Python stored."""
    if "x86" in options and os.uname().machine != "x86_64":
        options = options.replace("x86-64", "generic")
    app = cached.write()
    cached.how(app)
    given = options.split()
    assert cached.how(*given, app).startswith("miss")
    traced = cached.run(*given, app, env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert (traced.stdout, traced.stderr) == ("hello\n", ""), "a Python would have told what it imports"


@pytest.mark.parametrize("options", ["--workers=2", "--workers 3", "--diagnostics=json"])
def test_options_of_the_run_are_not(cached: Cached, options: str) -> None:
    app = cached.write()
    cached.how(app)
    assert cached.how(*options.split(), app) == "hit"


def test_source_and_its_name_are_part_of_the_key(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    cached.write('print("bye")\n')
    assert cached.how(app).startswith("miss")
    assert cached.run(app).stdout == "bye\n"
    assert cached.how(f"./{app}").startswith("miss"), "diagnostics of the run would name another file"
    cached.write()
    assert cached.how(app) == "hit", "the code of the first text is still there"


def test_options_that_show_the_compiler_at_work_compile(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    for option in ("--no-cache", "--timing", "--print-ir-after=perceus", "--pass-pipeline="):
        result = cached.run(option, "--cache-stats", app)
        assert "cache: not used" in result.stderr or option == "--pass-pipeline="
    assert cached.run("--emit=types", app).stdout != "hello\n"


def test_switched_off(cached: Cached) -> None:
    app = cached.write()
    for _ in range(2):
        assert cached.how(app, OSPJIT_CACHE="0") == "not used"
    assert not cached.cache.exists()


def test_subcommands_are_not_mistaken_for_programs(cached: Cached) -> None:
    cached.write(name="passes")
    assert cached.how("-O2", "passes") == "not used"
    assert "specialize" in cached.run("passes").stdout


def test_linked_libraries(cached: Cached) -> None:
    """One that takes the place of another is a reason to compile; so is one that is found earlier."""
    app = cached.write(
        "// @link: answer\n// @linkdir: first\n// @linkdir: second\n"
        "extern fn answer() -> int\nprint(answer())\n"
    )
    _library(cached.folder / "second", 41)
    assert cached.how(app).startswith("miss")
    assert cached.how(app) == "hit"
    assert cached.run(app).stdout == "41\n"
    _library(cached.folder / "second", 42)
    assert cached.how(app).startswith("miss: what it was compiled with has changed")
    _library(cached.folder / "first", 43)
    assert cached.how(app).startswith("miss: what it was compiled with has changed")
    assert cached.run(app).stdout == "43\n"
    shutil.rmtree(cached.folder / "first")
    shutil.rmtree(cached.folder / "second")
    gone = cached.run(app)
    assert gone.returncode == 1 and "OSP7003" in gone.stderr


def _library(folder: Path, answer: int) -> None:
    folder.mkdir(exist_ok=True)
    source = folder / "answer.c"
    source.write_text(f"long answer(void) {{ return {answer}; }}\n")
    (folder / "libanswer.so").unlink(missing_ok=True)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", folder / "libanswer.so", source], check=True)


def test_compiler_sources_are_part_of_the_key(cached: Cached) -> None:
    """A copy of the package: touching it changes nothing, changing it does."""
    package = cached.folder / "site" / "ospjit"
    shutil.copytree(Path(ospjit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    from ospjit import _build

    built = Path(_build.LIB_DIR).parent
    for part in ("_build.py", "_lib", "syntax/_parsetab.py"):
        if not (package / part).exists():
            (shutil.copytree if part == "_lib" else shutil.copy)(built / part, package / part)
    app = cached.write()
    path = str(package.parent)
    start = f"""
import sys
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in type(f).__module__]
sys.path.insert(0, {path!r})
from ospjit.__main__ import run
run()"""

    def how() -> str:
        return cached.how(app, command=(sys.executable, "-I", "-c", start))

    assert how().startswith("miss")
    assert how() == "hit"
    os.utime(package / "driver" / "options.py")
    assert how() == "hit", "only its time has changed"
    with open(package / "driver" / "options.py", "a") as file:
        file.write("# changed\n")
    assert how().startswith("miss: what it was compiled with has changed")
    assert how() == "hit"
    (package / "driver" / "added.py").write_text("")
    assert how().startswith("miss: what it was compiled with has changed")


def test_the_launcher_belongs_to_what_python_would_import(cached: Cached) -> None:
    """Where Python may import another package the launcher does not decide what that would be."""
    app = cached.write()
    cached.run(app)
    trace = {"PYTHONPROFILEIMPORTTIME": "1"}
    assert "import time" not in cached.run(app, env=trace).stderr
    for path in (str(cached.folder / "other"), "other"):
        first = cached.run(app, env=trace | {"PYTHONPATH": path})
        again = cached.run(app, env=trace | {"PYTHONPATH": path})
        assert "import time" in first.stderr
        assert ("import time" in again.stderr) == (path[0] != "/"), "a path that depends on the folder"
    assert "import time" not in cached.run(app, env=trace).stderr
