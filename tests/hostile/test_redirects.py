"""Redirects of the client: followed when asked, with the method, body and fields that belong to them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.hostile.bad_server import Answer, bad_server
from tests.hostile.test_client import BODY, OK, TRUST, get, run_program, tls_context

SECRET = r"Authorization: secret\r\nCookie: a=b\r\nX-Kept: yes\r\nContent-Type: text/plain\r\n"


def redirect(location: str, status: int = 302, body: bytes = b"moved", keep: bool = True) -> Answer:
    head = b"HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: %d\r\n\r\n"
    return Answer(head % (status, location.encode(), len(body)) + body, keep=keep)


FOUND = Answer(OK + b"Content-Length: 5\r\n\r\nfound", keep=True)
FOLLOW = "    let followed = httpConfigureClient(client, HttpClientOptions { maxRedirects: 3 })"


def first_lines(requests: list[bytes]) -> list[str]:
    return [request.split(b" HTTP")[0].decode() for request in requests]


def test_not_unless_asked(tmp_path: Path) -> None:
    with bad_server({"/a": redirect("/b"), "/b": FOUND}) as server:
        assert run_program(tmp_path, f"http://127.0.0.1:{server.port}", [get("/a")]) == ["/a 302"]
        assert first_lines(server.requests) == ["GET /a"]


REFERENCES = {
    "/b": "/b",
    "b?c=d": "/x/b?c=d",
    "../e": "/e",
    "./f/../g#h": "/x/g",
    "?q": "/x/4?q",
    "//127.0.0.1:PORT/i": "/i",
    "http://127.0.0.1:PORT": "/",
    "HTTP://127.0.0.1:PORT/j?k": "/j?k",
    "../../../l/.": "/l/",
}


def test_references(tmp_path: Path) -> None:
    """RFC 3986 5.2: relative to the request; one connection for all, since the origin is the same."""
    answers = dict.fromkeys(REFERENCES.values(), FOUND)
    with bad_server(answers) as server:
        for number, reference in enumerate(REFERENCES):
            answers[f"/x/{number}"] = redirect(reference.replace("PORT", str(server.port)))
        calls = [FOLLOW, *(get(f"/{number}") for number in range(len(REFERENCES)))]
        lines = run_program(tmp_path, f"http://127.0.0.1:{server.port}/x", calls)
        assert lines == [f"/{number} 200" for number in range(len(REFERENCES))]
        assert [line.split(" ")[1] for line in first_lines(server.requests)[1::2]] == [*REFERENCES.values()]
        assert server.connections == 1


@dataclass(frozen=True, slots=True)
class Method:
    """RFC 9110 15.4: what becomes of a method and its body."""

    status: int
    sent: str
    becomes: str

    @property
    def keeps_body(self) -> bool:
        return self.becomes in ("POST", "PUT", "PATCH")

    def __str__(self) -> str:
        return f"{self.status}-{self.sent}"


METHODS = [
    *[Method(status, "POST", "GET") for status in (301, 302, 303)],
    *[Method(status, "POST", "POST") for status in (307, 308)],
    *[Method(status, "PUT", "PUT") for status in (301, 302, 307, 308)],
    Method(303, "PUT", "GET"),
    Method(303, "HEAD", "HEAD"),
    Method(301, "HEAD", "HEAD"),
    Method(303, "DELETE", "GET"),
    Method(301, "GET", "GET"),
]


def method_call(number: int, method: Method) -> str:
    body = "" if method.sent in ("GET", "HEAD", "DELETE") else "the body"
    return f'    show("{method}", httpRequest(client, {method.sent}, "/{number}", "{SECRET}", "{body}"))'


def check_followed(method: Method, request: bytes) -> None:
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(method.becomes.encode() + b" /found")
    assert body == (b"the body" if method.keeps_body else b"")
    lower = head.lower()
    assert b"authorization: secret" in lower and b"cookie: a=b" in lower and b"x-kept: yes" in lower
    dropped = method.becomes != method.sent
    assert (b"content-type:" not in lower) == dropped, "15.4: fields of a body that is not sent"


def test_methods(tmp_path: Path) -> None:
    empty = Answer(OK + b"Content-Length: 0\r\n\r\n", keep=True)
    answers = {"/found": FOUND, "/found-nothing": empty}
    for number, method in enumerate(METHODS):
        to_head = method.sent == "HEAD"
        target = "/found-nothing" if to_head else "/found"
        answers[f"/{number}"] = redirect(target, method.status, b"" if to_head else b"moved")
    with bad_server(answers) as server:
        calls = [FOLLOW, *(method_call(number, method) for number, method in enumerate(METHODS))]
        lines = run_program(tmp_path, f"http://127.0.0.1:{server.port}", calls)
        assert lines == [f"{method} 200" for method in METHODS]
        for method, request in zip(METHODS, server.requests[1::2], strict=True):
            check_followed(method, request)


def test_credentials_stay_at_home(tmp_path: Path) -> None:
    """RFC 9110 15.4: Authorization and Cookie were meant for the first server; so was a Host of one's own."""
    call = f'    show("it", httpGet(client, "/a", "{SECRET}Host: first.example"))'
    answers: dict[str, Answer] = {}
    with bad_server({"/b": FOUND}) as other, bad_server(answers) as server:
        answers["/a"] = redirect(f"http://127.0.0.1:{other.port}/b")
        assert run_program(tmp_path, f"http://127.0.0.1:{server.port}", [FOLLOW, call]) == ["it 200"]
        assert b"Host: first.example" in server.requests[0]
        lower = other.requests[0].lower()
        assert b"secret" not in lower and b"cookie" not in lower and b"first.example" not in lower
        assert b"x-kept: yes" in lower and b"host: 127.0.0.1:%d\r\n" % other.port in lower


