"""The table of hostile requests: what is sent, what must come back, and the section behind it.

A case that sends something wrong expects the 4xx or 5xx and the connection closed: after a framing error
nobody knows where the next request starts (RFC 9112 section 9.6). A case that sends something unusual but
right is in the table too, since refusing it would be as wrong.
"""

from __future__ import annotations

from dataclasses import dataclass

RFC9110 = "RFC 9110 "
RFC9112 = "RFC 9112 "


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    section: str
    send: bytes
    """Everything that is sent; `pause` splits it."""
    statuses: tuple[int, ...]
    """The responses in order, interim ones included; empty: the server closes without a word."""
    closes: bool = True
    """The server ends the connection after them; otherwise it must take another request on it."""
    contains: bytes = b""
    """A part of the last body."""
    lacks: bytes = b""
    """What no body may contain."""
    step: int = 0
    """Bytes sent at a time, 0 for all at once."""
    half_close: bool = False
    """The client ends its side after sending."""
    to_head: bool = False

    def __str__(self) -> str:
        return f"{self.section}: {self.name}"


HOST = b"Host: a\r\n"


def head(line: bytes, fields: bytes = b"", host: bytes = HOST) -> bytes:
    return line + b"\r\n" + host + fields + b"\r\n"


def get(target: bytes, **rest: bytes) -> bytes:
    return head(b"GET " + target + b" HTTP/1.1", **rest)


def fields(lines: bytes) -> bytes:
    return get(b"/", fields=lines)


def post(lines: bytes, body: bytes) -> bytes:
    return head(b"POST / HTTP/1.1", lines) + body


def chunked(body: bytes) -> bytes:
    return post(b"Transfer-Encoding: chunked\r\n", body)


def bad(name: str, section: str, send: bytes, status: int = 400) -> Case:
    return Case(name, section, send, (status,))


def good(name: str, section: str, send: bytes, contains: bytes = b"", **rest: object) -> Case:
    return Case(name, section, send, (200,), closes=False, contains=contains, **rest)  # type: ignore[arg-type]


