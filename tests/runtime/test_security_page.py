"""What `docs/security.md` says of the sources, and that the tests and files it names are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text()


def test_no_unbounded_string_functions() -> None:
    for source in (ROOT / "cruntime" / "src").rglob("*.[ch]"):
        code = re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\])*\"", "", source.read_text(), flags=re.S)
        assert not re.search(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strncpy|strncat)\s*\(", code), source


def test_every_file_that_is_named_exists() -> None:
    named = set(re.findall(r"`((?:src|tests|fuzz|cmake|build/c)/[\w./*-]+|\.ci/run)`", PAGE))
    assert len(named) > 15
    for name in named:
        if name.startswith("build/"):
            continue
        places = [ROOT / name, ROOT / "cruntime" / name]
        assert any(place.exists() or list(place.parent.glob(place.name)) for place in places), name


def test_every_promised_flag_is_set() -> None:
    flags = (ROOT / "cruntime" / "cmake" / "Hardening.cmake").read_text()
    for flag in (
        "-D_FORTIFY_SOURCE=3",
        "-fstack-protector-all",
        "-fstack-clash-protection",
        "-fcf-protection=full",
        "-ftrapv",
        "-fno-delete-null-pointer-checks",
        "-z,relro,-z,now",
        "-z,noexecstack",
    ):
        assert flag in flags
