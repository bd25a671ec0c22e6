"""Random well-typed programs: source text in, so to speak, from nothing but a seed.

Every expression is built for a type that is asked for, from the variables in scope and from smaller
expressions, so that a program always checks. Recursion counts down and lists stay short, so it always ends.
What the reference interpreter leaves open is avoided: the order of a map's entries, and Results with strings
inside other values.
"""

from __future__ import annotations

import random

DECLARATIONS = """\
type Point = { x: int, y: int }
type Shape = Circle { radius: float } | Rect { w: float, h: float } | Dot
type Tree = Leaf | Node(Tree, int, Tree)
type Box<T> = { value: T, label: string }
fn insert(t: Tree, v: int) -> Tree = match t {
    Leaf => Node(Leaf, v, Leaf)
    Node(l, w, r) => if v < w { Node(insert(l, v), w, r) } else { Node(l, w, insert(r, v)) }
}
fn total(t: Tree) -> Result<int, MathError> = match t {
    Leaf => Success(0)
    Node(l, w, r) => total(l) + w + total(r)
}
fn add(a, b) = a + b
fn twice(f, x) = f(f(x))
fn pick<T>(c: bool, a: T, b: T) -> T = if c { a } else { b }
fn named(u) = u.label
fn swap(p: { x: int, y: int }) = { x: p.y, y: p.x }
fn countdown(n: int, acc: List<int>) -> List<int> =
    if n <= 0 { acc } else { countdown((n - 1) ?: 0, listAppend(acc, n)) }
fn describe(v: any) = match v {
    n: int => "int ${n}"
    s: string => "string ${s}"
    Dot => "dot"
    { x, y } => "point"
    { label, .. } => "labelled"
    _ => "other"
}
"""

_INTS = (
    "0",
    "1",
    "2",
    "7",
    "-3",
    "100",
    "9223372036854775807",
    "-9223372036854775808",
    "4611686018427387904",
)
_FLOATS = ("0.0", "1.5", "-2.25", "1000000.0", "0.1", "1.0e300")
_STRINGS = ('""', '"a"', '"Hello, World"', '"x\\ty"', '"äöü"', '"one two  three"', '"${1 + 1}"', '"\\"q\\""')
BASE = ("int", "float", "bool", "string")


