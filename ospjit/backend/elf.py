"""Reads the parts of a relocatable object file that debuggers and profilers are told about.

Only objects that LLVM has just made for this machine are read: 64 bits, little-endian. It is no general ELF
reader, and must not be given files from elsewhere.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property

_FUNCTION = 2
_RELA = 4
_SYMBOLS = 2
_ALLOCATED = 2


@dataclass(frozen=True)
class Section:
    """A section: its number, where its bytes are in the file, and where its header is."""

    index: int
    name: str
    kind: int
    offset: int
    size: int
    link: int
    info: int
    header: int


@dataclass(frozen=True)
class Function:
    """A function: its symbol, its section's number, and where it is in that, in bytes."""

    symbol: str
    section: int
    offset: int
    size: int


class ObjectFile:
    """The sections, functions and relocations of an object."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.machine = int(struct.unpack_from("<H", data, 18)[0])

    @cached_property
    def sections(self) -> list[Section]:
        (table,) = struct.unpack_from("<Q", self.data, 40)
        size, count, names = struct.unpack_from("<HHH", self.data, 58)
        found = []
        for index in range(count):
            at = table + index * size
            name, kind, _, _, offset, length, link, info = struct.unpack_from("<IIQQQQII", self.data, at)
            found.append((index, name, kind, offset, length, link, info, at))
        strings = found[names][3]
        return [Section(i, self._text(strings + name), *rest) for i, name, *rest in found]

    def _text(self, at: int) -> str:
        return self.data[at : self.data.index(0, at)].decode("utf-8", "surrogateescape")

    def section(self, name: str) -> Section | None:
        """The first section of this name."""
        return next((section for section in self.sections if section.name == name), None)

    def bytes_of(self, section: Section) -> bytes:
        return self.data[section.offset : section.offset + section.size]

    @cached_property
    def functions(self) -> list[Function]:
        """The functions that the object defines, in the order of their addresses."""
        found = []
        for section in self.sections:
            if section.kind == _SYMBOLS:
                strings = self.sections[section.link].offset
                for at in range(section.offset, section.offset + section.size, 24):
                    name, info, _, where, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
                    if info & 15 == _FUNCTION and where:
                        found.append(Function(self._text(strings + name), where, value, size))
        return sorted(found, key=lambda function: (function.section, function.offset))

    def addends(self, section: Section) -> dict[int, int]:
        """For each place in `section` that is relocated, its offset, what is added to the symbol there."""
        found = {}
        for table in self.sections:
            if table.kind == _RELA and table.info == section.index:
                for at in range(table.offset, table.offset + table.size, 24):
                    offset, _, addend = struct.unpack_from("<QQq", self.data, at)
                    found[offset] = addend
        return found

    def placed(self, section: int, address: int) -> bytes:
        """The object with the address at which the section of this number has been loaded.

        What else occupies memory is said to lie behind it. Nobody reads it there; but its distance from the
        code must fit where the object's own tables have room for one.
        """
        data = bytearray(self.data)
        free = address + self.sections[section].size
        for each in self.sections:
            flags, place = struct.unpack_from("<QQ", data, each.header + 8)
            if each.index == section:
                place = address
            elif flags & _ALLOCATED:
                place = free = -(-free // 64) * 64
                free += each.size
            struct.pack_into("<Q", data, each.header + 16, place)
        return bytes(data)
