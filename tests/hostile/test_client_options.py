"""What can be set for a client, and what a program may hold of it: limits, time-outs, connections."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from tests.hostile.bad_server import Answer, bad_server
from tests.hostile.responses import CHUNKED, OK
from tests.hostile.test_client import BODY, get, run_lines, run_program

KEPT = OK + b"Content-Length: 2\r\n\r\nok"


def configure(options: str) -> str:
    return f"    let configured = httpConfigureClient(client, HttpClientOptions {{ {options} }})"


def test_limits(tmp_path: Path) -> None:
    """A head and a body over their limits; the limit on bodies is for those that are read whole."""
    answers = {
        "/head": Answer(OK + b"A: " + b"a" * 1000 + b"\r\nContent-Length: 0\r\n\r\n"),
        "/length": Answer(OK + b"Content-Length: 11\r\n\r\n" + b"a" * 11),
        "/chunks": Answer(CHUNKED + b"6\r\naaaaaa\r\n5\r\naaaaa\r\n0\r\n\r\n"),
        "/end": Answer(OK + b"\r\n" + b"a" * 11),
        "/fits": Answer(OK + b"\r\n" + b"a" * 10),
    }
    bodies = [f'    print(body(client, "{path}"))' for path in ("/length", "/chunks", "/end", "/fits")]
    streamed = """    let response = httpGetResponse(client, "/end", "") ?: 0
    print(httpResponseRead(response, 100))
    print(httpResponseRead(response, 100))
    print(httpResponseFree(response))"""
    explained = """    print(httpResponseBody(httpGetResponse(client, "/length", "") ?: 0))"""
    with bad_server(answers) as server:
        url = f"http://127.0.0.1:{server.port}"
        calls = [configure("headerBytes: 1000, bodyBytes: 10"), get("/head"), *bodies, streamed, explained]
        lines = run_program(tmp_path, url, calls)
    assert lines == [
        f"/head response: 127.0.0.1:{server_port(url)}: header section too large",
        "no body",
        "no body",
        "no body",
        "a" * 10,
        f"Success({'a' * 11})",
        "Success()",
        "Success(())",
        "Error(the body is over 10 bytes: read it with httpResponseRead)",
    ]


def server_port(url: str) -> str:
    return url.rpartition(":")[2]


def test_read_timeout(tmp_path: Path) -> None:
    """Counts from byte to byte: what drips in time is read to its end, though it takes longer as a whole."""
    answers = {
        "/silent": Answer(OK, pause=2),
        "/silent-body": Answer(OK + b"Content-Length: 9\r\n\r\nok", pause=2),
        "/drip": Answer(OK + b"Content-Length: 9\r\n\r\n123456789", drip=0.02),
    }
    calls = [configure("readTimeout: 400"), *(get(path) for path in answers)]
    with bad_server(answers) as server:
        lines = run_program(tmp_path, f"http://127.0.0.1:{server.port}", calls, timeout_ms=20_000)
    assert lines[0].endswith("timed out after 400 ms") and lines[1].endswith("timed out after 400 ms")
    assert lines[2] == "/drip 200"


def test_connect_timeout(tmp_path: Path) -> None:
    """A server whose queue is full does not answer to SYN, and one that never shakes hands is as bad."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        try:
            for connection in waiting:
                connection.setblocking(False)
                connection.connect_ex(("127.0.0.1", port))
            calls = [configure("connectTimeout: 300"), get("/")]
            lines = run_program(tmp_path, f"http://127.0.0.1:{port}", calls, timeout_ms=20_000)
            secure = run_program(tmp_path, f"https://127.0.0.1:{port}", calls, timeout_ms=20_000)
        finally:
            for connection in waiting:
                connection.close()
    assert lines == [f"/ connect: 127.0.0.1:{port}: timed out after 300 ms"]
    assert secure[0].endswith("timed out after 300 ms")


class ClosesWhenAsked:
    """Keeps a connection, takes the second request of it without a word, and closes; then serves others."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for _ in range(2):
            peer, _ = self.listener.accept()
            with peer:
                self.requests.append(peer.recv(65536))
                peer.sendall(KEPT)
                self.requests.append(peer.recv(65536))

    def __enter__(self) -> ClosesWhenAsked:
        return self

    def __exit__(self, *_: object) -> None:
        self.thread.join()
        self.listener.close()


def test_a_request_that_a_dying_connection_swallowed(tmp_path: Path) -> None:
    """RFC 9110 9.2.2: sent again on a new one if that can do no harm; a POST is not."""
    with ClosesWhenAsked() as server:
        port = server.listener.getsockname()[1]
        calls = [get("/1"), get("/2"), '    show("/3", httpPost(client, "/3", "x", ""))']
        lines = run_program(tmp_path, f"http://127.0.0.1:{port}", calls)
    silence = f"read: 127.0.0.1:{port}: the server closed the connection without a response"
    assert lines == ["/1 200", "/2 200", f"/3 {silence}"]
    lines_seen = [request.split(b" ")[1] for request in server.requests]
    assert lines_seen == [b"/1", b"/2", b"/2", b"/3"]


def test_handles_that_are_none(tmp_path: Path) -> None:
    lines = run_lines(
        tmp_path,
        [
            'print(httpGet(7, "/", ""))',
            "print(httpCloseClient(7))",
            "print(httpConfigureClient(7, HttpClientOptions { maxRedirects: 1 }))",
            "print(httpResponseStatus(7))",
            "print(httpResponseBody(7))",
            'print(httpResponseHeader(7, "a"))',
            "print(httpResponseRead(7, 1))",
            "print(httpResponseFree(7))",
            'let client = httpCreateClient("http://127.0.0.1:1", 100) ?: 0',
            "print(httpCloseClient(client))",
            'print(httpGet(client, "/", ""))',
            "print(httpCloseClient(client))",
            'print(httpCreateClient("http://u:p@127.0.0.1", 100))',
            'print(httpCreateClient("http://127.0.0.1", 0))',
        ],
    )
    no_client, no_response = "Error(no HTTP client with id 7)", "Error(no HTTP response with id 7)"
    assert lines == [
        no_client,
        no_client,
        no_client,
        "-1",
        no_response,
        no_response,
        no_response,
        no_response,
        "Success(())",
        "Error(no HTTP client with id 1)",
        "Error(no HTTP client with id 1)",
        "Error(httpCreateClient: 'http://u:p@127.0.0.1': user information is not allowed in a URL)",
        "Error(httpCreateClient: the time-out must be positive, not 0 ms)",
    ]


def test_proxies_are_not_used(tmp_path: Path) -> None:
    """Whatever the environment says; and a base URL may have a path."""
    proxy = {"http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "ALL_PROXY": "x"}
    with bad_server({"/v1/a": Answer(KEPT), "/v1/": Answer(KEPT)}) as server:
        url = f"http://127.0.0.1:{server.port}/v1/"
        lines = run_program(tmp_path, url, [get("/a"), BODY], environment=proxy)
    assert lines == ["/a 200", "ok"]


def test_ipv6(tmp_path: Path) -> None:
    """An address in brackets: used where the machine has IPv6 on its loopback, else shown in an error."""
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        (line,) = run_program(tmp_path, "http://[::1]:1", [get("/")])
        assert line.startswith("/ connect: [::1]:1: ")
        return
    with bad_server({"/": Answer(KEPT)}, listener=listener) as server:
        assert run_program(tmp_path, f"http://[::1]:{server.port}", [get("/")]) == ["/ 200"]
        assert b"Host: [::1]:%d\r\n" % server.port in server.requests[0]
