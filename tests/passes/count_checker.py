"""An independent proof that the counts in the IR after `perceus` are right on every path.

It walks each function's blocks with, for every counted value, the number of references that the function
holds at that point, and complains where

- an operation gives away, or drops, a reference that is not held (a double release),
- a value is used that nobody keeps alive any more (a use after release),
- a reference is still held at a return (a leak),
- a cell is made in the memory of one of another size, or
- two paths into a block disagree (one of the above on one of them).

Who takes over what is written down here a second time, from the documentation of the operations and the
sources of the runtime, not from the tables that the pass reads; a test compares the two. Static values
(literals, null, cells without contents, values of immutable globals) need no counts and are left out; what is
static is worked out here, too. Nothing here may import the pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ospjit.ir import Block, BlockArgument, DialectType, Operation, Type, Value, body_of

#: Types whose values are pointers with a count before them.
_COUNTED = frozenset(
    f"osp.{name}"
    for name in ("string", "fn", "data", "rec", "list", "map", "iterator", "fiber", "channel", "any", "box")
)
#: What is left of a cell for another one; it must be used exactly once, like a reference.
_TOKEN = "rt.token"

#: Operations that take over a reference to every operand.
_TAKES_ALL = frozenset(
    """
    func.return rt.call_closure rt.cell rt.cell_reuse rt.closure rt.list rt.cast rt.store_word rt.global_store
    rt.drop rt.free_token
    """.split()
)
#: Operations whose result is only as alive as what it was read from.
_READS = frozenset(("rt.slot", "rt.load_word", "rt.global_load", "arith.select"))

#: The parameters that runtime functions take over, by position among the operands of `rt.call`.
TAKEN: dict[str, frozenset[int]] = {
    symbol: frozenset(positions)
    for symbol, positions in {
        "osp_string_append": (0,),
        "osp_list_set": (0, 2),
        "osp_list_append": (0, 1),
        "osp_list_prepend": (0, 1),
        "osp_list_concat": (0, 1),
        "osp_list_reverse": (0,),
        "osp_list_drop": (0,),
        "osp_list_take": (0,),
        "osp_list_sort": (0, 1),
        "osp_raise_error": (0,),
        "osp_map_set": (0, 1, 2),
        "osp_map_remove": (0,),
        "osp_map_merge": (0, 1),
        "osp_channel_send": (1,),
        "osp_spawn": (0,),
        "osp_spawn_process": (1,),
        "osp_http_listen": (1,),
        "osp_websocket_connect": (1,),
        "osp_websocket_connect_with": (5,),
        "osp_websocket_on_open": (1,),
        "osp_websocket_on_message": (1,),
        "osp_websocket_on_close": (1,),
        "osp_drop": (0,),
    }.items()
}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: in which function, at which operation, and what."""

    function: str
    op: Operation | None
    message: str

    def __str__(self) -> str:
        where = f" at {self.op}" if self.op is not None else ""
        return f"{self.function}: {self.message}{where}"


def check_counts(module: Operation) -> list[Problem]:
    """Everything that is wrong with the counts of a module after `perceus`."""
    program = _Program(module)
    problems = list(program.conventions())
    for function in program.functions.values():
        problems += _Function(program, function).run()
    return problems


def check_function(module: Operation, function: Operation) -> list[Problem]:
    """What is wrong inside one function of a module."""
    return _Function(_Program(module), function).run()


def is_counted(t: Type) -> bool:
    """Whether values of a type carry a count."""
    return isinstance(t, DialectType) and t.name in _COUNTED


def taken(op: Operation, borrowed: frozenset[int] = frozenset()) -> frozenset[int]:
    """The operands of an operation without successors whose references it takes over; `borrowed` are the
    parameters that the callee of a `func.call` leaves to its caller."""
    if op.name in _TAKES_ALL:
        return frozenset(range(len(op.operands)))
    if op.name == "func.call":
        return frozenset(range(len(op.operands))) - borrowed
    if op.name == "rt.call":
        return TAKEN.get(op.attr("callee"), frozenset())
    if op.name in ("rt.drop_cell", "rt.drop_reuse"):
        return frozenset((0,))
    if op.name == "rt.select":
        return frozenset(_sent(op))
    return frozenset()


def _sent(op: Operation) -> Iterator[int]:
    """The operands of a select that a channel takes: what is sent."""
    position = 0
    for kind in op.attr("kinds"):
        if kind == "send":
            yield position + 1
        position += {"recv": 1, "send": 2, "sleep": 1}.get(kind, 0)


