"""The table of hostile responses: what a server sends, what the client makes of it, and why.

What is merely unusual is in the table too: refusing it would be as wrong as swallowing what is malformed.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.hostile.bad_server import Answer

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
EMPTY = OK + b"Content-Length: 0\r\n"


@dataclass(frozen=True, slots=True)
class Case:
    path: str
    section: str
    answer: Answer
    expected: str
    """The status, or a part of the error."""

    def __str__(self) -> str:
        return f"{self.section}: {self.path[1:]}"


def case(path: str, section: str, send: bytes, expected: str, **rest: float) -> Case:
    return Case("/" + path, section, Answer(send, **rest), expected)  # type: ignore[arg-type]


CASES = [
    case("length", "RFC 9112 6.3", OK + b"Content-Length: 2\r\n\r\nok", "200"),
    case("chunked", "RFC 9112 7.1", CHUNKED + b"2\r\nok\r\n0\r\n\r\n", "200"),
    case("to-the-end", "RFC 9112 6.3", OK + b"\r\nok", "200"),
    case("dripping", "RFC 9112 7.1", CHUNKED + b"2\r\nok\r\n0\r\n\r\n", "200", drip=0.002),
    case("interim", "RFC 9110 15.2", INTERIM * 3 + OK + b"Content-Length: 0\r\n\r\n", "200"),
    case("not-found", "RFC 9110 15.5.5", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "404"),
    case("no-content", "RFC 9110 15.3.5", b"HTTP/1.1 204 No Content\r\n\r\n", "204"),
    case(
        "redirect",
        "RFC 9110 15.4.3",
        b"HTTP/1.1 302 Found\r\nLocation: /length\r\nContent-Length: 0\r\n\r\n",
        "302",
    ),
    case("folded", "RFC 9112 5.2", OK + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n", "200"),
    case("nothing", "RFC 9112 8", b"", "closed the connection without a response"),
    case("cut-head", "RFC 9112 8", OK + b"A: b\r\n", "in the middle of the response head"),
    case(
        "cut-length", "RFC 9112 8", OK + b"Content-Length: 5\r\n\r\nok", "closed before the end of the body"
    ),
    case("cut-chunk", "RFC 9112 8", CHUNKED + b"5\r\nok", "closed before the end of the body"),
    case("cut-chunks", "RFC 9112 8", CHUNKED + b"2\r\nok\r\n", "closed before the end of the body"),
    case("bad-size", "RFC 9112 7.1", CHUNKED + b"2z\r\nok\r\n0\r\n\r\n", "invalid chunk size"),
    case(
        "bad-end",
        "RFC 9112 7.1",
        CHUNKED + b"2\r\nokay\r\n0\r\n\r\n",
        "chunk data not followed by a line end",
    ),
    case(
        "bad-extension", "RFC 9112 7.1.1", CHUNKED + b"2;\x01\r\nok\r\n0\r\n\r\n", "invalid chunk extension"
    ),
    case("huge-size", "RFC 9112 7.1", CHUNKED + b"f" * 17 + b"\r\n", "invalid chunk size"),
    case("folded-trailer", "RFC 9112 7.1.2", CHUNKED + b"0\r\nA: b\r\n c\r\n\r\n", "folded header line"),
    case(
        "two-lengths",
        "RFC 9112 6.3",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        "more than one",
    ),
    case("bad-length", "RFC 9110 8.6", OK + b"Content-Length: -2\r\n\r\nok", "invalid Content-Length"),
    case("length-list", "RFC 9112 6.3", OK + b"Content-Length: 2, 2\r\n\r\nok", "invalid Content-Length"),
    case(
        "both",
        "RFC 9112 6.1",
        OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        "both Content-Length",
    ),
    case("gzip", "RFC 9112 6.1", OK + b"Transfer-Encoding: gzip\r\n\r\n", "transfer coding not implemented"),
    case("old-chunked", "RFC 9112 6.1", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0"),
    case(
        "bare-lf",
        "RFC 9112 2.2",
        b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "line feed without carriage return",
    ),
    case("bare-cr", "RFC 9112 2.2", OK + b"A: b\rc\r\n\r\n", "carriage return without line feed"),
    case("nul", "RFC 9110 5.5", OK + b"A: b\x00c\r\n\r\n", "control character"),
    case("space-colon", "RFC 9112 5.1", OK + b"A : b\r\n\r\n", "white space between"),
    case("nonsense", "RFC 9112 4", b"<html>Hello</html>\r\n", "malformed status line"),
    case("http2", "RFC 9112 4", b"HTTP/2.0 200 OK\r\n\r\n", "HTTP version not supported"),
    case("status-letters", "RFC 9112 4", b"HTTP/1.1 2xx OK\r\n\r\n", "malformed status line"),
    case("endless-status", "RFC 9112 4", b"HTTP/1.1 200 " + b"a" * 100_000, "status line too long"),
    case(
        "giant-field", "RFC 9110 5.4", OK + b"A: " + b"a" * 100_000 + b"\r\n\r\n", "header section too large"
    ),
    case("many-fields", "RFC 9110 5.4", OK + b"A: b\r\n" * 1000 + b"\r\n", "too many header fields"),
    case("endless-interim", "RFC 9110 15.2", INTERIM * 100, "too many interim responses"),
]
LINES = [
    case("no-reason", "RFC 9112 4", b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "200"),
    case("no-space-no-reason", "RFC 9112 4", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200"),
    case("obs-text-reason", "RFC 9112 4", b"HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 0\r\n\r\n", "200"),
    case("old-version", "RFC 9112 9.3", b"HTTP/1.0 200 OK\r\n\r\nto the end", "200"),
    case("http-1.9", "RFC 9110 6.2", b"HTTP/1.9 200 OK\r\nContent-Length: 0\r\n\r\n", "200"),
    case("unknown-status", "RFC 9110 15", b"HTTP/1.1 299 x\r\nContent-Length: 0\r\n\r\n", "299"),
    case("status-999", "RFC 9110 15", b"HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n", "999"),
    case("two-digits", "RFC 9112 4", b"HTTP/1.1 20 OK\r\n\r\n", "malformed status line"),
    case("four-digits", "RFC 9112 4", b"HTTP/1.1 2000 OK\r\n\r\n", "malformed status line"),
    case("status-zero", "RFC 9112 4", b"HTTP/1.1 000 OK\r\n\r\n", "malformed status line"),
    case("status-sign", "RFC 9112 4", b"HTTP/1.1 +20 OK\r\n\r\n", "malformed status line"),
    case("lower-case", "RFC 9112 2.3", b"http/1.1 200 OK\r\n\r\n", "malformed status line"),
    case("no-space", "RFC 9112 4", b"HTTP/1.1200 OK\r\n\r\n", "malformed status line"),
    case("tab", "RFC 9112 4", b"HTTP/1.1\t200\tOK\r\n\r\n", "malformed status line"),
    case("two-spaces", "RFC 9112 4", b"HTTP/1.1  200 OK\r\n\r\n", "malformed status line"),
    case("icy", "RFC 9112 4", b"ICY 200 OK\r\n\r\n", "malformed status line"),
    case("ssh", "RFC 4253 4.2", b"SSH-2.0-OpenSSH_9.2\r\n", "malformed status line"),
    case("http-0.9", "RFC 1945 4.1", b"Hello\r\n", "malformed status line"),
    case("empty-line-first", "RFC 9112 2.2", b"\r\n" + EMPTY + b"\r\n", "malformed status line"),
    case("space-first", "RFC 9112 2.2", b" " + EMPTY + b"\r\n", "malformed status line"),
    case("nul-in-reason", "RFC 9112 4", b"HTTP/1.1 200 O\x00K\r\n\r\n", "control character"),
    case("cr-in-reason", "RFC 9112 2.2", b"HTTP/1.1 200 O\rK\r\n\r\n", "carriage return without line feed"),
    case("reset", "RFC 9112 9.5", OK, "connection reset by peer", reset=True),
    case("reset-body", "RFC 9112 9.5", OK + b"Content-Length: 9\r\n\r\nab", "connection reset", reset=True),
    case("interim-only", "RFC 9110 15.2", INTERIM, "the connection closed"),
    case("continue-unasked", "RFC 9110 15.2.1", b"HTTP/1.1 100 C\r\n\r\n" + EMPTY + b"\r\n", "200"),
    case(
        "interim-with-length",
        "RFC 9112 6.3",
        b"HTTP/1.1 103 x\r\nContent-Length: 5\r\n\r\n" + EMPTY + b"\r\n",
        "200",
    ),
    case("switching-unasked", "RFC 9110 15.2.2", b"HTTP/1.1 101 x\r\n\r\n" + EMPTY + b"\r\n", "101"),
]
FIELDS = [
    case("empty-value", "RFC 9110 5.5", EMPTY + b"A:\r\n\r\n", "200"),
    case("obs-text-value", "RFC 9110 5.5", EMPTY + b"A: \xe9\r\n\r\n", "200"),
    case("no-colon", "RFC 9112 5", EMPTY + b"Abc\r\n\r\n", "field name"),
    case("no-name", "RFC 9112 5", EMPTY + b": b\r\n\r\n", "field name"),
    case("space-in-name", "RFC 9110 5.1", EMPTY + b"A b: c\r\n\r\n", "field name"),
    case("obs-text-in-name", "RFC 9110 5.1", EMPTY + b"\xe9: c\r\n\r\n", "field name"),
    case("fold-first", "RFC 9112 5.2", OK + b" A: b\r\nContent-Length: 0\r\n\r\n", "folded header line"),
    case("endless-fold", "RFC 9112 5.2", OK + b"A: b\r\n" + b" c\r\n" * 30_000, "header section too large"),
    case("endless-name", "RFC 9110 5.4", OK + b"A" * 100_000, "header section too large"),
]
LENGTHS = [
    case("zeros", "RFC 9110 8.6", OK + b"Content-Length: 0002\r\n\r\nok", "200"),
    case("body-behind-304", "RFC 9112 6.3", b"HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\nhello", "304"),
    case("more-than-length", "RFC 9112 9.3", OK + b"Content-Length: 2\r\n\r\nok" + EMPTY + b"\r\n", "200"),
    case("a-long-body-nobody-reads", "RFC 9112 6.3", OK + b"\r\n" + b"x" * 1_000_000, "200"),
    case("minus", "RFC 9110 8.6", OK + b"Content-Length: -2\r\n\r\nok", "invalid Content-Length"),
    case("plus", "RFC 9110 8.6", OK + b"Content-Length: +2\r\n\r\nok", "invalid Content-Length"),
    case("hexadecimal", "RFC 9110 8.6", OK + b"Content-Length: 0x2\r\n\r\nok", "invalid Content-Length"),
    case("spaces", "RFC 9110 8.6", OK + b"Content-Length: 2 2\r\n\r\nok", "invalid Content-Length"),
    case("empty-length", "RFC 9110 8.6", OK + b"Content-Length:\r\n\r\nok", "invalid Content-Length"),
    case(
        "2^63", "RFC 9110 8.6", OK + b"Content-Length: 9223372036854775808\r\n\r\n", "invalid Content-Length"
    ),
    case(
        "2^63-1",
        "RFC 9110 8.6",
        OK + b"Content-Length: 9223372036854775807\r\n\r\n",
        "before the end of the body",
    ),
    case(
        "same-twice",
        "RFC 9112 6.3",
        OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        "more than one",
    ),
]
CODINGS = [
    case("chunked-upper-case", "RFC 9112 7", OK + b"Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "200"),
    case("chunked-zeros", "RFC 9112 7.1", CHUNKED + b"0002\r\nok\r\n000\r\n\r\n", "200"),
    case("chunked-capitals", "RFC 9112 7.1", CHUNKED + b"A\r\n0123456789\r\n0\r\n\r\n", "200"),
    case("extension", "RFC 9112 7.1.1", CHUNKED + b'2;a="b\\"c";d\r\nok\r\n0\r\n\r\n', "200"),
    case("trailers", "RFC 9112 7.1.2", CHUNKED + b"0\r\nA: b\r\nC: d\r\n\r\n", "200"),
    case(
        "chunked-twice",
        "RFC 9112 6.1",
        OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
        "invalid Transfer",
    ),
    case(
        "two-encodings",
        "RFC 9112 6.1",
        OK + b"Transfer-Encoding: chunked\r\n" * 2 + b"\r\n",
        "invalid Transfer",
    ),
    case(
        "identity",
        "RFC 9112 7",
        OK + b"Transfer-Encoding: identity\r\n\r\n",
        "transfer coding not implemented",
    ),
    case("no-chunk-size", "RFC 9112 7.1", CHUNKED + b"\r\nok\r\n0\r\n\r\n", "invalid chunk size"),
    case("chunk-size-space", "RFC 9112 7.1", CHUNKED + b"2 \r\nok\r\n0\r\n\r\n", "invalid chunk extension"),
    case("chunk-size-plus", "RFC 9112 7.1", CHUNKED + b"+2\r\nok\r\n0\r\n\r\n", "invalid chunk size"),
    case("chunk-size-0x", "RFC 9112 7.1", CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n", "invalid chunk size"),
    case("chunk-bare-lf", "RFC 9112 7.1", CHUNKED + b"2\nok\n0\n\n", "invalid chunk size"),
    case("endless-zeros", "RFC 9112 7.1", CHUNKED + b"0" * 100_000, "invalid chunk size"),
    case("endless-extension", "RFC 9112 7.1.1", CHUNKED + b"1;" + b"a" * 100_000, "extensions too long"),
    case(
        "extensions-for-ever",
        "RFC 9112 7.1.1",
        CHUNKED + (b"1;" + b"a" * 99 + b"\r\nx\r\n") * 999,
        "extensions too long",
    ),
    case(
        "endless-trailer", "RFC 9110 6.5", CHUNKED + b"0\r\nA: " + b"a" * 100_000, "header section too large"
    ),
    case(
        "trailers-for-ever", "RFC 9110 6.5", CHUNKED + b"0\r\n" + b"A: b\r\n" * 9999, "too many header fields"
    ),
    case("trailer-without-colon", "RFC 9112 7.1.2", CHUNKED + b"0\r\nAbc\r\n\r\n", "field name"),
]

SLOW = [
    case("silence", "LANGUAGE 14", b"", "timed out after 400 ms", pause=2),
    case(
        "silent-body", "LANGUAGE 14", OK + b"Content-Length: 9\r\n\r\nok", "timed out after 400 ms", pause=2
    ),
    case("dripping-head", "LANGUAGE 14", OK + b"A: " + b"a" * 200, "timed out after 400 ms", drip=0.01),
    case("dripping-body", "LANGUAGE 14", OK + b"\r\n" + b"a" * 200, "timed out after 400 ms", drip=0.01),
    case("dripping-chunks", "LANGUAGE 14", CHUNKED + b"1\r\na\r\n" * 50, "timed out after 400 ms", drip=0.01),
]

CASES += LINES + FIELDS + LENGTHS + CODINGS
