"""Every program in `examples/` runs and does what it shows. The API has tests of its own, with real
clients."""

from __future__ import annotations

import http.client
import sys
import urllib.request
from pathlib import Path

import pytest
import requests

from tests.e2e.program import PATIENCE, ROOT, Program, run

EXAMPLES = ROOT / "examples"

HELLO = """\
Hello, world!
Circle { radius: 2.0 }
12.56636
10.0
the average is 2.5
no average: division by zero
Error(integer overflow)
negative, zero, positive
42.0
lift-off
"""


def test_every_example_has_a_test() -> None:
    programs = {"api.osp", "client.osp", "files.osp", "hello.osp"}
    tested = programs | {"chat", "embedded.py", "numba_api.py", "pass_package"}
    assert {p.name for p in EXAMPLES.iterdir() if p.name != "__pycache__"} == tested


@pytest.mark.parametrize("level", ["-O0", "-O1", "-O2"])
def test_hello(level: str) -> None:
    done = run(level, "--verify-each", EXAMPLES / "hello.osp")
    assert (done.returncode, done.stdout, done.stderr) == (0, HELLO, "")


def test_hello_greets_its_argument() -> None:
    assert run(EXAMPLES / "hello.osp", "Ada").stdout.startswith("Hello, Ada!\n")


def test_client() -> None:
    """The client example asks the API example."""
    with Program(EXAMPLES / "api.osp", "0") as api:
        port = api.port()
        done = run("--verify-each", EXAMPLES / "client.osp", f"http://127.0.0.1:{port}")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == (
            "GET /health: 200 application/json\n"
            '{"status": "healthy"}\n'
            "GET /api/users/1: 200 application/json\n"
            '{"id": 1, "name": "Alice", "role": "admin"}\n'
            "POST /api/users: 201\n"
            "DELETE /api/users: 405\n"
        )
        api.stop()
    done = run(EXAMPLES / "client.osp", f"http://127.0.0.1:{port}")
    assert done.returncode == 1
    assert done.stderr == f"GET /health: connect: 127.0.0.1:{port}: connection refused\n"


def test_embedded() -> None:
    """Both spellings of a handler, served by one Python program until it is interrupted."""
    with Program("0", command=(sys.executable, str(EXAMPLES / "embedded.py"))) as program:
        osprey = program.wait_for(r"Osprey answers on (http://\S+)").group(1)
        python = program.wait_for(r"serving on (http://\S+)").group(1)
        for address, path, body in [
            (osprey, "/", "Hello from Osprey"),
            (osprey, "/square/12", "144"),
            (osprey, "/square/9999999999", "integer overflow"),
            (python, "/", "Hello from Python"),
        ]:
            with urllib.request.urlopen(address + path, timeout=PATIENCE) as reply:
                assert reply.read().decode() == body
        assert program.stop() < 2.0
        assert program.process.returncode == 0


def test_numba_api() -> None:
    with Program(ROOT / "examples" / "numba_api.py", "0", command=(sys.executable,)) as program:
        base = program.wait_for(r"serving on (http://127.0.0.1:\d+)").group(1)
        for target, status, answer in [
            ("/mean?from=10&to=20", 200, {"mean": 14.5, "count": 10}),
            ("/mean?from=0&to=1000000", 200, {"mean": 499999.5, "count": 1_000_000}),
            ("/mean?from=5&to=x", 400, {"error": "to: not a number"}),
            ("/mean?from=5", 400, {"error": "to is missing"}),
            ("/mean?from=5&to=5", 400, {"error": "the range must lie in 0 to 1000000 and hold something"}),
            ("/other", 404, {"error": "not found"}),
        ]:
            reply = requests.get(base + target, timeout=PATIENCE)
            assert (reply.status_code, reply.json()) == (status, answer)


def test_files(tmp_path: Path) -> None:
    """Files come and go; nothing outside the folder is reached, whatever the path."""
    folder = tmp_path / "served"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / ".hidden").write_text("secret")
    (folder / "a b.txt").write_text("text")
    (folder / "sub" / "page.html").write_text("<p>page")
    with Program(EXAMPLES / "files.osp", folder, "0") as program:
        port = program.port()

        def ask(path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, str, bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request(method, path, body)
            reply = connection.getresponse()
            content = reply.read()
            connection.close()
            return reply.status, reply.headers["Content-Type"], content

        assert ask("/a%20b.txt?x=1") == (200, "text/plain; charset=utf-8", b"text")
        assert ask("/sub/page.html") == (200, "text/html; charset=utf-8", b"<p>page")
        assert ask("/a%20b.txt", "HEAD") == (200, "text/plain; charset=utf-8", b"")
        for path in (
            "/", "/missing", "/../secret", "/%2e%2e/secret", "/sub/../../secret", "/..%2fsecret", "/.hidden",
            "//secret", "/sub//page.html", "/a%00.txt", "/..%5csecret", "/sub", "/%252e%252e/secret",
        ):  # fmt: skip
            assert ask(path)[0] == 404, path
            assert b"secret" not in ask(path)[2] or path.encode() in ask(path)[2]
        large = b"0123456789" * 2_000_000  # more than is kept in memory
        assert ask("/large.bin", "PUT", large)[::2] == (201, b"20000000 bytes stored\n")
        assert ask("/large.bin") == (200, "application/octet-stream", large)
        assert ask("/../up.bin", "PUT", b"x")[0] == 404
        assert ask("/none/up.bin", "PUT", b"x")[0] == 403
        assert ask("/large.bin", "DELETE")[0] == 405
        program.stop()
        assert (program.process.returncode, program.errors) == (0, [])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["secret", "served"]
