"""Which address of machine code came from which line: the `.debug_line` section of an object, decoded.

What LLVM writes when `debug_info` asks for version 4 of the format (DWARF 4, section 6.2). Addresses are
offsets from the start of the code section.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

from ospjit.backend.elf import ObjectFile


class Line(NamedTuple):
    """From `offset` on, up to the next entry, code came from `line` of `file`; line 0 means from nowhere."""

    offset: int
    file: str
    line: int


def lines(found: ObjectFile) -> list[Line]:
    """The line table of an object, by offset; empty if it has none."""
    section = found.section(".debug_line")
    if section is None:
        return []
    reader = _Reader(found.bytes_of(section), found.addends(section))
    result: list[Line] = []
    while reader.at < len(reader.data):
        result += _Program(reader).run()
    return sorted(result, key=lambda entry: entry.offset)


@dataclass
class _Reader:
    data: bytes
    addends: dict[int, int]
    at: int = 0

    def number(self, code: str) -> int:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize(code)
        return int(value)

    def uleb(self) -> int:
        result = shift = 0
        while True:
            byte = self.number("B")
            result |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return result

    def sleb(self) -> int:
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value

    def text(self) -> str:
        end = self.data.index(0, self.at)
        found = self.data[self.at : end].decode("utf-8", "surrogateescape")
        self.at = end + 1
        return found


class _Program:
    """One unit's line-number program, which a small machine runs."""

    def __init__(self, reader: _Reader) -> None:
        self.r = r = reader
        length = r.number("I")
        self.end = r.at + length
        version = r.number("H")
        if version != 4:
            raise ValueError(f"line tables of version {version} are not read")
        program = r.number("I") + r.at
        self.minimum = r.number("B")
        r.at += 2  # operations an instruction, and whether lines begin as statements
        self.base, self.range, opcodes = r.number("b"), r.number("B"), r.number("B")
        self.lengths = [0, *(r.number("B") for _ in range(opcodes - 1))]
        while r.text():  # folders, which the file names do without
            pass
        self.files = [""]
        while name := r.text():
            self.files.append(name)
            r.uleb(), r.uleb(), r.uleb()
        r.at = program
        self.result: list[Line] = []
        self._reset()

    def _reset(self) -> None:
        self.address, self.file, self.line = 0, 1, 1

    def run(self) -> list[Line]:
        r = self.r
        while r.at < self.end:
            opcode = r.number("B")
            if opcode >= len(self.lengths):
                self._special(opcode)
            elif opcode == 0:
                self._extended()
            else:
                self._standard(opcode)
        return self.result

    def _row(self) -> None:
        self.result.append(Line(self.address, self.files[self.file], self.line))

    def _advance(self, opcode: int) -> None:
        self.address += (opcode - len(self.lengths)) // self.range * self.minimum

    def _special(self, opcode: int) -> None:
        self._advance(opcode)
        self.line += self.base + (opcode - len(self.lengths)) % self.range
        self._row()

    def _extended(self) -> None:
        length = self.r.uleb()
        after = self.r.at + length
        opcode = self.r.number("B")
        if opcode == 1:  # end of sequence: what follows is no code of ours
            self.result.append(Line(self.address, "", 0))
            self._reset()
        elif opcode == 2:  # set address, which is relocated
            self.address = self.r.addends.get(self.r.at, 0)
        self.r.at = after

    def _standard(self, opcode: int) -> None:
        r = self.r
        if opcode == 1:
            self._row()
        elif opcode == 2:
            self.address += r.uleb() * self.minimum
        elif opcode == 3:
            self.line += r.sleb()
        elif opcode == 4:
            self.file = r.uleb()
        elif opcode == 8:
            self._advance(255)
        elif opcode == 9:
            self.address += r.number("H")
        else:  # columns, statements, blocks, prologues: nothing that is asked for here
            for _ in range(self.lengths[opcode]):
                r.uleb()
