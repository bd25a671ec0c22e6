"""Spelling of MLIR literals: strings, symbol names and floating-point numbers, both ways.

Everything the printer quotes and everything the parser unquotes goes through here, so that the two can
never disagree. Nothing in this file knows about operations, types or attributes.

Text is held as `str` in which a byte that is not part of valid UTF-8 stands as a lone surrogate
(PEP 383, "surrogateescape"), so any byte string survives being printed and parsed.
"""

from __future__ import annotations

import math
import re
import struct

_BARE_SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_$.]*\Z")
_PLAIN_TEXT = re.compile(r"[ !#-\[\]-~]*\Z")
_ESCAPE = re.compile(rb'\\(?:([nt"\\])|([0-9A-Fa-f]{2}))')
_NAMED_ESCAPES = {b"n": b"\n", b"t": b"\t", b'"': b'"', b"\\": b"\\"}


def text_from_bytes(data: bytes) -> str:
    """The text form of `data`; invalid UTF-8 becomes lone surrogates. Inverse of `bytes_from_text`."""
    return data.decode("utf-8", "surrogateescape")


def bytes_from_text(text: str) -> bytes:
    """The bytes that `text` stands for. Raises `UnicodeEncodeError` for surrogates that stand for none."""
    return text.encode("utf-8", "surrogateescape")


def quote(text: str) -> str:
    r"""`text` as an MLIR string literal: `"` and `\` and everything unprintable become `\XX` byte escapes."""
    if _PLAIN_TEXT.match(text):
        return f'"{text}"'
    pieces = ['"']
    for character in text:
        if character == "\\":
            pieces.append("\\\\")
        elif character != '"' and character.isprintable():
            pieces.append(character)
        else:
            pieces.extend(f"\\{byte:02X}" for byte in bytes_from_text(character))
    pieces.append('"')
    return "".join(pieces)


def unquote(literal: str) -> str:
    """The text of an MLIR string literal, given with its quotes. Inverse of `quote`."""
    body = literal[1:-1]
    if "\\" not in body:
        return body

    def decode(match: re.Match[bytes]) -> bytes:
        named = match.group(1)
        return _NAMED_ESCAPES[named] if named else bytes([int(match.group(2), 16)])

    return text_from_bytes(_ESCAPE.sub(decode, bytes_from_text(body)))


def symbol(name: str) -> str:
    """`name` as a symbol reference, `@name`; quoted where it is not an MLIR identifier."""
    return "@" + (name if _BARE_SYMBOL.match(name) else quote(name))


def attribute_name(name: str) -> str:
    """`name` as the key of an attribute dictionary; quoted where it is not an MLIR identifier."""
    return name if _BARE_SYMBOL.match(name) else quote(name)


_FLOAT_FORMATS = {32: ("<f", "<I"), 64: ("<d", "<Q")}


def float_bits(value: float, width: int) -> int:
    """The IEEE 754 representation of `value` in `width` (32 or 64) bits, as an unsigned integer."""
    as_float, as_integer = _FLOAT_FORMATS[width]
    bits: int = struct.unpack(as_integer, struct.pack(as_float, value))[0]
    return bits


def float_from_bits(bits: int, width: int) -> float:
    """The number whose IEEE 754 representation in `width` (32 or 64) bits is `bits`."""
    as_float, as_integer = _FLOAT_FORMATS[width]
    value: float = struct.unpack(as_float, struct.pack(as_integer, bits))[0]
    return value


def rounded(value: float, width: int) -> float:
    """`value` rounded to `width` (32 or 64) bits. Raises `OverflowError` where that leaves the range."""
    return float(value) if width == 64 else float_from_bits(float_bits(value, width), width)


def format_float(value: float, width: int) -> str:
    """`value` as an MLIR float literal that reads back to the same bits.

    The shortest decimal that does so for a double; infinities and NaNs (with their payload) as the bit
    pattern in hexadecimal, which is how MLIR spells them.
    """
    if not math.isfinite(value):
        return f"0x{float_bits(value, width):0{width // 4}X}"
    text = repr(value)
    if "." in text:
        return text
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}.0e{exponent}"
