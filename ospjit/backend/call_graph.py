"""The calls of a lowered module by name: read once, for everybody who decides something by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ospjit.builtins.table import RUNTIME
from ospjit.ir import Operation
from ospjit.ir.components import strong_components


class CallGraph:
    """What the functions call, by symbol, and how large they are."""

    def __init__(self, functions: Sequence[Operation]) -> None:
        self.calls: dict[str, list[str]] = {}
        """The functions that each calls, with repetitions; also ones that are not here."""
        self.operations: dict[str, int] = {}
        self.operands: dict[str, int] = {}
        """Of all operations of each."""
        self.anything: set[str] = set()
        """Those that may call any function: through a value, or through C code."""
        self.values: set[str] = set()
        """Those that function values are made of."""
        for function in functions:
            self._read(function)
        component = strong_components(self.calls)
        members = Counter(component.values())
        self.cyclic = {
            symbol
            for symbol, number in component.items()
            if members[number] > 1 or symbol in self.calls[symbol]
        }
        """Those that may come to call themselves by name."""
        self.bottom_up = list(component)
        """All of them; each behind those that it calls, except around cycles."""

    def _read(self, function: Operation) -> None:
        symbol = function.attr("sym_name")
        calls = self.calls[symbol] = []
        operations = operands = 0
        for block in function.regions[0].blocks:
            op = block.first
            while op is not None:
                operations += 1
                operands += len(op.operands)
                name = op.name
                if name == "func.call":
                    calls.append(op.attr("callee"))
                elif name == "rt.closure":
                    self.values.add(op.attr("callee"))
                elif name in ("rt.call_closure", "rt.call_extern") or (name == "rt.call" and _calls_back(op)):
                    self.anything.add(symbol)
                op = op.next
        self.operations[symbol], self.operands[symbol] = operations, operands


def _calls_back(op: Operation) -> bool:
    """Whether a function of the runtime calls one that it is given."""
    return any(machine == "thunk" for _, machine in RUNTIME[op.attr("callee")].params)
