"""Function values that go to C, for the pass lower-builtins: they become addresses of C functions.

Only a function without captures has an address that C can call: there is no room for more in it.
"""

from __future__ import annotations

from ospjit.dialects.osp import PTR, is_type
from ospjit.ir import FunctionType, Operation, Rewriter, Type, TypeAttr, Value
from ospjit.passes.not_supported import NotSupported


class Foreign:
    """The expansions."""

    def call(self, rw: Rewriter, op: Operation) -> bool:
        """Hand over addresses of functions."""
        operands = [self._address(rw, v) if is_type(v.type, "osp.fn") else v for v in op.operands]
        if operands == list(op.operands):
            return False
        rw.set_operands(op, operands)
        return True

    def _address(self, rw: Rewriter, value: Value) -> Value:
        owner = value.owner
        if not isinstance(owner, Operation) or owner.name != "osp.func_ref" or owner.operands:
            message = "only a named function or a lambda that captures nothing can be passed to C"
            raise NotSupported(message, rw.loc)
        return rw.create("osp.c_function", [value], [PTR]).result

    def declare(self, op: Operation) -> bool:
        """A parameter that is a function is an address."""
        t = op.attr("function_type")
        inputs: list[Type] = [PTR if is_type(i, "osp.fn") else i for i in t.inputs]
        if inputs == list(t.inputs):
            return False
        op.set_attr("function_type", TypeAttr(FunctionType(inputs, t.results)))
        return True
