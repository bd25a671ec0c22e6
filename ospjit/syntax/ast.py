"""The abstract syntax tree: what an Osprey program says, before anybody asks what it means.

One small class a construct, each with the span of the text it came from. The tree is plain data: the parser
builds it, everything later reads it, nothing decorates it. It must never hold types or resolved names.

Shapes a reader has to know:

- Chains are left-deep and may be of any length (`a + b + c…`, `x |> f |> g…`, `a.b().c()…`), so a stage
  must not recurse into the left operand of `Binary`, `Call`, `MethodCall`, `Field`, `Index` or
  `RecordUpdate`; `spine` lists such a chain for a loop. All other nesting is bounded by the parser
  (`parser.MAX_DEPTH`), and `else if` chains, statements, arms and fields are flat lists.
- `x |> f(a)` is already `Call(f, [x, a], piped=True)`.
- `await e`, `yield e` and a bare `yield` are calls of the names `await` and `yield`; `send`, `recv`,
  `await` and `yield` are ordinary names everywhere else.
- Whether `type A = B` is an alias or a union of one variant depends on whether `B` is a known type, which
  the parser cannot know: it is an `AliasDef`.
- `Name { x: 1 }` is a `RecordLit` if the name is capitalised, otherwise a `RecordUpdate` of a value.
- Parentheses leave no node, except that `(x.f)(a)` is a `Call` of a `Field` and `x.f(a)` a `MethodCall`.
"""

from __future__ import annotations

from ospjit.diagnostics.source import Source, Span

TYPE_CHECKING = False  # what type checkers take for true, without importing typing
if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:
    from ospjit.plain import dataclass, field


@dataclass(slots=True, eq=False)
class Node:
    """Anything that stands somewhere in a source text."""

    span: Span


@dataclass(slots=True, eq=False)
class Stmt(Node):
    """A declaration or statement."""


@dataclass(slots=True, eq=False)
class Expr(Node):
    """An expression."""


@dataclass(slots=True, eq=False)
class Pattern(Node):
    """A pattern of a match arm."""


@dataclass(slots=True, eq=False)
class TypeExpr(Node):
    """A type as written."""


@dataclass(slots=True, eq=False)
class Ident(Node):
    """A name as written, where its place matters."""

    name: str


# Types as written


@dataclass(slots=True, eq=False)
class TName(TypeExpr):
    """`int`, `List<T>`, `m::Point`; `()` is the name `Unit`."""

    name: str
    args: list[TypeExpr]
    qualifier: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class TFn(TypeExpr):
    """`(A, B) -> R` or `fn(A, B) -> R`."""

    params: list[TypeExpr]
    result: TypeExpr


@dataclass(slots=True, eq=False)
class TField(Node):
    """One field of a structural record type."""

    name: str
    name_span: Span
    type: TypeExpr


@dataclass(slots=True, eq=False)
class TRecord(TypeExpr):
    """`{ x: int, y: int }`."""

    fields: list[TField]


@dataclass(slots=True, eq=False)
class TypeParam(Node):
    """A type parameter; `variance` is "in", "out" or ""."""

    name: str
    variance: str = ""


@dataclass(slots=True, eq=False)
class EffectRef(Node):
    """An effect named in a row or by a handler: `State`, `State<int>`."""

    name: str
    args: list[TypeExpr]
    qualifier: tuple[str, ...] = ()


# Declarations and statements


@dataclass(slots=True, eq=False)
class Param(Node):
    """A parameter of a function or lambda; the name `_` is ignored and may be repeated."""

    name: str
    type: TypeExpr | None


@dataclass(slots=True, eq=False)
class Let(Stmt):
    """`let x: T = value`, or `mut` if `mutable`."""

    name: str
    name_span: Span
    type: TypeExpr | None
    value: Expr
    mutable: bool
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class Assign(Stmt):
    """`name = value`."""

    name: str
    name_span: Span
    value: Expr


@dataclass(slots=True, eq=False)
class ExprStmt(Stmt):
    """An expression whose value is dropped."""

    expr: Expr


