"""Diagnostics as text and as JSON: places, underlines, labels, hints, and sources that are hard to show."""

from __future__ import annotations

import json
import re

import pytest

from ospjit.diagnostics import Diagnostic, Diagnostics, Label, Source, Span
from ospjit.diagnostics.render import MAX_CELLS, render_json, render_text


def span(source: Source, part: str) -> Span:
    start = source.text.index(part)
    return Span(source, start, start + len(part))


def rendered(text: str, part: str, *labels: tuple[str, str], hints: tuple[str, ...] = ()) -> list[str]:
    source = Source("app.osp", text)
    marks = tuple(Label(span(source, where), note) for where, note in labels)
    diagnostic = Diagnostic("OSP3001", "it is wrong", span(source, part), marks, hints)
    return render_text([diagnostic]).splitlines()


def test_one_line() -> None:
    assert rendered('let y = 1\nlet x: int = "a"\n', '"a"', hints=("write a number", "or else")) == [
        "app.osp:2:14: error[OSP3001]: it is wrong",
        "  |",
        '2 | let x: int = "a"',
        "  |              ^^^",
        "  = help: write a number",
        "  = help: or else",
    ]


def test_labels_on_the_same_line() -> None:
    assert rendered('let x: int = "a"', '"a"', ("int", "declared here"), ("x", "of this"))[2:] == [
        '1 | let x: int = "a"',
        "  |     -  ---   ^^^",
        "  |     |  |",
        "  |     |  declared here",
        "  |     |",
        "  |     of this",
    ]


def test_the_last_label_stands_beside_its_underline() -> None:
    assert rendered("f(a, b", "(", ("b", "here"))[2:] == ["1 | f(a, b", "  |  ^   - here"]


def test_labels_on_other_lines() -> None:
    text = "let one = 1\nlet two = 2\nlet three = 3\n\n\nlet last = one\n"
    assert rendered(text, "three", ("one", "first"), ("last", "last"))[1:] == [
        "  |",
        "1 | let one = 1",
        "  |     --- first",
        "2 | let two = 2",
        "3 | let three = 3",
        "  |     ^^^^^",
        "...",
        "6 | let last = one",
        "  |     ---- last",
    ]


def test_a_label_in_another_source() -> None:
    here, there = Source("here.osp", "f(1)"), Source("lib/there.osp", "\nfn f() = 1")
    label = Label(span(there, "f()"), "declared here")
    text = render_text([Diagnostic("OSP2001", "too many", span(here, "1"), (label,))])
    assert text.splitlines() == [
        "here.osp:1:3: error[OSP2001]: too many",
        "  |",
        "1 | f(1)",
        "  |   ^",
        "  ::: lib/there.osp:2:4",
        "  |",
        "2 | fn f() = 1",
        "  |    --- declared here",
    ]


def test_a_span_of_several_lines() -> None:
    assert rendered("a\nfn f() {\n    b\n    c\n  }\nd", "fn f() {\n    b\n    c\n  }")[1:] == [
        "  |",
        "2 | fn f() {",
        "  | ^^^^^^^^",
        "...",
        "5 |   }",
        "  |   ^",
    ]


def test_a_span_that_ends_with_its_line() -> None:
    assert rendered("abc\ndef\n", "bc\n")[2:] == ["1 | abc", "  |  ^^"]


def test_an_empty_span_at_the_end() -> None:
    source = Source("app.osp", "let x =")
    text = render_text([Diagnostic("OSP1010", "more", Span(source, 7, 7))])
    assert text.splitlines()[2:] == ["1 | let x =", "  |        ^"]


def test_tabs_and_wide_characters_move_the_underline() -> None:
    assert rendered("\tx = 日本 + e\u0301 + y", "y")[2:] == [
        "1 |     x = 日本 + e\u0301 + y",
        "  |                    ^",
    ]
    assert rendered("日本", "本")[2:] == ["1 | 日本", "  |   ^^"]


def test_columns_count_code_points() -> None:
    assert rendered("\t日本 x", "x")[0].startswith("app.osp:1:5: ")


def test_gutters_are_as_wide_as_the_largest_number() -> None:
    lines = rendered("\n" * 99 + "let x = 1", "x", hints=("h",))
    assert lines[1:] == ["    |", "100 | let x = 1", "    |     ^", "    = help: h"]


