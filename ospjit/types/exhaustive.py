"""Whether the arms of a match cover every value, and whether each can be reached.

Maranget's algorithm ("Warnings for pattern matching", JFP 17(3), 2007): `useful` is his U with witnesses
(algorithm I), over matrices of core patterns with settled types. A constructor is a tuple that begins with
its kind; a type that has finitely many lists them, all others (numbers, strings, `any`, functions) are never
complete without a catch-all. List shapes are split by length up to the longest pattern. The work is bounded:
beyond `BUDGET` steps a match counts as it looks, and missing patterns are summed up as `_`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ospjit.diagnostics import Diagnostics, Label
from ospjit.types import core
from ospjit.types.patterns import subpatterns
from ospjit.types.types import ANY, BOOL, ERROR_TYPES, STRING, Con, Rec, Type, substitute
from ospjit.types.unify import BAD

Row = tuple[core.Pattern, ...]
Constructor = tuple[object, ...]
Witness = tuple[str, ...]

#: Steps after which a match is no longer analysed.
BUDGET = 20_000
#: Missing patterns that are listed before "…".
LISTED = 8


class _TooMuch(Exception):
    """The budget is used up."""


class Coverage:
    """The analysis of the matches of one program."""

    def __init__(self, datas: Mapping[str, core.Data], show: Callable[[Type], str]) -> None:
        self.datas = datas
        self.show = show
        self.steps = 0

    # ---- reports

    def _sound(self, p: core.Pattern, t: Type) -> bool:
        """Whether a pattern is for values of the type: nothing in it was reported as an error."""
        p = _plain(p)
        if p.type is BAD or t is BAD:
            return False
        if _is_wild(p):
            return True
        if isinstance(p, core.POr):
            return all(self._sound(a, t) for a in p.alternatives)
        if isinstance(p, core.PType):
            return t is ANY and self._sound(p.inner, p.inner.type)
        if p.type is not t:
            return False
        if isinstance(p, core.PCon):
            fields = self._fields(("con", p.variant), t)
            return len(fields) == len(p.args) and all(map(self._sound, p.args, fields))
        if isinstance(p, core.PList):
            element = self._fields(("list", 1), t)[0]
            return all(self._sound(item, element) for item in p.items)
        if isinstance(p, core.PRec) and isinstance(t, Rec):
            return all(self._sound(s, dict(t.fields)[n]) for n, s in p.fields)
        return True

    def check(self, match: core.Match, diagnostics: Diagnostics, dropped: bool) -> None:
        """Report missing patterns and useless arms. `dropped`: arms that never match were left out."""
        if not all(self._sound(arm.pattern, match.scrutinee.type) for arm in match.arms):
            return
        self.steps = 0
        self.longest = max((_longest_list(arm.pattern) for arm in match.arms), default=0)
        rows: list[Row] = []
        earlier: list[core.Arm] = []
        try:
            for position, arm in enumerate(match.arms):
                if not self._reachable(arm, rows, earlier, match, position, diagnostics, dropped):
                    return
                if arm.guard is None:
                    rows.extend((p,) for p in _alternatives(arm.pattern))
                earlier.append(arm)
            missing = self._missing(rows, [match.scrutinee.type], outermost=True)
        except _TooMuch:
            missing = [("_",)] if not any(_catch_all(arm) for arm in match.arms) else []
        if missing:
            names = list(dict.fromkeys(w[0] for w in missing))
            listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
            message = f"match is not exhaustive: missing patterns: [{listed}]"
            hint = "add arms for them" if names != ["_"] else "add an arm `_ => …` for all other values"
            diagnostics.error("OSP4001", message, match.span, hints=(hint,))

    def _reachable(
        self,
        arm: core.Arm,
        rows: list[Row],
        earlier: list[core.Arm],
        match: core.Match,
        position: int,
        diagnostics: Diagnostics,
        dropped: bool,
    ) -> bool:
        """Report an arm that matches nothing new; False if the rest would only repeat that."""
        for alternative in _alternatives(arm.pattern):
            if self._useful(rows, (alternative,)):
                rows = [*rows, (alternative,)] if arm.guard is None else rows
                continue
            catch_all = next((e for e in earlier if _catch_all(e)), None)
            if catch_all is not None:
                diagnostics.error("OSP4005", "wildcard pattern must be the last arm", catch_all.pattern.span)
                return False
            text = written(alternative)
            same = next(
                (
                    a
                    for e in earlier
                    if e.guard is None
                    for a in _alternatives(e.pattern)
                    if written(a) == text
                ),
                None,
            )
            if same is not None:
                message = f"duplicate match arm: pattern '{text}' appears multiple times"
                label = Label(same.span, "first here")
                diagnostics.error("OSP4003", message, alternative.span, labels=(label,))
            elif alternative is arm.pattern:
                diagnostics.error("OSP4004", "unreachable match arm", arm.pattern.span)
            else:
                message = "unreachable match arm: the patterns before this alternative match all that it does"
                diagnostics.error("OSP4004", message, alternative.span)
        return True

    # ---- the algorithm

    def _step(self) -> None:
        self.steps += 1
        if self.steps > BUDGET:
            raise _TooMuch

    def _useful(self, rows: Sequence[Row], row: Row) -> bool:
        """Whether some value matches `row` and none of `rows`."""
        self._step()
        if not row:
            return not rows
        first, rest = _plain(row[0]), row[1:]
        if isinstance(first, core.POr):
            return any(self._useful(rows, (a, *rest)) for a in first.alternatives)
        if not _is_wild(first):
            constructors = self._constructors_of(first)
            return any(
                self._useful(self._specialise(rows, c, first.type), self._apply(row, c)) for c in constructors
            )
        present = self._present(rows)
        signature = self._signature(first.type)
        if signature is not None and all(c in present for c in signature):
            return any(
                self._useful(self._specialise(rows, c, first.type), self._apply(row, c)) for c in signature
            )
        return self._useful([r[1:] for r in rows for r in self._default_rows(r)], rest)

    def _missing(self, rows: Sequence[Row], types: Sequence[Type], outermost: bool = False) -> list[Witness]:
        """Patterns, one for each column, of values that no row matches."""
        self._step()
        if not types:
            return [] if rows else [()]
        first, rest = types[0], types[1:]
        present = self._present(rows)
        signature = self._signature(first)
        found: list[Witness] = []
        known = signature if signature is not None else sorted(present, key=str)
        for c in known:
            if c in present and len(found) <= LISTED:
                inner = self._fields(c, first)
                for witness in self._missing(self._specialise(rows, c, first), [*inner, *rest]):
                    found.append((self._text(c, first, witness[: len(inner)]), *witness[len(inner) :]))
        if signature is not None and all(c in present for c in signature):
            return found
        heads = ["_"]
        if signature is not None and (present or (outermost and self._listed_whole(first))):
            absent = [c for c in signature if c not in present]
            heads = [self._text(c, first, ("_",) * len(self._fields(c, first))) for c in absent]
        remaining = self._missing([r[1:] for row in rows for r in self._default_rows(row)], rest)
        return found + [(head, *witness) for head in heads for witness in remaining]

    def _listed_whole(self, t: Type) -> bool:
        """Whether a type of which no constructor was matched is better listed than summed up as `_`."""
        if t is BOOL:
            return True
        return isinstance(t, Con) and (
            t.name == "Result" or (t.name in self.datas and not self.datas[t.name].is_record)
        )

    # ---- constructors

    def _signature(self, t: Type) -> list[Constructor] | None:
        """All constructors of a type, or None if there is no end to them."""
        if t is BOOL:
            return [("lit", "true"), ("lit", "false")]
        if isinstance(t, Rec):
            return [("rec",)]
        if not isinstance(t, Con):
            return None
        if t.name == "Result":
            return [("con", "Success"), ("con", "Error")]
        if t.name == "Unit":
            return [("unit",)]
        if t.name == "List":
            exact: list[Constructor] = [("list", n) for n in range(self.longest + 1)]
            return [*exact, ("more", self.longest + 1)]
        data = self.datas.get(t.name)
        return [("con", v.name) for v in data.variants] if data is not None else None

    def _constructors_of(self, p: core.Pattern) -> list[Constructor]:
        """The constructors that a pattern (no wildcard, no alternative) covers."""
        if isinstance(p, core.PCon):
            return [("con", p.variant)]
        if isinstance(p, core.PLit):
            return [_literal(p)]
        if isinstance(p, core.PRec):
            if p.type is ANY:
                return [("fields", p.open, tuple(sorted(n for n, _ in p.fields)), written(p))]
            return [("rec",)]
        if isinstance(p, core.PType):
            inner = _plain(p.inner)
            if _is_wild(inner):
                return [("type", str(p.inner.type))]
            return [("type", str(p.inner.type), written(p))]
        assert isinstance(p, core.PList)
        size = len(p.items)
        if p.rest is None:
            return [("list", size)]
        exact: list[Constructor] = [("list", n) for n in range(size, self.longest + 1)]
        return [*exact, ("more", self.longest + 1)]

    def _present(self, rows: Sequence[Row]) -> set[Constructor]:
        found: set[Constructor] = set()
        for row in rows:
            for p in _alternatives(row[0]):
                if not _is_wild(p):
                    found.update(self._constructors_of(p))
        return found

    def _fields(self, c: Constructor, t: Type) -> list[Type]:
        """The types of what a constructor holds."""
        if c[0] == "con" and isinstance(t, Con):
            if t.name == "Result":
                return [t.args[0] if c[1] == "Success" else _message_type(t.args[1])]
            data = self.datas[t.name]
            mapping = dict(zip(data.params, t.args, strict=True))
            variant = next(v for v in data.variants if v.name == c[1])
            return [substitute(f, mapping) for _, f in variant.fields]
        if c[0] == "rec" and isinstance(t, Rec):
            return [f for _, f in t.fields]
        if c[0] in ("list", "more") and isinstance(t, Con):
            return [t.args[0]] * int(c[1])  # type: ignore[call-overload]
        return []

    def _specialise(self, rows: Sequence[Row], c: Constructor, t: Type) -> list[Row]:
        """Maranget's S(c, P): the rows that match a value made by `c`, with what it holds in front."""
        made = []
        for row in rows:
            for p in _alternatives(row[0]):
                if _is_wild(p):
                    wild = tuple(core.PWild(f, p.span) for f in self._fields(c, t))
                    made.append((*wild, *row[1:]))
                elif c in self._constructors_of(p) or self._covers(p, c):
                    made.append((*self._parts(p, c, t), *row[1:]))
        return made

    def _covers(self, p: core.Pattern, c: Constructor) -> bool:
        """Against `any`: a bare type pattern covers all narrower ones of the same type."""
        return (
            isinstance(p, core.PType)
            and c[0] == "type"
            and _is_wild(_plain(p.inner))
            and c[1] == str(p.inner.type)
        )

    def _parts(self, p: core.Pattern, c: Constructor, t: Type) -> tuple[core.Pattern, ...]:
        if isinstance(p, core.PCon):
            return p.args
        if isinstance(p, core.PRec) and p.type is not ANY:
            return tuple(s for _, s in sorted(p.fields, key=lambda f: f[0]))
        if isinstance(p, core.PList):
            size = int(c[1])  # type: ignore[call-overload]
            extra = size - len(p.items)
            element = t.args[0] if isinstance(t, Con) and t.args else p.type
            return (*p.items, *(core.PWild(element, p.span) for _ in range(extra)))
        return ()

    def _apply(self, row: Row, c: Constructor) -> Row:
        """The row to ask about once its first value is known to be made by `c`."""
        p = _plain(row[0])
        if _is_wild(p):
            return (*(core.PWild(f, p.span) for f in self._fields(c, p.type)), *row[1:])
        return (*self._parts(p, c, p.type), *row[1:])

    def _default_rows(self, row: Row) -> list[Row]:
        """Maranget's D(P): the row, if it matches whatever its first column holds."""
        return [row for p in _alternatives(row[0]) if _is_wild(p)][:1]

    def _text(self, c: Constructor, t: Type, inner: Sequence[str]) -> str:
        """A constructor as one writes its pattern."""
        if c[0] == "lit":
            return str(c[1])
        if c[0] in ("unit", "type", "fields"):
            return "_"
        if c[0] == "rec" and isinstance(t, Rec):
            return "{ " + ", ".join(f"{n}: {p}" for (n, _), p in zip(t.fields, inner, strict=True)) + " }"
        if c[0] == "list":
            return f"[{', '.join(inner)}]"
        if c[0] == "more":
            return f"[{', '.join([*inner, '..._'])}]"
        name = str(c[1])
        if all(p == "_" for p in inner):
            return name
        if isinstance(t, Con) and t.name == "Result":
            return f"{name}({inner[0]})"
        assert isinstance(t, Con)
        variant = next(v for v in self.datas[t.name].variants if v.name == name)
        if variant.positional:
            return f"{name}({', '.join(inner)})"
        fields = (f"{n}: {p}" for (n, _), p in zip(variant.fields, inner, strict=True) if p != "_")
        return f"{name} {{ {', '.join(fields)} }}"


