"""The verifier: each rule has an IR that breaks it and the words in which that is said."""

# ruff: noqa: E501  (a case of the tables is a line)

from __future__ import annotations

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.dialects import func
from ospjit.ir import (
    Block,
    Builder,
    FunctionType,
    IRSyntaxError,
    Operation,
    Region,
    VerifyError,
    body_of,
    i1,
    i64,
    new_module,
    parse_module,
    verification_errors,
    verify,
)

HEADER = '"func.func"() ({\n^bb0(%c: i1, %x: i64, %y: f64):\n'
FOOTER = '}) {sym_name = "f", function_type = (i1, i64, f64) -> i64} : () -> ()\n'
RETURN = '"func.return"(%x) : (i64) -> ()\n'
SEGMENTS = "operandSegmentSizes = array<i32:"

# The body of a function (without its return, if it does not bring one), and what is wrong with it.
BODIES = [
    ('"func.return"(%0) : (i64) -> ()\n^a:\n%0 = "arith.constant"() {value = 1} : () -> i64\n' + RETURN,
     "operand 0 is not defined before"),
    ('%1 = "arith.addi"(%0, %x) : (i64, i64) -> i64\n%0 = "arith.addi"(%x, %x) : (i64, i64) -> i64\n',
     "operand 0 is not defined before"),
    ('%0 = "arith.addi"(%0, %x) : (i64, i64) -> i64\n', "operand 0 is not defined before"),
    ('%0 = "scf.if"(%c) ({\n"scf.yield"(%0) : (i64) -> ()\n}, {\n"scf.yield"(%x) : (i64) -> ()\n})'
     ' : (i1) -> i64\n', "operand 0 is not defined before"),
    ('"cf.br"()[^bb0] : () -> ()\n', "successor 0 is the entry"),
    ('"cf.br"(%c)[^a] : (i1) -> ()\n^a(%0: i64):\n' + RETURN, r"successor 0 takes \(i64\), but is given \(i1\)"),
    ('"cf.br"()[^a] : () -> ()\n^a(%0: i64):\n' + RETURN, r"takes \(i64\), but is given \(nothing\)"),
    ('"arith.constant"() {value = 1} : () -> i64\n"cf.br"()[^a] : () -> ()\n' + RETURN + "^a:\n" + RETURN,
     "a terminator must be the last"),
    ('%0 = "arith.addi"(%x, %x) : (i64, i64) -> i64\n"cf.br"()[^a] : () -> ()\n^a:\n'
     '%1 = "arith.addi"(%0, %x) : (i64, i64) -> i64\n', None),
    ('"cf.br"()[^a] : () -> ()\n^a:\n%1 = "arith.addi"(%x, %x) : (i64, i64) -> i64\n^b:\n' + RETURN,
     "the last operation of a block must be a terminator"),
    ('"cf.br"()[^a] : () -> ()\n^a:\n^b:\n' + RETURN, "must end in a terminator, but one .* is empty"),
    ('"func.return"(%c) : (i1) -> ()\n', r"must be \(i64\), but are \(i1\)"),
    ('"func.return"() : () -> ()\n', r"must be \(i64\), but are \(nothing\)"),
    (f'"cf.cond_br"(%x)[^a, ^a] {{{SEGMENTS} 1, 0, 0>}} : (i64) -> ()\n^a:\n' + RETURN, "condition must be i1"),
    (f'"cf.cond_br"(%c)[^a, ^a] {{{SEGMENTS} 1, 1, 0>}} : (i1) -> ()\n^a:\n' + RETURN, "must add up"),
    (f'"cf.cond_br"(%c)[^a, ^a] {{{SEGMENTS} 2, -1, 0>}} : (i1) -> ()\n^a:\n' + RETURN, "three sizes"),
    ('"cf.cond_br"(%c)[^a, ^a] : (i1) -> ()\n^a:\n' + RETURN, "must be a DenseArrayAttr, but is missing"),
    (f'"cf.cond_br"(%c)[^a] {{{SEGMENTS} 1, 0, 0>}} : (i1) -> ()\n^a:\n' + RETURN, "expected 2 successors"),
    (f'"cf.switch"(%x)[^a, ^a] {{case_operand_segments = array<i32: 0>, {SEGMENTS} 1, 0, 0>}} : (i64) -> ()\n'
     "^a:\n" + RETURN, "'case_values' must be a DenseIntElementsAttr"),
    (f'"cf.switch"(%x)[^a, ^a] {{case_values = dense<1> : tensor<1xi32>, case_operand_segments = array<i32: 0>,'
     f' {SEGMENTS} 1, 0, 0>}} : (i64) -> ()\n^a:\n' + RETURN, "case values must be of type i64"),
    (f'"cf.switch"(%x)[^a, ^a, ^a] {{case_values = dense<1> : tensor<2xi64>,'
     f' case_operand_segments = array<i32: 0, 0>, {SEGMENTS} 1, 0, 0>}} : (i64) -> ()\n^a:\n' + RETURN,
     "case values must differ"),
    (f'"cf.switch"(%x)[] {{case_operand_segments = array<i32>, {SEGMENTS} 1, 0, 0>}} : (i64) -> ()\n',
     "first successor must be the default"),
    ('%0 = "arith.constant"() {value = 1} : () -> i1\n', r"type of the result must be \(i64\), but are \(i1\)"),
    ('%0 = "arith.constant"() {value = "a"} : () -> i64\n', "'value' must be a number"),
    ('%0 = "arith.addi"(%x, %c) : (i64, i1) -> i64\n', r"must be \(i64, i64\), but are \(i64, i1\)"),
    ('%0 = "arith.addf"(%x, %x) : (i64, i64) -> i64\n', "float type"),
    ('%0 = "arith.addi"(%x) : (i64) -> i64\n', "expected 2 operands, but there are 1"),
    ('%0 = "arith.cmpi"(%x, %x) {predicate = 10} : (i64, i64) -> i1\n', "no predicate 10"),
    ('%0 = "arith.cmpi"(%x, %c) {predicate = 0} : (i64, i1) -> i1\n', "one integer type"),
    ('%0 = "arith.cmpf"(%x, %x) {predicate = 0} : (i64, i64) -> i1\n', "one float type"),
    ('%0 = "arith.select"(%x, %x, %x) : (i64, i64, i64) -> i64\n', "condition must be i1"),
    ('%0 = "arith.select"(%c, %x, %y) : (i1, i64, f64) -> i64\n', "of one type"),
    ('%0 = "arith.extsi"(%x) : (i64) -> i1\n', "wider"),
    ('%0 = "arith.trunci"(%x) : (i64) -> i64\n', "narrower"),
    ('%0 = "arith.sitofp"(%y) : (f64) -> f64\n', "operand cannot be of type f64"),
    ('%0 = "arith.bitcast"(%c) : (i1) -> f64\n', "same width"),
    ('%0 = "arith.index_cast"(%x) : (i64) -> i64\n', "between index and an integer"),
    ('%0 = "func.call"(%x) {callee = @nothing} : (i64) -> i64\n', "no symbol @nothing"),
    ('%0 = "func.call"(%x) {callee = @f} : (i64) -> i64\n', "types of the arguments of @f"),
    ('%0 = "func.call"(%x) : (i64) -> i64\n', "attribute 'callee' must be a SymbolRefAttr, but is missing"),
    ('%0 = "func.constant"() {value = @f} : () -> i64\n', "type of the result"),
    ('%0 = "func.call_indirect"(%x) : (i64) -> i64\n', "must be a function, but is of type i64"),
    ('"scf.if"(%c) ({\n"scf.yield"() : () -> ()\n}, {}) : (i1) -> ()\n', None),
    ('%0 = "scf.if"(%c) ({\n"scf.yield"(%x) : (i64) -> ()\n}, {}) : (i1) -> i64\n', "second region must not be"),
    ('%0 = "scf.if"(%c) ({\n"scf.yield"(%c) : (i1) -> ()\n}, {\n"scf.yield"(%x) : (i64) -> ()\n}) : (i1) -> i64\n',
     "types yielded by the first region"),
    ('"scf.for"(%x, %x, %x) ({\n^bb0(%i: i1):\n"scf.yield"() : () -> ()\n}) : (i64, i64, i64) -> ()\n',
     "types of the body's arguments"),
    ('"scf.for"(%x, %x) ({\n}) : (i64, i64) -> ()\n', "lower bound, the upper bound and the step"),
    ('"scf.while"(%x) ({\n^bb0(%i: i64):\n"scf.yield"() : () -> ()\n}, {\n^bb0:\n"scf.yield"() : () -> ()\n})'
     " : (i64) -> ()\n", "must end in scf.condition"),
    ('"scf.yield"() : () -> ()\n', "must stand in an scf operation"),
    ('"func.func"() ({\n"func.return"(%x) : (i64) -> ()\n}) {sym_name = "g", function_type = () -> i64} : () -> ()\n',
     "defined outside of func.func, which is isolated|used, but not defined"),
]  # fmt: skip

