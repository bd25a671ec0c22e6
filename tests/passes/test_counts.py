"""The counts that `perceus` inserts are proved right by an independent checker, which finds what is wrong.

Three kinds of IR: all programs of the repository, random modules, and modules in which one count was left
out or made twice.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ospjit.builtins.table import RUNTIME
from ospjit.diagnostics import CompileFailed, Source
from ospjit.driver.compile import Compilation
from ospjit.driver.options import CompileOptions
from ospjit.ir import Block, Operation, PassManager, PassOptions, body_of, parse_module, verify
from ospjit.ir.pass_manager import INVALID_IR, PASS_FAILED
from ospjit.passes import parse_pipeline
from tests.passes.count_checker import TAKEN, check_counts, check_function
from tests.passes.count_programs import random_module
from tests.passes.programs import PROGRAMS, identifier

COUNTING = "tail-calls,perceus"
#: Operations that change counts and may be left out or repeated.
COUNTS = frozenset(("rt.dup", "rt.drop", "rt.drop_cell", "rt.free_token"))


@cache
def lowered(path: Path, level: int) -> Operation | None:
    """A program after the last pass at a level; None if it is one that the compiler refuses."""
    source = Source(str(path), path.read_text(encoding="utf-8", errors="surrogateescape"))
    compilation = Compilation(source, CompileOptions(level, passes=PassOptions(verify_each=True)))
    try:
        return compilation.lowered
    except CompileFailed as failed:
        # A diagnostic about the program, not about a pass.
        assert not any(d.code in (INVALID_IR, PASS_FAILED) for d in failed.diagnostics), failed
        return None


def counted(module: Operation) -> Operation:
    """A module after the passes that count."""
    PassManager(parse_pipeline(COUNTING), PassOptions(verify_each=True)).run(module)
    return module


# ---- what the compiler makes


@pytest.mark.parametrize("level", (0, 2))
@pytest.mark.parametrize("path", PROGRAMS, ids=identifier)
def test_programs(path: Path, level: int) -> None:
    module = lowered(path, level)
    if module is not None:
        assert [str(problem) for problem in check_counts(module)] == []


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=150, deadline=None)
def test_random_modules(random: Random) -> None:
    module = random_module(random)
    verify(module)
    assert [str(problem) for problem in check_counts(counted(module))] == []


# ---- that it would be noticed


def returning_blocks(function: Operation) -> set[Block]:
    """The blocks from which control may come to a return: elsewhere a leak is none."""
    blocks = list(function.regions[0].blocks)
    found = {b for b in blocks if b.last is not None and b.last.name == "func.return"}
    work = list(found)
    while work:
        for predecessor in work.pop().predecessors():
            if predecessor not in found:
                found.add(predecessor)
                work.append(predecessor)
    return found


def faults(module: Operation) -> list[tuple[str, Operation, Operation]]:
    """Every way to leave out or repeat one count: its name, the function, the operation."""
    found = []
    for function in body_of(module).ops:
        if function.name == "func.func" and function.regions[0].first is not None:
            alive = returning_blocks(function)
            for op in function.walk():
                if op.name in COUNTS and op.parent in alive:
                    found += [("left out", function, op), ("repeated", function, op)]
    return found


def unnoticed(module: Operation, fault: tuple[str, Operation, Operation]) -> bool:
    """Whether the checker has nothing to say about a module with this fault, which is then repaired."""
    kind, function, op = fault
    block, following = op.parent, op.next
    assert block is not None and following is not None
    if kind == "left out":
        op.detach()
        problems = check_function(module, function)
        block.insert_before(op, following)
    else:
        twin = op.clone({})
        block.insert_before(twin, following)
        problems = check_function(module, function)
        twin.erase()
    return not problems


@given(st.integers(0, 2**64 - 1).map(Random))
@settings(max_examples=40, deadline=None)
def test_every_count_of_random_modules_matters(random: Random) -> None:
    module = counted(random_module(random))
    for fault in faults(module):
        assert not unnoticed(module, fault), f"{fault[0]}: {fault[2]} in {module}"


@pytest.mark.parametrize("name", ["api.osp", "hello.osp"])
def test_every_count_of_programs_matters(name: str) -> None:
    (path,) = [p for p in PROGRAMS if p.name == name and p.parent.name == "examples"]
    module = lowered(path, 2)
    assert module is not None
    found = faults(module)
    assert len(found) > 10
    for fault in found:
        assert not unnoticed(module, fault), f"{fault[0]}: {fault[2]}"


# ---- faults by hand

NODE = '!osp.data<"Node">'


def problems_of(body: str, inputs: str = f"(%n: {NODE}, %s: !osp.string)", attributes: str = "") -> list[str]:
    """What the checker says about a function, which borrows nothing unless `attributes` says so."""
    types = ", ".join(part.split(": ")[1] for part in inputs[1:-1].split(", "))
    text = f"""
      "rt.global"() {{sym_name = "g", mutable = true, types = [!osp.string]}} : () -> ()
      "func.func"() ({{
      ^bb0(%n: {NODE}):
        "func.return"() : () -> ()
      }}) {{sym_name = "borrows", borrowed = [0], function_type = ({NODE}) -> ()}} : () -> ()
      "func.func"() ({{
      ^bb0{inputs}:
        {body}
      }}) {{sym_name = "f", {attributes} function_type = ({types}) -> ()}} : () -> ()
    """
    module = parse_module(text)
    return [problem.message for problem in check_counts(module) if problem.function == "f"]


DROP_N = f'"rt.drop"(%n) : ({NODE}) -> ()'
DROP_S = '"rt.drop"(%s) : (!osp.string) -> ()'
SLOT = f'%v = "rt.slot"(%n) {{index = 0, words = 3, scan = 2}} : ({NODE}) -> !osp.string'
DUP_V = '"rt.dup"(%v) : (!osp.string) -> ()'
DROP_V = '"rt.drop"(%v) : (!osp.string) -> ()'
PRINT_V = '"rt.call"(%v) {callee = @osp_print} : (!osp.string) -> ()'
PRINT_S = '"rt.call"(%s) {callee = @osp_print} : (!osp.string) -> ()'
RETURN = '"func.return"() : () -> ()'
BORROWS = f'"func.call"(%n) {{callee = @borrows}} : ({NODE}) -> ()'
DROP_CELL = f'"rt.drop_cell"(%n, %v) {{words = 3, scan = 2, slots = [0]}} : ({NODE}, !osp.string) -> ()'

RIGHT = {
    "everything dropped": [DROP_N, DROP_S, RETURN],
    "a slot is used while its cell is held": [SLOT, PRINT_V, DROP_N, DROP_S, RETURN],
    "a slot with a count of its own outlives the cell": [
        SLOT,
        DUP_V,
        DROP_N,
        PRINT_V,
        DROP_V,
        DROP_S,
        RETURN,
    ],
    "a slot moves out of a dying cell": [SLOT, DROP_CELL, PRINT_V, DROP_V, DROP_S, RETURN],
    "a new cell in the memory of a dead one": [
        SLOT,
        '%k = "rt.drop_reuse"(%n, %v) {words = 3, scan = 2, slots = [0]}'
        f" : ({NODE}, !osp.string) -> !rt.token",
        '%i = "arith.constant"() {value = 1} : () -> i64',
        f'%c = "rt.cell_reuse"(%k, %v, %s, %i) {{tag = 0, scan = 2}}'
        f" : (!rt.token, !osp.string, !osp.string, i64) -> {NODE}",
        f'"rt.drop"(%c) : ({NODE}) -> ()',
        RETURN,
    ],
    "an argument is lent to a call": [BORROWS, DROP_N, DROP_S, RETURN],
}

WRONG = {
    "a leak": ([DROP_S, RETURN], 'argument 0 (!osp.data<"Node">) is still held 1 time(s) at the return'),
    "a double release": ([DROP_N, DROP_N, DROP_S, RETURN], "takes a reference"),
    "use after release": (
        [DROP_S, PRINT_S, DROP_N, RETURN],
        "uses argument 1 (!osp.string), which nobody keeps alive",
    ),
    "a slot without a count after its cell": (
        [SLOT, DROP_N, PRINT_V, DROP_S, RETURN],
        "uses the result of rt.slot",
    ),
    "a slot given away without a count": (
        [SLOT, DROP_V, DROP_N, DROP_S, RETURN],
        "takes a reference to the result",
    ),
    "a count of what is dead": ([SLOT, DROP_N, DUP_V, DROP_V, DROP_S, RETURN], "uses the result of rt.slot"),
    "lent after release": ([DROP_N, BORROWS, DROP_S, RETURN], "uses argument 0"),
    "lent, then forgotten": ([BORROWS, DROP_S, RETURN], "is still held"),
    "moved out and dropped twice": ([SLOT, DROP_CELL, DROP_V, DROP_V, DROP_S, RETURN], "takes a reference"),
    "moved out of the wrong slot": (
        [SLOT, DROP_CELL.replace("[0]", "[1]"), DROP_V, DROP_S, RETURN],
        "is not slot 1 of the cell",
    ),
    "a branch that forgets": (
        [
            f'%t = "rt.tag"(%n) : ({NODE}) -> i64',
            DROP_N,
            '"cf.switch"(%t)[^a, ^b] {case_operand_segments = array<i32: 0>,'
            " case_values = dense<[1]> : tensor<1xi64>,"
            " operandSegmentSizes = array<i32: 1, 0, 0>} : (i64) -> ()",
            f'^a: {DROP_S} "cf.br"()[^c] : () -> ()',
            '^b: "cf.br"()[^c] : () -> ()',
            f"^c: {RETURN}",
        ],
        "is held 0 and 1 times on two ways here",
    ),
    "a global read before another is stored": (
        [
            '%v = "rt.global_load"() {global = @g, index = 0} : () -> !osp.string',
            '"rt.global_store"(%s) {global = @g, index = 0} : (!osp.string) -> ()',
            PRINT_V,
            DROP_N,
            RETURN,
        ],
        "uses the result of rt.global_load",
    ),
    "a token lost": (
        [
            f'%k = "rt.drop_reuse"(%n) {{words = 3, scan = 2, slots = []}} : ({NODE}) -> !rt.token',
            DROP_S,
            RETURN,
        ],
        "is still held",
    ),
    "memory of another size": (
        [
            f'%k = "rt.drop_reuse"(%n) {{words = 2, scan = 2, slots = []}} : ({NODE}) -> !rt.token',
            '%i = "arith.constant"() {value = 1} : () -> i64',
            f'%c = "rt.cell_reuse"(%k, %i) {{tag = 0, scan = 0}} : (!rt.token, i64) -> {NODE}',
            f'"rt.drop"(%c) : ({NODE}) -> ()',
            DROP_S,
            RETURN,
        ],
        "a cell in the memory of one of another size",
    ),
    "a loop that collects": (
        [
            DROP_N,
            '"cf.br"()[^a] : () -> ()',
            '^a: "rt.dup"(%s) : (!osp.string) -> () "cf.br"()[^a] : () -> ()',
        ],
        "is held 1 and 2 times on two ways here",
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_by_hand(name: str) -> None:
    assert problems_of("\n".join(RIGHT[name])) == []


@pytest.mark.parametrize("name", WRONG)
def test_wrong_by_hand(name: str) -> None:
    body, message = WRONG[name]
    found = problems_of("\n".join(body))
    assert len(found) >= 1 and message in found[-1], found


def test_borrowed_parameters_are_the_callers() -> None:
    kept = f"{PRINT_S} {RETURN}"
    inputs = "(%s: !osp.string)"
    assert problems_of(kept, inputs, "borrowed = [0],") == []
    assert "takes a reference" in problems_of(f"{DROP_S} {kept}", inputs, "borrowed = [0],")[0]
    assert "the outside calls it" in problems_of(kept, inputs, "borrowed = [0], exported,")[0]


def test_results_said_to_be_static_are() -> None:
    body = '%v = "rt.string"() {value = "x"} : () -> !osp.string "func.return"(%v) : (!osp.string) -> ()'
    other = '"func.return"(%s) : (!osp.string) -> ()'
    for text, wrong in ((f"{DROP_S} {body}", False), (other, True)):
        module = parse_module(
            f'"func.func"() ({{ ^bb0(%s: !osp.string): {text} }}) {{sym_name = "f", static_results = [0],'
            " function_type = (!osp.string) -> !osp.string} : () -> ()"
        )
        assert bool(check_counts(module)) == wrong


# ---- who takes what


def test_the_table_agrees_about_who_takes_what() -> None:
    """The list was written from the sources of the runtime; the pass reads the table."""
    table = {
        symbol: frozenset(
            i for i, (_, machine) in enumerate(fn.params) if i in fn.owned or machine == "thunk"
        )
        for symbol, fn in RUNTIME.items()
    }
    assert {symbol: taken for symbol, taken in table.items() if taken} == TAKEN
