"""Handlers whose docstring is Osprey: called, served, and refused when wrong."""

from __future__ import annotations

import threading

import pytest
import requests

import ospjit
from tests.e2e.program import PATIENCE


@ospjit.handler
def shout(method: str, path: str, headers: str, body: str) -> str:
    r"""
    match path {
        "/json" => "{\"method\": \"${method}\"}"
        "/probe" => "${contains(headers, "X-Probe: 1\r\n")}"
        _ => toUpperCase(body) + path
    }
    """


@ospjit.handler
def unannotated(method, path, headers="none", body="empty"):
    """ "${method} ${path} ${headers} ${body}" """


@ospjit.handler
def pets(request: ospjit.Request) -> ospjit.Response:
    """
    let kind = match request.method { POST => "created"  GET => "seen"  _ => "other" }
    HttpResponse {
        status: if request.method == POST { 201 } else { 200 },
        headers: "X-Kind: ${kind}\r\nX-Query: ${request.queryParams}\r\n",
        contentType: "text/x-pet",
        body: "${request.path}|${request.body}|${length(request.headers)}"
    }
    """


@ospjit.handler
def careful(method: str, path: str, headers: str, body: str) -> "Result<string, string>":  # noqa: F722
    """
    if path == "/bad" { Error("no ${body}") } else { Success("fine") }
    """


@ospjit.handler
def careful_response(request: HttpRequest) -> "Result<HttpResponse, string>":  # noqa: F722, F821
    """
    if request.path == "/bad" { Error("no") } else { Success(HttpResponse { status: 202, body: "fine" }) }
    """


@ospjit.handler
def counting(method: str, path: str, headers: str, body: str) -> str:
    """
    fn sum(n: int, total: int) -> int = if n == 0 { total } else { sum((n - 1) ?: 0, (total + n) ?: 0) }
    "${sum(parseInt(body) ?: 0, 0)}"
    """


@ospjit.handler
def endless(method: str, path: str, headers: str, body: str) -> str:
    """
    fn deep(n: int) -> int = match deep((n + 1) ?: 0) + 1 { Success m => m  Error _ => 0 }
    if path == "/bad" { "${deep(0)}" } else { "fine" }
    """


# ---- calls


def test_a_call_gives_a_string() -> None:
    assert shout("GET", "/json", "", "") == '{"method": "GET"}'
    assert shout("GET", "!", headers="", body="abc") == "ABC!"
    assert shout.__name__ == "shout"


def test_the_function_names_its_parameters_and_their_defaults() -> None:
    assert unannotated("GET", "/") == "GET / none empty"
    assert unannotated(path="/p", method="PUT", body="b") == "PUT /p none b"
    with pytest.raises(TypeError, match="missing a required argument: 'path'"):
        unannotated("GET")


def test_text_is_passed_as_it_is() -> None:
    for text in ("", "grüße 🦅", "a\0b", "\udcff", "x" * 1_000_000):
        assert unannotated("GET", text) == f"GET {text} none empty"
    assert unannotated("GET", b"bytes \xff") == "GET bytes \udcff none empty"


def test_a_wrong_argument_is_named() -> None:
    with pytest.raises(TypeError, match="argument 'path' must be str or bytes, not int"):
        shout("GET", 5, "", "")
    with pytest.raises(TypeError, match=r"argument 'request' must be an ospjit\.Request, not str"):
        pets("GET")
    with pytest.raises(ValueError, match="no method 'BREW'"):
        pets(ospjit.Request("BREW"))


def test_a_request_and_a_response() -> None:
    response = pets(ospjit.Request.of("POST", "/cat?a=1&b", "Host: x\r\n", "meow"))
    assert response == ospjit.Response(
        "/cat|meow|9", 201, "text/x-pet", "X-Kind: created\r\nX-Query: a=1&b\r\n"
    )
    for method, kind in [("GET", "seen"), ("DELETE", "other"), ("HEAD", "other"), ("OPTIONS", "other")]:
        assert f"X-Kind: {kind}\r\n" in pets(ospjit.Request(method)).headers


def test_an_error_is_raised() -> None:
    assert careful("GET", "/", "", "") == "fine"
    with pytest.raises(ospjit.HandlerError, match=r"^no way$"):
        careful("GET", "/bad", "", "way")
    assert careful_response(ospjit.Request()) == ospjit.Response("fine", 202)
    with pytest.raises(ospjit.HandlerError, match=r"^no$"):
        careful_response(ospjit.Request(path="/bad"))


def test_a_fiber_that_fails_is_an_error() -> None:
    for _ in range(3):
        with pytest.raises(ospjit.HandlerError, match="stack"):
            endless("GET", "/bad", "", "")
        assert endless("GET", "/", "", "") == "fine"


