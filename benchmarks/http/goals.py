"""What is promised, and whether a run holds it. A goal that could not be measured does not hold."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.http.load import Result


@dataclass(frozen=True, slots=True)
class Goal:
    title: str
    measured: float | None
    limit: float
    at_least: bool
    unit: str

    @property
    def holds(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(slots=True)
class Measurements:
    """The best figures of each server under each load, and its idle connections."""

    loads: dict[str, dict[str, Result]]
    """By load, then server."""
    idle: dict[str, float]
    """Bytes for each idle connection, by server."""

    def ratio(self, load: str, field: str) -> float | None:
        """ospjit's figure divided by nginx's."""
        results = self.loads.get(load, {})
        if "ospjit" not in results or "nginx" not in results:
            return None
        ours, theirs = getattr(results["ospjit"], field), getattr(results["nginx"], field)
        return float(ours / theirs) if theirs else None


def goals(measured: Measurements) -> list[Goal]:
    per_cpu, p99 = "requests_per_cpu_second", "p99_ms"
    found = []
    for load, title in (("c64", "64 connections"), ("c1000", "1,000 connections")):
        found.append(
            Goal(
                f"requests per CPU-second, {title}", measured.ratio(load, per_cpu), 1.0, True, "times nginx's"
            )
        )
        found.append(
            Goal(
                f"99 % of the requests answered within, {title}",
                measured.ratio(load, p99),
                1.0,
                False,
                "times nginx's",
            )
        )
    found.append(
        Goal(
            "requests per second, 16 deep in a pipeline",
            measured.ratio("pipelined", "requests_per_second"),
            5.0,
            True,
            "times nginx's",
        )
    )
    idle = measured.idle.get("ospjit")
    found.append(Goal("user memory of an idle connection", idle, 600, False, "bytes"))
    return found