@dataclass(slots=True, eq=False)
class FnDecl(Stmt):
    """A named function. `effects` is None where no row is written; a brace body is a `Block`."""

    name: str
    name_span: Span
    tparams: list[TypeParam]
    params: list[Param]
    result: TypeExpr | None
    effects: list[EffectRef] | None
    body: Expr
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class ExternFn(Stmt):
    """`extern fn`: a C function. A missing result type is `Unit`."""

    name: str
    name_span: Span
    params: list[Param]
    result: TypeExpr | None
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class FieldDef(Node):
    """A field of a declared record or variant; `where` is its constraint."""

    name: str
    name_span: Span
    type: TypeExpr
    where: Expr | None
    doc: str | None = None


@dataclass(slots=True, eq=False)
class VariantDef(Node):
    """A variant with named `fields`, with a `positional` payload, or with neither (both None)."""

    name: str
    name_span: Span
    fields: list[FieldDef] | None
    positional: list[TypeExpr] | None
    doc: str | None = None


@dataclass(slots=True, eq=False)
class RecordDef(Node):
    """`= { … }`."""

    fields: list[FieldDef]


@dataclass(slots=True, eq=False)
class UnionDef(Node):
    """`= A | B { … } | C(…)`."""

    variants: list[VariantDef]


@dataclass(slots=True, eq=False)
class AliasDef(Node):
    """`= type`; if the type is a bare unknown name, a union of that one variant."""

    type: TypeExpr


@dataclass(slots=True, eq=False)
class TypeDecl(Stmt):
    """`type Name<…> = …`."""

    name: str
    name_span: Span
    tparams: list[TypeParam]
    definition: RecordDef | UnionDef | AliasDef
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class OperationDef(Node):
    """One operation of an effect."""

    name: str
    name_span: Span
    type: TFn
    doc: str | None = None


@dataclass(slots=True, eq=False)
class EffectDecl(Stmt):
    """`effect Name<…> { op: fn(…) -> T … }`."""

    name: str
    name_span: Span
    tparams: list[TypeParam]
    operations: list[OperationDef]
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class Module(Stmt):
    """`module Name { … }`."""

    name: str
    name_span: Span
    body: list[Stmt]
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class ImportName(Node):
    """`name` or `name as alias` in an import list."""

    name: str
    alias: str | None


@dataclass(slots=True, eq=False)
class Import(Stmt):
    """`import a.b` (`names` is None) or `import a.b { x, y as z }`."""

    path: list[str]
    names: list[ImportName] | None


@dataclass(slots=True, eq=False)
class Link(Node):
    """A `// @link: name` ("link") or `// @linkdir: path` ("linkdir") comment."""

    kind: str
    value: str


@dataclass(slots=True, eq=False)
class Damage:
    """What syntax errors left unknown. `names`: what the unreadable parts seem to declare; `regions`: where
    the tree may not say what its author meant, as pairs of start and end."""

    names: set[str] = field(default_factory=set)
    regions: list[tuple[int, int]] = field(default_factory=list)

    def covers(self, at: int) -> bool:
        """Whether a place in the source lies in one of the regions."""
        return any(start <= at <= end for start, end in self.regions)


@dataclass(slots=True, eq=False)
class Program:
    """A source file: its statements and declarations in order, and the libraries it links."""

    source: Source
    statements: list[Stmt]
    links: list[Link]
    damage: Damage = field(default_factory=Damage)


# Literals and names


@dataclass(slots=True, eq=False)
class IntLit(Expr):
    """An integer that fits 64 bits; a minus that touches it is part of it."""

    value: int


@dataclass(slots=True, eq=False)
class FloatLit(Expr):
    """A float; a minus that touches it is part of it."""

    value: float


@dataclass(slots=True, eq=False)
class StringLit(Expr):
    """A string without interpolations, escapes resolved."""

    value: str


@dataclass(slots=True, eq=False)
class Interpolation(Expr):
    """A string with `${…}` in it: texts and expressions in order."""

    parts: list[str | Expr]


@dataclass(slots=True, eq=False)
class BoolLit(Expr):
    """`true` or `false`."""

    value: bool


@dataclass(slots=True, eq=False)
class UnitLit(Expr):
    """`()`."""


@dataclass(slots=True, eq=False)
class Broken(Expr):
    """What stands where a syntax error was: a value that nothing is known of."""


