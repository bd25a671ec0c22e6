"""Verifiers are total: whatever an operation is made of, they accept it or raise `VerifyError`.

IR comes from files as well as from the compiler, so a verifier may rely on nothing that it did not check.
"""

from __future__ import annotations

from random import Random

import pytest

import ospjit.dialects  # noqa: F401
from ospjit.ir import (
    UNIT,
    Block,
    DenseArrayAttr,
    DenseIntElementsAttr,
    DialectType,
    FunctionType,
    Operation,
    Region,
    SymbolRefAttr,
    SymbolTable,
    Type,
    VerifyError,
    body_of,
    f64,
    i1,
    i32,
    i64,
    index,
    new_module,
)
from ospjit.ir.registry import OpDef, definitions
from ospjit.ir.verifier import verification_errors

TYPES: list[Type] = [
    i1,
    i64,
    f64,
    index,
    FunctionType((i64,), (i64,)),
    DialectType("osp.string"),
    DialectType("osp.result", (i64, DialectType("osp.string"))),
    DialectType("osp.result"),
    DialectType("osp.list", (i64,)),
    DialectType("osp.fn", (i64, i64)),
    DialectType("osp.fn"),
    DialectType("osp.data", ("Shape",)),
    DialectType("osp.var", ("T",)),
]
VALUES = [
    *(0, -1, 3, True, 1.5, "x", "", UNIT, i64, FunctionType((), ())),
    *((), ("a",), ((), ()), (0, "wild"), {}),
    *(SymbolRefAttr("f"), SymbolRefAttr("nothing"), DenseArrayAttr(i32, (1, 0, 0)), DenseArrayAttr(i32, ())),
    *(DenseIntElementsAttr(i64, (1, 2)), (("wild",),), (("bind",), ("lit", 1)), [i64, f64]),
]
NAMES = """
    value predicate callee sym_name function_type sym_visibility msg operandSegmentSizes case_operand_segments
    case_values patterns guards index tag scan name field fields variant type title tparams targs kind op
""".split()


def random_block(random: Random) -> Block:
    return Block([random.choice(TYPES) for _ in range(random.randint(0, 2))])


def random_op(definition: OpDef, random: Random) -> Operation:
    """An operation of this name made of anything; its function encloses it."""
    module = new_module()
    parent = Operation(
        "func.func", attributes={"sym_name": "f", "function_type": FunctionType((i64,), (i64,))}
    )
    body_of(module).append(parent)
    block = Block([random.choice(TYPES) for _ in range(4)])
    parent.add_region(Region([block, Block([i64])]))
    regions = []
    for _ in range(random.choice((0, 0, 1, 1, 2, 3))):
        blocks = [
            Block([random.choice(TYPES) for _ in range(random.randint(0, 2))])
            for _ in range(random.randint(0, 2))
        ]
        for inner in blocks:
            if random.random() < 0.7:
                name = random.choice(("scf.yield", "osp.yield", "func.return", "scf.condition", "test.x"))
                inner.append(Operation(name, random.choices(block.args, k=random.randint(0, 2))))
        regions.append(Region(blocks))
    names = random.sample(NAMES, random.randint(0, len(NAMES)))
    return block.append(
        Operation(
            definition.name,
            random.choices(block.args, k=random.randint(0, 4)),
            [random.choice(TYPES) for _ in range(random.choice((0, 1, 1, 2)))],
            {name: random.choice(VALUES) for name in names},
            regions,
            [random.choice(list(parent.regions[0].blocks)) for _ in range(random.choice((0, 0, 1, 2, 3)))],
        )
    )


def test_every_operation_has_a_verifier() -> None:
    assert [definition.name for definition in definitions() if definition.verify is None] == []


@pytest.mark.parametrize("definition", definitions(), ids=lambda definition: definition.name)
def test_a_verifier_raises_nothing_but_verify_errors(definition: OpDef) -> None:
    random = Random(definition.name)
    for _ in range(150):
        op = random_op(definition, random)
        around = op.parent_op()
        module = around.parent_op() if around is not None else None
        assert module is not None
        if definition.verify is not None:
            try:
                definition.verify(op)
            except VerifyError:
                continue
        if definition.verify_symbols is not None:
            try:
                definition.verify_symbols(op, SymbolTable(module))
            except VerifyError:
                continue
        verification_errors(module, allow_unregistered=True)
