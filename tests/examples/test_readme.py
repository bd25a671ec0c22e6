"""What the README shows is run: programs print what it says, servers answer, links lead somewhere."""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from ospjit.driver.options import PIPELINE
from tests.e2e.program import COMMAND, PATIENCE, ROOT, Program, environment, needs_curl, run

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page: language and text."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def programs(page: Path) -> list[tuple[str, str]]:
    """The Osprey programs of a page that are followed by what they print."""
    found = blocks(page)
    pairs = itertools.pairwise(found)
    return [(a[1], b[1]) for a, b in pairs if (a[0], b[0]) == ("osprey", "text")]


#: Pages whose every Osprey block is a program with its output.
SHOWN = [p for p in PAGES if programs(p)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [pytest.param(*shown, id=f"{page.stem}-{n}") for page in SHOWN for n, shown in enumerate(programs(page))],
)
def test_programs(source: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "app.osp").write_text(source)
    done = subprocess.run(
        [*COMMAND, "app.osp"], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.stdout + done.stderr == expected
    assert done.returncode == (1 if "error[OSP" in expected else 0)


def test_the_readme_shows_programs() -> None:
    shown = [language for language, _ in blocks(PAGES[0])]
    assert shown.count("osprey") == len(programs(PAGES[0])) + 1  # the last is for the look at the IR
    assert (shown.count("python"), shown.count("console"), shown.count("sh")) == (3, 2, 2)


@needs_curl
def test_the_api_answers_as_shown() -> None:
    text = next(text for language, text in blocks(PAGES[0]) if language == "console")
    exchanges = re.findall(r"^\$ (curl .*)\n((?:[^$].*\n)*)", text, re.MULTILINE)
    assert len(exchanges) == 3
    with Program(ROOT / "examples/api.osp", "0") as api:
        port = api.port()
        for command, expected in exchanges:
            arguments = shlex.split(command.replace("8080", str(port)))
            done = subprocess.run([*arguments, "-sS"], capture_output=True, text=True, timeout=PATIENCE)
            assert (done.stdout, done.stderr) == (expected.rstrip("\n"), "")
        api.stop()


def test_the_dump_is_as_shown(tmp_path: Path) -> None:
    found = blocks(PAGES[0])
    source = [text for language, text in found if language == "osprey"][-1]
    shown = [text for language, text in found if language == "console"][-1]
    command, *expected = shown.splitlines()
    path = tmp_path / "app.osp"
    path.write_text(source)
    assert command.startswith("$ ospjit ") and command.endswith(" app.osp")
    done = run(*shlex.split(command)[2:-1], path)
    before, after = expected[: expected.index("…")], expected[expected.index("…") + 1 :]
    assert done.stderr.splitlines()[: len(before)] == before
    assert done.stdout.splitlines() == after


@pytest.mark.parametrize("index", [0, 1])
def test_python_handlers(index: int, tmp_path: Path) -> None:
    source = [text for language, text in blocks(PAGES[0]) if language == "python"][index]
    path = tmp_path / "app.py"
    path.write_text(source.replace("port=8080", "port=0"))
    answer = "Hello from " + ("Osprey", "Python")[index]
    with Program(path, command=(sys.executable,)) as program:
        port = program.port()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=PATIENCE) as reply:
            assert reply.read().decode() == answer
        program.stop()
        assert program.process.returncode == 0
        assert program.output == [answer]


def test_a_compiled_module(tmp_path: Path) -> None:
    found = blocks(PAGES[0])
    (shown,) = [(a[1], b[1]) for a, b in itertools.pairwise(found) if (a[0], b[0]) == ("python", "text")]
    (tmp_path / "app.py").write_text(shown[0])
    done = subprocess.run(
        [sys.executable, "app.py"], capture_output=True, text=True, timeout=PATIENCE, cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, shown[1], "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_options(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert target.startswith("https://") or (page.parent / target).exists(), target
    commands = [(), ("opt",), ("explain",), ("passes",), ("dialects",)]
    options = "".join(run(*command, "--help").stdout for command in commands)
    for option in re.findall(r"`(--[a-z][a-z-]+)", text):
        assert option in options or page.stem == "CONTRIBUTING", option


def test_the_page_of_passes_is_complete() -> None:
    """Its table is the pipeline in order, and every other pass is named as well."""
    text = (ROOT / "docs/passes.md").read_text()
    assert re.findall(r"^\| \[`([a-z-]+)`\]\(passes/", text, re.MULTILINE) == PIPELINE.split(",")
    for line in run("passes").stdout.splitlines():
        assert f"`{line.split()[0]}`" in text