def test_calls_from_many_threads() -> None:
    wrong: list[object] = []

    def work(number: int) -> None:
        for n in range(number, number + 200):
            answer = counting("GET", "/", "", str(n))
            if answer != str(n * (n + 1) // 2):
                wrong.append((n, answer))

    threads = [threading.Thread(target=work, args=(1000 * t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert wrong == []


def test_other_threads_run_during_a_call() -> None:
    """The interpreter's lock is free while Osprey runs: this thread counts meanwhile."""
    answers: list[str] = []
    caller = threading.Thread(target=lambda: answers.append(counting("GET", "/", "", "300000000")))
    caller.start()
    steps = 0
    while caller.is_alive():
        steps += 1
    assert answers == ["45000000150000000"]
    assert steps > 1000


# ---- serving


def test_serving_twice_and_side_by_side() -> None:
    for _ in range(2):
        with shout, pets, careful:
            assert len({shout.port, pets.port, careful.port}) == 3
            at = f"http://127.0.0.1:{shout.port}"
            assert requests.get(at + "/json", timeout=PATIENCE).json() == {"method": "GET"}
            reply = requests.post(at + "/x?y", data="abc", headers={"X-Probe": "1"}, timeout=PATIENCE)
            assert (reply.status_code, reply.text) == (200, "ABC/x?y")
            probe = requests.get(at + "/probe", headers={"X-Probe": "1"}, timeout=PATIENCE)
            assert probe.text == "true"
            reply = requests.post(f"http://127.0.0.1:{pets.port}/cat?a", data="meow", timeout=PATIENCE)
            assert (reply.status_code, reply.headers["Content-Type"]) == (201, "text/x-pet")
            assert (reply.headers["X-Kind"], reply.headers["X-Query"]) == ("created", "a")
            reply = requests.post(f"http://127.0.0.1:{careful.port}/bad", data="way", timeout=PATIENCE)
            assert (reply.status_code, reply.json()) == (500, {"error": "no way"})
            assert shout("GET", "/json", "", "") == '{"method": "GET"}'
        assert shout.port is None
        with pytest.raises(requests.ConnectionError):
            requests.get(at, timeout=PATIENCE)


def test_a_failing_request_leaves_the_server_alive() -> None:
    with endless:
        at = f"http://127.0.0.1:{endless.port}"
        for _ in range(2):
            assert requests.get(at + "/bad", timeout=PATIENCE).status_code == 500
            assert requests.get(at + "/", timeout=PATIENCE).text == "fine"


# ---- what does not compile


def test_errors_point_into_the_python_file() -> None:
    with pytest.raises(ospjit.CompileError) as caught:

        @ospjit.handler
        def wrong(method, path, headers, body):
            """
            let count: int = "many"
            "${count} ${pth}"
            """

    place = caught.value.diagnostics[0].span
    line = wrong_line()
    assert place is not None and place.source.name == __file__
    assert place.position() == (line, len('            let count: int = "'))
    assert str(caught.value).splitlines()[:3] == [
        f"{__file__}:{line}:30: error[OSP3001]: type mismatch: expected int, found string",
        "    |",
        f'{line} |             let count: int = "many"',
    ]
    assert "undefined variable 'pth'" in str(caught.value)
    assert "did you mean 'path'" in str(caught.value)


def wrong_line() -> int:
    """The line of this file on which the mistake stands."""
    with open(__file__) as file:
        return next(n for n, text in enumerate(file, 1) if text.strip() == 'let count: int = "many"')


def test_a_docstring_on_the_line_of_its_function() -> None:
    with pytest.raises(ospjit.CompileError) as caught:
        # fmt: off
        @ospjit.handler
        def wrong(method, path, headers, body): "ünknown + path"
        # fmt: on
    span = caught.value.diagnostics[0].span
    assert span is not None and span.source.line(span.position()[0]).endswith("ünknown + path")
    assert span.position()[1] == len('        def wrong(method, path, headers, body): "') + 1


def test_lost_escapes_are_explained() -> None:
    with pytest.raises(ospjit.CompileError, match='begin it with r"""'):

        @ospjit.handler
        def wrong(method, path, headers, body):
            """
            "{\"a\": 1}"
            """


def test_a_handler_made_from_text() -> None:
    """Without a file to read, the docstring alone is the source."""
    scope: dict[str, object] = {"ospjit": ospjit}
    text = 'def made(method, path, headers, body):\n    """\n    %s\n    """\n'
    exec(text % "method + path", scope)
    assert ospjit.handler(scope["made"])("GET", "/", "", "") == "GET/"  # type: ignore[call-overload]
    exec(text % "method + pth", scope)
    with pytest.raises(ospjit.CompileError, match=r"^<docstring of made>:2:\d+: error\[OSP2001\]"):
        ospjit.handler(scope["made"])  # type: ignore[call-overload]


def test_what_is_no_handler() -> None:
    def three(method, path, headers):
        """path"""

    def number(method: str, path: int, headers: str, body: str):
        """body"""

    def result(method, path, headers, body) -> int:
        """1"""

    def empty(method, path, headers, body): ...

    def keyword(method, path, headers, *, body):
        """body"""

    def later(request):
        yield ""

    for function, message in [
        (three, "four strings"),
        (number, "parameter 'path' of handler 'number' is a string, not int"),
        (result, "not int"),
        (empty, "neither a body in Python nor a docstring"),
        (keyword, "four strings"),
        (later, "is a generator"),
        (len, "made from a function"),
    ]:
        with pytest.raises(TypeError, match=message):
            ospjit.handler(function)  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="the runtime's own workers"):
        ospjit.handler(threads=2)(lambda_with_docstring())


def lambda_with_docstring():
    def osprey(method, path, headers, body):
        """path"""

    return osprey
