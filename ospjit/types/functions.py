"""Declarations of functions and variables, blocks, and the order in which a program is inferred.

Functions are inferred in groups that depend on each other, dependencies first, and generalised together
(at any level of nesting). What is unknown about operators and fields then becomes part of their schemes. A
file-scope `let` is a member of that order too; statements with effects come last, in the order written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from ospjit.builtins.table import BUILTINS
from ospjit.diagnostics import Label, Span
from ospjit.syntax import ast
from ospjit.types import core
from ospjit.types.constraints import Constraint, Payload
from ospjit.types.dependencies import components, free_names
from ospjit.types.expressions import Expressions
from ospjit.types.scope import (
    Binding,
    ExternBinding,
    FnInfo,
    Frame,
    GlobalBinding,
    LocalBinding,
    Scheme,
    Scope,
)
from ospjit.types.session import DROP
from ospjit.types.types import BOOL, FLOAT, INT, PTR, STRING, UNIT, Fun, Type, fun, param
from ospjit.types.unify import BAD, Var, parameters, prune, variables

_FOREIGN = (INT, FLOAT, BOOL, STRING, PTR)


class Functions(Expressions):
    """Everything that is declared and the statements around it."""

    # ---- functions

    def announce(self, decl: ast.FnDecl, parent: Frame | None, prefix: str, variable: bool = False) -> FnInfo:
        """Make a function known, before anything is inferred about it. `variable`: a `let` names it."""
        if not variable and decl.name in BUILTINS and not BUILTINS[decl.name].shadowable:
            self.error("OSP2005", f"cannot redefine built-in function '{decl.name}'", decl.name_span)
        symbol = next(s for s in _numbered(prefix + decl.name) if s not in self.functions)
        info = FnInfo(symbol, decl, parent, [p.name for p in decl.params])
        self.functions[symbol] = info
        if decl.effects is not None:
            self.unsupported("effects are", decl.effects[0].span if decl.effects else decl.span)
        complete = decl.result is not None and all(p.type is not None for p in decl.params)
        if parent is None and complete and not decl.tparams:
            info.annotated = True
            types = [self.resolve(p.type) for p in decl.params if p.type is not None]
            assert decl.result is not None
            info.scheme = Scheme((), fun(types, self.resolve(decl.result)), [])
        return info

    def check_group(self, infos: Sequence[FnInfo]) -> None:
        """Infer functions that depend on each other, and generalise them together."""
        if self.unifier.level == 0:
            self.type_names = set()
        self.unifier.level += 1
        self.pending.append([])
        scopes = [self._open(info) for info in infos]
        for info, scope in zip(infos, scopes, strict=True):
            self._infer_body(info, scope)
        self.settle()
        self.unifier.level -= 1
        self._generalise(infos, self.pending.pop())

    def _open(self, info: FnInfo) -> Scope:
        """The frame of a function, its parameters and its type as far as it is written."""
        decl = info.decl
        frame = info.frame = Frame(info.parent, info)
        with self.body(frame) as scope:
            for tparam in decl.tparams:
                unique = next(n for n in _numbered(tparam.name) if n not in self.type_names)
                if tparam.name in scope.types:
                    self.error("OSP2004", f"type parameter '{tparam.name}' is there twice", tparam.span)
                if tparam.variance:
                    message = f"'{tparam.variance}' belongs to the parameters of a type, not of a function"
                    self.error("OSP3016", message, tparam.span)
                self.type_names.add(unique)
                scope.types[tparam.name] = info.rigid[tparam.name] = unique
            seen: set[str] = set()
            for p in decl.params:
                t = self.resolve(p.type) if p.type is not None else self.unifier.fresh()
                local = self.local(p.name, t, p.span)
                info.params.append(local)
                self.bind_parameter(p, local, seen)
            result = self.resolve(decl.result) if decl.result is not None else self.unifier.fresh()
        info.mono = Fun(tuple(p.type for p in info.params), result)
        return scope

    def _infer_body(self, info: FnInfo, scope: Scope) -> None:
        assert info.frame is not None and info.mono is not None
        outer, self.frame = self.frame, info.frame
        self.scopes.append(scope)
        try:
            result = info.mono.result
            if info.decl.result is None:
                info.body = self.infer(info.decl.body)
                self.unify(result, info.body.type, _end_of(info.decl.body))
            else:
                info.body = self.check(info.decl.body, DROP if result is UNIT else result)
        finally:
            self.scopes.pop()
            self.frame = outer

    def _generalise(self, infos: Sequence[FnInfo], constraints: list[Constraint]) -> None:
        """Turn what is still unknown into type parameters, with the constraints that speak of them."""
        rigid = [unique for info in infos for unique in info.rigid.values()]
        entry = any(info.parent is None and info.name == "main" for info in infos)
        while True:
            quantified, kept, ambiguous, outer = self._divide(infos, constraints, frozenset(rigid), entry)
            if not ambiguous:
                break
            self.settle_by_default(ambiguous)
        self.pending[-1].extend(outer)
        names = []
        letters = iter(_letters())
        for var in quantified:
            name = next(n for n in letters if n not in self.type_names)
            self.type_names.add(name)
            var.ref = param(name)
            names.append(name)
        for info in infos:
            assert info.mono is not None
            if self.limit_type(info.mono, info.decl.name_span):
                info.mono = Fun(info.mono.params, BAD)
            info.own = (*rigid, *names)
            info.scheme = Scheme(info.own, info.mono, kept)

    def _divide(
        self, infos: Sequence[FnInfo], constraints: list[Constraint], rigid: frozenset[str], entry: bool
    ) -> tuple[dict[Var, None], list[Constraint], list[Constraint], list[Constraint]]:
        """The variables to generalise, the constraints on them, those that nothing will ever settle, and
        those that belong to the functions around."""
        level = self.unifier.level
        quantified: dict[Var, None] = {}
        if not entry:
            for info in infos:
                assert info.mono is not None
                found: dict[Var, None] = {}
                variables(info.mono, found)
                quantified.update((v, None) for v in found if v.level > level)
        left = [(c, *_mentions(c)) for c in constraints if not c.done]
        about: dict[Var, list[int]] = {}
        for i, (_, inside, _) in enumerate(left):
            for var in inside:
                about.setdefault(var, []).append(i)
        # A constraint on a generalised type is the scheme's, and so are all other types that it speaks of.
        taken = {i for i, (_, _, names) in enumerate(left) if not rigid.isdisjoint(names)}
        reached = [v for i in taken for v in left[i][1] if v.level > level]
        work = [*quantified, *reached]
        quantified.update(dict.fromkeys(reached))
        while work:
            for i in about.get(work.pop(), ()):
                if i not in taken:
                    taken.add(i)
                    new = [v for v in left[i][1] if v.level > level and v not in quantified]
                    quantified.update(dict.fromkeys(new))
                    work += new
        kept = [left[i][0] for i in sorted(taken)]
        rest = [left[i] for i in range(len(left)) if i not in taken]
        ambiguous = [c for c, inside, _ in rest if any(v.level > level for v in inside)]
        outer = [c for c, inside, _ in rest if not any(v.level > level for v in inside)]
        return quantified, kept, ambiguous, outer

    def settle_by_default(self, constraints: Iterable[Constraint]) -> None:
        """Settle what nothing else will: operands are `int`; only then are error types `string`."""
        first = [c for c in constraints if not isinstance(c, Payload)]
        for constraint in first or constraints:
            if not constraint.done:
                constraint.default(self)
                self.settle()
                if not constraint.done and constraint.solve(self):
                    self.settle()
                constraint.done = True

    # ---- blocks

    def block(self, node: ast.Expr, expected: Type) -> core.Expr:
        assert isinstance(node, ast.Block)
        with self.scope():
            todo = self._announce_block(node)
            declared: dict[str, Span] = {}
            stmts: list[core.Stmt] = []
            coming = {s.name for s in node.statements if isinstance(s, ast.Let)}
            self.coming.append(coming)
            for statement in node.statements:
                if todo:
                    self._infer_needed(todo, statement)
                self.statement(statement, stmts, declared)
                coming.difference_update(declared)
            self.coming.pop()
            if todo and node.result is not None:
                self._infer_needed(todo, node.result)
            result = None
            if node.result is not None:
                result = self.check(node.result, expected)
            elif expected is not DROP:
                unit = self.coerce(self.unit(_end_of(node)), expected)
                result = unit if isinstance(unit, core.Erase) else None
        t = UNIT if expected is DROP else expected
        return self.expr(core.Block(t, node.span, tuple(stmts), result))

    def _announce_block(self, node: ast.Block) -> list[list[FnInfo]]:
        """The functions of a block, in groups, dependencies first."""
        decls = [s for s in node.statements if isinstance(s, ast.FnDecl)]
        if not decls:
            return []
        prefix = self._prefix()
        infos: dict[str, FnInfo] = {}
        for decl in decls:
            info = self.announce(decl, self.frame, prefix)
            info.free = free_names(decl)
            infos.setdefault(decl.name, info)
            self.bind(decl.name, info)
        for decl in decls:
            if infos[decl.name].decl is not decl:
                self.error("OSP2004", f"'{decl.name}' is already declared in this scope", decl.name_span)
                self.bind(decl.name, infos[decl.name])
        graph = {name: [n for n in info.free if n in infos] for name, info in infos.items()}
        return [[infos[name] for name in group] for group in components(graph)]

    def _prefix(self) -> str:
        """What the symbols of functions declared here begin with."""
        owner = self.frame
        while owner.function is None and owner.parent is not None:
            owner = owner.parent
        return f"{owner.function.symbol}." if owner.function is not None else ""

    def _infer_needed(self, todo: list[list[FnInfo]], statement: ast.Node) -> None:
        """Infer the groups that a statement needs, with what they need themselves."""
        names = set(free_names(statement))
        if isinstance(statement, ast.FnDecl):
            names = {statement.name}
        needed = []
        for group in reversed(todo):
            if any(info.name in names for info in group):
                needed.append(group)
                for info in group:
                    names |= info.free
        for group in reversed(needed):
            todo.remove(group)
            self.check_group(group)

    def statement(self, node: ast.Stmt, stmts: list[core.Stmt], declared: dict[str, Span]) -> None:
        """One statement of a block."""
        if isinstance(node, ast.Let):
            self._local_let(node, stmts, declared)
        elif isinstance(node, ast.Assign):
            assigned = self.assign(node)
            if assigned is not None:
                stmts.append(assigned)
        elif isinstance(node, ast.ExprStmt):
            stmts.append(core.Do(node.span, self.infer(node.expr)))
        elif isinstance(node, ast.FnDecl):
            self.declare_once(node.name, node.name_span, declared)
        else:
            self.misplaced(node)

    def misplaced(self, node: ast.Stmt) -> None:
        """Report a declaration that is not supported yet (that others stand wrongly has been said)."""
        if isinstance(node, ast.Import):
            self.unsupported("imports are", node.span)
            self.damage.names.update(n.alias or n.name for n in node.names or ())
        elif isinstance(node, (ast.Module, ast.EffectDecl)):
            self.unsupported("modules are" if isinstance(node, ast.Module) else "effects are", node.span)
            self.damage.names.add(node.name)

    def _as_function(self, node: ast.Let) -> ast.FnDecl | None:
        """A `let` of a lambda is a function that may be generalised, unless it reads a `mut` (a lambda keeps
        the value that the variable has now) or mentions an outer thing of its own name."""
        value = node.value
        if node.mutable or node.type is not None or not isinstance(value, ast.Lambda):
            return None
        if node.name in ("_", "main"):
            return None
        free = free_names(value)
        if node.name in free or self._reads_mut(free):
            return None
        return ast.FnDecl(
            node.span,
            node.name,
            node.name_span,
            [],
            value.params,
            value.result,
            None,
            value.body,
            node.doc,
            node.exported,
        )

    def _reads_mut(self, names: Iterable[str]) -> bool:
        """Whether one of the names stands for a `mut`, or for a local function that reads one."""
        work, seen = list(names), set(names)
        while work:
            binding = self.find(name := work.pop())
            if (isinstance(binding, LocalBinding) and binding.local.mutable) or name in self.file_muts:
                return True
            if isinstance(binding, FnInfo) and binding.parent is not None:
                work += binding.free - seen
                seen |= binding.free
        return False

    def _local_let(self, node: ast.Let, stmts: list[core.Stmt], declared: dict[str, Span]) -> None:
        function = self._as_function(node)
        if function is not None:
            info = self.announce(function, self.frame, self._prefix(), variable=True)
            info.free = free_names(function)
            self.check_group([info])
            self.declare_once(node.name, node.name_span, declared)
            self.bind(node.name, info)
            return
        value = self._initial(node)
        if node.name == "_":
            stmts.append(core.Do(node.span, value))
            return
        self.declare_once(node.name, node.name_span, declared)
        local = self.local(node.name, value.type, node.name_span, node.mutable)
        self.bind(node.name, LocalBinding(local, self.frame))
        stmts.append(core.Let(node.span, local, value))

    def _initial(self, node: ast.Let) -> core.Expr:
        """The value of a `let` or `mut`."""
        self.defining.append(node.name)
        wanted = self.resolve(node.type) if node.type is not None else None
        value = self.infer(node.value) if wanted is None else self.check(node.value, wanted)
        self.defining.pop()
        if wanted is not None and value.type is not wanted and prune(value.type) is BAD:
            return self.expr(core.Block(wanted, value.span, (), value))
        return value

    def declare_once(self, name: str, span: Span, declared: dict[str, Span]) -> None:
        """Report a name that its own scope already has."""
        first = declared.setdefault(name, span)
        if first is not span:
            label = Label(first, "first declared here")
            self.error("OSP2004", f"'{name}' is already declared in this scope", span, labels=(label,))

    # ---- the file scope

    def check_file(self, statements: Sequence[ast.Stmt]) -> tuple[dict[str, core.Global], core.Block]:
        """Everything in the file, in an order in which it can be inferred."""
        self.externs: dict[str, core.Extern] = {}
        self.globals: dict[str, core.Global] = {}
        self.mut_scope = Scope(self.file_frame)
        self.values: dict[int, list[core.Stmt]] = {}
        for statement in statements:
            self.misplaced(statement)
        self.declare_types(statements)
        names = self._announce_file(statements)
        for group in self._file_order(statements, names):
            functions = [self.infos[i] for i in group if i in self.infos]
            lets = [s for i in group if isinstance(s := statements[i], ast.Let) and i not in self.infos]
            for let in lets:
                self._announce_let(let)
            if functions:
                self.check_group(functions)
            for i in group:
                member = statements[i]
                if isinstance(member, ast.Let) and i not in self.infos:
                    self._file_let(member, i)
        self._run_file(statements)
        while True:
            left = [c for c in self.pending[-1] if not c.done]
            if not left:
                break
            self.settle_by_default(left)
        stmts = [s for i in sorted(self.values) for s in self.values[i]]
        span = Span(self.source, 0, len(self.source.text))
        return self.globals, self.expr(core.Block(UNIT, span, tuple(stmts), None))

    def _announce_file(self, statements: Sequence[ast.Stmt]) -> dict[str, int]:
        """The names of the file scope; functions, and what has its whole type written, are bound at once."""
        self.infos: dict[int, FnInfo] = {}
        declared: dict[str, Span] = {}
        names: dict[str, int] = {}
        for i, s in enumerate(statements):
            if isinstance(s, (ast.FnDecl, ast.ExternFn)) or (isinstance(s, ast.Let) and s.name != "_"):
                self.declare_once(s.name, s.name_span, declared)
                names.setdefault(s.name, i)
                if isinstance(s, ast.Let) and s.mutable:
                    self.file_muts.add(s.name)
        for i, s in enumerate(statements):
            function = self._as_function(s) if isinstance(s, ast.Let) else s
            if isinstance(function, ast.FnDecl):
                self.infos[i] = self.announce(function, None, "", variable=isinstance(s, ast.Let))
                assert isinstance(s, (ast.FnDecl, ast.Let))
                if names[s.name] == i:
                    self.bind(s.name, self.infos[i])
            elif isinstance(s, ast.ExternFn):
                binding = self._extern(s)
                if names[s.name] == i:
                    self.bind(s.name, binding)
        return names

    def _file_order(self, statements: Sequence[ast.Stmt], names: dict[str, int]) -> list[list[int]]:
        """Functions and variables, by index, in groups, dependencies first."""
        known = {i for i, info in self.infos.items() if info.annotated}
        members = [i for i, s in enumerate(statements) if isinstance(s, (ast.FnDecl, ast.Let))]
        member_set = set(members)
        graph = {}
        for i in members:
            targets = sorted({names[n] for n in free_names(statements[i]) if n in names})
            graph[i] = [t for t in targets if t in member_set and t not in known]
        return components(graph)

    def _announce_let(self, node: ast.Let) -> None:
        """Bind a file-scope variable whose group is being inferred. A `mut` is a local of the file's
        statements: no function sees it."""
        if node.name == "_":
            return
        t = self.resolve(node.type) if node.type is not None else self.unifier.fresh()
        if node.mutable:
            local = self.local(node.name, t, node.name_span, True)
            self.mut_scope.names[node.name] = LocalBinding(local, self.file_frame)
        elif node.name not in self.globals:
            self.globals[node.name] = core.Global(node.name, node.name, t, False, node.name_span)
            self.bind(node.name, GlobalBinding(node.name, t, node.name_span))

    def _file_let(self, node: ast.Let, index: int) -> None:
        self.scopes.append(self.mut_scope)
        binding: Binding | None = self.mut_scope.names.get(node.name) or self.scopes[0].names.get(node.name)
        if isinstance(binding, LocalBinding):
            value = self.check(node.value, binding.local.type)
            stmt: core.Stmt = core.Let(node.span, binding.local, value)
        elif isinstance(binding, GlobalBinding):
            value = self.check(node.value, binding.type)
            stmt = core.SetGlobal(node.span, binding.name, value)
        else:
            value = self.check(node.value, self.resolve(node.type)) if node.type else self.infer(node.value)
            stmt = core.Do(node.span, value)
        self.scopes.pop()
        self.values[index] = [stmt]

    def _run_file(self, statements: Sequence[ast.Stmt]) -> None:
        """The statements with effects, in order; none may stand beside `fn main()`."""
        main = next((s for s in statements if isinstance(s, ast.FnDecl) and s.name == "main"), None)
        self.scopes.append(self.mut_scope)
        for i, s in enumerate(statements):
            if isinstance(s, ast.ExprStmt):
                if main is not None and not isinstance(s.expr, ast.Broken):
                    message = "a file that declares `fn main()` has no statements beside it"
                    label = Label(main.name_span, "this is where the program starts")
                    hint = "move the statement into `main`"
                    self.error("OSP2009", message, s.span, (hint,), (label,))
                self.values[i] = [core.Do(s.span, self.infer(s.expr))]
            elif isinstance(s, ast.Assign):
                assigned = self.assign(s)
                self.values[i] = [assigned] if assigned is not None else []
        self.scopes.pop()
        if main is not None and main.params:
            message = "function 'main' takes no parameters"
            self.error("OSP2012", message, main.params[0].span, ("`args()` gives the command line",))

    def _extern(self, node: ast.ExternFn) -> ExternBinding:
        self.available(node.name, "ffi", node.name_span)
        if node.name in BUILTINS and not BUILTINS[node.name].shadowable:
            self.error("OSP2005", f"cannot redefine built-in function '{node.name}'", node.name_span)
        params: list[tuple[str, Type]] = []
        for p in node.params:
            t = self.resolve(p.type) if p.type is not None else BAD
            self._foreign(t, p.span, True)
            params.append((p.name, t))
        result = self.resolve(node.result) if node.result is not None else UNIT
        if result is not UNIT and node.result is not None:
            self._foreign(result, node.result.span, False)
        extern = core.Extern(node.name, tuple(params), result, node.span)
        self.externs.setdefault(node.name, extern)
        return ExternBinding(extern, Fun(tuple(t for _, t in params), result))

    def _foreign(self, t: Type, span: Span, functions: bool) -> None:
        """Report a type that does not cross into C."""
        if t in _FOREIGN or t is BAD:
            return
        if functions and isinstance(t, Fun):
            for p in t.params:
                self._foreign(p, span, False)
            if t.result is not UNIT:
                self._foreign(t.result, span, False)
            return
        allowed = "int, float, bool, string, Ptr" + (" and functions of these" if functions else "")
        message = f"type {self.show(t)} cannot be passed to or from C"
        self.error("OSP3017", message, span, (f"the types that can: {allowed}",))


def _mentions(constraint: Constraint) -> tuple[list[Var], list[str]]:
    """The variables and parameters that a constraint is about."""
    found: dict[Var, None] = {}
    names: dict[str, None] = {}
    for t in constraint.types():
        variables(t, found)
        parameters(t, names)
    return list(found), list(names)


def _end_of(node: ast.Expr) -> Span:
    """Where the value of a body is made: its last expression, or the whole."""
    while isinstance(node, ast.Block) and node.result is not None:
        node = node.result
    if isinstance(node, ast.Block):
        return Span(node.span.source, max(node.span.start, node.span.end - 1), node.span.end)
    return node.span


def _numbered(name: str) -> Iterable[str]:
    yield name
    for n in count(1):
        yield f"{name}{n}"


def _letters() -> Iterable[str]:
    for n in count():
        for letter in "abcdefghijklmnopqrstuvwxyz":
            yield letter if n == 0 else f"{letter}{n}"
