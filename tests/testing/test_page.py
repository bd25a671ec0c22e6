"""The page about tests shows what `ospjit test` says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from tests.testing.conftest import Done

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


def test_the_command_says_what_the_page_shows(ospjit: Callable[..., Done]) -> None:
    shown = re.search(
        r"^```osprey\n([^`]*)```\n\n```console\n\$ ospjit (.*)\n([^`]*)```", PAGE.read_text(), re.M
    )
    assert shown is not None
    program, arguments, output = shown.groups()
    done = ospjit(*arguments.split(), files={"sums.test.osp": program})
    assert done.stdout == output
    assert done.returncode == 1


def test_all_options_are_on_the_page(ospjit: Callable[..., Done]) -> None:
    options = set(re.findall(r"--[a-z]+", ospjit("test", "--help").stdout)) - {"--no", "--help"}
    assert options <= set(re.findall(r"--[a-z]+", PAGE.read_text()))