def _received(op: Operation) -> frozenset[int]:
    """The arms of a select that receive something counted."""
    position, arms = 0, []
    for arm, kind in enumerate(op.attr("kinds")):
        if kind == "recv":
            channel = op.operands[position].type
            assert isinstance(channel, DialectType)
            element = channel.params[0]
            if isinstance(element, Type) and _is_word_counted(element):
                arms.append(arm)
        position += {"recv": 1, "send": 2, "sleep": 1}.get(kind, 0)
    return frozenset(arms)


def _is_word_counted(element: Type) -> bool:
    """Whether an element of a channel is a counted word: what is no word itself travels in a box."""
    return is_counted(element) or (
        isinstance(element, DialectType) and element.name in ("osp.result", "osp.unit")
    )


class _Program:
    """What functions say of themselves to their callers."""

    def __init__(self, module: Operation) -> None:
        self.functions: dict[str, Operation] = {}
        self.mutable: dict[str, bool] = {}
        for op in body_of(module).ops:
            if op.name == "func.func" and op.regions[0].first is not None:
                self.functions[op.attr("sym_name")] = op
            elif op.name == "rt.global":
                self.mutable[op.attr("sym_name")] = bool(op.attr("mutable"))

    def borrowed(self, function: str) -> frozenset[int]:
        """The parameters that stay the caller's."""
        op = self.functions.get(function)
        return frozenset(op.attr("borrowed", ())) if op is not None else frozenset()

    def static_results(self, function: str) -> frozenset[int]:
        """The results that are always static."""
        op = self.functions.get(function)
        return frozenset(op.attr("static_results", ())) if op is not None else frozenset()

    def conventions(self) -> Iterator[Problem]:
        """Who is called by address, by C code or by a tail call owns its arguments."""
        for name, function in self.functions.items():
            if self.borrowed(name) and (function.attr("exported") or name == "osp.entry"):
                yield Problem(name, None, "the outside calls it, but it borrows parameters")
            for op in function.walk():
                if op.name == "rt.closure" and self.borrowed(op.attr("callee")):
                    yield Problem(name, op, "a function value of a function that borrows parameters")
                if op.attr("tail") is not None and (op.next is None or op.next.name != "func.return"):
                    yield Problem(name, op, "a tail call is not directly before the return")


def _static_values(program: _Program, blocks: Iterable[Block]) -> frozenset[Value]:
    """The values that are static on every path: the largest set that the rules allow."""
    blocks = list(blocks)
    static: set[Value] = set()
    for block in blocks[1:]:
        static.update(a for a in block.args if is_counted(a.type))
    for block in blocks:
        for op in block.ops:
            static.update(
                r for i, r in enumerate(op.results) if is_counted(r.type) and _may_be(program, op, i)
            )
    changed = True
    while changed:
        before = len(static)
        for block in blocks:
            for op in block.ops:
                if op.name in ("rt.slot", "rt.cast", "arith.select"):
                    sources = [v for v in op.operands if is_counted(v.type)]
                    if not all(v in static for v in sources):
                        static.discard(op.result)
                for index, successor in enumerate(op.successors):
                    for argument, value in zip(successor.args, op.successor_args(index), strict=True):
                        if value not in static:
                            static.discard(argument)
        changed = len(static) != before
    return frozenset(static)


def _may_be(program: _Program, op: Operation, result: int) -> bool:
    """Whether a result is static, or is if the operands are."""
    if op.name in ("rt.string", "rt.null", "rt.static_cell", "rt.slot", "rt.cast", "arith.select"):
        return True
    if op.name == "rt.closure":
        return not op.operands
    if op.name == "rt.global_load":
        return not program.mutable[op.attr("global")]
    return op.name == "func.call" and result in program.static_results(op.attr("callee"))


class _State:
    """What is held at a point: references by value; the reads of mutable globals that are still good; for
    each select, the receiving arms that may have run and whose word nobody has taken."""

    def __init__(self) -> None:
        self.held: dict[Value, int] = {}
        self.fresh: frozenset[Value] = frozenset()
        self.pending: dict[Operation, frozenset[int]] = {}

    def copy(self) -> _State:
        new = _State()
        new.held, new.fresh, new.pending = dict(self.held), self.fresh, dict(self.pending)
        return new

    def add(self, value: Value) -> None:
        self.held[value] = self.held.get(value, 0) + 1

    def remove(self, value: Value) -> bool:
        """One reference less; whether there was one."""
        count = self.held.pop(value, 0)
        if count > 1:
            self.held[value] = count - 1
        return count > 0


