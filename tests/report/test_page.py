"""The report of `--ir-report`, opened in Chromium and clicked through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ospjit.cli.main import main
from tests.browser import Page, browser

PROGRAM = """\
type Shape = Circle { radius: float } | Square { side: float } | Dot

fn area(shape: Shape) -> float = match shape {
  Circle { radius } => 3.14159 * radius * radius
  Square { side } => side * side
  Dot => 0.0
}

fn total(price: int, count: int) -> int = price * count ?: 0

print("</script><b>${area(Dot)}</b> ${total(length("abc"), 7)}")
"""
TABS = (
    "input specialize check-globals localize-globals fuse-iterators lower-builtins lower-match lower-enums "
    "unbox-results lower-data tail-calls unbox-records perceus cleanups tail-loops inline-recursion"
).split()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of the program."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "shapes.osp").write_text(PROGRAM)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["--emit=llvm", "-o", "product", "--ir-report=report", "shapes.osp"]) == 0
    (path,) = (folder / "report").iterdir()
    return path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(chromium: Page, report: Path) -> Iterator[Page]:
    """The report, just opened. Whatever a test does, no script fails and nothing else is asked for."""
    chromium.open("about:blank")
    chromium.errors.clear()
    chromium.requests.clear()
    chromium.open(report.as_uri())
    yield chromium
    assert chromium.errors == []
    assert chromium.requests == [report.as_uri()]


def selected_tab(page: Page) -> str:
    return page.text('#tabs [aria-selected="true"]')


def test_it_opens_with_the_source_and_a_tab_for_each_pass(page: Page) -> None:
    assert page.texts("#tabs [role=tab]") == [*TABS, "LLVM IR", "optimized", "assembly"]
    assert selected_tab(page) == "input"
    source = page.texts("#source .row")
    assert len(source) == len(PROGRAM.splitlines()) and "</script><b>" in source[-1]
    assert any('"osp.match"' in row for row in page.texts("#stage .row"))


def test_tabs_show_each_pass_with_its_changes(page: Page) -> None:
    page.click("#tabs button", "unbox-results")
    assert selected_tab(page) == "unbox-results"
    added = page.texts("#stage .row.added")
    assert any('"rt.mul_overflow"' in row for row in added)
    assert not any('"osp.mul"' in row for row in page.texts("#stage .row"))
    assert "functions changed" in page.text("#stage .summary")
    page.click("#tabs button", "specialize")
    assert page.texts("#stage .row.added") == [] and "nothing changed" in page.text("#stage .summary")
    assert "changed" not in page.evaluate("document.getElementById('tab1').className")
    page.click("#tabs button", "assembly")
    assert any("retq" in row or "ret" in row for row in page.texts("#stage .row"))


def test_the_diff_shows_what_was_removed(page: Page) -> None:
    page.click("#tabs button", "unbox-results")
    page.click("#diff")
    removed, added = page.texts("#stage .row.removed"), page.texts("#stage .row.added")
    assert any('"osp.mul"' in row for row in removed) and any('"rt.mul_overflow"' in row for row in added)
    folds = page.texts("#stage .fold")
    assert folds and all("unchanged lines" in fold for fold in folds)
    count = len(page.texts("#stage .row"))
    page.click("#stage .fold")
    assert len(page.texts("#stage .row")) > count
    page.click("#diff")
    assert page.texts("#stage .row.removed") == []


def test_an_operation_leads_to_its_source_and_to_what_became_of_it(page: Page) -> None:
    page.click("#stage .row", '"osp.mul"(%arg0, %arg1)')
    assert page.texts("#source .row.selected") == ["9" + PROGRAM.splitlines()[8]]
    assert page.text("#source .caret") == "price"
    heading, *_ = page.text("#history").splitlines()
    assert heading == "What became of it, from shapes.osp:9:43"
    rows = dict(
        page.evaluate(
            "[...document.querySelectorAll('#history tr')].map((r) => [...r.cells].map((c) => c.textContent))"
        )
    )
    assert '"osp.mul"' in rows["input"] and rows["specialize"] == "unchanged"
    assert '"rt.mul_overflow"' in rows["unbox-results"] and '"osp.mul"' not in rows["unbox-results"]
    assert "@llvm.smul.with.overflow" in rows["LLVM IR"]
    page.click("#history a", '"rt.mul_overflow"')
    assert selected_tab(page) == "unbox-results"
    assert any('"rt.mul_overflow"' in row for row in page.texts("#stage .row.selected"))
    page.press("Escape")
    assert page.texts(".selected") == [] and page.evaluate("document.getElementById('history').hidden")


def test_a_later_operation_leads_back_to_where_it_came_from(page: Page) -> None:
    page.click("#tabs button", "cleanups")
    page.click("#stage .row", '"rt.mul_overflow"')
    rows = page.texts("#history tr")
    assert rows[0].startswith("input") and '"osp.mul"' in rows[0]


def test_a_line_of_the_source_leads_to_what_it_became(page: Page) -> None:
    page.click("#tabs button", "lower-match")
    page.click("#source .row", "side * side")
    related = page.texts("#stage .row.related")
    assert any('"osp.mul"' in row for row in related) and not any("3.14159" in row for row in related)
    assert "What shapes.osp:5 became" in page.text("#history")
    page.click("#tabs button", "LLVM IR")
    assert page.texts("#source .row.selected") and "fmul double" in page.text("#history")


def test_one_function(page: Page) -> None:
    assert {"all", "area", "total"} <= set(page.texts("#functions option"))
    page.evaluate(
        "(() => { const f = document.getElementById('functions'); f.value = 'total';"
        " f.dispatchEvent(new Event('change')); })()"
    )
    assert page.texts("#stage .name") == ["total"]
    page.press("ArrowRight")
    assert selected_tab(page) == "specialize" and page.texts("#stage .name") == ["total"]


def test_keys(page: Page) -> None:
    page.press("ArrowRight", "ArrowRight", "ArrowLeft")
    assert selected_tab(page) == "specialize"
    page.press("d")
    assert page.evaluate("document.getElementById('diff').getAttribute('aria-pressed')") == "true"
    page.press("d", "j")
    first = page.texts("#stage .row.selected")
    page.press("j")
    assert len(first) >= 1 and page.texts("#stage .row.selected") != first
    before = page.evaluate("document.documentElement.dataset.theme")
    page.press("t")
    assert {before, page.evaluate("document.documentElement.dataset.theme")} == {"light", "dark"}
    page.press("?")
    assert page.evaluate("document.getElementById('keys').open")
    page.click("#keys button")
    assert not page.evaluate("document.getElementById('keys').open")


def test_search(page: Page) -> None:
    page.press("/")
    for character in "osp.mul":
        page.press(character)
    found = int(page.text("#matches").partition("/")[2])
    assert found == sum("osp.mul" in row for row in page.texts("#stage .row")) > 1
    page.press("Enter")
    assert page.text("#matches") == f"2/{found}"
    page.press("Escape")
    assert page.text("#matches") == ""


def test_an_address_keeps_what_is_shown(page: Page, report: Path) -> None:
    page.click("#tabs button", "unbox-results")
    page.click("#stage .row", '"rt.mul_overflow"')
    address = page.evaluate("location.href")
    page.open("about:blank")
    page.open(address)
    assert selected_tab(page) == "unbox-results"
    assert any('"rt.mul_overflow"' in row for row in page.texts("#stage .row.selected"))
    page.requests[:] = [report.as_uri()]