# Whole modules, and what is wrong with them.
MODULES = [
    ('"func.func"() ({}) {sym_name = "f", function_type = () -> ()} : () -> ()', "must be private"),
    ('"func.func"() ({}) {sym_name = "f", function_type = i64} : () -> ()', "must be a function type"),
    ('"func.func"() ({}) {function_type = () -> ()} : () -> ()', "'sym_name' must be a StringAttr, but is missing"),
    ('"func.func"() ({\n^bb0(%a: i64):\n"func.return"() : () -> ()\n}) {sym_name = "f", function_type = () -> ()}'
     " : () -> ()", "entry block's arguments"),
    ('"func.func"() ({}) {sym_name = "f", sym_visibility = "private", function_type = () -> ()} : () -> ()\n' * 2,
     "@f is defined twice"),
    ('"builtin.module"() ({\n^a:\n^b:\n}) : () -> ()', "a module has one block"),
    ('"func.return"() : () -> ()', "must stand in the body of a func.func"),
    ('"scf.condition"() : () -> ()', "must stand in an scf.while"),
]  # fmt: skip


def check(text: str, message: str | None) -> None:
    """`text` must be refused with `message`, by the verifier or, for uses of nothing, the parser."""
    if message is None:
        verify(parse_module(text))
        return
    with pytest.raises((VerifyError, IRSyntaxError), match=message):
        verify(parse_module(text))