@dataclass(slots=True, eq=False)
class Name(Expr):
    """A variable, function or variant; also `send`, `recv`, `await`, `yield` as functions."""

    name: str


@dataclass(slots=True, eq=False)
class Qualified(Expr):
    """`a::b::name`."""

    qualifier: tuple[str, ...]
    name: str
    name_span: Span


@dataclass(slots=True, eq=False)
class TypeApplied(Expr):
    """A name with type arguments that is called: `List<int>` of `List<int>()`."""

    name: str
    args: list[TypeExpr]
    qualifier: tuple[str, ...] = ()


# Compound expressions


@dataclass(slots=True, eq=False)
class Call(Expr):
    """`fn(args)`. `names`, where not None, names each argument. `piped`: args[0] stood before `|>`."""

    fn: Expr
    args: list[Expr]
    names: list[Ident] | None = None
    piped: bool = False


@dataclass(slots=True, eq=False)
class MethodCall(Expr):
    """`object.name(args)`. `piped`: args[0] stood before `|>`."""

    object: Expr
    name: str
    name_span: Span
    args: list[Expr]
    names: list[Ident] | None = None
    piped: bool = False


@dataclass(slots=True, eq=False)
class Field(Expr):
    """`object.name`."""

    object: Expr
    name: str
    name_span: Span


@dataclass(slots=True, eq=False)
class Index(Expr):
    """`object[index]`."""

    object: Expr
    index: Expr


@dataclass(slots=True, eq=False)
class Unary(Expr):
    """`op` is "!", "-" or "+"."""

    op: str
    operand: Expr


@dataclass(slots=True, eq=False)
class Binary(Expr):
    """`op` is one of `* / % + - == != < <= > >= && ||`."""

    op: str
    op_span: Span
    left: Expr
    right: Expr


@dataclass(slots=True, eq=False)
class Ternary(Expr):
    """`condition ? then : otherwise`."""

    condition: Expr
    then: Expr
    otherwise: Expr


@dataclass(slots=True, eq=False)
class Default(Expr):
    """`value ?: fallback`."""

    value: Expr
    fallback: Expr


@dataclass(slots=True, eq=False)
class Block(Expr):
    """`{ statements… result }`; without a result its value is `Unit`."""

    statements: list[Stmt]
    result: Expr | None


@dataclass(slots=True, eq=False)
class Branch(Node):
    """`if condition { … }` of an `if` chain."""

    condition: Expr
    body: Block


@dataclass(slots=True, eq=False)
class If(Expr):
    """`if a { … } else if b { … } else { … }`: at least one branch, and what is left."""

    branches: list[Branch]
    otherwise: Block


@dataclass(slots=True, eq=False)
class Arm(Node):
    """`pattern if guard => body`."""

    pattern: Pattern
    guard: Expr | None
    body: Expr


@dataclass(slots=True, eq=False)
class Match(Expr):
    """`match scrutinee { arms }`."""

    scrutinee: Expr
    arms: list[Arm]


@dataclass(slots=True, eq=False)
class Lambda(Expr):
    """`fn(x: int) -> int => body` or `|x| => body`."""

    params: list[Param]
    result: TypeExpr | None
    body: Expr


@dataclass(slots=True, eq=False)
class FieldInit(Node):
    """`name: value` in a record literal or update."""

    name: str
    name_span: Span
    value: Expr


@dataclass(slots=True, eq=False)
class RecordLit(Expr):
    """`Name { … }`, `m::Name { … }`, `Name<T> { … }`: a record or a variant with named fields."""

    name: str
    name_span: Span
    type_args: list[TypeExpr]
    fields: list[FieldInit]
    qualifier: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class RecordUpdate(Expr):
    """`object { field: value }`."""

    object: Expr
    fields: list[FieldInit]


@dataclass(slots=True, eq=False)
class AnonRecord(Expr):
    """`{ x: 1, y: 2 }`."""

    fields: list[FieldInit]


@dataclass(slots=True, eq=False)
class ListLit(Expr):
    """`[a, b]`."""

    items: list[Expr]


@dataclass(slots=True, eq=False)
class MapLit(Expr):
    """`{ key: value }` with keys that are expressions; `{}` is the empty one."""

    entries: list[tuple[Expr, Expr]]


