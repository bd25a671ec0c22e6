"""Handlers of every shape with results of every shape, and what becomes of each field of a response."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest

from tests.e2e.program import Program
from tests.hostile.wire import Connection, Reply

RESULTS = {
    "string": 'if bad { "bad" } else { text }',
    "HttpResponse": 'HttpResponse { status: if bad { 418 } else { 201 }, body: text }',
    "Result<string, string>": 'if bad { Error("it \\"broke\\"") } else { Success(text) }',
    "Result<HttpResponse, string>":
        'if bad { Error("it broke") } else { Success(HttpResponse { status: 202, body: text }) }',
}  # fmt: skip

FOUR = "method: string, path: string, headers: string, body: string"


def program_text() -> str:
    """A server for each shape: named functions, and lambdas that capture something."""
    text = 'let captured = "captured"\n'
    text += """
fn serve(name: string, listening: Result<Unit, string>, server: int) -> Unit =
    print("${name} ${listening} ${httpServerPort(server)}")
fn fresh() -> int = httpCreateServer(0, "127.0.0.1") ?: 0
"""
    for n, (result, body) in enumerate(RESULTS.items()):
        text += f"""
fn four{n}({FOUR}) -> {result} = {{
    let bad = contains(path, "bad")
    let text = "${{method}} ${{path}} ${{length(headers)}} ${{body}}"
    {body}
}}
fn one{n}(request: HttpRequest) -> {result} = {{
    let bad = request.path == "/bad"
    let head = "${{request.method}} ${{request.path}} ${{request.queryParams}}"
    let text = "${{head}} ${{length(request.headers)}} ${{request.body}}"
    {body}
}}
fn start{n}() -> Unit = {{
    let a = fresh()
    serve("four{n}", httpListen(a, four{n}), a)
    let b = fresh()
    serve("one{n}", httpListen(b, one{n}), b)
    let c = fresh()
    let word = "${{captured}}{n}"
    let lambda = fn({FOUR}) -> {result} => {{
        let bad = contains(path, "bad")
        let text = "${{word}} ${{path}}"
        {body}
    }}
    serve("lambda{n}", httpListen(c, lambda), c)
    let d = fresh()
    serve("inline{n}", httpListen(serverID: d, handler: fn(request: HttpRequest) => {{
        let bad = request.path == "/bad"
        let text = "${{word}} ${{request.path}}"
        {body}
    }}), d)
}}
start{n}()
"""
    return text + FIELDS


FIELDS = """
fn fields(request: HttpRequest) -> HttpResponse = match request.path {
    "/defaults" => HttpResponse { status: 200 }
    "/json" => HttpResponse { status: 200, body: " \\t\\r\\n{}" }
    "/array" => HttpResponse { status: 200, body: "[1]" }
    "/doctype" => HttpResponse { status: 200, body: "\\n<!DocType html>" }
    "/html" => HttpResponse { status: 200, body: "<HTML lang=en>" }
    "/htm" => HttpResponse { status: 200, body: "<htm" }
    "/quoted" => HttpResponse { status: 200, body: "\\"text\\"" }
    "/type" => HttpResponse { status: 200, contentType: "image/png", body: "{}" }
    "/type-field" => HttpResponse { status: 200, headers: "content-type: a/b\\r\\n", body: "{}" }
    "/both-types" => HttpResponse { status: 200, headers: "Content-Type: a/b\\r\\n", contentType: "c/d" }
    "/partial" => HttpResponse { status: 200, partialBody: "0123456789", partialLength: 4, isComplete: true }
    "/long-partial" => HttpResponse { status: 200, partialBody: "0123", partialLength: 400 }
    "/short" => HttpResponse { status: 200, body: "0123456789", contentLength: 3 }
    "/long" => HttpResponse { status: 200, body: "0123456789", contentLength: 3000 }
    "/negative" => HttpResponse { status: 200, body: "0123456789", contentLength: -1 }
    "/framing" => HttpResponse {
        status: 200, body: "abc",
        headers: "Content-Length: 7\\r\\nTransfer-Encoding: chunked\\r\\nKeep-Alive: timeout=5\\r\\nX: y"
    }
    "/connection" => HttpResponse { status: 200, headers: "Connection: close\\r\\n" }
    "/upgrade" => HttpResponse { status: 200, headers: "Connection: upgrade\\r\\nUpgrade: x/1\\r\\n" }
    "/date" => HttpResponse { status: 200, headers: "Date: then\\r\\n" }
    "/cookies" => HttpResponse { status: 200, headers: "Set-Cookie: a=1\\r\\nSet-Cookie: b=2\\n" }
    "/204" => HttpResponse { status: 204, body: "gone" }
    "/304" => HttpResponse { status: 304, body: "gone", headers: "ETag: \\"x\\"\\r\\n" }
    "/599" => HttpResponse { status: 599, body: "odd" }
    "/100" => HttpResponse { status: 100 }
    "/199" => HttpResponse { status: 199 }
    "/600" => HttpResponse { status: 600 }
    "/0" => HttpResponse { status: 0 }
    "/huge" => HttpResponse { status: 4611686018427387904 }
    "/inject-value" => HttpResponse { status: 200, headers: "A: ${request.queryParams}\\r\\n\\r\\n<script>" }
    "/inject-cr" => HttpResponse { status: 200, headers: "A: b\\rX: y\\r\\n" }
    "/inject-type" => HttpResponse { status: 200, contentType: "a/b\\r\\nX: y" }
    "/inject-nul" => HttpResponse { status: 200, headers: "A: b\\0\\r\\n" }
    "/no-colon" => HttpResponse { status: 200, headers: "nonsense\\r\\n" }
    "/stop" => HttpResponse { status: 200, body: "${httpStopServer(stops)}" }
    _ => HttpResponse { status: 404 }
}
let stops = fresh()
serve("fields", httpListen(stops, fields), stops)
"""


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    path = tmp_path_factory.mktemp("handlers") / "app.osp"
    path.write_text(program_text())
    with Program(path) as program:
        program.wait_for("^fields ")
        matches = [re.fullmatch(r"(\w+) Success\(\(\)\) (\d+)", line) for line in program.output]
        assert all(matches), program.output
        yield {m[1]: int(m[2]) for m in matches if m}
        program.stop()
        assert program.process.returncode == 0
        allowed = (
            r"ospjit: the handler's (status \d+ is not between 200 and 599|header fields are malformed.*)"
        )
        assert [line for line in program.errors if not re.fullmatch(allowed, line)] == []


def ask(port: int, target: str, *, method: str = "GET", body: bytes = b"", version: str = "1.1") -> Reply:
    with Connection(("127.0.0.1", port)) as connection:
        length = f"Content-Length: {len(body)}\r\n" if body else ""
        connection.send(f"{method} {target} HTTP/{version}\r\nHost: a\r\n{length}\r\n".encode() + body)
        reply = connection.read_reply(to_head=method == "HEAD")
        assert reply is not None
        return reply


@pytest.mark.parametrize("n", range(len(RESULTS)))
@pytest.mark.parametrize("shape", ["four", "one", "lambda", "inline"])
def test_shapes(ports: dict[str, int], shape: str, n: int) -> None:
    port = ports[f"{shape}{n}"]
    good = ask(port, "/a?b=%20", method="POST", body=b"xyz")
    expected = {
        "four": "POST /a?b=%20 28 xyz", "one": "POST /a b=%20 28 xyz",
        "lambda": f"captured{n} /a?b=%20", "inline": f"captured{n} /a",
    }[shape]  # fmt: skip
    assert (good.status, good.body.decode()) == ([200, 201, 200, 202][n], expected)
    bad = ask(port, "/bad")
    assert bad.status == [200, 418, 500, 500][n]
    if n >= 2:
        assert json.loads(bad.body) == {"error": ['it "broke"', "it broke"][n - 2]}
        assert bad.headers["content-type"] == "application/json; charset=utf-8"
    assert ask(port, "/", method="TRACE").status == 501
    assert ask(port, "/", method="get").status == 501


@pytest.mark.parametrize(
    ("path", "content_type", "body"),
    [
        ("/defaults", "text/plain; charset=utf-8", b""),
        ("/json", "application/json; charset=utf-8", b" \t\r\n{}"),
        ("/array", "application/json; charset=utf-8", b"[1]"),
        ("/doctype", "text/html; charset=utf-8", b"\n<!DocType html>"),
        ("/html", "text/html; charset=utf-8", b"<HTML lang=en>"),
        ("/htm", "text/plain; charset=utf-8", b"<htm"),
        ("/quoted", "text/plain; charset=utf-8", b'"text"'),
        ("/type", "image/png", b"{}"),
        ("/type-field", "a/b", b"{}"),
        ("/both-types", "c/d", b""),
        ("/partial", "text/plain; charset=utf-8", b"0123"),
        ("/long-partial", "text/plain; charset=utf-8", b"0123"),
        ("/short", "text/plain; charset=utf-8", b"0123456789"),
        ("/long", "text/plain; charset=utf-8", b"0123456789"),
        ("/negative", "text/plain; charset=utf-8", b"0123456789"),
        ("/599", "text/plain; charset=utf-8", b"odd"),
    ],
)
def test_types_and_lengths(ports: dict[str, int], path: str, content_type: str, body: bytes) -> None:
    for method in ("GET", "HEAD"):
        reply = ask(ports["fields"], path, method=method)
        assert reply.status == (599 if path == "/599" else 200)
        assert reply.headers["content-type"] == content_type
        assert reply.headers["content-length"] == str(len(body))
        assert reply.body == (body if method == "GET" else b"")
        assert set(reply.headers) == {"date", "content-type", "content-length"}


def test_fields_that_are_the_runtimes(ports: dict[str, int]) -> None:
    framing = ask(ports["fields"], "/framing")
    assert (framing.body, framing.headers["x"]) == (b"abc", "y")
    assert set(framing.headers) == {"date", "content-type", "content-length", "x"}
    assert ask(ports["fields"], "/connection").announces_close
    assert "connection" not in ask(ports["fields"], "/upgrade").headers
    assert ask(ports["fields"], "/date").headers["date"] == "then"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(ports: dict[str, int], status: int) -> None:
    with Connection(("127.0.0.1", ports["fields"])) as connection:
        connection.send(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\nGET /type HTTP/1.1\r\nHost: a\r\n\r\n" % status)
        first, second = connection.read_reply(), connection.read_reply()
        assert first is not None and second is not None
        assert first.status == status and not {"content-length", "content-type"} & set(first.headers)
        assert (second.status, second.body) == (200, b"{}")


@pytest.mark.parametrize(
    "path",
    [
        "/100",
        "/199",
        "/600",
        "/0",
        "/huge",
        "/inject-value?a",
        "/inject-cr",
        "/inject-type",
        "/inject-nul",
        "/no-colon",
    ],
)
def test_what_must_not_reach_the_wire(ports: dict[str, int], path: str) -> None:
    reply = ask(ports["fields"], path)
    assert (reply.status, json.loads(reply.body)) == (500, {"error": "internal server error"})
    assert set(reply.headers) == {"date", "content-type", "content-length"}


def test_repeated_fields_pass(ports: dict[str, int]) -> None:
    with Connection(("127.0.0.1", ports["fields"])) as connection:
        connection.send(b"GET /cookies HTTP/1.1\r\nHost: a\r\n\r\n")
        while b"\r\n\r\n" not in connection.buffer:
            assert connection.receive()
        assert connection.buffer.count(b"\r\nSet-Cookie: ") == 2 and b"\n\n" not in connection.buffer


def test_a_handler_stops_its_own_server(ports: dict[str, int]) -> None:
    """The last test of the module: the server is gone after it."""
    with (
        Connection(("127.0.0.1", ports["fields"])) as idle,
        Connection(("127.0.0.1", ports["fields"])) as caller,
    ):
        caller.send(b"GET /stop HTTP/1.1\r\nHost: a\r\n\r\n")
        reply = caller.read_reply()
        assert reply is not None and (reply.status, reply.body) == (200, b"Success(())")
        assert caller.closed_by_peer() and idle.closed_by_peer()
    with pytest.raises(ConnectionRefusedError):
        ask(ports["fields"], "/")
    assert ask(ports["one0"], "/").status == 200
