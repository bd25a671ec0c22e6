"""What a pass is, and how passes are found by name.

A pass is a small frozen dataclass: its fields are its options, its docstring is its page. It takes valid IR
and leaves valid IR. Passes of other packages register through the entry-point group `ospjit.passes`; they
are loaded only when a name is not found otherwise, or when all are listed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from importlib import import_module
from typing import Any, ClassVar

from ospjit.diagnostics import nearest
from ospjit.ir.core import Operation

ENTRY_POINT_GROUP = "ospjit.passes"


def option(default: bool | int | str, doc: str) -> Any:
    """A field of a pass that can be set in a pipeline: `name{field=value}`, or `name{field}` for a bool."""
    return field(default=default, metadata={"doc": doc})


class PassContext:
    """What one pipeline run shares with its passes."""

    __slots__ = ("_counter", "statistics")

    def __init__(self) -> None:
        self.statistics: dict[str, Counter[str]] = {}
        """For each pass by name, its counters."""
        self._counter: Counter[str] = Counter()

    def enter(self, name: str) -> None:
        """What is counted from now on belongs to the pass `name`."""
        self._counter = self.statistics.setdefault(name, Counter())

    def count(self, statistic: str, n: int = 1) -> None:
        """Add `n` to a counter of the running pass."""
        self._counter[statistic] += n


@dataclass(frozen=True)
class Pass:
    """Base of all passes. Subclasses are frozen dataclasses whose fields are made by `option`."""

    name: ClassVar[str]
    """As it stands in pipelines: lower-case words joined by hyphens."""
    summary: ClassVar[str]
    """What it does, in one line."""
    takes: ClassVar[tuple[str, ...]] = ()
    """The dialects it works on; none named means any."""
    leaves: ClassVar[tuple[str, ...]] = ()
    """The dialects that what it rewrites is in afterwards; none named means the same ones."""
    statistics: ClassVar[Mapping[str, str]] = {}
    """Its counters and what they count."""
    required: ClassVar[bool] = False
    """Whether compilation depends on it, so that `--bisect-limit` must not leave it out."""

    def run(self, module: Operation, ctx: PassContext) -> None:
        """Rewrite `module` in place."""
        raise NotImplementedError

    def __str__(self) -> str:
        """The pass as it stands in a pipeline, with those options that differ from their defaults."""
        changed = []
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value != entry.default:
                name = entry.name.replace("_", "-")
                changed.append(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
        return f"{self.name}{{{' '.join(changed)}}}" if changed else self.name


class UnknownPass(Exception):
    """There is no pass of this name. The message says so and suggests the nearest one."""

    def __init__(self, name: str, candidates: list[str]) -> None:
        hint = nearest(name, candidates)
        super().__init__(f"there is no pass '{name}'" + (f"; did you mean '{hint}'?" if hint else ""))


class BrokenPass(Exception):
    """A package registers a pass that cannot be used. The message names the package and says why."""


@dataclass(frozen=True)
class _EntryPoint:
    """A pass of another package, not loaded yet: where it is, and the package's name and version."""

    name: str
    value: str
    package: str

    def load(self) -> type[Pass]:
        """The pass. Raises `BrokenPass`."""
        module, _, attribute = self.value.partition(":")
        try:
            kind = getattr(import_module(module), attribute)
        except Exception as error:
            raise self.broken(f"{type(error).__name__}: {error}") from error
        if not (isinstance(kind, type) and issubclass(kind, Pass) and is_dataclass(kind)):
            raise self.broken(f"{self.value} is not a dataclass derived from ospjit.ir.Pass")
        if getattr(kind, "name", None) != self.name:
            raise self.broken(f"{self.value} calls itself '{getattr(kind, 'name', '')}'")
        if not getattr(kind, "summary", ""):
            raise self.broken(f"{self.value} has no summary")
        return kind

    def broken(self, why: str) -> BrokenPass:
        return BrokenPass(f"pass '{self.name}' of package {self.package} cannot be used: {why}")


class PassRegistry:
    """Passes by name. Entries are classes, or `module:Class` strings that are imported when asked for."""

    def __init__(self, entries: Mapping[str, str | type[Pass]] | None = None) -> None:
        self._entries: dict[str, str | type[Pass] | _EntryPoint] = dict(entries or {})
        self._loaded_entry_points = False
        self.conflicts: list[str] = []
        """What packages register under names that are taken, in words; known after `names`."""

    def register(self, entry: type[Pass]) -> type[Pass]:
        """Add a pass class; also usable as a decorator. A name can be registered once."""
        if entry.name in self._entries:
            raise ValueError(f"a pass named '{entry.name}' is registered already")
        self._entries[entry.name] = entry
        return entry

    def lookup(self, name: str) -> type[Pass]:
        """The class of the pass `name`. Raises `UnknownPass`, or `BrokenPass` for one of another package."""
        if name not in self._entries:
            self._load_entry_points()
        entry = self._entries.get(name)
        if entry is None:
            raise UnknownPass(name, list(self._entries))
        if isinstance(entry, _EntryPoint):
            entry = self._entries[name] = entry.load()
        elif isinstance(entry, str):
            module, _, attribute = entry.partition(":")
            entry = self._entries[name] = getattr(import_module(module), attribute)
        return entry

    def names(self) -> list[str]:
        """The names of all passes, those of other packages included, sorted."""
        self._load_entry_points()
        return sorted(self._entries)

    def _load_entry_points(self) -> None:
        """Make the passes of other packages known, without importing them. Names that are taken stay whose
        they are: ours, or the first package's."""
        if not self._loaded_entry_points:
            self._loaded_entry_points = True
            # Imported here: it takes longer than all passes together, and most runs never need it.
            from importlib.metadata import entry_points

            for point in entry_points(group=ENTRY_POINT_GROUP):
                package = f"{point.dist.name} {point.dist.version}" if point.dist is not None else "unknown"
                taken = self._entries.get(point.name)
                if taken is None:
                    self._entries[point.name] = _EntryPoint(point.name, point.value, package)
                else:
                    owner = taken.package if isinstance(taken, _EntryPoint) else "ospjit"
                    self.conflicts.append(
                        f"pass '{point.name}' of package {package} is left out: the name is {owner}'s"
                    )
