"""The workload with xDSL, as its own passes are written. Imported alone, so that its import can be timed."""

from __future__ import annotations

from io import StringIO

from xdsl.builder import Builder
from xdsl.context import Context
from xdsl.dialects.arith import AddiOp, Arith, ConstantOp
from xdsl.dialects.builtin import Builtin, IntegerAttr, ModuleOp, i64
from xdsl.dialects.func import Func, FuncOp, ReturnOp
from xdsl.ir import Block, Region
from xdsl.parser import Parser
from xdsl.pattern_rewriter import (
    GreedyRewritePatternApplier,
    PatternRewriter,
    PatternRewriteWalker,
    RewritePattern,
    op_type_rewrite_pattern,
)
from xdsl.printer import Printer
from xdsl.rewriter import InsertPoint


def build(count: int) -> ModuleOp:
    """The same function as `ours.build` makes."""
    block = Block(arg_types=[i64])
    b = Builder(InsertPoint.at_end(block))
    value = block.args[0]
    one = b.insert(ConstantOp(IntegerAttr(1, i64))).result
    zero = b.insert(ConstantOp(IntegerAttr(0, i64))).result
    for number in range(count - 3):
        value = b.insert(AddiOp(value, zero if number % 2 else one)).result
    b.insert(ReturnOp(value))
    return ModuleOp([FuncOp("f", ((i64,), (i64,)), Region([block]))])


def write(module: ModuleOp) -> str:
    out = StringIO()
    Printer(out, print_generic_format=True).print_op(module)
    return out.getvalue()


def read(text: str) -> ModuleOp:
    context = Context()
    for dialect in (Builtin, Arith, Func):
        context.load_dialect(dialect)
    return Parser(context, text).parse_module()


def check(module: ModuleOp) -> None:
    module.verify()


def copy(module: ModuleOp) -> ModuleOp:
    return module.clone()


def walk(module: ModuleOp) -> int:
    return sum(1 for op in module.walk() if isinstance(op, AddiOp))


class _PlusZero(RewritePattern):
    @op_type_rewrite_pattern
    def match_and_rewrite(self, op: AddiOp, rewriter: PatternRewriter) -> None:
        made = op.rhs.owner
        if isinstance(made, ConstantOp) and made.value == IntegerAttr(0, i64):
            rewriter.replace_matched_op([], [op.lhs])


def rewrite(module: ModuleOp) -> None:
    PatternRewriteWalker(GreedyRewritePatternApplier([_PlusZero()])).rewrite_module(module)