LINE_ENDS = [
    bad("bare LF after the request line", RFC9112 + "2.2", b"GET / HTTP/1.1\nHost: a\r\n\r\n"),
    bad("bare LF after a field", RFC9112 + "2.2", b"GET / HTTP/1.1\r\nHost: a\n\r\n"),
    bad("bare LF instead of the empty line", RFC9112 + "2.2", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    bad("bare LF everywhere", RFC9112 + "2.2", b"GET / HTTP/1.1\nHost: a\n\n"),
    bad("bare CR in a value", RFC9112 + "2.2", fields(b"A: b\rc\r\n")),
    bad("bare CR in the request line", RFC9112 + "2.2", b"GET /\r HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("bare CR as line end", RFC9112 + "2.2", b"GET / HTTP/1.1\rHost: a\r\r"),
    bad("CR CR LF", RFC9112 + "2.2", b"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    bad("LF CR", RFC9112 + "2.2", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r"),
    good("one empty line before the request", RFC9112 + "2.2", b"\r\n" + get(b"/x"), b"GET /x\n"),
    bad("three empty lines before the request", RFC9112 + "2.2", b"\r\n\r\n\r\n" + get(b"/")),
    bad("white space before the first field", RFC9112 + "2.2", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    bad("white space before the request line", RFC9112 + "2.2", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("vertical tab as separator", RFC9112 + "3", b"GET\x0b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("form feed as separator", RFC9112 + "3", b"GET /\x0cHTTP/1.1\r\nHost: a\r\n\r\n"),
]

REQUEST_LINES = [
    bad("two spaces before the target", RFC9112 + "3", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("two spaces before the version", RFC9112 + "3", b"GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("tabs as separators", RFC9112 + "3", b"GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("space behind the version", RFC9112 + "3", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    bad("space in the target", RFC9112 + "3.2", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("only a method", RFC9112 + "3", b"GET\r\nHost: a\r\n\r\n"),
    bad("HTTP/0.9", "RFC 1945 4.1", b"GET /\r\n\r\n"),
    bad("no method", RFC9112 + "3.1", b" / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("method with a separator", RFC9112 + "3.1", b"G<T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("method with a byte outside ASCII", RFC9112 + "3.1", b"G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    bad("method in quotes", RFC9112 + "3.1", b'"GET" / HTTP/1.1\r\nHost: a\r\n\r\n'),
    bad("a field as the first line", RFC9112 + "3", b"Host: a\r\n\r\n"),
    bad("a status line", RFC9112 + "3", b"HTTP/1.1 200 OK\r\n\r\n"),
    bad("8 KiB and a byte", RFC9112 + "3", get(b"/" + b"a" * 8179), 414),
    good("8 KiB", RFC9112 + "3", get(b"/" + b"a" * 8178), b"a" * 100),
    bad("a target of 100 KB", RFC9110 + "15.5.15", get(b"/" + b"a" * 100_000), 414),
    bad("an endless request line", RFC9110 + "15.5.15", b"GET /" + b"a" * 20_000, 414),
]

METHODS = [
    *[
        good(method.decode(), RFC9110 + "9.3", head(method + b" /x HTTP/1.1"), method + b" /x\n")
        for method in (b"GET", b"POST", b"PUT", b"DELETE", b"PATCH", b"OPTIONS")
    ],
    good("HEAD", RFC9110 + "9.3.2", head(b"HEAD /x HTTP/1.1"), to_head=True),
    *[
        Case(method.decode(), RFC9110 + "15.6.2", head(method + b" /x HTTP/1.1"), (501,), closes=False)
        for method in (b"get", b"BREW", b"TRACE", b"PROPFIND", b"GETT", b"!#$%&'*+-.^_`|~")
    ],
    bad("CONNECT", RFC9110 + "9.3.6", head(b"CONNECT b:443 HTTP/1.1"), 501),
]

VERSIONS = [
    bad("HTTP/2.0", RFC9110 + "15.6.6", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    bad("HTTP/0.9 spelled out", RFC9110 + "15.6.6", b"GET / HTTP/0.9\r\n\r\n", 505),
    bad("HTTP/3.0", RFC9110 + "15.6.6", b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    bad("the HTTP/2 preface", "RFC 9113 3.4", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    bad("lower case", RFC9112 + "2.3", b"GET / http/1.1\r\nHost: a\r\n\r\n"),
    bad("two digits", RFC9112 + "2.3", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    bad("leading zero", RFC9112 + "2.3", b"GET / HTTP/01.1\r\nHost: a\r\n\r\n"),
    bad("no minor version", RFC9112 + "2.3", b"GET / HTTP/1\r\nHost: a\r\n\r\n"),
    bad("no number", RFC9112 + "2.3", b"GET / HTTP/\r\nHost: a\r\n\r\n"),
    bad("letters", RFC9112 + "2.3", b"GET / HTTP/x.y\r\nHost: a\r\n\r\n"),
    bad("another protocol", RFC9112 + "2.3", b"GET / ICY/1.1\r\nHost: a\r\n\r\n"),
    bad("space inside", RFC9112 + "2.3", b"GET / HTTP/ 1.1\r\nHost: a\r\n\r\n"),
    good("HTTP/1.2 is served as 1.1", RFC9110 + "6.2", head(b"GET /x HTTP/1.2"), b"GET /x\n"),
    Case("HTTP/1.0 closes", RFC9112 + "9.3", b"GET /x HTTP/1.0\r\n\r\n", (200,), contains=b"GET /x\n"),
    good("HTTP/1.0 with keep-alive", RFC9112 + "9.3", b"GET /x HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
]

TARGETS = [
    good(
        "path and query as sent",
        RFC9112 + "3.2.1",
        get(b"/a%20b/./../c;d=e?f=g&h[]=i"),
        b"/a%20b/./../c;d=e?f=g&h[]=i",
    ),
    good("empty query", RFC9112 + "3.2.1", get(b"/?"), b"GET /?\n"),
    good("absolute form", RFC9112 + "3.2.2", get(b"http://b:80/c?d"), b"http://b:80/c?d"),
    bad("fragment", "RFC 3986 3.5", get(b"/a#b")),
    bad("bad percent-encoding", "RFC 3986 2.1", get(b"/%zz")),
    bad("percent-encoding cut short", "RFC 3986 2.1", get(b"/%4")),
    bad("bytes outside ASCII", "RFC 3986 2", get("/é".encode())),
    bad("NUL", "RFC 3986 2", get(b"/a\x00b")),
    bad("DEL", "RFC 3986 2", get(b"/a\x7fb")),
    bad("quote", "RFC 3986 3.3", get(b'/a"b')),
    bad("angle bracket", "RFC 3986 3.3", get(b"/<script>")),
    bad("backslash in the path", "RFC 3986 3.3", get(b"/a\\b")),
    bad("relative path", RFC9112 + "3.2", get(b"a/b")),
    bad("dots", RFC9112 + "3.2", get(b"../etc/passwd")),
    bad("query alone", RFC9112 + "3.2", get(b"?a=b")),
    bad("asterisk for GET", RFC9112 + "3.2.4", get(b"*")),
    good("asterisk for OPTIONS", RFC9112 + "3.2.4", head(b"OPTIONS * HTTP/1.1")),
    bad("authority form for GET", RFC9112 + "3.2.3", get(b"b:80")),
    bad("absolute form without host", RFC9110 + "4.2.1", get(b"http:///a")),
    bad("absolute form with user information", RFC9110 + "4.2.4", get(b"http://u:p@b/")),
    bad("absolute form of another scheme", RFC9112 + "3.2.2", get(b"file:///etc/passwd")),
    bad("absolute form with a bad port", "RFC 3986 3.2.3", get(b"http://b:x/")),
    bad("CONNECT without a port", RFC9112 + "3.2.3", head(b"CONNECT b HTTP/1.1")),
]

HOSTS = [
    bad("absent", RFC9112 + "3.2", get(b"/", host=b"")),
    bad("absent in absolute form", RFC9112 + "3.2", get(b"http://b/", host=b"")),
    bad("twice the same", RFC9112 + "3.2", get(b"/", host=b"Host: a\r\nHost: a\r\n")),
    bad("two", RFC9112 + "3.2", get(b"/", host=b"Host: a\r\nhost: b\r\n")),
    bad("empty", RFC9110 + "7.2", get(b"/", host=b"Host:\r\n")),
    bad("blank", RFC9110 + "7.2", get(b"/", host=b"Host: \t \r\n")),
    bad("with a path", RFC9110 + "7.2", get(b"/", host=b"Host: a/b\r\n")),
    bad("with user information", RFC9110 + "7.2", get(b"/", host=b"Host: u@a\r\n")),
    bad("with a space", RFC9110 + "7.2", get(b"/", host=b"Host: a b\r\n")),
    bad("a list", RFC9110 + "7.2", get(b"/", host=b"Host: a, b\r\n")),
    bad("with a scheme", RFC9110 + "7.2", get(b"/", host=b"Host: http://a\r\n")),
    bad("port out of range", "RFC 3986 3.2.3", get(b"/", host=b"Host: a:65536\r\n")),
    bad("port that is no number", "RFC 3986 3.2.3", get(b"/", host=b"Host: a:b\r\n")),
    bad("open bracket", "RFC 3986 3.2.2", get(b"/", host=b"Host: [::1\r\n")),
    bad("bad IPv6 address", "RFC 3986 3.2.2", get(b"/", host=b"Host: [::x]\r\n")),
    good("IPv6 address and port", "RFC 3986 3.2.2", get(b"/", host=b"Host: [::1]:8080\r\n")),
    good("in any case", RFC9110 + "5.1", get(b"/", host=b"hOsT: a\r\n")),
]

FIELDS = [
    bad("space before the colon", RFC9112 + "5.1", fields(b"A : b\r\n")),
    bad("tab before the colon", RFC9112 + "5.1", fields(b"A\t: b\r\n")),
    bad(
        "space before the colon of Content-Length", RFC9112 + "5.1", post(b"Content-Length : 5\r\n", b"hello")
    ),
    bad(
        "space before the colon of Transfer-Encoding",
        RFC9112 + "5.1",
        post(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
    ),
    bad("no colon", RFC9112 + "5", fields(b"Abc\r\n")),
    bad("no name", RFC9112 + "5", fields(b": b\r\n")),
    bad("separator in a name", RFC9110 + "5.1", fields(b"A[b]: c\r\n")),
    bad("space in a name", RFC9110 + "5.1", fields(b"A b: c\r\n")),
    bad("NUL in a name", RFC9110 + "5.1", fields(b"A\x00: c\r\n")),
    bad("byte outside ASCII in a name", RFC9110 + "5.1", fields("é: c\r\n".encode())),
    bad("NUL in a value", RFC9110 + "5.5", fields(b"A: b\x00c\r\n")),
    bad("escape in a value", RFC9110 + "5.5", fields(b"A: b\x1b[0m\r\n")),
    bad("DEL in a value", RFC9110 + "5.5", fields(b"A: b\x7f\r\n")),
    good("tab and obs-text in a value", RFC9110 + "5.5", fields(b"A: b\tc \xe9\r\n")),
    good("empty value", RFC9110 + "5.5", fields(b"A:\r\n")),
    bad("folded by a space", RFC9112 + "5.2", fields(b"A: b\r\n c\r\n")),
    bad("folded by a tab", RFC9112 + "5.2", fields(b"A: b\r\n\tc\r\n")),
    bad(
        "folded Transfer-Encoding", RFC9112 + "5.2", post(b"Transfer-Encoding:\r\n chunked\r\n", b"0\r\n\r\n")
    ),
    good("100 fields", "RFC 6585 5", fields(b"".join(b"A%d: b\r\n" % n for n in range(99)))),
    bad("101 fields", "RFC 6585 5", fields(b"".join(b"A%d: b\r\n" % n for n in range(100))), 431),
    bad("10,000 fields", "RFC 6585 5", fields(b"A: b\r\n" * 10_000), 431),
    good("a field of 60 KB", "RFC 6585 5", fields(b"A: " + b"b" * 60_000 + b"\r\n")),
    bad("a field of 64 KiB", "RFC 6585 5", fields(b"A: " + b"b" * 65_536 + b"\r\n"), 431),
    bad("an endless field", "RFC 6585 5", b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"b" * 200_000, 431),
    bad("an endless field name", "RFC 6585 5", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"b" * 200_000, 431),
]

LENGTHS = [
    good("a body", RFC9112 + "6.2", post(b"Content-Length: 5\r\n", b"hello"), b"POST /\nhello"),
    good("no body", RFC9112 + "6.2", post(b"Content-Length: 0\r\n", b""), b"POST /\n"),
    good("leading zeros", RFC9110 + "8.6", post(b"Content-Length: 0005\r\n", b"hello"), b"hello"),
    good(
        "a body that looks like a request",
        RFC9112 + "6.2",
        post(b"Content-Length: 37\r\n", b"GET /smuggled HTTP/1.1\r\nHost: evil\r\n\r\n"[:37].ljust(37)),
        b"/smuggled",
    ),
    bad("twice the same", RFC9112 + "6.3", post(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"hello")),
    bad("two", RFC9112 + "6.3", post(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"hello")),
    bad("a list", RFC9112 + "6.3", post(b"Content-Length: 5, 5\r\n", b"hello")),
    bad("plus sign", RFC9110 + "8.6", post(b"Content-Length: +5\r\n", b"hello")),
    bad("minus sign", RFC9110 + "8.6", post(b"Content-Length: -5\r\n", b"hello")),
    bad("minus zero", RFC9110 + "8.6", post(b"Content-Length: -0\r\n", b"")),
    bad("hexadecimal", RFC9110 + "8.6", post(b"Content-Length: 0x5\r\n", b"hello")),
    bad("fraction", RFC9110 + "8.6", post(b"Content-Length: 5.0\r\n", b"hello")),
    bad("spaces inside", RFC9110 + "8.6", post(b"Content-Length: 5 5\r\n", b"hello")),
    bad("empty", RFC9110 + "8.6", post(b"Content-Length:\r\n", b"")),
    bad("letters", RFC9110 + "8.6", post(b"Content-Length: five\r\n", b"hello")),
    bad("2^63", RFC9110 + "8.6", post(b"Content-Length: 9223372036854775808\r\n", b"")),
    bad("2^64 + 5", RFC9110 + "8.6", post(b"Content-Length: 18446744073709551621\r\n", b"hello")),
    bad("forty digits", RFC9110 + "8.6", post(b"Content-Length: " + b"9" * 40 + b"\r\n", b"")),
    bad("over 256 MiB", RFC9110 + "15.5.14", post(b"Content-Length: 268435457\r\n", b""), 413),
    bad("2^63 - 1", RFC9110 + "15.5.14", post(b"Content-Length: 9223372036854775807\r\n", b""), 413),
]

ENCODINGS = [
    bad(
        "with a length",
        RFC9112 + "6.1",
        post(b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    ),
    bad(
        "with a length behind",
        RFC9112 + "6.1",
        post(b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"0\r\n\r\n"),
    ),
    bad(
        "in HTTP/1.0",
        RFC9112 + "6.1",
        head(b"POST / HTTP/1.0", b"Transfer-Encoding: chunked\r\n") + b"0\r\n\r\n",
    ),
    bad("unknown", RFC9112 + "6.1", post(b"Transfer-Encoding: xchunked\r\n", b""), 501),
    bad("identity", RFC9112 + "7", post(b"Transfer-Encoding: identity\r\n", b""), 501),
    bad(
        "gzip before chunked",
        RFC9112 + "6.1",
        post(b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
        501,
    ),
    bad("chunked before gzip", RFC9112 + "6.1", post(b"Transfer-Encoding: chunked, gzip\r\n", b"0\r\n\r\n")),
    bad("chunked twice", RFC9112 + "6.1", post(b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n")),
    bad(
        "chunked in two fields",
        RFC9112 + "6.1",
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
    ),
    bad(
        "chunked, then identity",
        RFC9112 + "6.1",
        post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", b"0\r\n\r\n"),
    ),
    bad("in quotes", RFC9112 + "7", post(b'Transfer-Encoding: "chunked"\r\n', b"0\r\n\r\n")),
    bad("with a parameter", RFC9112 + "7", post(b"Transfer-Encoding: chunked;q=1\r\n", b"0\r\n\r\n")),
    bad("empty", RFC9112 + "6.1", post(b"Transfer-Encoding:\r\n", b"0\r\n\r\n")),
    bad("empty element", RFC9112 + "6.1", post(b"Transfer-Encoding: , chunked\r\n", b"0\r\n\r\n")),
    bad("vertical tab", RFC9112 + "6.1", post(b"Transfer-Encoding: \x0bchunked\r\n", b"0\r\n\r\n")),
    good("any case", RFC9112 + "7", post(b"Transfer-Encoding: CHUNKED\r\n", b"1\r\nx\r\n0\r\n\r\n"), b"x"),
]

CHUNKS = [
    good("two chunks", RFC9112 + "7.1", chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), b"hello world"),
    good("byte by byte", RFC9112 + "7.1", chunked(b"5\r\nhello\r\n0\r\n\r\n"), b"hello", step=1),
    good(
        "hexadecimal sizes",
        RFC9112 + "7.1",
        chunked(b"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
        b"0123456789" * 2,
    ),
    good("several zeros", RFC9112 + "7.1", chunked(b"1\r\nx\r\n0000\r\n\r\n"), b"x"),
    good("extensions", RFC9112 + "7.1.1", chunked(b'1;a;b=c;d="e f"\r\nx\r\n0;g\r\n\r\n'), b"x"),
    good("trailer fields", RFC9112 + "7.1.2", chunked(b"1\r\nx\r\n0\r\nA: b\r\n\r\n"), b"x"),
    good("trailer that looks like framing", RFC9112 + "7.1.2", chunked(b"0\r\nContent-Length: 99\r\n\r\n")),
    bad("no size", RFC9112 + "7.1", chunked(b"\r\nhello\r\n0\r\n\r\n")),
    bad("not hexadecimal", RFC9112 + "7.1", chunked(b"g\r\nhello\r\n0\r\n\r\n")),
    bad("0x", RFC9112 + "7.1", chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
    bad("plus sign", RFC9112 + "7.1", chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
    bad("minus sign", RFC9112 + "7.1", chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
    bad("space before the size", RFC9112 + "7.1", chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
    bad("space behind the size", RFC9112 + "7.1", chunked(b"5 \r\nhello\r\n0\r\n\r\n")),
    bad("underscore in the size", RFC9112 + "7.1", chunked(b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n")),
    bad("2^64 + 5", RFC9112 + "7.1", chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
    bad("a chunk over 256 MiB", RFC9110 + "15.5.14", chunked(b"10000001\r\n"), 413),
    bad("2^64 - 1", RFC9110 + "15.5.14", chunked(b"ffffffffffffffff\r\n"), 413),
    bad("bare LF behind the size", RFC9112 + "7.1", chunked(b"5\nhello\r\n0\r\n\r\n")),
    bad("bare CR behind the size", RFC9112 + "7.1", chunked(b"5\rhello\r\n0\r\n\r\n")),
    bad("more data than announced", RFC9112 + "7.1", chunked(b"5\r\nhello!\r\n0\r\n\r\n")),
    bad("less data than announced", RFC9112 + "7.1", chunked(b"5\r\nhell\r\n0\r\n\r\n")),
    bad("bare LF behind the data", RFC9112 + "7.1", chunked(b"5\r\nhello\n0\r\n\r\n")),
    bad("no line end behind the data", RFC9112 + "7.1", chunked(b"5\r\nhello0\r\n\r\n")),
    bad("bare LF in an extension", RFC9112 + "7.1.1", chunked(b"5;a\nhello\r\n0\r\n\r\n")),
    bad("control character in an extension", RFC9112 + "7.1.1", chunked(b"5;a\x00\r\nhello\r\n0\r\n\r\n")),
    bad("extension without a name", RFC9112 + "7.1.1", chunked(b"5;\r\nhello\r\n0\r\n\r\n")),
    bad(
        "an extension of 10 KB", RFC9112 + "7.1.1", chunked(b"5;" + b"a" * 10_000 + b"\r\nhello\r\n0\r\n\r\n")
    ),
    bad("extensions for ever", RFC9112 + "7.1.1", chunked((b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 100)),
    bad("folded trailer", RFC9112 + "7.1.2", chunked(b"0\r\nA: b\r\n c\r\n\r\n")),
    bad("trailer without a colon", RFC9112 + "7.1.2", chunked(b"0\r\nAbc\r\n\r\n")),
    bad("bare LF in a trailer", RFC9112 + "7.1.2", chunked(b"0\r\nA: b\n\r\n")),
    bad("endless trailers", "RFC 6585 5", chunked(b"0\r\n" + b"A: b\r\n" * 1000), 431),
]

CONNECTIONS = [
    Case("close is obeyed", RFC9112 + "9.6", fields(b"Connection: close\r\n"), (200,)),
    Case("close in a list", RFC9112 + "9.6", fields(b"Connection: x, Close\r\n"), (200,)),
    Case(
        "what follows a close is not answered",
        RFC9112 + "9.6",
        fields(b"Connection: close\r\n") + get(b"/x"),
        (200,),
        lacks=b"/x",
    ),
    Case(
        "three at once",
        RFC9112 + "9.3.2",
        get(b"/1") + get(b"/2") + get(b"/3"),
        (200,) * 3,
        False,
        b"GET /3\n",
    ),
    Case(
        "twenty at once",
        RFC9112 + "9.3.2",
        b"".join(get(b"/%d" % n) for n in range(20)),
        (200,) * 20,
        False,
        b"/19",
    ),
    Case(
        "three byte by byte",
        RFC9112 + "9.3.2",
        get(b"/1") + get(b"/2") + get(b"/3"),
        (200,) * 3,
        False,
        b"/3",
        step=1,
    ),
    Case("a bad one behind a good one", RFC9112 + "9.3.2", get(b"/1") + b"bad\r\n\r\n", (200, 400)),
    Case(
        "a good one behind a bad one",
        RFC9112 + "9.6",
        b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n" + get(b"/x"),
        (400,),
        lacks=b"/x",
    ),
    Case(
        "bodies in between",
        RFC9112 + "6.2",
        post(b"Content-Length: 5\r\n", b"hello") + chunked(b"1\r\nx\r\n0\r\n\r\n") + get(b"/3"),
        (200,) * 3,
        False,
        b"/3",
    ),
    Case(
        "a GET with a body",
        RFC9110 + "9.3.1",
        get(b"/1", fields=b"Content-Length: 5\r\n") + b"GET /" + get(b"/2"),
        (200, 200),
        False,
        b"GET /2\n",
    ),
    Case(
        "an HTTP/1.0 request has no body without a length",
        RFC9112 + "6.3",
        b"POST / HTTP/1.0\r\n\r\n" + get(b"/x"),
        (200,),
        lacks=b"/x",
    ),
    Case(
        "100-continue in HTTP/1.0 is ignored",
        RFC9110 + "10.1.1",
        b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        (200,),
        contains=b"hello",
    ),
    bad("another expectation", RFC9110 + "10.1.1", fields(b"Expect: tea\r\n"), 417),
    bad(
        "100-continue with a body too large",
        RFC9110 + "10.1.1",
        post(b"Expect: 100-continue\r\nContent-Length: 999999999\r\n", b""),
        413,
    ),
]

STRANGERS = [
    bad("a TLS handshake", "RFC 8446 4", bytes.fromhex("16030100a5010000a10303") + b"\x00" * 40),
    bad("SSH", "RFC 4253 4.2", b"SSH-2.0-OpenSSH_9.2\r\n"),
    bad("zeros", RFC9112 + "3", b"\x00" * 1000),
    bad("random bytes", RFC9112 + "3", bytes((n * 167 + 13) % 256 for n in range(1000))),
    bad("a WebSocket frame", "RFC 6455 5.2", bytes.fromhex("818537fa213d7f9f4d5158")),
    Case("nothing at all", RFC9112 + "9", b"", (), half_close=True),
    Case("half a request line", RFC9112 + "8", b"GET / HT", (400,), half_close=True),
    Case("half a head", RFC9112 + "8", b"GET / HTTP/1.1\r\nHost: a\r\n", (400,), half_close=True),
    Case(
        "half a body",
        RFC9112 + "8",
        post(b"Content-Length: 5\r\n", b"hexx"),
        (400,),
        half_close=True,
        lacks=b"hexx",
    ),
    Case("half a chunked body", RFC9112 + "8", chunked(b"5\r\nhexx"), (400,), half_close=True, lacks=b"hexx"),
    Case(
        "half closed behind a whole request",
        RFC9112 + "9.6",
        get(b"/x"),
        (200,),
        contains=b"/x",
        half_close=True,
    ),
]

CASES = [
    *LINE_ENDS,
    *REQUEST_LINES,
    *METHODS,
    *VERSIONS,
    *TARGETS,
    *HOSTS,
    *FIELDS,
    *LENGTHS,
    *ENCODINGS,
    *CHUNKS,
    *CONNECTIONS,
    *STRANGERS,
]