def whole(body: str) -> str:
    last = body.rstrip().splitlines()[-1]
    ends = last.startswith(('"func.return"', '"cf.')) or "[^" in last
    return HEADER + body + ("" if ends else RETURN) + FOOTER


@pytest.mark.parametrize(("body", "message"), BODIES, ids=range(len(BODIES)))
def test_a_function_that_breaks_a_rule(body: str, message: str | None) -> None:
    check(whole(body), message)


@pytest.mark.parametrize(("text", "message"), MODULES, ids=range(len(MODULES)))
def test_a_module_that_breaks_a_rule(text: str, message: str) -> None:
    check(text, message)


def function_with(*ops: Operation) -> tuple[Operation, Operation]:
    module = new_module()
    f = func.function("f", FunctionType((i64,), ()))
    body_of(module).append(f)
    for op in ops:
        f.regions[0].entry.append(op)
    func.return_(Builder.at_end(f.regions[0].entry))
    return module, f


def test_operands_from_another_function() -> None:
    module, f = function_with()
    other = func.function("g", FunctionType((i64,), ()))
    body_of(module).append(other)
    f.regions[0].entry.prepend(Operation("test.use", [other.regions[0].entry.args[0]]))
    func.return_(Builder.at_end(other.regions[0].entry))
    with pytest.raises(VerifyError, match=r"defined outside of func\.func, which is isolated"):
        verify(module, allow_unregistered=True)


def test_operands_of_an_operation_that_stands_nowhere() -> None:
    loose = Operation("test.value", (), [i64])
    module, _ = function_with(Operation("test.use", loose.results))
    with pytest.raises(VerifyError, match="defined nowhere"):
        verify(module, allow_unregistered=True)


def test_successors_in_another_region() -> None:
    module, f = function_with()
    inner = Region([Block()])
    Builder.at_start(f.regions[0].entry).create("test.region", regions=[inner])
    target = f.regions[0].append(Block())
    func.return_(Builder.at_end(target))
    inner.entry.append(Operation("cf.br", successors=[target]))
    with pytest.raises(VerifyError, match="successor 0 is not in the same region"):
        verify(module, allow_unregistered=True)


def test_unregistered_operations() -> None:
    module, _ = function_with(Operation("test.x"))
    verify(module, allow_unregistered=True)
    with pytest.raises(VerifyError, match="not registered"):
        verify(module)


def test_lost_uses_are_noticed() -> None:
    op = Operation("test.use")
    module, f = function_with(op)
    op.operands = (f.regions[0].entry.args[0],)
    with pytest.raises(VerifyError, match="does not know this use"):
        verify(module, allow_unregistered=True)


def test_every_mistake_is_reported_once() -> None:
    module, _ = function_with(Operation("test.x"), Operation("arith.addi"), Operation("test.y"))
    errors = verification_errors(module)
    assert [error.op.name for error in errors if error.op] == ["test.x", "arith.addi", "test.y"]


def test_a_loop_back_to_a_block_is_fine_and_unreachable_code_may_use_anything() -> None:
    verify(
        parse_module(
            '"func.func"() ({\n^bb0(%x: i64, %c: i1):\n"cf.br"(%x)[^l] : (i64) -> ()\n^l(%i: i64):\n'
            '%1 = "arith.addi"(%i, %x) : (i64, i64) -> i64\n'
            f'"cf.cond_br"(%c, %1)[^l, ^e] {{{SEGMENTS} 1, 1, 0>}} : (i1, i64) -> ()\n'
            '^e:\n"func.return"(%1) : (i64) -> ()\n'
            '^dead:\n"func.return"(%1) : (i64) -> ()\n'
            '}) {sym_name = "f", function_type = (i64, i1) -> i64} : () -> ()'
        )
    )


def test_types_in_messages_of_branches() -> None:
    block = Block([i1])
    module, f = function_with()
    f.regions[0].append(block)
    func.return_(Builder.at_end(block))
    last = f.regions[0].entry.last
    assert last is not None
    last.erase()
    f.regions[0].entry.append(Operation("cf.br", f.regions[0].entry.args, successors=[block]))
    (error,) = verification_errors(module)
    assert error.message == "successor 0 takes (i1), but is given (i64)"
    assert error.op is f.regions[0].entry.last
