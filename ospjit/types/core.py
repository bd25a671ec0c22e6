"""The elaborated core tree: what the checker yields and all that `irgen` reads.

Every expression has its type and span. Arguments are positional; pipes, named arguments, method calls and
defaults of record fields are gone; short-circuit operators are `If`; instantiations, captures and coercions
are written out. Inside a generic function types may hold `Param`s, and a `Prim`, `GetField`, `Update` or
`Index` on such an operand takes its meaning when the function is instantiated.

The tree is data: no method here computes anything, and nothing changes a node after it is made. Chains of
operators may be very deep on the left: whoever walks it must not recurse there.
"""

from __future__ import annotations

from ospjit.diagnostics import Source, Span
from ospjit.types.types import Type

TYPE_CHECKING = False  # what type checkers take for true, without importing typing
if TYPE_CHECKING:
    from dataclasses import dataclass, field
else:
    from ospjit.plain import dataclass, field


@dataclass(slots=True, eq=False)
class Local:
    """A local variable or parameter. Identity is the object; `name` is for people."""

    name: str
    type: Type
    span: Span
    mutable: bool = False


# ---- expressions


@dataclass(slots=True, eq=False)
class Expr:
    """An expression: its static type and its place."""

    type: Type
    span: Span


@dataclass(slots=True, eq=False)
class Lit(Expr):
    """A literal: `int`, `float`, `str`, `bool`, or `None` for `Unit`. `type` tells which."""

    value: int | float | str | bool | None


@dataclass(slots=True, eq=False)
class Var(Expr):
    """The value of a local variable."""

    local: Local


@dataclass(slots=True, eq=False)
class GlobalVar(Expr):
    """The value of a file-scope or module variable, by its unique name."""

    name: str


@dataclass(slots=True, eq=False)
class FuncRef(Expr):
    """A declared function as a value. `captures` are the leading arguments that lifting gave it."""

    symbol: str
    targs: tuple[Type, ...]
    captures: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class BuiltinRef(Expr):
    """A built-in as a value; `overload` indexes the signatures of its table entry, -1 as in `CallBuiltin`."""

    name: str
    overload: int
    targs: tuple[Type, ...]


@dataclass(slots=True, eq=False)
class CallFn(Expr):
    """A call of a declared function: captures, then arguments, in order of evaluation."""

    symbol: str
    targs: tuple[Type, ...]
    captures: tuple[Expr, ...]
    args: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class CallBuiltin(Expr):
    """A call of a built-in. `overload` is -1, and `targs` is empty, where the types in a generic function do
    not decide between several signatures: `overload.select` does for the types of an instance."""

    name: str
    overload: int
    targs: tuple[Type, ...]
    args: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class CallExtern(Expr):
    """A call of an `extern fn`."""

    symbol: str
    args: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class Call(Expr):
    """A call of a function value."""

    callee: Expr
    args: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class Prim(Expr):
    """An operator: `add sub mul div mod neg not eq ne lt le gt ge`. The operands' types give its meaning."""

    op: str
    args: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class Construct(Expr):
    """A record, a variant or a `Result` (`Success`, `Error`); a structural record has no `variant` (""), and
    its fields are sorted by name. `args` in the declared order of the fields;
    they are evaluated in the order that `order` gives (indices into `args`): the source's."""

    variant: str
    args: tuple[Expr, ...]
    order: tuple[int, ...]


@dataclass(slots=True, eq=False)
class GetField(Expr):
    """A field of a record."""

    obj: Expr
    name: str


@dataclass(slots=True, eq=False)
class Update(Expr):
    """A record with some fields replaced; evaluated in the order written."""

    obj: Expr
    fields: tuple[tuple[str, Expr], ...]


@dataclass(slots=True, eq=False)
class ListLit(Expr):
    """A list literal."""

    items: tuple[Expr, ...]


@dataclass(slots=True, eq=False)
class MapLit(Expr):
    """A map literal, keys and values in order."""

    entries: tuple[tuple[Expr, Expr], ...]


@dataclass(slots=True, eq=False)
class Index(Expr):
    """`xs[i]`, `m[k]`, `s[i]`: a `Result`."""

    obj: Expr
    index: Expr


@dataclass(slots=True, eq=False)
class Interpolate(Expr):
    """An interpolated string: literal text and expressions of any printable type."""

    parts: tuple[str | Expr, ...]


@dataclass(slots=True, eq=False)
class If(Expr):
    """A conditional; also what `&&`, `||` and `c ? a : b` become."""

    cond: Expr
    then: Expr
    orelse: Expr


@dataclass(slots=True, eq=False)
class Default(Expr):
    """`r ?: fallback`."""

    result: Expr
    fallback: Expr


@dataclass(slots=True, eq=False)
class Arm:
    """One arm of a match."""

    pattern: Pattern
    guard: Expr | None
    body: Expr
    span: Span


@dataclass(slots=True, eq=False)
class Match(Expr):
    """A match; known to be exhaustive and without useless arms."""

    scrutinee: Expr
    arms: tuple[Arm, ...]


@dataclass(slots=True, eq=False)
class Block(Expr):
    """Statements and a last expression, whose type is the block's; `None` stands for `Unit`."""

    stmts: tuple[Stmt, ...]
    result: Expr | None


@dataclass(slots=True, eq=False)
class Lambda(Expr):
    """A function value made here. `captures`: the locals of the surroundings that `body` reads, each once,
    in order of first use. A `mut` among them is captured by its value at this point."""

    params: tuple[Local, ...]
    body: Expr
    captures: tuple[Local, ...]


