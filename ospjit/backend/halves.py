"""A large module's LLVM IR as two modules that LLVM can work on at the same time.

LLVM's work is two thirds of the time that a large program takes to compile, and it works on one module in one
thread. So a module is cut in two along its calls, whoever compiles it: the code is the same on every machine.
What both halves need is known to both: constants and what is always inlined are in each, small functions of
the other half are there to be inlined, and the rest are symbols under a name of their own, which
`ospjit.backend.link` resolves. Only linkage and names change here, never what a function does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: From how many lines of functions on a module is cut: below, a second thread gains little.
LARGE = 4000
#: Up to how many lines a function is also given to the half that calls it but does not hold it.
_SMALL = 30
#: What a line costs LLVM that it does not optimize, in comparison with one that it does.
_PLAIN = 0.3
#: Precedes the name of what one half defines and the other uses: no function of a library is called so.
_SHARED = "osp_half$"

_NAME = re.compile(r'@"[^"]*"|@[\w.$-]+')
_HEAD = re.compile(r'define (internal )?[^@]*(@"[^"]*"|@[\w.$-]+)\([^)]*\)')


@dataclass
class ModuleText:
    """LLVM IR in the pieces that a module's text is made of."""

    head: list[str]
    constants: list[str]
    """Constants, variables and declarations, one each."""
    support: list[str]
    """What is the same whatever the module holds: declarations and inlined functions."""
    functions: list[str]
    """The compiled functions, one each."""
    tail: list[str]

    def text(self) -> str:
        """All of it as one module."""
        return "\n".join([*self.head, *self.constants, *self.support, *self.functions, *self.tail])

    @property
    def large(self) -> bool:
        """Whether it is worth being cut."""
        return sum(function.count("\n") for function in self.functions) >= LARGE

    def halves(self) -> list[str]:
        """The text of two modules that are the same program together."""
        return _Cut(self).halves()


class _Function:
    def __init__(self, text: str) -> None:
        self.text = text
        head = _HEAD.match(text)
        assert head is not None, text
        self.name = head[2]
        self.internal = head[1] is not None
        self.inlined = " alwaysinline " in text[head.end() : text.index("\n")]
        self.optimized = " #1 " not in text[head.end() : text.index("\n")]
        self.size = text.count("\n")
        #: The names that the text contains, in the order of their first places.
        self.names = list(dict.fromkeys(_NAME.findall(text)))
        result_and_parameters = head[0].removeprefix("define ").removeprefix("internal ")
        self.declaration = "declare hidden " + re.sub(r" %[\w.]+", "", result_and_parameters)


class _Cut:
    def __init__(self, module: ModuleText) -> None:
        self.module = module
        self.functions = {f.name: f for f in map(_Function, module.functions)}
        #: Constants and variables by name; declarations, which are everybody's, apart.
        self.data = {_NAME.findall(c)[0]: c for c in module.constants if c.startswith("@")}
        self.declarations = [c for c in module.constants if not c.startswith("@")]
        self.home = self._homes()

    # ---- who is where

    def _homes(self) -> dict[str, int]:
        """The half of each function that is not always inlined: those that a walk along the calls meets
        first are in the first."""
        order = self._along_calls()
        costs = [self._cost(f) for f in order]
        whole, sofar = sum(costs), 0.0
        home = {}
        for function, cost in zip(order, costs, strict=True):
            home[function.name] = int(2 * sofar + cost > whole)
            sofar += cost
        return home

    def _along_calls(self) -> list[_Function]:
        callees = {name for f in self.functions.values() for name in f.names if name != f.name}
        roots = [name for name in self.functions if name not in callees]
        seen: set[str] = set()
        order = []
        work = [*reversed(self.functions), *reversed(roots)]
        while work:
            name = work.pop()
            if name in seen:
                continue
            seen.add(name)
            function = self.functions[name]
            if not function.inlined:
                order.append(function)
            work += reversed([callee for callee in self._mentioned(function) if callee not in seen])
        return order

    def _mentioned(self, function: _Function) -> list[str]:
        """The functions that a function names, itself or by a constant."""
        found = []
        for name in function.names:
            if name in self.functions:
                found.append(name)
            elif name.startswith("@cell."):
                found += [each for each in _NAME.findall(self.data[name]) if each in self.functions]
        return found

    def _cost(self, function: _Function) -> float:
        inlined = [f for name in function.names if (f := self.functions.get(name)) and f.inlined]
        size = function.size + sum(f.size for f in inlined)
        return size if function.optimized else size * _PLAIN

    # ---- the halves

    def halves(self) -> list[str]:
        """See `ModuleText.halves`."""
        contents = [_Half(self, number) for number in (0, 1)]
        shared = {name for half in contents for name in half.foreign}
        variables = {name for name, text in self.data.items() if " internal global " in text}
        shared |= variables & contents[0].names & contents[1].names
        renamed = {name: _shared_name(name) for name in shared if self._renamed(name)}
        return [half.text(shared, renamed) for half in contents]

    def _renamed(self, name: str) -> bool:
        function = self.functions.get(name)
        return function is None or function.internal