def _message_type(error: Type) -> Type:
    """What an `Error` holds for an error type."""
    return STRING if error in ERROR_TYPES else error


def _plain(p: core.Pattern) -> core.Pattern:
    """A pattern without the names that it gives to the whole."""
    while isinstance(p, core.PAs):
        p = p.pattern
    return p


def _is_wild(p: core.Pattern) -> bool:
    return isinstance(p, (core.PWild, core.PVar))


def _alternatives(p: core.Pattern) -> list[core.Pattern]:
    p = _plain(p)
    if isinstance(p, core.POr):
        return [b for a in p.alternatives for b in _alternatives(a)]
    return [p]


def _catch_all(arm: core.Arm) -> bool:
    return arm.guard is None and any(_is_wild(p) for p in _alternatives(arm.pattern))


def _literal(p: core.PLit) -> Constructor:
    if isinstance(p.value, bool):
        return ("lit", "true" if p.value else "false")
    return ("lit", repr(p.value))


def _longest_list(p: core.Pattern) -> int:
    longest = len(p.items) if isinstance(p, core.PList) else 0
    return max((longest, *(_longest_list(s) for s in subpatterns(p))))


def written(p: core.Pattern) -> str:
    """A pattern in source syntax, with `_` for every name that it binds."""
    p = _plain(p)
    if isinstance(p, core.PLit):
        if isinstance(p.value, bool):
            return "true" if p.value else "false"
        if isinstance(p.value, str):
            return '"' + p.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        return str(p.value)
    if isinstance(p, core.PCon):
        inner = [written(a) for a in p.args]
        return p.variant if all(i == "_" for i in inner) else f"{p.variant}({', '.join(inner)})"
    if isinstance(p, core.PList):
        rest = [] if p.rest is None else ["..._"]
        return f"[{', '.join([written(i) for i in p.items] + rest)}]"
    if isinstance(p, core.PRec):
        inner = [f"{n}: {written(s)}" if written(s) != "_" else n for n, s in p.fields]
        return "{ " + ", ".join([*inner, ".."] if p.open else inner) + " }"
    if isinstance(p, core.PType):
        return written(p.inner) if not _is_wild(_plain(p.inner)) else f"_: {p.inner.type}"
    if isinstance(p, core.POr):
        return " | ".join(written(a) for a in p.alternatives)
    return "_"