# Fibers and effects


@dataclass(slots=True, eq=False)
class Spawn(Expr):
    """`spawn body`."""

    body: Expr


@dataclass(slots=True, eq=False)
class SelectArm(Node):
    """`kind` is "recv" (args: channel), "send" (channel, value), "sleep" (milliseconds) or "default".

    `binder` is what a received value is bound to, or None.
    """

    kind: str
    binder: Pattern | None
    args: list[Expr]
    body: Expr


@dataclass(slots=True, eq=False)
class Select(Expr):
    """`select { arms }`."""

    arms: list[SelectArm]


@dataclass(slots=True, eq=False)
class Perform(Expr):
    """`perform Effect.operation(args)`."""

    effect: EffectRef
    operation: str
    operation_span: Span
    args: list[Expr]
    names: list[Ident] | None = None


@dataclass(slots=True, eq=False)
class HandlerArm(Node):
    """`operation a b => body`; an assignment as body is a `Block` of it."""

    operation: str
    operation_span: Span
    params: list[Param]
    body: Expr


@dataclass(slots=True, eq=False)
class Handle(Expr):
    """`handle Effect arms in body`."""

    effect: EffectRef
    arms: list[HandlerArm]
    body: Expr


@dataclass(slots=True, eq=False)
class Resume(Expr):
    """`resume(value)` or `resume()`."""

    value: Expr | None


# Patterns


@dataclass(slots=True, eq=False)
class PWild(Pattern):
    """`_`."""


@dataclass(slots=True, eq=False)
class PBind(Pattern):
    """A lower-case name."""

    name: str


@dataclass(slots=True, eq=False)
class PLit(Pattern):
    """A literal; the Python type of `value` tells int, float, str and bool apart."""

    value: int | float | str | bool


@dataclass(slots=True, eq=False)
class PField(Node):
    """`name` (which binds the name) or `name: pattern`."""

    name: str
    name_span: Span
    pattern: Pattern


@dataclass(slots=True, eq=False)
class PVariant(Pattern):
    """`style` is "bare" (`Dot`), "fields" (`Circle { radius }`) or "positional" (`Node(a, _)`, `Some x`)."""

    name: str
    name_span: Span
    style: str
    fields: list[PField]
    args: list[Pattern]
    qualifier: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class PTuple(Pattern):
    """`(a, b)` over a positional payload."""

    items: list[Pattern]


@dataclass(slots=True, eq=False)
class PList(Pattern):
    """`[a, b, ...rest]`; `rest` is a `PBind` or `PWild`, or None for exactly these items."""

    items: list[Pattern]
    rest: Pattern | None


@dataclass(slots=True, eq=False)
class PRecord(Pattern):
    """`{ a, b }`, or `{ a, .. }` if `open`."""

    fields: list[PField]
    open: bool


@dataclass(slots=True, eq=False)
class PAs(Pattern):
    """`name: { a, b }`: binds the whole too."""

    name: str
    name_span: Span
    pattern: Pattern


@dataclass(slots=True, eq=False)
class PTyped(Pattern):
    """`name: Type`."""

    name: str
    name_span: Span
    type: TypeExpr


@dataclass(slots=True, eq=False)
class POr(Pattern):
    """`a | b`."""

    alternatives: list[Pattern]


def left_operand(node: Expr) -> Expr | None:
    """The operand in which a chain goes on to the left, or None at its head."""
    kind = type(node)
    if kind is Binary:
        return node.left  # type: ignore[attr-defined]
    if kind is Call:
        return node.args[0] if node.piped else node.fn  # type: ignore[attr-defined]
    if kind is MethodCall:
        return node.args[0] if node.piped else node.object  # type: ignore[attr-defined]
    if kind is Field or kind is Index or kind is RecordUpdate:
        return node.object  # type: ignore[attr-defined]
    return None


def spine(node: Expr) -> list[Expr]:
    """The chain that ends in `node`, head first: each element is the `left_operand` of the next."""
    chain = [node]
    step = left_operand(node)
    while step is not None:
        chain.append(step)
        step = left_operand(step)
    chain.reverse()
    return chain