@pytest.mark.parametrize("size", [60, 2_000, 200_000])
@pytest.mark.parametrize("where", [0.0, 0.5, 1.0])
def test_long_lines_are_cut_around_the_span(size: int, where: float) -> None:
    before = int(size * where)
    text = "a" * before + " HERE " + "b" * (size - before)
    line, underline = rendered(text, "HERE")[2:4]
    assert len(line) <= MAX_CELLS + 6
    assert line[underline.index("^") : underline.rindex("^") + 1] == "HERE"
    assert ("…" in line) == (size > MAX_CELLS)


def test_a_span_longer_than_the_window() -> None:
    line, underline = rendered("x" * 1000, "x" * 1000)[2:4]
    assert len(underline) <= MAX_CELLS + 6 and set(underline[4:]) == {"^"} and line.endswith("…")


def test_control_characters_never_reach_the_terminal() -> None:
    source = Source("evil\x1b[31m.osp", "let \x1b[2J\u202e\x07 = 1\r\n")
    label = Label(Span(source, 0, 3), "note \x1b]0;")
    diagnostic = Diagnostic("OSP1002", "bad \x1b[0m\ud800", Span(source, 4, 5), (label,), ("\x9b",))
    text = render_text([diagnostic])
    text.encode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_colours_add_escapes_and_nothing_else() -> None:
    source = Source("app.osp", 'let x: int = "a"')
    labels = (Label(span(source, "int"), "declared here"),)
    diagnostics = [
        Diagnostic("OSP3001", "wrong", span(source, '"a"'), labels, ("a hint",)),
        Diagnostic("OSP3002", "odd", span(source, "x"), severity="warning"),
    ]
    coloured = render_text(diagnostics, color=True)
    assert "\x1b[1;31merror[OSP3001]\x1b[0m" in coloured and "\x1b[1;33mwarning[OSP3002]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == render_text(diagnostics)


def test_diagnostics_are_parted_by_an_empty_line() -> None:
    two = [Diagnostic("OSP9001", "first", None, hints=("do",)), Diagnostic("OSP9002", "second", None)]
    assert render_text(two) == "error[OSP9001]: first\n  = help: do\n\nerror[OSP9002]: second\n"
    assert render_text([]) == ""


def test_json() -> None:
    source = Source("app.osp", "let x =\n  é + y")
    label = Label(span(source, "x"), "here")
    diagnostics = [
        Diagnostic("OSP3001", "wröng", span(source, "é + y"), (label,), ("h",)),
        Diagnostic("OSP9001", "nowhere", None, severity="warning"),
    ]
    first, second = (json.loads(line) for line in render_json(diagnostics).splitlines())
    assert first == {
        "code": "OSP3001",
        "severity": "error",
        "message": "wröng",
        "span": {
            "file": "app.osp", "line": 2, "column": 3, "endLine": 2, "endColumn": 8, "start": 10, "end": 15,
        },
        "labels": [
            {
                "file": "app.osp", "line": 1, "column": 5, "endLine": 1, "endColumn": 6, "start": 4, "end": 5,
                "text": "here",
            },
        ],
        "hints": ["h"],
    }  # fmt: skip
    assert second == {
        "code": "OSP9001", "severity": "warning", "message": "nowhere",
        "span": None, "labels": [], "hints": [],
    }  # fmt: skip


def test_json_of_text_that_is_not_unicode() -> None:
    source = Source("a", "\ud800")
    assert render_json([Diagnostic("OSP1001", "bad \ud800", Span(source, 0, 1))]).isascii()


def test_a_limit_on_what_is_kept() -> None:
    source, diagnostics = Source("a", "x" * 1000), Diagnostics()
    for at in range(1000):
        diagnostics.warning("OSP1000", "w", Span(source, at, at + 1))
        diagnostics.error("OSP1001", "e", Span(source, at, at + 1))
        diagnostics.error("OSP1001", "e", Span(source, at, at + 1))
    kept = [item.severity for item in diagnostics.items]
    assert kept.count("error") == kept.count("warning") == Diagnostics.LIMIT
