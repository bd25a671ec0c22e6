"""The wheel: what is in it, and that it works where the source tree is gone."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

import ospjit
from ospjit.syntax import tables
from ospjit.syntax.grammar import Grammar
from tests.packaging.environment import ROOT, Environment, run

_IMPORT_EVERYTHING = """
import importlib, pkgutil
import ospjit

for module in pkgutil.walk_packages(ospjit.__path__, "ospjit."):
    if module.name == "ospjit.__main__":
        continue
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        if error.name not in ("numba", "numpy"):  # an extra, not installed here
            raise
    print(module.name)
"""


def test_wheel_adds_one_top_level_name_and_one_command(wheel: Path) -> None:
    stem = f"ospjit-{ospjit.__version__}"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        command = archive.read(f"{stem}.data/scripts/ospjit")
    assert {name.split("/")[0] for name in names} == {"ospjit", f"{stem}.dist-info", f"{stem}.data"}
    assert [n for n in names if n.startswith(f"{stem}.data/")] == [f"{stem}.data/scripts/ospjit"]
    assert command.startswith(b"\x7fELF")


def test_wheel_serves_every_python(wheel: Path) -> None:
    name, version, python, abi, platform = wheel.stem.split("-")
    assert (name, version, python, abi) == ("ospjit", ospjit.__version__, "py3", "none")
    assert platform.startswith("linux_")


def test_wheel_holds_files_not_links(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert [name for name, mode in modes.items() if stat.S_ISLNK(mode)] == []
    sources = {path.name for path in (ROOT / "passes").glob("*.py")}
    packed = {Path(name).name for name in modes if Path(name).parent.as_posix() == "ospjit/passes"}
    assert sources
    assert sources <= packed


def test_wheel_holds_what_is_built(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {
        "ospjit/_build.py",
        "ospjit/_lib/libospjit_rt.so",
        "ospjit/_lib/libospjit_crypto.so",
        "ospjit/_lib/libospjit_deflate.so",
        "ospjit/_lib/include/ospjit.h",
        "ospjit/py.typed",
        "ospjit/syntax/_parsetab.py",
    } <= names


def test_built_parser_tables_are_used(installed: Environment, tmp_path: Path) -> None:
    program = "from ospjit.syntax import tables; print(tables._from_module() is not None)"
    assert installed.evaluate(program, tmp_path) == "True"


def test_parser_tables_fit_whatever_python_built_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """From Python 3.13 on docstrings come without their indentation, and the wheel is for all."""
    before = tables.signature()
    rules = [member for name, member in vars(Grammar).items() if name.startswith("p_") and member.__doc__]
    assert len(rules) > 50
    for rule in rules:
        monkeypatch.setattr(rule, "__doc__", rule.__doc__.replace("\n", "\n        "))
    assert tables.signature() == before


def test_every_module_imports_with_run_time_dependencies_alone(
    installed: Environment, tmp_path: Path
) -> None:
    modules = installed.evaluate(_IMPORT_EVERYTHING, tmp_path).split()
    assert {"ospjit.passes", "ospjit._build", "ospjit.syntax._parsetab"} <= set(modules)
    assert list(tmp_path.iterdir()) == []


def test_build_module_names_the_installed_library(installed: Environment, tmp_path: Path) -> None:
    program = "from ospjit import _build as b; print(b.LIB_DIR, b.BUILD_ID, b.COMPILER, sep='\\n')"
    lib_dir, build_id, compiler = installed.evaluate(program, tmp_path).splitlines()
    assert Path(lib_dir).is_relative_to(installed.path)
    assert (Path(lib_dir) / "libospjit_rt.so").is_file()
    assert len(bytes.fromhex(build_id)) == 32
    assert compiler


def test_command_runs_from_any_folder(installed: Environment, tmp_path: Path) -> None:
    for command in ([installed.ospjit], [installed.python, "-m", "ospjit"]):
        assert ospjit.__version__ in run(*command, "--version", cwd=tmp_path).stdout


def test_program_runs_and_leaves_nothing_beside_it(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "hello.osp").write_text('fn main() = print("hello from a wheel")\n')
    cache = {"OSPJIT_CACHE": "1", "OSPJIT_CACHE_DIR": str(tmp_path / "cache")}
    module = (installed.python, "-m", "ospjit")
    for command, expected in (((installed.ospjit,), "miss"), ((installed.ospjit,), "hit"), (module, "hit")):
        result = run(*command, "--cache-stats", "hello.osp", cwd=tmp_path, env=cache)
        assert result.stdout == "hello from a wheel\n"
        assert result.stderr.startswith(f"ospjit: cache: {expected}")
    assert {path.name for path in tmp_path.iterdir()} == {"hello.osp", "cache"}
