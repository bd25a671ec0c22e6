"""Reading a report out of what a program printed, results and its own lines mixed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ospjit.cli.tap import Point, Report, comments, parse, readable


def test_results_details_and_plan() -> None:
    report = parse("ok 1 - a\nnot ok 2 - b\n# x.osp:1:2: expect\n#   expected: 1\n1..2\n")
    assert report == Report(
        (Point(True, "a", (), ()), Point(False, "b", ("x.osp:1:2: expect", "  expected: 1"), ())), (), True
    )
    assert report.failed == 1


def test_what_the_program_prints_belongs_to_the_next_result() -> None:
    report = parse("hello\n\n# no comment\nok 1 - a\nmore\n# text\nnot ok 2 - b\nlast\n1..2\n")
    assert [p.output for p in report.points] == [("hello", "", "# no comment"), ("more", "# text")]
    assert report.output == ("last",)
    assert report.complete


def test_a_program_cannot_report_by_printing_out_of_turn() -> None:
    report = parse("ok 7 - mine\nok 1 - a\nnot ok 1 - again\n1..5\n1..1\n")
    assert [p.name for p in report.points] == ["a"]
    assert report.points[0].output == ("ok 7 - mine",)
    assert report.output == ("not ok 1 - again", "1..5")
    assert report.complete and report.failed == 0


def test_a_report_without_its_plan_is_not_complete() -> None:
    assert not parse("ok 1 - a\n").complete
    assert not parse("ok 1 - a\n1..2\n").complete
    assert not parse("").complete


def test_names_are_unescaped_for_people() -> None:
    assert readable(r"later \# TODO") == "later # TODO"


@given(st.text(alphabet="ok not1.- #\n\r", max_size=60))
def test_any_text_is_read(text: str) -> None:
    report = parse(text)
    lines = text.count("\n") + 1
    used = sum(1 + len(p.details) + len(p.output) for p in report.points) + len(report.output)
    assert used <= lines


@given(st.lists(st.text(max_size=5).map(lambda s: "".join(s.split()))))
def test_comments_are_comments(lines: list[str]) -> None:
    written = comments(lines)
    assert all(line.startswith("#") for line in written.split("\n")[:-1])
    assert written.count("\n") == len(lines)
