"""Debug information in LLVM's form: which function and line of the source each instruction came from.

Only functions of the program get it; what surrounds them (thunks, counting) shows as plain code. It is made
on request, since it makes modules a third larger.
"""

from __future__ import annotations

import os

from ospjit.backend.names import readable
from ospjit.ir import Location, Operation

#: The first number of a metadata node here; the ones below are the emitter's own.
_FIRST = 1000


class DebugInfo:
    """Collects the metadata of one module."""

    def __init__(self) -> None:
        self._nodes: list[str] = []
        self._known: dict[tuple[object, ...], int] = {}
        self._unit = 0
        try:
            self._folder = os.getcwd()
        except OSError:  # it has been removed
            self._folder = ""
        self._files: dict[int, str] = {}

    def _node(self, text: str) -> int:
        self._nodes.append(f"!{_FIRST + len(self._nodes)} = {text}")
        return _FIRST + len(self._nodes) - 1

    def _file(self, name: str) -> int:
        key = ("file", name)
        if key not in self._known:
            folder, base = os.path.split(os.path.join(self._folder, name))
            self._known[key] = self._node(f"!DIFile(filename: {_quoted(base)}, directory: {_quoted(folder)})")
        return self._known[key]

    def _compile_unit(self, file: int) -> int:
        if not self._unit:
            self._unit = self._node(
                f'distinct !DICompileUnit(language: DW_LANG_C11, file: !{file}, producer: "ospjit", '
                "isOptimized: true, runtimeVersion: 0, emissionKind: FullDebug)"
            )
        return self._unit

    def function(self, op: Operation) -> int:
        """The node of a `func.func`."""
        file = self._file(op.loc.file or "<program>")
        unit = self._compile_unit(file)
        kind = ("type",)
        if kind not in self._known:
            self._known[kind] = self._node("!DISubroutineType(types: !{null})")
        line = op.loc.line
        scope = self._node(
            # Without the symbol beside it, or debuggers would show that.
            f"distinct !DISubprogram(name: {_quoted(readable(op))}, "
            f"scope: !{file}, file: !{file}, line: {line}, "
            f"type: !{self._known[kind]}, scopeLine: {line}, unit: !{unit}, "
            "spFlags: DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized)"
        )
        self._files[scope] = op.loc.file
        return scope

    def place(self, loc: Location, scope: int) -> str:
        """What stands behind an instruction that came from `loc` in the function whose node is `scope`."""
        key = ("place", loc, scope)
        if key not in self._known:
            inside = scope
            if loc.known and loc.file != self._files[scope]:
                file = self._file(loc.file)
                inside = self._node(f"!DILexicalBlockFile(scope: !{scope}, file: !{file}, discriminator: 0)")
            self._known[key] = self._node(
                f"!DILocation(line: {loc.line}, column: {min(loc.column, 65535)}, scope: !{inside})"
            )
        return f", !dbg !{self._known[key]}"

    def text(self) -> str:
        """The module's metadata; empty if there was no function."""
        if not self._unit:
            return ""
        # `line_table` reads version 4.
        flags = [
            self._node('!{i32 2, !"Debug Info Version", i32 3}'),
            self._node('!{i32 7, !"Dwarf Version", i32 4}'),
        ]
        named = ", ".join(f"!{flag}" for flag in flags)
        head = [f"!llvm.dbg.cu = !{{!{self._unit}}}", f"!llvm.module.flags = !{{{named}}}"]
        return "\n".join([*head, *self._nodes]) + "\n"


def _quoted(text: str) -> str:
    data = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\{b:02X}" for b in data) + '"'
