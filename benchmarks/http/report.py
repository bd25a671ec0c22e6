"""The report of a run: JSON for programs, Markdown for readers, HTML with charts for those who look.

Nothing in it names the machine's files or its user; the processor and the versions of the servers are what a
reader needs to compare.
"""

from __future__ import annotations

import html
import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.http.goals import Measurements, goals
from benchmarks.http.load import LOADS
from benchmarks.http.peers import PEERS

TITLES = {peer.name: peer.title for peer in PEERS}
COLUMNS = (
    ("requests_per_second", "requests/s", "{:,.0f}"),
    ("requests_per_cpu_second", "requests per CPU-s", "{:,.0f}"),
    ("p50_ms", "p50 ms", "{:.2f}"),
    ("p99_ms", "p99 ms", "{:.2f}"),
    ("memory_mib", "memory MiB", "{:.1f}"),
)


def _goal_rows(measured: Measurements) -> list[tuple[str, str, str, str]]:
    rows = []
    for goal in goals(measured):
        bound = f"{'at least' if goal.at_least else 'at most'} {goal.limit:g} {goal.unit}"
        value = "not measured" if goal.measured is None else f"{goal.measured:.2f} {goal.unit}"
        verdict = {True: "holds", False: "does not hold", None: "not measured"}[goal.holds]
        rows.append((goal.title, bound, value, verdict))
    return rows


def _cell(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def _load_rows(measured: Measurements, load: str) -> list[list[str]]:
    results = measured.loads.get(load, {})
    base = results.get("nginx")
    rows = []
    for peer, result in results.items():
        relative = result.requests_per_cpu_second / base.requests_per_cpu_second if base else None
        cells = [_cell(getattr(result, field), form) for field, _, form in COLUMNS]
        rows.append([TITLES[peer], *cells, "–" if relative is None else f"{relative:.2f}"])
    return rows


HEADINGS = ["server", *(title for _, title, _ in COLUMNS), "per CPU-s, nginx = 1"]


def _markdown_table(headings: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(headings) + " |", "| --- |" + " ---: |" * (len(headings) - 1)]
    return [*lines, *("| " + " | ".join(row) + " |" for row in rows), ""]


def markdown(measured: Measurements, about: dict[str, str]) -> str:
    lines = ["# HTTP benchmark", "", f"Made by `{about['command']}`.", ""]
    lines += [f"- {key}: {value}" for key, value in about.items() if key != "command"]
    lines += ["", "## Goals", ""]
    lines += _markdown_table(
        ["goal", "bound", "measured", "verdict"], [list(r) for r in _goal_rows(measured)]
    )
    for load in LOADS:
        if measured.loads.get(load.name):
            lines += [f"## {load.title}", "", *_markdown_table(HEADINGS, _load_rows(measured, load.name))]
    if measured.idle:
        rows = [[TITLES[peer], f"{value:,.0f}"] for peer, value in measured.idle.items()]
        lines += [f"## {about['idle connections']} idle connections", ""]
        lines += _markdown_table(["server", "bytes of user memory each"], rows)
    return "\n".join(lines)


# ---- HTML ----

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:1rem 0}
td,th{padding:.25rem .7rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child{text-align:left}.no{color:#b00020}.yes{color:#1b6e2e}
svg text{font:13px system-ui,sans-serif;fill:#222}"""
BAR_HEIGHT, GAP, LABEL_WIDTH, CHART_WIDTH = 20, 6, 210, 520


def bar_chart(values: dict[str, float], form: str) -> str:
    """Horizontal bars, one for each server; ours is in another colour."""
    longest = max(values.values(), default=0) or 1
    parts = []
    for row, (peer, value) in enumerate(values.items()):
        y = row * (BAR_HEIGHT + GAP)
        width = max(1, round(CHART_WIDTH * max(value, 0) / longest))
        colour = "#c2410c" if peer == "ospjit" else "#8aa4bf"
        parts.append(f'<text x="0" y="{y + 15}">{html.escape(TITLES[peer])}</text>')
        parts.append(
            f'<rect x="{LABEL_WIDTH}" y="{y}" width="{width}" height="{BAR_HEIGHT}" fill="{colour}"/>'
        )
        parts.append(f'<text x="{LABEL_WIDTH + width + 6}" y="{y + 15}">{form.format(value)}</text>')
    height = len(values) * (BAR_HEIGHT + GAP)
    return f'<svg viewBox="0 0 {LABEL_WIDTH + CHART_WIDTH + 110} {height}" role="img">{"".join(parts)}</svg>'


def _html_table(headings: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _html_goals(measured: Measurements) -> str:
    rows = []
    for title, bound, value, verdict in _goal_rows(measured):
        kind = "yes" if verdict == "holds" else "no"
        cells = "".join(f"<td>{html.escape(text)}</td>" for text in (title, bound, value))
        rows.append(f'<tr>{cells}<td class="{kind}">{verdict}</td></tr>')
    return (
        f"<table><tr><th>goal</th><th>bound</th><th>measured</th><th>verdict</th></tr>{''.join(rows)}</table>"
    )


def page(measured: Measurements, about: dict[str, str]) -> str:
    parts = ["<!doctype html><html lang=en><meta charset=utf-8><title>HTTP benchmark</title>"]
    parts += [f"<style>{STYLE}</style><h1>HTTP benchmark</h1><ul>"]
    parts += [f"<li>{html.escape(key)}: {html.escape(value)}</li>" for key, value in about.items()]
    parts += ["</ul><h2>Goals</h2>", _html_goals(measured)]
    for load in LOADS:
        results = measured.loads.get(load.name)
        if not results:
            continue
        parts.append(f"<h2>{load.title}</h2>{_html_table(HEADINGS, _load_rows(measured, load.name))}")
        for field, title, form in (COLUMNS[1], COLUMNS[3]):
            values = {peer: getattr(result, field) for peer, result in results.items()}
            if None not in values.values():
                parts.append(f"<h3>{title}</h3>" + bar_chart(values, form))
    if measured.idle:
        parts.append(f"<h2>{about['idle connections']} idle connections, bytes of user memory each</h2>")
        parts.append(bar_chart(measured.idle, "{:,.0f}"))
    return "".join(parts) + "</html>\n"


def write(folder: Path, measured: Measurements, about: dict[str, str]) -> None:
    """Writes report.json, report.md and report.html."""
    folder.mkdir(parents=True, exist_ok=True)
    loads = {load: {p: asdict(r) for p, r in results.items()} for load, results in measured.loads.items()}
    verdicts = [asdict(goal) | {"holds": goal.holds} for goal in goals(measured)]
    data = {"about": about, "loads": loads, "idle": measured.idle, "goals": verdicts}
    (folder / "report.json").write_text(json.dumps(data, indent=1) + "\n")
    (folder / "report.md").write_text(markdown(measured, about) + "\n")
    (folder / "report.html").write_text(page(measured, about))
