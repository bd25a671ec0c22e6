"""Several handlers behind one port, and HTTPS."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
import requests

import ospjit
from tests.e2e.program import PATIENCE, ROOT, Program

CERTIFICATES = ROOT / "tests" / "hostile" / "certificates"


@ospjit.handler
def osprey(request: ospjit.Request) -> "Result<HttpResponse, string>":  # noqa: F722
    r"""
    match request.path {
        "/api/bad" => Error("no \"way\"")
        _ => Success(HttpResponse {
            status: 202, headers: "X-Query: ${request.queryParams}\r\n", body: "osprey ${request.path}"
        })
    }
    """


@ospjit.handler
def python(method, path, headers, body):
    return f"python {method} {path} {body}"


@ospjit.handler
async def later(request: ospjit.Request):
    return f"async {request.path}"


ROUTER = ospjit.Router({"/api": osprey, "/api/python/": python, "/later": later})


def test_the_longest_prefix_answers() -> None:
    with ROUTER:
        at = f"http://127.0.0.1:{ROUTER.port}"
        for path, status, text in [
            ("/api", 202, "osprey /api"),
            ("/api/users", 202, "osprey /api/users"),
            ("/api/python", 200, "python GET /api/python "),
            ("/api/python/x?y=1", 200, "python GET /api/python/x?y=1 "),
            ("/later/on", 200, "async /later/on"),
            ("/apiary", 404, '{"error":"not found"}'),
            ("/", 404, '{"error":"not found"}'),
        ]:
            reply = requests.get(at + path, timeout=PATIENCE)
            assert (reply.status_code, reply.text) == (status, text), path
        reply = requests.get(at + "/api/x?a=b", timeout=PATIENCE)
        assert reply.headers["X-Query"] == "a=b"
        reply = requests.get(at + "/api/bad", timeout=PATIENCE)
        assert (reply.status_code, reply.json()) == (500, {"error": 'no "way"'})
        assert reply.headers["Content-Type"] == "application/json; charset=utf-8"
        assert requests.post(at + "/api/python", data="x", timeout=PATIENCE).text.endswith(" x")
    assert ROUTER.port is None


def test_a_router_without_a_server() -> None:
    assert ROUTER(ospjit.Request("GET", "/api/x")).body == "osprey /api/x"
    assert ROUTER(ospjit.Request("BREW", "/api/x")).status == 501
    assert ROUTER.respond(ospjit.Request("GET", "/later")).body == "async /later"
    assert ospjit.Router({"/": python}).respond(ospjit.Request()).body == "python GET / "


def test_what_is_no_route() -> None:
    with pytest.raises(ValueError, match="begins with '/'"):
        ospjit.Router({"api": python})
    with pytest.raises(TypeError, match="'/' must be an ospjit handler, not function"):
        ospjit.Router({"/": lambda request: ""})  # type: ignore[dict-item]


@pytest.mark.parametrize("handler", [osprey, python, ROUTER], ids=["osprey", "python", "router"])
def test_https(handler: ospjit.Handler) -> None:
    port = handler.start(tls=(CERTIFICATES / "good.pem", str(CERTIFICATES / "good.pem")))
    try:
        url = f"https://localhost:{port}/api/python"
        reply = requests.get(url, timeout=PATIENCE, verify=str(CERTIFICATES / "authority.pem"))
        assert reply.ok and "/api/python" in reply.text
    finally:
        handler.stop()


def test_a_certificate_that_cannot_be_had() -> None:
    with pytest.raises(OSError, match="missing"):
        python.start(tls=("missing.pem", "missing.key"))
    with pytest.raises(TypeError, match="tls is a pair"):
        python.start(tls="missing.pem")  # type: ignore[arg-type]
    assert python.port is None


def test_serving_by_prefix_until_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        "import ospjit\n@ospjit.handler\ndef hello(request):\n    return 'hello'\n"
        "ospjit.serve({'/hello': hello}, port=0)\nprint('after')\n"
    )
    with Program(path, command=(sys.executable,)) as program:
        port = int(program.wait_for(r"serving on http://127.0.0.1:(\d+)").group(1))
        assert requests.get(f"http://127.0.0.1:{port}/hello", timeout=PATIENCE).text == "hello"
        program.stop(signal.SIGTERM)
        assert (program.process.returncode, program.output) == (0, ["after"])
