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
type Opt<T> = None | Some(T)
type Pair<A, B> = { first: A, second: B }
type Op = { name: string, run: (int) -> int }
fn even(n: int) -> bool = if n <= 0 { true } else { odd((n - 1) ?: 0) }
fn odd(n: int) -> bool = if n <= 0 { false } else { even((n - 1) ?: 0) }
fn opt<T>(c: bool, v: T) -> Opt<T> = if c { Some(v) } else { None }
fn orElse<T>(o: Opt<T>, v: T) -> T = match o { Some(x) => x None => v }
fn both(a, b) = Pair { first: a, second: b }
fn compose(f, g) = fn(x) => g(f(x))
fn apply(ops: List<Op>, n: int) -> int = foldList(ops, n, fn(acc, op) => op.run(acc))
fn noOps() -> List<Op> = []
fn byText(a: string, b: string) -> int = if a < b { -1 } else if a > b { 1 } else { 0 }
fn keys(m: Map<string, int>) -> List<string> = listSort(mapKeys(m), byText)
fn check(text: string, limit: int) -> Result<string, string> =
    match length(text) {
        0 => Error("empty")
        n if n > limit => Error("${n} is more than ${limit}")
        _ => Success(text + "!")
    }
fn chain(a: string, b: string) -> Result<string, string> = match check(a, 8) {
    Success x => match check(b, 5) {
        Success y => Success(x + y)
        Error m => Error("second: ${m}")
    }
    Error m => Error("first: ${m}")
}
fn shapes(xs: List<Shape>, low: float) -> string = match xs {
    [] => "none"
    [Circle { radius }, ..._] if radius > low => "big circle"
    [Dot, Dot, ...rest] => "dots and ${rest}"
    [Circle { radius: r }, Rect { w, h }] | [Rect { w, h }, Circle { radius: r }] => "two ${r} ${w} ${h}"
    [Rect(w, _), ...more] if more == [Dot] => "rect ${w}"
    [_, last] => "ends with ${last}"
    [one] => "one ${one}"
    _ => "many"
}
fn describe(v: any) = match v {
    n: int => "int ${n}"
    s: string => "string ${s}"
    Dot => "dot"
    { x, y } => "point"
    { label, .. } => "labelled"
    Some(n) => "some"
    [] => "empty list"
    b: bool => "bool ${b}"
    xs: List<int> => "ints ${xs}"
    f: float if f > 1.0 => "large float"
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
WIDER = ("Opt", "Pair", "Text", "Shapes", "Any")


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
            (*BASE, *BASE, "List<int>", "List<string>", "Point", "Shape", "Tree", "Sum", "Box", *WIDER)
        )

    def hidden_type(self) -> str:
        """A type whose values do not print, or not in an order that is known."""
        return self.choose.choice(("Map", "Fn", "Ops", "Iter"))

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
            "Opt": ("opt(false, 1)", "Some(-4)"),
            "Pair": ('Pair { first: "p", second: [1] }',),
            "Text": ('check("", 1)', 'check("fine", 9)', 'chain("a", "much too long")'),
            "Shapes": ("[]", "[Dot, Dot]", "[Circle { radius: 2.0 }, Rect(1.5, 2.0)]"),
            "Any": ("{ let e: any = 5; e }", '{ let e: any = "any"; e }'),
            "Map": ('{ "a": 1, "b": 2 }', "Map()"),
            "Fn": ("fn(x: int) => x", "|x: int| => (x * x) ?: 0"),
            "Ops": ("noOps()", '[Op { name: "inc", run: |x| => (x + 1) ?: x }]'),
            "Iter": ("range(0, 4)", "range(5, 2)"),
        }
        return self.choose.choice(fixed[t])

    def general(self, t: str, depth: int) -> str:
        """Forms that any type allows."""
        make, name = self.make, self.fresh()
        form = self.choose.randrange(13)
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
        if form == 8:
            hidden = self.hidden_type()
            value = make(hidden, depth)
            return self.within([(name, hidden)], lambda: f"{{ let {name} = {value}; {make(t, depth)} }}")
        if form == 9:
            value = make("int", depth)
            rest = self.within([(name, "int")], lambda: f"{name} = {make('int', depth)}; {make(t, depth)}")
            return f"{{ mut {name} = {value}; {rest} }}"
        if form == 10:
            return self.fibers(t, depth, name)
        if form == 11:
            return self.match_nested(t, depth)
        fn = f"f{name}"
        body = self.within([(name, "int")], lambda: make(t, depth))
        return f"{{ fn {fn}({name}: int) = {body}; pick(true, {fn}({make('int', depth)}), {fn}(1)) }}"

    def fibers(self, t: str, depth: int, name: str) -> str:
        """A fiber, or values through a channel, in an order that is always the same."""
        make = self.make
        if self.choose.random() < 0.5:
            return f"await(spawn {make(t, depth)})"
        value = make(t, depth)
        size = self.choose.randrange(4)
        take = f"send(c{name}, {make(t, depth)}); recv(c{name})"
        if size == 0:
            return (
                f"{{ let c{name} = Channel(0); let s{name} = spawn send(c{name}, {value}); recv(c{name}) }}"
            )
        return f"{{ let c{name} = Channel({size}); send(c{name}, {value}); recv(c{name}); {take} }}"

    def match_nested(self, t: str, depth: int) -> str:
        """Patterns inside patterns, with guards."""
        make, a, b = self.make, self.fresh(), self.fresh()
        form = self.choose.randrange(3)
        if form == 0:
            first = self.within([(a, "string"), (b, "int")], lambda: make(t, depth))
            arms = f"Pair {{ first: {a}, second: [{b}, ..._] }} if {b} > 0 => {first} "
            second = self.within([(a, "List<int>")], lambda: make(t, depth))
            arms += f'Pair {{ first: "p" | "q", second: {a} }} => {second} _ => {make(t, depth)}'
            return f"match {make('Pair', depth)} {{ {arms} }}"
        if form == 1:
            some = self.within([(a, "int")], lambda: f"Some({a}) if {a} < 9 => {make(t, depth)} ")
            arms = f"None => {make(t, depth)} Some(-4 | 0) => {make(t, depth)} {some}"
            rest = self.within([(a, "int")], lambda: make(t, depth))
            return f"match {make('Opt', depth)} {{ {arms} Some({a}) => {rest} }}"
        leaf = self.within([(a, "int")], lambda: f"Node(Leaf, {a}, Leaf) => {make(t, depth)}")
        left = self.within(
            [(a, "int"), (b, "Tree")], lambda: f"Node(Node(_, {a}, _), _, {b}) if {a} > 2 => {make(t, depth)}"
        )
        node = self.within([(a, "Tree")], lambda: f"Node({a}, _, _) => {make(t, depth)}")
        return f"match {make('Tree', depth)} {{ Leaf => {make(t, depth)} {leaf} {left} {node} }}"

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
            lambda: f"orElse({m('Opt', d)}, {m('int', d)})",
            lambda: f"({m('Map', d)}[{m('string', d)}] ?: {m('int', d)})",
            lambda: f"mapLength({m('Map', d)})",
            lambda: f"({m('Fn', d)})({m('int', d)})",
            lambda: f"apply({m('Ops', d)}, {m('int', d)})",
            lambda: f"({m('Iter', d)} |> fold({m('int', d)}, |a{n}, i{n}| => (a{n} + i{n}) ?: a{n}))",
            lambda: f"(indexOf({m('string', d)}, {m('string', 0)}) ?: {m('int', d)})",
            lambda: f"(parseInt({m('string', d)}) ?: {m('int', d)})",
            lambda: (
                f"foldList(keys({m('Map', d)}), {m('int', d)}, |a{n}, k{n}| => (a{n} + length(k{n})) ?: 0)"
            ),
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
        t = "int" if t == "Any" else t  # which does not compare
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
            lambda: f"even({self.choose.randrange(9)})",
            lambda: f"({m('Map', d)} == {m('Map', d)})",
            lambda: f"mapContains({m('Map', d)}, {m('string', d)})",
            lambda: f"listContains({m('Shapes', d)}, {m('Shape', d)})",
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
            lambda: f"({m('Text', d)} ?: {m('string', d)})",
            lambda: f"shapes({m('Shapes', d)}, {m('float', d)})",
            lambda: f"describe({m('Any', d)})",
            lambda: f"{m('Pair', d)}.first",
            lambda: f'(replace({m("string", d)}, "a", {m("string", d)}) ?: "-")',
            lambda: f"(substring({m('string', d)}, 0, 2) ?: {m('string', d)})",
            lambda: f'(padStart({m("string", d)}, {self.choose.randrange(9)}, "*.") ?: "-")',
            lambda: f"trim({m('string', d)})",
            lambda: f"({m('string', d)}[{self.choose.randrange(-1, 3)}] ?: {m('string', d)})",
            lambda: f"take({m('string', d)}, {self.choose.randrange(2)})",
        ]

    def _opt(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"Some({m('int', d)})",
            lambda: f"opt({m('bool', d)}, {m('int', d)})",
            lambda: f"match {m('Sum', d)} {{ Success v{n} => Some(v{n}) Error _ => opt(false, 0) }}",
        ]

    def _pair(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"both({m('string', d)}, {m('List<int>', d)})",
            lambda: f"(({m('Pair', d)}) {{ second: {m('List<int>', d)} }})",
        ]

    def _text(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"check({m('string', d)}, {self.choose.randrange(12)})",
            lambda: f"chain({m('string', d)}, {m('string', d)})",
        ]

    def _shapes(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"[{m('Shape', d)}, {m('Shape', d)}]",
            lambda: f"({m('Shapes', d)} + {m('Shapes', d)})",
            lambda: f"filterList({m('Shapes', d)}, |s{n}| => s{n} != {m('Shape', d)})",
        ]

    def _any(self, d: int):  # type: ignore[no-untyped-def]
        m, n, t = (
            self.make,
            self.fresh(),
            self.choose.choice((*BASE, "Point", "Box", "Opt", "List<int>", "Shape")),
        )
        return [
            lambda: f"{{ let a{n}: any = {m(t, d)}; a{n} }}",
            lambda: (
                f"{{ let a{n}: List<any> = [{m('int', d)}, {m('string', d)}]; (a{n}[0] ?: {m('Any', d)}) }}"
            ),
        ]

    def _map(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"mapSet({m('Map', d)}, {m('string', d)}, {m('int', d)})",
            lambda: f"mapRemove({m('Map', d)}, {m('string', 0)})",
            lambda: f"({m('Map', d)} + {m('Map', d)})",
            lambda: (
                f"foldList({m('List<string>', d)}, {m('Map', d)}, "
                f"|m{n}, w{n}| => mapSet(m{n}, w{n}, length(w{n})))"
            ),
            lambda: f'{{ "a": {m("int", d)}, "${{{m("int", d)}}}": {m("int", d)} }}',
        ]

    def _fn(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"compose({m('Fn', d)}, {m('Fn', d)})",
            lambda: f"fn(q{n}: int) => (q{n} + {m('int', d)}) ?: q{n}",
            lambda: f"(if {m('bool', d)} {{ {m('Fn', d)} }} else {{ {m('Fn', d)} }})",
        ]

    def _ops(self, d: int):  # type: ignore[no-untyped-def]
        m = self.make
        return [
            lambda: f"[Op {{ name: {m('string', d)}, run: {m('Fn', d)} }}]",
            lambda: f"({m('Ops', d)} + {m('Ops', d)})",
        ]

    def _iter(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"range({self.choose.randrange(-2, 3)}, {self.choose.randrange(8)})",
            lambda: f"({m('Iter', d)} |> map({m('Fn', d)}))",
            lambda: f"({m('Iter', d)} |> filter(|q{n}| => q{n} != {m('int', d)}))",
            lambda: f"take({m('Iter', d)}, {self.choose.randrange(6)})",
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
            lambda: f"toList({m('Iter', d)} |> take(5))",
            lambda: f"({m('Pair', d)}).second",
            lambda: f"mapList({m('List<int>', d)}, {m('Fn', d)})",
            lambda: f"mapList({m('Ops', d)}, |o{n}| => o{n}.run({m('int', d)}))",
            lambda: f"(listSet({m('List<int>', d)}, {m('int', 0)}, {m('int', d)}) ?: {m('List<int>', d)})",
            lambda: f"listSort({m('List<int>', d)}, |a{n}, b| => if a{n} < b {{ -1 }} else {{ 1 }})",
            lambda: f"listDrop({m('List<int>', d)}, {self.choose.randrange(-1, 3)})",
            lambda: f"countdown({self.choose.randrange(6)}, {m('List<int>', d)})",
        ]

    def _list_string(self, d: int):  # type: ignore[no-untyped-def]
        m, n = self.make, self.fresh()
        return [
            lambda: f"[{m('string', d)}, {m('string', d)}]",
            lambda: f"words({m('string', d)})",
            lambda: f"keys({m('Map', d)})",
            lambda: f'(split({m("string", d)}, "e") ?: {m("List<string>", d)})',
            lambda: f'mapList({m("Shapes", d)}, |q{n}| => "${{q{n}}}")',
            lambda: f'listZip({m("List<int>", d)}, {m("List<string>", d)}, |a{n}, b| => "${{a{n}}}${{b}}")',
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