@dataclass(slots=True, eq=False)
class Erase(Expr):
    """A value turned into `any`, with its run-time type; nothing happens if an instance makes it `any`."""

    value: Expr


@dataclass(slots=True, eq=False)
class Coerce(Expr):
    """The same value at another static type with the same representation: a declared record where a
    structural one with the same fields is wanted, or the other way round; an error type and `string`."""

    value: Expr


@dataclass(slots=True, eq=False)
class Spawn(Expr):
    """`spawn e`: a fiber that runs a parameterless lambda."""

    body: Lambda


@dataclass(slots=True, eq=False)
class SelectArm:
    """One arm of a select. `kind`: `recv` (operand: channel; `bind` takes the value), `send` (operands:
    channel, value), `sleep` (operand: milliseconds) or `default` (none)."""

    kind: str
    operands: tuple[Expr, ...]
    bind: Local | None
    body: Expr
    span: Span


@dataclass(slots=True, eq=False)
class Select(Expr):
    """A select over channel operations."""

    arms: tuple[SelectArm, ...]


# ---- statements of a block


@dataclass(slots=True, eq=False)
class Stmt:
    """A statement."""

    span: Span


@dataclass(slots=True, eq=False)
class Let(Stmt):
    """Binds a new local (immutable or `mut`)."""

    local: Local
    value: Expr


@dataclass(slots=True, eq=False)
class Assign(Stmt):
    """Gives a `mut` local of the same function body a new value."""

    local: Local
    value: Expr


@dataclass(slots=True, eq=False)
class SetGlobal(Stmt):
    """Initialises or assigns a file-scope variable."""

    name: str
    value: Expr


@dataclass(slots=True, eq=False)
class Do(Stmt):
    """Evaluates an expression and drops its value."""

    expr: Expr


# ---- patterns


@dataclass(slots=True, eq=False)
class Pattern:
    """A pattern; `type` is the type of what it is matched against."""

    type: Type
    span: Span


@dataclass(slots=True, eq=False)
class PWild(Pattern):
    """Matches anything."""


@dataclass(slots=True, eq=False)
class PVar(Pattern):
    """Matches anything and binds it."""

    local: Local


@dataclass(slots=True, eq=False)
class PLit(Pattern):
    """Matches one int, float, string or bool."""

    value: int | float | str | bool


@dataclass(slots=True, eq=False)
class PCon(Pattern):
    """Matches a variant (of a union, a record's only one, or `Success`/`Error`); one subpattern for every
    field, in the declared order."""

    variant: str
    args: tuple[Pattern, ...]


@dataclass(slots=True, eq=False)
class PRec(Pattern):
    """Matches a structural record, or, against `any`, every record with these fields (`open`: and others)."""

    fields: tuple[tuple[str, Pattern], ...]
    open: bool


@dataclass(slots=True, eq=False)
class PList(Pattern):
    """Matches a list of exactly, or with `rest` at least, these items."""

    items: tuple[Pattern, ...]
    rest: Pattern | None


@dataclass(slots=True, eq=False)
class PAs(Pattern):
    """Matches what the inner pattern matches and binds the whole."""

    local: Local
    pattern: Pattern


@dataclass(slots=True, eq=False)
class PType(Pattern):
    """Against `any`: matches values of the run-time type `inner.type`."""

    inner: Pattern


@dataclass(slots=True, eq=False)
class POr(Pattern):
    """Matches what any alternative matches; every alternative binds the same `Local` objects."""

    alternatives: tuple[Pattern, ...]


# ---- declarations


@dataclass(slots=True, eq=False)
class Variant:
    """One variant of a data type (records have one, of the type's own name)."""

    name: str
    fields: tuple[tuple[str, Type], ...]
    positional: bool
    doc: str | None = None


@dataclass(slots=True, eq=False)
class Data:
    """A declared record or union. `name` is unique in the program; `title` is what people read."""

    name: str
    title: str
    params: tuple[str, ...]
    variants: tuple[Variant, ...]
    is_record: bool
    span: Span
    doc: str | None = None


@dataclass(slots=True, eq=False)
class Function:
    """A function, lifted to the top. `params` begin with the `captured` ones that lifting added: the very
    `Local` objects of the functions around it. `tparams` begin with those of the functions around it."""

    symbol: str
    name: str
    tparams: tuple[str, ...]
    params: tuple[Local, ...]
    captured: int
    result: Type
    body: Expr
    span: Span
    doc: str | None = None
    exported: bool = False


@dataclass(slots=True, eq=False)
class Extern:
    """A C function."""

    symbol: str
    params: tuple[tuple[str, Type], ...]
    result: Type
    span: Span


@dataclass(slots=True, eq=False)
class Global:
    """A file-scope or module variable."""

    name: str
    title: str
    type: Type
    mutable: bool
    span: Span


@dataclass(slots=True, eq=False)
class Program:
    """A whole checked program. `entry` holds the file-scope statements in order; `main` is the symbol of
    `fn main()`, if declared, and runs after them."""

    source: Source
    datas: dict[str, Data]
    functions: dict[str, Function]
    externs: dict[str, Extern]
    globals: dict[str, Global]
    entry: Block
    main: str | None
    links: tuple[str, ...] = ()
    linkdirs: tuple[str, ...] = ()
    docs: dict[str, str] = field(default_factory=dict)
