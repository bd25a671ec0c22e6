"""mul-to-add: multiplying by two is adding, which overflows for the same numbers and is cheaper.

Before:

    "func.func"() ({
    ^bb0(%x: i64):
      %two = "arith.constant"() {value = 2 : i64} : () -> i64
      %0:2 = "rt.mul_overflow"(%x, %two) : (i64, i64) -> (i64, i1)
      "func.return"(%0#0, %0#1) : (i64, i1) -> ()
    }) {function_type = (i64) -> (i64, i1), sym_name = "double"} : () -> ()

After:

    "func.func"() ({
    ^bb0(%x: i64):
      %two = "arith.constant"() {value = 2 : i64} : () -> i64
      %0:2 = "rt.add_overflow"(%x, %x) : (i64, i64) -> (i64, i1)
      "func.return"(%0#0, %0#1) : (i64, i1) -> ()
    }) {function_type = (i64) -> (i64, i1), sym_name = "double"} : () -> ()
"""

from dataclasses import dataclass

from ospjit.dialects.arith import constant_value
from ospjit.ir import Operation, Pass, PassContext, Rewriter, apply_patterns, option, pattern


@dataclass(frozen=True)
class MulToAdd(Pass):
    """Replaces checked multiplications by two."""

    name = "mul-to-add"
    summary = "multiplying by two is adding"
    takes = ("arith", "rt")
    leaves = ("arith", "rt")
    statistics = {"replaced": "multiplications that became additions"}

    left_factors: bool = option(True, "whether 2 * x is meant as well as x * 2")

    def run(self, module: Operation, ctx: PassContext) -> None:
        """See the module's docstring."""

        @pattern("rt.mul_overflow")
        def double(op: Operation, rewriter: Rewriter) -> bool:
            value, factor = op.operands
            if self.left_factors and constant_value(value) == 2:
                value, factor = factor, value
            if constant_value(factor) != 2:
                return False
            rewriter.replace_op(op, "rt.add_overflow", [value, value])
            ctx.count("replaced")
            return True

        apply_patterns(module, [double])
