"""What the figures of the kernels come to: ratios, goals, and a page with charts.

Nothing here measures; nothing in the report names the machine's files or its user.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.compute.running import AGAINST_MALLOC, GROUPS


@dataclass(frozen=True)
class Figures:
    """A kernel in one language: medians of CPU and wall-clock seconds, the highest peak of memory in KiB."""

    cpu: float
    wall: float
    peak_kib: int


Found = Mapping[str, Mapping[str, Figures]]

HEADING = f"{'kernel':18}{'osprey s':>10}{'C s':>10}{'rust s':>10}{'/ C':>8}{'/ rust':>8}{'memory / C':>12}"


def ratio(figures: Mapping[str, Figures], peer: str) -> float:
    """Osprey's CPU time over a peer's; a clock tick stands in for less than one."""
    return max(figures["osprey"].cpu, 0.001) / max(figures[peer].cpu, 0.001)


def line(name: str, figures: Mapping[str, Figures]) -> str:
    """A kernel's row."""
    seconds = "".join(f"{figures[language].cpu:10.3f}" for language in ("osprey", "c", "rust"))
    memory = figures["osprey"].peak_kib / figures["c"].peak_kib
    return f"{name:18}{seconds}{ratio(figures, 'c'):8.2f}{ratio(figures, 'rust'):8.2f}{memory:12.1f}"


def geometric_mean(values: Iterable[float]) -> float:
    """Of positive numbers; nan of none."""
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else math.nan


@dataclass(frozen=True)
class Goal:
    """A bound from above."""

    title: str
    bound: float
    measured: float

    def __str__(self) -> str:
        verdict = "holds" if self.measured <= self.bound else "does not hold"
        return f"{self.title}: {self.measured:.2f}, at most {self.bound:g}: {verdict}"


def goals(found: Found) -> list[Goal]:
    """The goals, as far as their kernels were run."""
    if not found:
        return []
    worst = max(found, key=lambda name: ratio(found[name], "c"))
    allocating = [ratio(found[name], "c") for name in AGAINST_MALLOC if name in found]
    memory = max(f["osprey"].peak_kib / f["c"].peak_kib for f in found.values())
    listed = [
        Goal(
            "geometric mean of the ratios to C", 1.15, geometric_mean(ratio(f, "c") for f in found.values())
        ),
        Goal(
            "geometric mean of the ratios to Rust",
            1.0,
            geometric_mean(ratio(f, "rust") for f in found.values()),
        ),
        Goal(f"the highest ratio to C ({worst})", 2.0, ratio(found[worst], "c")),
        Goal("the highest ratio to C's peak memory", 2.0, memory),
    ]
    if allocating:
        listed.append(Goal("geometric mean against malloc and free", 0.7, geometric_mean(allocating)))
    return listed


_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.2rem .7rem;text-align:right}
td,th{border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}
svg text{font:13px system-ui,sans-serif;fill:#222}"""


def _chart(found: Found, names: Iterable[str]) -> str:
    """Ratios to C as bars on a logarithmic scale from a quarter to sixteen times, with a line at one."""
    rows = [name for name in names if name in found]

    def x(value: float) -> float:
        return 170 + 480 * (math.log2(min(max(value, 0.25), 16)) + 2) / 6

    parts = [f'<line x1="{x(1):.0f}" x2="{x(1):.0f}" y1="0" y2="{26 * len(rows)}" stroke="#222"/>']
    for row, name in enumerate(rows):
        value = ratio(found[name], "c")
        left, right = sorted((x(1), x(value)))
        colour = "#1b6e2e" if value <= 1.15 else "#c2410c" if value > 2 else "#b08900"
        y = 26 * row
        parts.append(f'<text x="0" y="{y + 15}">{html.escape(name)}</text>')
        parts.append(
            f'<rect x="{left:.1f}" y="{y}" width="{max(right - left, 1):.1f}" height="20" fill="{colour}"/>'
        )
        parts.append(f'<text x="660" y="{y + 15}">{value:.2f}</text>')
    return f'<svg viewBox="0 0 710 {26 * len(rows)}" role="img">{"".join(parts)}</svg>'


def page(found: Found) -> str:
    """The report as one page without outside parts."""
    rows = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in line(name, f).split()) + "</tr>"
        for name, f in found.items()
    )
    heads = ("kernel", "Osprey s", "C s", "Rust s", "/ C", "/ Rust", "memory / C")
    table = f"<table><tr>{''.join(f'<th>{h}</th>' for h in heads)}</tr>{rows}</table>"
    charts = "".join(f"<h2>{group}, ratio to C</h2>{_chart(found, names)}" for group, names in GROUPS.items())
    listed = "".join(f"<li>{html.escape(str(goal))}</li>" for goal in goals(found))
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>Compute</title><style>{_STYLE}</style>"
    return (
        f"{head}<h1>Kernels beside C and Rust</h1><ul>{listed}</ul>{charts}<h2>Medians</h2>{table}</html>\n"
    )


def write(folder: Path, found: Found) -> None:
    """Writes report.json and report.html."""
    folder.mkdir(parents=True, exist_ok=True)
    data = {name: {language: asdict(f) for language, f in figures.items()} for name, figures in found.items()}
    listed = [asdict(goal) for goal in goals(found)]
    (folder / "report.json").write_text(json.dumps({"kernels": data, "goals": listed}, indent=1) + "\n")
    (folder / "report.html").write_text(page(found))
