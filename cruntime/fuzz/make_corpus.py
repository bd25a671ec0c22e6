"""Writes the seed inputs of the fuzz targets, one small file a case, into corpus/.

The files are committed: they grow by what fuzzing finds. This script is only how the first ones were made,
kept so that they can be read. It never deletes anything.
"""

import zlib
from pathlib import Path

HOST = b"Host: a\r\n"
SEEDS: dict[str, dict[str, bytes]] = {
    "request_parser": {
        "simple": b"GET / HTTP/1.1\r\n" + HOST + b"\r\n",
        "query": b"GET /a/b%20c?d=e&f[]=g HTTP/1.1\r\n" + HOST + b"\r\n",
        "absolute": b"GET http://[::1]:80/x?y HTTP/1.1\r\n" + HOST + b"\r\n",
        "asterisk": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        "connect": b"CONNECT b:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        "length": b"\r\nPOST /p HTTP/1.1\r\n"
        + HOST
        + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\nabc",
        "chunked": b"PUT /p HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        "old": b"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
        "websocket": b"GET /chat HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    },
    "response_parser": {
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "folded": b"HTTP/1.0 404 Not Found\r\nA: b\r\n c\r\n\td\r\nConnection: keep-alive\r\n\r\n",
        "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 204\r\n\r\n",
    },
    "chunked": {
        "two": b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET",
        "extensions": b'a;b=c;d="e\\"f" ; g\r\n0123456789\r\n000;x\r\n\r\n',
        "trailer": b"1\r\nx\r\n0\r\nA: b\r\nC:d\r\n\r\n",
        "large": b"ffffffffffffffff\r\n",
    },
    "url": {
        "plain": b"http://example.org:8080/a/b?c=d",
        "ipv6": b"wss://[2001:db8::1]/x",
        "query": b"b=c&a=%41%20+&a",
        "reference": b"../a/./b?c#d",
        "encoded": b"%e2%82%ac \xe2\x82\xac",
    },
    "header": {
        "block": b"Connection: keep-alive, close\r\nA:b\nC: d",
        "framing": b"Content-Length: 10\r\nTransfer-Encoding: gzip;q=1, chunked\r\n",
        "list": b'a, "b,\\"c" ,,d;e="f"',
        "line": b"Name:\t value \xe9 ",
    },
    "json": {
        "object": b'a.b[1]\n{"a": {"b": [true, "x\\n\\u00e9"]}, "a\\u0062": null, "": -0.5e+3}',
        "array": b'[0]["k"]\n[{"k": 10}, [], {}, [[[]]], false]',
        "surrogates": b'\n"\\ud83d\\ude00 \\ud83d \\ude00 \xf0\x9f\x98\x80 \\"\\\\\\/"',
        "number": b"\n 12.25E-2 ",
    },
    "pattern": {
        "groups": b"^(a|b(c|d)*)+e$\nabcdbe",
        "bounds": b"(a{2,3}){1,2}b{0}c{2,}\naaaacc",
        "sets": b"[]a-c[:digit:]^-][^x][[.-.]][[=e=]]\n]a-e",
        "escapes": b"\\d\\w\\S\\.\\(+?\n1a..((",
        "characters": "é.ß|[à-ö]\néß".encode(),
    },
}


def _frame(first: int, payload: bytes, mask: bytes = b"\x11\xa2\x73\xf4") -> bytes:
    """A client's frame of less than 126 bytes."""
    masked = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes([first, 0x80 | len(payload)]) + mask + masked


SEEDS["ws_reader"] = {
    "text": b"\0" + _frame(0x81, "héllo".encode()) + _frame(0x88, b"\x03\xe8bye"),
    "fragments": b"\0" + _frame(0x01, b"a\xc3") + _frame(0x89, b"ping") + _frame(0x80, b"\xa9"),
    "binary": b"\0\x82\xfe\x01\x00\0\0\0\0" + bytes(range(256)),
    "long": b"\0\x82\xff\0\0\0\0\0\x01\0\0\0\0\0\0",
    "server": b"\1\x81\x05hello\x8a\x00\x88\x00",
    "deflate": b"\2" + _frame(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00") + _frame(0x81, b"plain"),
    "context": b"\6"
    + _frame(0xC1, b"\xf2\x48\xcd\xc9\xc9\x07\x00")
    + _frame(0x41, b"\xf2\x00")
    + _frame(0x80, b"\x11\x00\x00"),
    "final block": b"\2" + _frame(0xC1, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
    "bomb": b"\2" + _frame(0xC2, zlib.compress(b"0" * 10000, wbits=-15)),
}


def main() -> None:
    corpus = Path(__file__).parent / "corpus"
    for target, seeds in SEEDS.items():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds.items():
            (folder / name).write_bytes(content)


if __name__ == "__main__":
    main()
