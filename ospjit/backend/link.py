"""Puts object files that LLVM has just made for this machine together into one.

The result is what `ld -r` would make, as far as the runtime's loader needs it: the sections that are loaded,
their relocations, and one symbol table, in which what one object defines and another uses is one symbol. It
is no general linker, and must not be given files from elsewhere.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from ospjit.backend.elf import ObjectFile, Section

_HEADER, _SECTION, _SYMBOL, _RELOCATION = struct.Struct("<16sHHIQQQIHHHHHH"), "<IIQQQQIIQQ", "<IBBHQQ", "<QQq"
_CONTENTS, _SYMBOLS, _STRINGS, _RELA, _NO_BITS = 1, 2, 3, 4, 8
_ALLOCATED = 2
_RESERVED = 0xFF00  # section numbers from here on mean something else
_FRAMES = ".eh_frame"


class _Part:
    """One of the objects. Numbers of its sections and symbols become the result's."""

    def __init__(self, data: bytes) -> None:
        self.object = ObjectFile(data)
        self.headers = [struct.unpack_from(_SECTION, data, s.header) for s in self.object.sections]
        (table,) = (s for s in self.object.sections if s.kind == _SYMBOLS)
        strings = self.object.sections[table.link]
        self.strings = self.object.bytes_of(strings)
        self.symbols = list(struct.iter_unpack(_SYMBOL, self.object.bytes_of(table)))
        self.section_numbers: dict[int, int] = {}
        self.symbol_numbers: list[int] = [0] * len(self.symbols)
        #: How far the section of that number has moved inside the result's.
        self.moved: dict[int, int] = {}

    def name(self, symbol: int) -> bytes:
        start = self.symbols[symbol][0]
        return self.strings[start : self.strings.index(0, start)]

    def loaded(self) -> list[Section]:
        return [s for s in self.object.sections if self.headers[s.index][2] & _ALLOCATED]

    def relocations(self) -> list[Section]:
        return [s for s in self.object.sections if s.kind == _RELA and s.info in self.section_numbers]


class _Names:
    """A string table in the making."""

    def __init__(self) -> None:
        self.data = bytearray(b"\0")

    def add(self, name: bytes) -> int:
        if not name:
            return 0
        at = len(self.data)
        self.data += name + b"\0"
        return at


class _Output:
    """The result's sections: their headers without the offset, and their bytes."""

    def __init__(self) -> None:
        self.headers: list[list[int]] = [[0] * 9]
        self.contents: list[bytearray] = [bytearray()]
        self.names = _Names()

    def add(self, name: str, kind: int, fields: Sequence[int], content: bytes | bytearray) -> int:
        """`fields`: flags, size, link, info, alignment, size of an entry."""
        self.headers.append([self.names.add(name.encode()), kind, *fields])
        self.contents.append(bytearray(content))
        return len(self.headers) - 1

    def file(self, machine: int) -> bytes:
        own = self.add(".shstrtab", _STRINGS, (0, 0, 0, 0, 1, 0), b"")
        self.contents[own] = self.names.data
        self.headers[own][3] = len(self.names.data)
        data = bytearray(_HEADER.size)
        table = bytearray()
        for (name, kind, flags, size, link, info, alignment, entry, *_), content in zip(
            self.headers, self.contents, strict=True
        ):
            data += bytes(-len(data) % max(alignment, 1))
            place = 0, len(data), size
            table += struct.pack(_SECTION, name, kind, flags, *place, link, info, alignment, entry)
            data += content
        data += bytes(-len(data) % 8)
        identity = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
        sizes = (_HEADER.size, 0, 0, struct.calcsize(_SECTION), len(self.headers), own)
        _HEADER.pack_into(data, 0, identity, 1, machine, 1, 0, 0, len(data), 0, *sizes)
        return bytes(data + table)


def link(objects: Sequence[bytes]) -> bytes:
    """One object that holds what all of `objects` do."""
    parts = [_Part(data) for data in objects]
    out = _Output()
    frames = 0
    for part in parts:
        for section in part.loaded():
            _, kind, flags, _, _, size, _, _, alignment, _ = part.headers[section.index]
            content = b"" if kind == _NO_BITS else part.object.bytes_of(section)
            if section.name == _FRAMES and frames:  # whoever unwinds the stack wants one table
                part.section_numbers[section.index] = frames
                part.moved[section.index] = len(out.contents[frames])
                out.contents[frames] += content
                out.headers[frames][3] += size
                continue
            number = out.add(section.name, kind, (flags, size, 0, 0, alignment, 0), content)
            part.section_numbers[section.index] = number
            if section.name == _FRAMES:
                frames = number
    symbols, strings, local = _symbols(parts)
    table = len(out.headers)
    fields = (0, len(symbols), table + 1, local, 8, struct.calcsize(_SYMBOL))
    out.add(".symtab", _SYMBOLS, fields, symbols)
    out.add(".strtab", _STRINGS, (0, len(strings), 0, 0, 1, 0), strings)
    for target, entries in _relocations(parts).items():
        fields = (0, len(entries), table, target, 8, struct.calcsize(_RELOCATION))
        out.add(".rela", _RELA, fields, entries)
    out.add(".note.GNU-stack", _CONTENTS, (0, 0, 0, 0, 1, 0), b"")  # no code is on the stack
    return out.file(parts[0].object.machine)


def _symbols(parts: Sequence[_Part]) -> tuple[bytes, bytes, int]:
    """The common symbol table, its strings, and how many of its symbols are local: those come first. Each
    symbol of a part learns its number."""
    strings = _Names()
    table = bytearray(struct.calcsize(_SYMBOL))
    count = 1
    for part in parts:
        for number, (_, info, other, section, value, size) in enumerate(part.symbols):
            if number == 0 or info >> 4 != 0:
                continue
            kept = section >= _RESERVED or section in part.section_numbers
            where = part.section_numbers.get(section, section) if kept else 0
            # Nobody looks for local symbols by their names.
            table += struct.pack(_SYMBOL, 0, info, other, where, value + part.moved.get(section, 0), size)
            part.symbol_numbers[number] = count
            count += 1
    local = count
    found: dict[bytes, tuple[int, int, int, int, int]] = {}
    for part in parts:
        for number, (_, info, other, section, value, size) in enumerate(part.symbols):
            if info >> 4 == 0:
                continue
            name = part.name(number)
            where = part.section_numbers.get(section, section)
            if name not in found or section:
                found[name] = info, other, where, value + part.moved.get(section, 0), size
    numbers = {name: local + index for index, name in enumerate(found)}
    for name, fields in found.items():
        table += struct.pack(_SYMBOL, strings.add(name), *fields)
    for part in parts:
        for number, symbol in enumerate(part.symbols):
            if symbol[1] >> 4 != 0:
                part.symbol_numbers[number] = numbers[part.name(number)]
    return bytes(table), bytes(strings.data), local


def _relocations(parts: Sequence[_Part]) -> dict[int, bytearray]:
    """The entries for each section of the result."""
    found: dict[int, bytearray] = {}
    for part in parts:
        numbers = part.symbol_numbers
        for section in part.relocations():
            entries = found.setdefault(part.section_numbers[section.info], bytearray())
            moved = part.moved.get(section.info, 0)
            for offset, info, addend in struct.iter_unpack(_RELOCATION, part.object.bytes_of(section)):
                symbol = numbers[info >> 32] << 32
                entries += struct.pack(_RELOCATION, offset + moved, symbol | info & 0xFFFFFFFF, addend)
    return found