class _Function:
    def __init__(self, program: _Program, op: Operation) -> None:
        self.program = program
        self.name = str(op.attr("sym_name"))
        self.op = op
        self.entry = op.regions[0].entry
        self.static = _static_values(program, op.regions[0].blocks)
        self.lent = {a for i, a in enumerate(self.entry.args) if i in program.borrowed(self.name)}
        self.at: dict[Block, _State] = {}
        self.work: list[Block] = []
        self.problems: dict[tuple[Operation | Block, str], Problem] = {}

    def run(self) -> list[Problem]:
        start = _State()
        for argument in self.entry.args:
            if self.tracked(argument) and argument not in self.lent:
                start.add(argument)
        self.at[self.entry] = start
        self.work.append(self.entry)
        while self.work:
            self.block(self.work.pop())
        return list(self.problems.values())

    def complain(self, place: Operation | Block, message: str) -> None:
        op = place if isinstance(place, Operation) else place.first
        self.problems.setdefault((place, message), Problem(self.name, op, message))

    def tracked(self, value: Value) -> bool:
        """Whether references to a value must be accounted for."""
        token = isinstance(value.type, DialectType) and value.type.name == _TOKEN
        return token or (is_counted(value.type) and value not in self.static)

    def alive(self, value: Value, state: _State) -> bool:
        """Whether somebody keeps a value: this function, its caller, or what it was read from."""
        work = [value]
        while work:
            v = work.pop()
            if not self.tracked(v) or v in state.held or v in self.lent or v in state.fresh:
                continue
            owner = v.owner
            if not isinstance(owner, Operation) or owner.name not in _READS or owner.name == "rt.global_load":
                return False
            # A slot lives in its cell, a word in its keeper, a selected value is one of two.
            work += owner.operands[1:] if owner.name != "rt.slot" else owner.operands
        return True

    # ---- walking

    def block(self, block: Block) -> None:
        state = self.at[block].copy()
        for op in block.ops:
            if op.successors:
                self.branch(op, state)
            else:
                self.step(op, state)

    def step(self, op: Operation, state: _State) -> None:
        """One operation: what it takes over, then what it uses, then what it yields."""
        if op.name in ("rt.drop_cell", "rt.drop_reuse"):
            self.use(op, op.operands[1:], state)
        callee = str(op.attr("callee")) if op.name == "func.call" else ""
        takes = taken(op, self.program.borrowed(callee))
        self.take(op, [v for i, v in enumerate(op.operands) if i in takes], state)
        if op.name == "rt.dup":
            self.use(op, op.operands, state)
            state.add(op.operands[0])
        elif op.name == "rt.same_address":
            pass  # looks at addresses, not at what is there
        elif op.name in ("rt.drop_cell", "rt.drop_reuse"):
            self.move_out(op, state)
        else:
            self.use(op, [v for i, v in enumerate(op.operands) if i not in takes], state)
        self.globals(op, state)
        self.select(op, state)
        self.reuse(op)
        if op.name == "func.return":
            self.returns(op, state)
        for result in op.results:
            if self.tracked(result) and op.name not in _READS:
                state.add(result)

    def take(self, op: Operation, values: Iterable[Value], state: _State) -> None:
        for value in values:
            if self.tracked(value) and not state.remove(value):
                self.complain(op, f"takes a reference to {self.describe(value)} that is not held")

    def use(self, op: Operation, values: Iterable[Value], state: _State) -> None:
        for value in values:
            if not self.alive(value, state):
                self.complain(op, f"uses {self.describe(value)}, which nobody keeps alive")

    def move_out(self, op: Operation, state: _State) -> None:
        """The cell's own references to its slots pass to the function, by moving or counting."""
        cell, *values = op.operands
        for value, index in zip(values, op.attr("slots"), strict=True):
            source = value.owner
            if not (isinstance(source, Operation) and source.name == "rt.slot"):
                self.complain(op, f"{self.describe(value)} is not what a slot held")
            elif source.operands[0] is not cell or source.attr("index") != index:
                self.complain(op, f"{self.describe(value)} is not slot {index} of the cell")
            if self.tracked(value):
                state.add(value)

    def globals(self, op: Operation, state: _State) -> None:
        """What was read from a mutable global is good until somebody may have stored another value."""
        if op.name == "rt.global_load" and self.tracked(op.result):
            state.fresh |= {op.result}
        elif op.name in ("rt.global_store", "func.call", "rt.call_closure", "rt.call"):
            state.fresh = frozenset()

    def select(self, op: Operation, state: _State) -> None:
        if op.name == "rt.select":
            state.pending[op] = _received(op)
        elif op.name == "rt.take_word":
            source = op.operands[0].owner
            assert isinstance(source, Operation)
            if is_counted(op.result.type):
                if state.pending.get(source) != frozenset((op.attr("index"),)):
                    self.complain(op, "takes the word of an arm that need not have run, or takes it again")
                state.pending[source] = frozenset()

    def reuse(self, op: Operation) -> None:
        """A new cell fits into the memory of every cell whose token may come here."""
        if op.name != "rt.cell_reuse":
            return
        seen = set()
        work: list[Value] = [op.operands[0]]
        while work:
            token = work.pop()
            if token in seen:
                continue
            seen.add(token)
            if isinstance(token, BlockArgument):
                block = token.owner
                assert isinstance(block, Block)
                work += [user.successor_args(index)[token.index] for user, index in block.uses]
            elif isinstance(token.owner, Operation) and token.owner.attr("words") != len(op.operands) - 1:
                self.complain(op, "a cell in the memory of one of another size")

    def returns(self, op: Operation, state: _State) -> None:
        for index in self.program.static_results(self.name):
            if self.tracked(op.operands[index]):
                self.complain(op, f"result {index} is said to be static and is not")
        for value, count in state.held.items():
            self.complain(op, f"{self.describe(value)} is still held {count} time(s) at the return")
        if any(state.pending.values()):
            self.complain(op, "a word that a select received is never taken")

    def branch(self, op: Operation, state: _State) -> None:
        passed = sum(len(op.successor_args(i)) for i in range(len(op.successors)))
        self.use(op, op.operands[: len(op.operands) - passed], state)
        for index, successor in enumerate(op.successors):
            after = state.copy()
            self.refine(op, index, after)
            if index == 0 and op.name == "cf.cond_br":
                self.identify(op.operands[0], after)
            values = op.successor_args(index)
            self.take(op, values, after)
            for argument in successor.args:
                if argument in after.held:
                    self.complain(op, f"{self.describe(argument)} is replaced while it is held")
                    del after.held[argument]
            for argument in successor.args:
                if self.tracked(argument):
                    after.add(argument)
            self.enter(successor, after, op)

    def identify(self, condition: Value, state: _State) -> None:
        """What two values are one known to be when a condition holds: the reference goes by the older one."""
        made = condition.owner
        if not isinstance(made, Operation):
            return
        if made.name == "arith.andi":
            for operand in made.operands:
                self.identify(operand, state)
        elif made.name == "rt.same_address":
            old, new = made.operands
            if old not in state.held and state.remove(new):
                state.add(old)
        elif made.name == "rt.in_place":
            call = made.operands[0].owner
            assert isinstance(call, Operation)
            if state.remove(made.operands[0]):
                state.add(call.operands[0])

    def enter(self, block: Block, state: _State, op: Operation) -> None:
        """Control reaches a block with a state, which must be the one it is known to be reached with."""
        known = self.at.get(block)
        if known is None:
            self.at[block] = state
            self.work.append(block)
            return
        for value in {**known.held, **state.held}:
            one, other = known.held.get(value, 0), state.held.get(value, 0)
            if one != other:
                counts = f"{min(one, other)} and {max(one, other)}"
                self.complain(block, f"{self.describe(value)} is held {counts} times on two ways here")
        if known.pending != state.pending:
            self.complain(block, "words of a select are pending on one way here and not on another")
        if not known.fresh <= state.fresh:
            known.fresh &= state.fresh
            self.work.append(block)

    def refine(self, op: Operation, successor: int, state: _State) -> None:
        """What a branch on the number of a select's arm says about the arms that may have run."""
        if not state.pending or op.name == "cf.br":
            return
        number, cases = op.operands[0], None
        if op.name == "cf.switch":
            cases = op.attr("case_values", ())
        else:
            compare = number.owner
            if (
                isinstance(compare, Operation)
                and compare.name == "arith.cmpi"
                and compare.attr("predicate") == 0
            ):
                number, constant = compare.operands
                if isinstance(constant.owner, Operation) and constant.owner.name == "arith.constant":
                    # The first successor is the case, the second what a switch calls the default.
                    cases, successor = (constant.owner.attr("value"),), 1 - successor
        source = number.owner
        if cases is not None and isinstance(source, Operation) and source in state.pending:
            possible = {cases[successor - 1]} if successor else state.pending[source] - set(cases)
            state.pending[source] &= frozenset(possible)

    def describe(self, value: Value) -> str:
        """A value, by what made it."""
        if isinstance(value, BlockArgument):
            return f"argument {value.index} ({value.type})"
        owner = value.owner
        assert isinstance(owner, Operation)
        return f"the result of {owner.name} ({value.type})"
