"""A handler whose stack runs out costs one request a 500; the others, and the process, go on.

In compiled code a function's prologue finds it, in foreign C code the guard page below the stack.
"""

from __future__ import annotations

import http.client
import subprocess
import threading
from collections.abc import Iterator

import pytest

from tests.e2e.program import PATIENCE, Program

LIBRARY = """
#include <stdint.h>
int64_t dig(int64_t n) {
    volatile char frame[4000];
    frame[n % 4000] = (char)n;
    return n == 0 ? 0 : dig(n - 1) + frame[n % 4000] - frame[n % 4000] + 1;
}
"""

SERVER = """
extern fn dig(n: int) -> int

fn sum(n: int) -> int = if n == 0 { 0 } else { 1 + sum(n - 1 ?: 0) ?: 0 }

fn route(request: HttpRequest) -> HttpResponse = match request.path {
    "/compiled" => HttpResponse { status: 200, body: toString(sum(1000000000)) }
    "/foreign" => HttpResponse { status: 200, body: toString(dig(1000000)) }
    "/awaits" => HttpResponse { status: 200, body: toString(await(spawn dig(1000000))) }
    "/slow" => {
        sleep(300)
        HttpResponse { status: 200, body: "slow ${dig(5)}" }
    }
    _ => HttpResponse { status: 200, body: "fine ${dig(3)} ${sum(1000)}" }
}

match httpCreateServer(port: 0, address: "127.0.0.1") {
    Success server => {
        let listening = httpListen(serverID: server, handler: route)
        print("http://127.0.0.1:${httpServerPort(server)}")
    }
    Error message => printErr(message)
}
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server with one worker, so that all requests share a thread."""
    folder = tmp_path_factory.mktemp("exhausted")
    (folder / "deep.c").write_text(LIBRARY)
    subprocess.run(
        ["cc", "-O0", "-shared", "-fPIC", "-o", folder / "libdeep.so", folder / "deep.c"], check=True
    )
    path = folder / "server.osp"
    path.write_text(f"// @linkdir: {folder}\n// @link: deep\n{SERVER}")
    with Program("--workers", "1", path) as program:
        yield program.port()


def get(port: int, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["/compiled", "/foreign", "/awaits"])
def test_one_request_is_answered_with_500_and_the_others_are_served(port: int, path: str) -> None:
    slow: list[tuple[int, str]] = []
    other = threading.Thread(target=lambda: slow.append(get(port, "/slow")))
    other.start()
    for _ in range(10):
        assert get(port, path)[0] == 500
        assert get(port, "/") == (200, "fine 3 1000")
    other.join(PATIENCE)
    assert slow == [(200, "slow 5")]
