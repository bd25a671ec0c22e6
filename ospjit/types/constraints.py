"""What is still to be decided about types: operators, fields, indexes and properties of unknown types.

A constraint waits until the types it looks at are known. What is unknown when a function is generalised goes
into its scheme, and every instance of the function brings its own copy; what nothing settles becomes `int`.
One mechanism for `a + b`, `a < b`, `x.f`, `xs[i]`, `print(x)` and the payload of an `Error`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from ospjit.diagnostics import Span
from ospjit.types.types import (
    ANY,
    ERROR,
    ERROR_TYPES,
    FLOAT,
    INT,
    MATH_ERROR,
    PTR,
    STRING,
    Con,
    Fun,
    Param,
    Rec,
    Type,
)
from ospjit.types.unify import BAD, Var, prune, replace, variables

if TYPE_CHECKING:
    from ospjit.types.session import Session

SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "mod": "%",
    "neg": "-",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "eq": "==",
    "ne": "!=",
}


def unknown(t: Type) -> bool:
    """Whether a pruned type is a variable or a parameter."""
    return type(t) is Var or isinstance(t, Param)


class Constraint:
    """Something to decide at `span`. `origin`: where it arose, if that is inside an instantiated function."""

    __slots__ = ("done", "origin", "span")

    def __init__(self, span: Span, origin: Span | None = None) -> None:
        self.span = span
        self.origin = origin
        self.done = False

    def types(self) -> list[Type]:
        """The types that it is about."""
        raise NotImplementedError

    def solve(self, session: Session) -> bool:
        """Decide what can be decided; False if it has to wait. Reports what cannot be."""
        raise NotImplementedError

    def default(self, session: Session) -> None:
        """Settle what nothing else settles: unknown operands are `int`."""
        for t in self.types():
            found: dict[Var, None] = {}
            variables(t, found)
            for var in found:
                session.unifier.unify(var, INT)

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        """The copy for an instance of the function, reported at `span`."""
        raise NotImplementedError


def _number(session: Session, t: Type) -> tuple[str, bool] | None:
    """("int" or "float", whether it may have failed) of an operand; None if unknown; ("", _) if no number."""
    t = prune(t)
    if t is INT or t is FLOAT:
        return t.name, False
    if unknown(t):
        return None
    if isinstance(t, Con) and t.name == "Result":
        value, error = prune(t.args[0]), prune(t.args[1])
        if unknown(value):
            return None if type(error) is Var or error is MATH_ERROR else ("", True)
        if value in (INT, FLOAT) and session.unifier.unify(error, MATH_ERROR):
            return value.name, True
        return "", True
    return "", False


def _joins(t: Type) -> bool:
    """Whether `+` concatenates or merges values of a type."""
    return t is STRING or (isinstance(t, Con) and t.name in ("List", "Map"))


class Arithmetic(Constraint):
    """`a op b` gives `result` (LANGUAGE §6: flat over `Result<number, MathError>`; `+` also joins)."""

    __slots__ = ("a", "b", "op", "result", "spans")

    def __init__(
        self,
        op: str,
        a: Type,
        b: Type,
        result: Type,
        span: Span,
        spans: tuple[Span, Span],
        origin: Span | None = None,
    ) -> None:
        super().__init__(span, origin)
        self.op, self.a, self.b, self.result, self.spans = op, a, b, result, spans

    def types(self) -> list[Type]:
        return [self.a, self.b, self.result]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        a, b, r = (replace(t, mapping) for t in self.types())
        return Arithmetic(self.op, a, b, r, span, (span, span), self.origin or self.span)

    def default(self, session: Session) -> None:
        for t in (self.a, self.b):
            t = prune(t)
            if isinstance(t, Con) and t.name == "Result":
                t = prune(t.args[0])
            if type(t) is Var:
                session.unifier.unify(t, INT)

    def solve(self, session: Session) -> bool:
        a, b, result = prune(self.a), prune(self.b), prune(self.result)
        if a is BAD or b is BAD:
            session.unifier.unify(result, BAD)
            return True
        if self.op == "add":
            for known in (a, b):
                if _joins(known):
                    return self._join(session, known)
            if _joins(result) and (unknown(a) or unknown(b)):
                return self._join(session, result)
        left, right = _number(session, a), _number(session, b)
        if left is not None and left[0] == "":
            return self._bad_operand(session, INT, a, self.spans[0])
        if right is not None and right[0] == "":
            expected = a if left is not None and not left[1] else INT
            return self._bad_operand(session, expected, b, self.spans[1])
        if left is None or right is None:
            if isinstance(result, Con) and result.name == "Result":
                session.unifier.unify(result.args[1], MATH_ERROR)
            return False
        value = INT if left[0] == right[0] == "int" and self.op != "div" else FLOAT
        fails = left[1] or right[1] or value is INT or self.op in ("div", "mod")
        made = Con("Result", (value, MATH_ERROR)) if fails else value
        session.expect(result, made, self)
        return True

    def _join(self, session: Session, known: Type) -> bool:
        """One of the types is a string, list or map: all are the same."""
        for t, span in ((self.a, self.spans[0]), (self.b, self.spans[1])):
            if prune(t) is ANY:
                return self._bad_operand(session, known, ANY, span)
            if not session.unifier.unify(known, t):
                expected = prune(self.a)
                found = prune(self.b) if span is self.spans[1] else known
                session.mismatch(expected, found, self.spans[1], self)
                session.unifier.unify(self.result, BAD)
                return True
        session.expect(self.result, known, self)
        return True

    def _bad_operand(self, session: Session, expected: Type, found: Type, span: Span) -> bool:
        session.bad_operand(SIGNS[self.op], expected, found, span, self)
        session.unifier.unify(self.result, BAD)
        return True


class Negation(Constraint):
    """`-a` gives `result`."""

    __slots__ = ("a", "result")

    def __init__(self, a: Type, result: Type, span: Span, origin: Span | None = None) -> None:
        super().__init__(span, origin)
        self.a, self.result = a, result

    def types(self) -> list[Type]:
        return [self.a, self.result]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        return Negation(
            replace(self.a, mapping), replace(self.result, mapping), span, self.origin or self.span
        )

    def default(self, session: Session) -> None:
        a = prune(self.a)
        session.unifier.unify(a.args[0] if isinstance(a, Con) and a.args else a, INT)

    def solve(self, session: Session) -> bool:
        a = prune(self.a)
        if a is BAD:
            session.unifier.unify(self.result, BAD)
            return True
        number = _number(session, a)
        if number is None:
            return False
        if number[0] == "":
            session.bad_operand("-", INT, a, self.span, self)
            session.unifier.unify(self.result, BAD)
            return True
        if number[0] == "int":
            a = Con("Result", (INT, MATH_ERROR))
        session.expect(self.result, a, self)
        return True


class Order(Constraint):
    """`a < b` and its kin: numbers, also mixed, and strings."""

    __slots__ = ("a", "b", "op", "spans")

    def __init__(
        self, op: str, a: Type, b: Type, span: Span, spans: tuple[Span, Span], origin: Span | None = None
    ) -> None:
        super().__init__(span, origin)
        self.op, self.a, self.b, self.spans = op, a, b, spans

    def types(self) -> list[Type]:
        return [self.a, self.b]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        a, b = replace(self.a, mapping), replace(self.b, mapping)
        return Order(self.op, a, b, span, (span, span), self.origin or self.span)

    def solve(self, session: Session) -> bool:
        a, b = prune(self.a), prune(self.b)
        if a is BAD or b is BAD:
            return True
        for t, span in ((a, self.spans[0]), (b, self.spans[1])):
            if not (unknown(t) or t in (INT, FLOAT, STRING)):
                expected = (
                    a if t is b and a in (INT, FLOAT, STRING) else b if b in (INT, FLOAT, STRING) else INT
                )
                session.bad_operand(SIGNS[self.op], expected, t, span, self)
                return True
        if a is STRING or b is STRING:
            if not session.unifier.unify(a, b):
                session.mismatch(a, b, self.spans[1], self)
            return True
        return not (unknown(a) or unknown(b))


class Equality(Constraint):
    """`a == b`: both of one type, or both numbers; no functions inside."""

    __slots__ = ("a", "b", "op", "spans")

    def __init__(
        self, op: str, a: Type, b: Type, span: Span, spans: tuple[Span, Span], origin: Span | None = None
    ) -> None:
        super().__init__(span, origin)
        self.op, self.a, self.b, self.spans = op, a, b, spans

    def types(self) -> list[Type]:
        return [self.a, self.b]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        a, b = replace(self.a, mapping), replace(self.b, mapping)
        return Equality(self.op, a, b, span, (span, span), self.origin or self.span)

    def solve(self, session: Session) -> bool:
        a, b = prune(self.a), prune(self.b)
        if a is BAD or b is BAD:
            return True
        for t, span in ((a, self.spans[0]), (b, self.spans[1])):
            if t is ANY:
                session.bad_operand(SIGNS[self.op], a, ANY, span, self)
                return True
        numbers = [t for t in (a, b) if t is INT or t is FLOAT]
        if len(numbers) == 2:
            return True
        if (unknown(a) or unknown(b)) and (numbers or (unknown(a) and unknown(b) and a is not b)):
            return False
        if session.is_result(a) != session.is_result(b) and not (unknown(a) or unknown(b)):
            result, other, span = (a, b, self.spans[0]) if session.is_result(a) else (b, a, self.spans[1])
            session.bad_operand(SIGNS[self.op], other, result, span, self)
            return True
        if not session.unifier.unify(a, b):
            session.mismatch(a, b, self.spans[1], self)
            return True
        session.require(Property("comparable", a, self.span, self.origin))
        return True


class Property(Constraint):
    """`type` is `printable`, `comparable`, a `number`, or has an `order`."""

    __slots__ = ("kind", "type")

    def __init__(self, kind: str, t: Type, span: Span, origin: Span | None = None) -> None:
        super().__init__(span, origin)
        self.kind, self.type = kind, t

    def types(self) -> list[Type]:
        return [self.type]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        return Property(self.kind, replace(self.type, mapping), span, self.origin or self.span)

    def default(self, session: Session) -> None:
        if self.kind in ("number", "order"):
            super().default(session)
        else:
            self.done = True  # no value has this type; whatever it becomes will do

    def solve(self, session: Session) -> bool:
        t = prune(self.type)
        if self.kind in ("number", "order"):
            allowed = (INT, FLOAT) if self.kind == "number" else (INT, FLOAT, STRING)
            if t is BAD or t in allowed:
                return True
            if unknown(t):
                return False
            session.mismatch(INT, t, self.span, self)
            return True
        found = _without(session, self.kind, t, set())
        if found is None:
            return False
        if found is not True:
            what = "printed" if self.kind == "printable" else "compared"
            code = "OSP3010" if self.kind == "printable" else "OSP3011"
            inside = "" if found is t else f" ({session.show(t)} holds one)"
            message = f"a {_noun(found)} cannot be {what}{inside}: its type is {session.show(found)}"
            hints = ("call it first",) if isinstance(found, Fun) else ()
            session.report(code, message, self, hints)
        return True


def _noun(t: Type) -> str:
    return "function" if isinstance(t, Fun) else "value of this type"


def _without(session: Session, kind: str, t: Type, seen: set[str]) -> Type | Literal[True] | None:
    """True if nothing in `t` speaks against the property; the culprit; or None if that is not known yet."""
    t = prune(t)
    if unknown(t):
        return None
    if isinstance(t, Fun):
        return t
    if isinstance(t, Con):
        if kind == "printable" and (t is PTR or t.name == "Iterator"):
            return t
        if kind == "comparable" and (t is ANY or t.name == "Iterator"):
            return t
        inside = list(t.args)
        data = session.datas.get(t.name)
        if data is not None and str(t) not in seen:
            seen.add(str(t))
            mapping = dict(zip(data.params, t.args, strict=True))
            inside = [replace(f, mapping) for variant in data.variants for _, f in variant.fields]
        elif data is not None:
            inside = []
    elif isinstance(t, Rec):
        inside = [f for _, f in t.fields]
    else:
        return True
    result: Type | Literal[True] | None = True
    for part in inside:
        found = _without(session, kind, part, seen)
        if found is None:
            result = None
        elif found is not True:
            return found
    return result


class HasField(Constraint):
    """`object.name` has type `result`."""

    __slots__ = ("name", "object", "result")

    def __init__(self, obj: Type, name: str, result: Type, span: Span, origin: Span | None = None) -> None:
        super().__init__(span, origin)
        self.object, self.name, self.result = obj, name, result

    def types(self) -> list[Type]:
        return [self.object, self.result]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        obj, result = replace(self.object, mapping), replace(self.result, mapping)
        return HasField(obj, self.name, result, span, self.origin or self.span)

    def default(self, session: Session) -> None:
        session.report(
            "OSP3014",
            f"the type of the record whose field '{self.name}' is read here is not known",
            self,
            ("annotate it where it is declared",),
        )
        session.unifier.unify(self.object, BAD)
        session.unifier.unify(self.result, BAD)

    def solve(self, session: Session) -> bool:
        obj = prune(self.object)
        if unknown(obj):
            return False
        found = session.field_type(obj, self.name)
        if found is None:
            session.no_field(obj, self.name, self)
            found = BAD
        session.expect(self.result, found, self)
        return True


class Indexed(Constraint):
    """`object[index]` gives `result`."""

    __slots__ = ("index", "object", "result")

    def __init__(self, obj: Type, index: Type, result: Type, span: Span, origin: Span | None = None) -> None:
        super().__init__(span, origin)
        self.object, self.index, self.result = obj, index, result

    def types(self) -> list[Type]:
        return [self.object, self.index, self.result]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        obj, index, result = (replace(t, mapping) for t in self.types())
        return Indexed(obj, index, result, span, self.origin or self.span)

    def default(self, session: Session) -> None:
        # A list: what an index is asked of most often.
        session.unifier.unify(self.object, Con("List", (session.unifier.fresh(),)))

    def solve(self, session: Session) -> bool:
        obj = prune(self.object)
        if unknown(obj):
            return False
        key: Type = INT
        if obj is BAD:
            value: Type = BAD
        elif obj is STRING:
            value = STRING
        elif isinstance(obj, Con) and obj.name == "List":
            value = obj.args[0]
        elif isinstance(obj, Con) and obj.name == "Map":
            key, value = obj.args
        else:
            session.not_indexable(obj, self)
            session.unifier.unify(self.result, BAD)
            return True
        session.expect(key, self.index, self)
        session.expect(self.result, Con("Result", (value, ERROR)), self)
        return True


class Payload(Constraint):
    """What the `Error` of a `Result` with this error type holds: a string for the built-ins' types."""

    __slots__ = ("error", "message")

    def __init__(self, error: Type, message: Type, span: Span, origin: Span | None = None) -> None:
        super().__init__(span, origin)
        self.error, self.message = error, message

    def types(self) -> list[Type]:
        return [self.error, self.message]

    def rebuilt(self, mapping: Mapping[str, Type], span: Span) -> Constraint:
        error, message = replace(self.error, mapping), replace(self.message, mapping)
        return Payload(error, message, span, self.origin or self.span)

    def default(self, session: Session) -> None:
        session.unifier.unify(self.error, STRING)

    def solve(self, session: Session) -> bool:
        error, message = prune(self.error), prune(self.message)
        if error is BAD:
            session.unifier.unify(message, BAD)
            return True
        if type(error) is Var:
            if unknown(message) or message is STRING:
                return False
            session.unifier.unify(error, message)
            return True
        if isinstance(error, Param):
            return error is message
        session.expect(STRING if error in ERROR_TYPES else error, message, self)
        return True