class _Half:
    """What one half defines, and what it uses of the other."""

    def __init__(self, cut: _Cut, number: int) -> None:
        self.cut = cut
        self.number = number
        self.mine = [f for f in cut.functions.values() if cut.home.get(f.name) == number]
        self.inlined: dict[str, _Function] = {}
        self.lent: dict[str, _Function] = {}
        """Small functions of the other half."""
        self.foreign: dict[str, _Function] = {}
        """All functions of the other half that are used here."""
        #: All names that are used here.
        self.names: set[str] = set()
        self._follow(self.mine, lend=True)
        self._follow(list(self.lent.values()), lend=False)

    def _follow(self, functions: Sequence[_Function], lend: bool) -> None:
        work = list(functions)
        while work:
            names = work.pop().names
            self.names.update(names)
            cells = [name for name in names if name.startswith("@cell.")]
            for name in [*names, *(n for cell in cells for n in _NAME.findall(self.cut.data[cell]))]:
                function = self.cut.functions.get(name)
                if function is None:
                    continue
                if function.inlined:
                    if name not in self.inlined:
                        self.inlined[name] = function
                        work.append(function)
                elif self.cut.home[name] != self.number:
                    self.foreign[name] = function
                    if lend and function.internal and function.optimized and function.size <= _SMALL:
                        self.lent[name] = function

    def text(self, shared: set[str], renamed: dict[str, str]) -> str:
        """The half as a module, in which what is `shared` with the other is visible and renamed."""
        module = self.cut.module
        lines = [*module.head, *self.cut.declarations, *self._data(shared), *module.support]
        for function in self.mine:
            visible = function.internal and function.name in shared
            text = function.text
            lines.append(text.replace("define internal", "define hidden", 1) if visible else text)
        lines += [function.text for function in self.inlined.values()]
        for name, function in self.foreign.items():
            if name in self.lent:
                lent = "define available_externally hidden"
                lines.append(function.text.replace("define internal", lent, 1))
            else:
                lines.append(function.declaration)
        return "\n".join([*_with_names(lines, renamed), *module.tail])

    def _data(self, shared: set[str]) -> Iterable[str]:
        for name, text in self.cut.data.items():
            if name in shared:
                if self.number == 0:
                    yield text.replace(" internal global ", " hidden global ", 1)
                else:
                    declared, _, value = text.replace(" internal ", " external hidden ", 1).rpartition(" ")
                    assert value in ("zeroinitializer", "null", "0"), text
                    yield declared
            elif name in self.names:
                yield text


def _shared_name(name: str) -> str:
    quote = '"' if name[1] == '"' else ""
    return f"@{quote}{_SHARED}{name[1:].strip(quote) if quote else name[1:]}{quote}"


def _with_names(lines: list[str], renamed: dict[str, str]) -> list[str]:
    """The lines with other names; strings, which may look like names, stay."""
    found = []
    for line in lines:
        if not line.startswith("@str.") and not renamed.keys().isdisjoint(_NAME.findall(line)):
            line = _NAME.sub(lambda match: renamed.get(match[0], match[0]), line)
        found.append(line)
    return found