def test_bodies_from_elsewhere(tmp_path: Path) -> None:
    """A response handle reads from the server that answered; the client's own connection is kept."""
    answers: dict[str, Answer] = {}
    with bad_server({"/b": FOUND}) as other, bad_server(answers) as server:
        answers["/"] = redirect(f"http://127.0.0.1:{other.port}/b")
        calls = [FOLLOW, BODY, BODY]
        assert run_program(tmp_path, f"http://127.0.0.1:{server.port}", calls) == ["found", "found"]
        assert (server.connections, other.connections) == (1, 2)


def test_limits(tmp_path: Path) -> None:
    """A chain as long as the limit is followed; a longer one, and a loop, are not."""
    answers = {"/0": FOUND, "/loop": redirect("/loop")}
    answers |= {f"/{n}": redirect(f"/{n - 1}") for n in range(1, 6)}
    with bad_server(answers) as server:
        lines = run_program(
            tmp_path, f"http://127.0.0.1:{server.port}", [FOLLOW, get("/3"), get("/4"), get("/loop")]
        )
        many = f"redirect: 127.0.0.1:{server.port}: more than 3 redirects"
        assert lines == ["/3 200", f"/4 {many}", f"/loop {many}"]
        assert len(server.requests) == 4 + 4 + 4


BAD_LOCATIONS = {
    "ftp://127.0.0.1/": "a URL starts with",
    "javascript:alert(1)": "a URL starts with",
    "ws://127.0.0.1/": "not an http or https URL",
    "http:///b": "the host is missing",
    "http://u:p@127.0.0.1/": "user information is not allowed",
    "http://127.0.0.1:99999/": "invalid host or port",
    "/a b": "invalid character in the path",
    "/%zz": "invalid character in the path",
    "/é": "invalid character in the path",
}
NOT_FOLLOWED = (300, 304, 305, 306)


def test_bad_locations(tmp_path: Path) -> None:
    answers = {f"/{number}": redirect(location) for number, location in enumerate(BAD_LOCATIONS)}
    calls = [FOLLOW, *(get(path) for path in answers)]
    with bad_server(answers) as server:
        port = server.port
        lines = run_program(tmp_path, f"http://127.0.0.1:{port}", calls)
    for line, path, complaint in zip(lines, answers, BAD_LOCATIONS.values(), strict=True):
        assert line.startswith(f"{path} redirect: 127.0.0.1:{port}: to '") and complaint in line


def test_what_is_no_redirect(tmp_path: Path) -> None:
    """Other 3xx, and one without a Location, are responses like any other."""
    answers = {f"/{s}": redirect("/b", s, b"" if s == 304 else b"moved") for s in NOT_FOLLOWED}
    answers["/302"] = Answer(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", keep=True)
    with bad_server(answers) as server:
        lines = run_program(
            tmp_path, f"http://127.0.0.1:{server.port}", [FOLLOW, *(get(path) for path in answers)]
        )
        assert lines == [f"{path} {path[1:]}" for path in answers]


def test_an_endless_body_on_the_way(tmp_path: Path) -> None:
    """The body of a redirect is not read for ever."""
    answers = {"/a": redirect("/b", body=b"x" * 3_000_000), "/b": FOUND}
    with bad_server(answers) as server:
        assert run_program(tmp_path, f"http://127.0.0.1:{server.port}", [FOLLOW, get("/a")]) == ["/a 200"]
        assert server.connections == 2


def test_never_from_https_to_http(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {}
    with bad_server({"/b": FOUND}) as plain, bad_server(answers, tls_context("good")) as server:
        answers["/a"] = redirect(f"http://127.0.0.1:{plain.port}/b")
        answers["/c"] = redirect("/d")
        answers["/d"] = FOUND
        lines = run_program(
            tmp_path,
            f"https://127.0.0.1:{server.port}",
            [FOLLOW, get("/a"), get("/c")],
            environment=TRUST,
        )
        assert lines[0].endswith("not from https to http") and lines[1] == "/c 200"
        assert plain.requests == []
