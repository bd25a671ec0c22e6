"""What names stand for, and the frames in which variables live.

A `Frame` is a function body, a lambda body or the file scope: the unit across which variables are captured.
Scopes are the blocks inside it. Nothing here infers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ospjit.diagnostics import Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.types import Fun, Type

if TYPE_CHECKING:
    from ospjit.types.constraints import Constraint


class Frame:
    """One body. `captures`: locals of outer frames that it reads, in order of first use; `calls`: local
    functions that it mentions, whose captures it needs as well; `lambdas`: the frames of its lambdas."""

    __slots__ = ("calls", "captures", "function", "lambdas", "locals", "parent")

    def __init__(self, parent: Frame | None, function: FnInfo | None) -> None:
        self.parent = parent
        self.function = function
        self.captures: dict[core.Local, None] = {}
        self.calls: dict[FnInfo, None] = {}
        self.lambdas: list[Frame] = []
        self.locals: set[core.Local] = set()


@dataclass(eq=False, slots=True)
class Scheme:
    """A type with parameters, and the constraints that every instance has to meet."""

    tparams: tuple[str, ...]
    type: Fun
    constraints: list[Constraint]


@dataclass(eq=False, slots=True)
class LocalBinding:
    """A local variable and the frame that holds it. `kind` says in messages what it is."""

    local: core.Local
    frame: Frame
    kind: str = "variable"


@dataclass(eq=False, slots=True)
class GlobalBinding:
    """A file-scope `let`."""

    name: str
    type: Type
    span: Span


@dataclass(eq=False, slots=True)
class FnInfo:
    """A declared function, from its first mention to its lifted form."""

    symbol: str
    decl: ast.FnDecl
    parent: Frame | None  # the frame it is declared in, if that is a function's or lambda's
    names: list[str]
    rigid: dict[str, str] = field(default_factory=dict)  # declared type parameters: written -> unique name
    mono: Fun | None = None  # its type while its group is inferred
    scheme: Scheme | None = None
    own: tuple[str, ...] = ()  # type parameters without those of the functions around it
    frame: Frame | None = None
    params: list[core.Local] = field(default_factory=list)
    body: core.Expr | None = None
    annotated: bool = False  # whole type written, without parameters: known before its body
    free: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        """The name as written."""
        return self.decl.name


@dataclass(eq=False, slots=True)
class ExternBinding:
    """A C function."""

    extern: core.Extern
    type: Fun


@dataclass(eq=False, slots=True)
class BuiltinBinding:
    """A built-in function, by its name in the table."""

    name: str


@dataclass(eq=False, slots=True)
class UnknownBinding:
    """A name whose declaration was already reported: everything about it is accepted."""


Binding = LocalBinding | GlobalBinding | FnInfo | ExternBinding | BuiltinBinding | UnknownBinding


class Scope:
    """The names of one block."""

    __slots__ = ("frame", "names", "types")

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.names: dict[str, Binding] = {}
        self.types: dict[str, str] = {}  # type parameters: written -> unique name