class Generator:
    """Makes one program."""

    def __init__(self, seed: int) -> None:
        self.choose = random.Random(seed)
        self.scope: list[tuple[str, str]] = []
        self.count = 0

    def program(self, statements: int = 60) -> str:
        """A program that prints what it computes."""
        lines = [DECLARATIONS]
        for _ in range(statements):
            t = self.any_type()
            if self.choose.random() < 0.3:
                name = self.fresh()
                lines.append(f"let {name} = {self.make(t, 4)}")
                self.scope.append((name, t))
            else:
                lines.append(f"print({self.make(t, 4)})")
        return "\n".join(lines) + "\n"

    def fresh(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def any_type(self) -> str:
        return self.choose.choice(
            (*BASE, *BASE, "List<int>", "List<string>", "Point", "Shape", "Tree", "Sum", "Box")
        )

    # ---- expressions by type

    def make(self, t: str, depth: int) -> str:
        """An expression of a type."""
        known = [name for name, of in self.scope if of == t]
        if known and self.choose.random() < 0.25:
            return self.choose.choice(known)
        if depth <= 0:
            return self.leaf(t)
        if self.choose.random() < 0.35:
            return f"({self.general(t, depth - 1)})"
        forms = getattr(self, "_" + t.replace("<", "_").replace(">", "").lower())(depth - 1)
        return f"({self.choose.choice(forms)()})"

    def leaf(self, t: str) -> str:
        """An expression without others inside."""
        fixed = {
            "bool": ("true", "false"),
            "int": _INTS,
            "float": _FLOATS,
            "string": _STRINGS,
            "List<int>": ("[]", "[1, 2, 3]", "[5]"),
            "List<string>": ("[]", '["b", "a"]'),
            "Point": ("Point { x: 1, y: 2 }", "Point { y: 0, x: -5 }"),
            "Shape": ("Dot", "Circle { radius: 2.0 }", "Rect(1.5, 2.0)"),
            "Tree": ("Leaf", "Node(Leaf, 3, Leaf)"),
            "Sum": ("Success(5)", "(1 + 2)", "(7 % 0)", '(Error("none") + 1)'),
            "Box": ('Box { value: 1, label: "l" }',),
        }
        return self.choose.choice(fixed[t])

    def general(self, t: str, depth: int) -> str:
        """Forms that any type allows."""
        make, name = self.make, self.fresh()
        form = self.choose.randrange(9)
        if form == 0:
            return f"if {make('bool', depth)} {{ {make(t, depth)} }} else {{ {make(t, depth)} }}"
        if form == 1:
            return f"pick({make('bool', depth)}, {make(t, depth)}, {make(t, depth)})"
        if form == 2:
            other = self.any_type()
            value = make(other, depth)
            return self.within([(name, other)], lambda: f"{{ let {name} = {value}; {make(t, depth)} }}")
        if form == 3:
            value = make("Sum", depth)
            good = self.within([(name, "int")], lambda: make(t, depth))
            bad = self.within([(name + "m", "string")], lambda: make(t, depth))
            return f"match {value} {{ Success {name} => {good} Error {name}m => {bad} }}"
        if form == 4:
            return self.match_shape(t, depth)
        if form == 5:
            return self.match_list(t, depth)
        if form == 6:
            low, high = self.choose.sample(range(-3, 8), 2)
            arms = f"{low} => {make(t, depth)} {high} | 9 => {make(t, depth)}"
            rest = self.within([(name, "int")], lambda: make(t, depth))
            arms += f" {name} if {name} > 50 => {rest} _ => {make(t, depth)}"
            return f"match {make('int', depth)} {{ {arms} }}"
        if form == 7:
            other = self.any_type()
            body = self.within([(name, other)], lambda: make(t, depth))
            return f"(fn({name}) => {body})({make(other, depth)})"
        fn = f"f{name}"
        body = self.within([(name, "int")], lambda: make(t, depth))
        return f"{{ fn {fn}({name}: int) = {body}; pick(true, {fn}({make('int', depth)}), {fn}(1)) }}"

    def within(self, names: list[tuple[str, str]], build):  # type: ignore[no-untyped-def]
        """Build with more variables in scope."""
        self.scope += names
        try:
            return build()
        finally:
            del self.scope[len(self.scope) - len(names) :]

    def match_shape(self, t: str, depth: int) -> str:
        a, b = self.fresh(), self.fresh()
        circle = self.within([(a, "float")], lambda: self.make(t, depth))
        rect = self.within([(a, "float"), (b, "float")], lambda: self.make(t, depth))
        arms = [
            f"Circle {{ radius: {a} }} => {circle}",
            f"Rect({a}, {b}) => {rect}",
            f"Dot => {self.make(t, depth)}",
        ]
        self.choose.shuffle(arms)
        return f"match {self.make('Shape', depth)} {{ {' '.join(arms)} }}"

    def match_list(self, t: str, depth: int) -> str:
        a, b = self.fresh(), self.fresh()
        one = self.within([(a, "int")], lambda: self.make(t, depth))
        more = self.within([(a, "int"), (b, "List<int>")], lambda: self.make(t, depth))
        arms = f"[] => {self.make(t, depth)} [{a}] => {one} [{a}, ...{b}] => {more}"
        return f"match {self.make('List<int>', depth)} {{ {arms} }}"

    def _int(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"({m('Sum', d)} ?: {m('int', d)})",
            lambda: f"length({m('string', d)})",
            lambda: f"({m('List<int>', d)} |> length)",
            lambda: f"{m('Point', d)}.x" if d == 0 else f"({m('Point', d)}).y",
            lambda: f"(({m('List<int>', d)})[{m('int', 0)}] ?: {m('int', d)})",
            lambda: f"(intDiv({m('int', d)}, {m('int', d)}) ?: {m('int', d)})",
            lambda: f"foldList({m('List<int>', d)}, {m('int', d)}, |a{n}, b| => (a{n} + b) ?: a{n})",
            lambda: (
                f"(range(0, 5) |> map(|i{n}| => (i{n} * 3) ?: 0) |> fold(0, |a{n}, _| => (a{n} + 1) ?: 0))"
            ),
            lambda: f"({m('bool', d)} ? {m('int', d)} : {m('int', d)})",
            lambda: f"twice(|q{n}| => (q{n} - {m('int', d)}) ?: q{n}, {m('int', d)})",
        ]

    def _sum(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        op = self.choose.choice("+-*%")
        return [
            lambda: f"({m('int', d)} {op} {m('int', d)})",
            lambda: f"({m('Sum', d)} {op} {m('int', d)})",
            lambda: f"({m('int', d)} {op} {m('Sum', d)})",
            lambda: f"add({m('int', d)}, {m('int', d)})",
            lambda: f"total({m('Tree', d)})",
            lambda: f"(-({m('int', d)}))",
            lambda: f"Success({m('int', d)})",
        ]

    def _float(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        op = self.choose.choice("+-*")
        return [
            lambda: f"({m('float', d)} {op} {m('float', d)})",
            lambda: f"({m('int', d)} {op} {m('float', d)})",
            lambda: f"(({m('float', d)} / {m('int', d)}) ?: {m('float', d)})",
            lambda: f"toFloat({m('int', d)})",
            lambda: f"add({m('float', d)}, {m('int', d)})",
        ]

    def _bool(self, d: int):  # type: ignore[no-untyped-def]
        m, t = self.make, self.any_type()
        op = self.choose.choice(("<", "<=", ">", ">="))
        return [
            lambda: f"({m('int', d)} {op} {m('int', d)})",
            lambda: f"({m('float', d)} {op} {m('int', d)})",
            lambda: f"({m('string', d)} {op} {m('string', d)})",
            lambda: f"({m(t, d)} == {m(t, d)})",
            lambda: f"({m(t, d)} != {m(t, d)})",
            lambda: f"({m('bool', d)} && {m('bool', d)})",
            lambda: f"({m('bool', d)} || {m('bool', d)})",
            lambda: f"(!({m('bool', d)}))",
            lambda: f"contains({m('string', d)}, {m('string', d)})",
        ]

    def _string(self, d: int):  # type: ignore[no-untyped-def]
        m, t = self.make, self.any_type()
        return [
            lambda: f"({m('string', d)} + {m('string', d)})",
            lambda: f'"<${{{m(t, d)}}}>"',
            lambda: f"toString({m(t, d)})",
            lambda: f"describe({m(t, d)})",
            lambda: f"named({m('Box', d)})",
            lambda: f'join({m("List<string>", d)}, "-")',
            lambda: f"toUpperCase({m('string', d)})",
        ]

    def _list_int(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"[{m('int', d)}, {m('int', d)}]",
            lambda: f"listAppend({m('List<int>', d)}, {m('int', d)})",
            lambda: f"({m('List<int>', d)} + {m('List<int>', d)})",
            lambda: f"listReverse({m('List<int>', d)})",
            lambda: f"({m('List<int>', d)} |> map(|q{n}| => (q{n} * 2) ?: q{n}))",
            lambda: f"filterList({m('List<int>', d)}, |q{n}| => q{n} < {m('int', d)})",
            lambda: f"countdown({self.choose.randrange(6)}, {m('List<int>', d)})",
        ]

    def _list_string(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"[{m('string', d)}, {m('string', d)}]",
            lambda: f"words({m('string', d)})",
            lambda: f'mapList({m("List<int>", d)}, |q{n}| => "n${{q{n}}}")',
            lambda: f"listPrepend({m('List<string>', d)}, {m('string', d)})",
        ]

    def _point(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"Point {{ y: {m('int', d)}, x: {m('int', d)} }}",
            lambda: f"(({m('Point', d)}) {{ x: {m('int', d)} }})",
            lambda: f"{{ let it: Point = swap({m('Point', d)}); it }}",
        ]

    def _shape(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"Circle {{ radius: {m('float', d)} }}",
            lambda: f"Rect {{ h: {m('float', d)}, w: {m('float', d)} }}",
        ]

    def _tree(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"insert({m('Tree', d)}, {m('int', d)})",
            lambda: f"foldList({m('List<int>', d)}, {m('Tree', d)}, insert)",
            lambda: f"Node({m('Tree', d)}, {m('int', d)}, {m('Tree', d)})",
        ]

    def _box(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"Box {{ label: {m('string', d)}, value: {m('int', d)} }}",
            lambda: f"(({m('Box', d)}) {{ value: {m('int', d)} }})",
        ]
