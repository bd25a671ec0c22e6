"""Starting and stopping, signals, forks and the end of the interpreter."""

from __future__ import annotations

import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

import ospjit
from tests.e2e.program import PATIENCE, Program


@ospjit.handler
def osprey(method, path, headers, body):
    """ "osprey" """


@ospjit.handler
def python(method, path, headers, body):
    return "python"


BOTH = pytest.mark.parametrize("handler", [osprey, python], ids=["osprey", "python"])

#: A program that serves both kinds of handler in the background and then does something.
PROGRAM = '''
import os, sys, time, threading, urllib.request
import ospjit

@ospjit.handler
def osprey(method, path, headers, body):
    """ "osprey" """

@ospjit.handler
def python(method, path, headers, body):
    return "python"

def get(handler):
    with urllib.request.urlopen(f"http://127.0.0.1:{handler.port}/", timeout=60) as reply:
        return reply.read().decode()

osprey.start()
python.start()
assert (get(osprey), get(python)) == ("osprey", "python")
'''

#: Newer Pythons warn of forks in processes with threads, which is what these tests are about.
FORK_IS_MEANT = "-Wignore::DeprecationWarning"


@BOTH
def test_start_and_stop(handler: ospjit.Handler) -> None:
    for _ in range(3):
        port = handler.start()
        assert port == handler.port and 0 < port < 65536
        assert requests.get(f"http://127.0.0.1:{port}", timeout=PATIENCE).text == handler.__name__
        assert f"port {port}" in repr(handler)
        with pytest.raises(RuntimeError, match=f"served already, on port {port}"):
            handler.start()
        handler.stop()
        assert handler.port is None
        handler.stop()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


@BOTH
def test_the_same_port_again_at_once(handler: ospjit.Handler) -> None:
    port = handler.start()
    for _ in range(3):
        assert requests.get(f"http://127.0.0.1:{port}", timeout=PATIENCE).ok
        handler.stop()
        assert handler.start(port) == port
    handler.stop()


@BOTH
def test_an_idle_connection_does_not_delay_the_end(handler: ospjit.Handler) -> None:
    with handler, requests.Session() as session:
        session.get(f"http://127.0.0.1:{handler.port}", timeout=PATIENCE)
        start = time.monotonic()
        handler.stop()
        assert time.monotonic() - start < 1.0


@BOTH
def test_a_port_or_address_that_cannot_be_had(handler: ospjit.Handler) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        with pytest.raises(OSError, match="another process"):
            handler.start(holder.getsockname()[1])
    for port, host in [(70000, "127.0.0.1"), (-1, "127.0.0.1"), (0, "no address")]:
        with pytest.raises(OSError):
            handler.start(port, host)
    assert handler.port is None
    with handler:
        assert handler.port


@BOTH
def test_serve_ends_when_stopped(handler: ospjit.Handler, capsys: pytest.CaptureFixture[str]) -> None:
    server = threading.Thread(target=lambda: handler.serve(port=0))
    server.start()
    until = time.monotonic() + PATIENCE
    while handler.port is None and time.monotonic() < until:
        time.sleep(0.01)
    assert requests.get(f"http://127.0.0.1:{handler.port}", timeout=PATIENCE).ok
    handler.stop()
    server.join(PATIENCE)
    assert not server.is_alive()


@pytest.mark.parametrize("name", ["osprey", "python"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serve_ends_at_a_signal(name: str, number: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(
        PROGRAM + "import signal\nbefore = signal.getsignal(signal.SIGTERM)\n"
        f"{name}.stop()\n{name}.serve(port=0)\n"
        "assert signal.getsignal(signal.SIGTERM) is before\nprint('after')\n"
    )
    with Program(path, command=(sys.executable,)) as program:
        port = int(program.wait_for(r"serving on http://127.0.0.1:(\d+)").group(1))
        assert requests.get(f"http://127.0.0.1:{port}", timeout=PATIENCE).text == name
        assert program.stop(number) < 2.0  # with the end of the interpreter
        assert program.process.returncode == 0
        assert program.output == ["after"]
        assert len(program.errors) == 1


def test_the_interpreter_ends_with_servers_running(script) -> None:
    for end in [
        "",
        "sys.exit(5)",
        "raise KeyError('end')",
        "threading.Thread(target=time.sleep, args=(0.2,)).start()",
    ]:
        start = time.monotonic()
        done = script(PROGRAM + end)
        assert time.monotonic() - start < PATIENCE / 2
        if end.startswith("raise"):
            assert done.returncode == 1 and done.stderr.endswith("KeyError: 'end'\n")
        else:
            assert (done.returncode, done.stdout, done.stderr) == (5 if "5" in end else 0, "", "")


def test_a_forked_child_that_holds_connections_does_no_harm(script) -> None:
    """Events still come for a connection that the server has closed while a child holds it, too."""
    done = script(
        PROGRAM
        + """
import socket
connections = [socket.create_connection(("127.0.0.1", osprey.port), 30) for _ in range(20)]
for connection in connections:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n")
    connection.recv(65536)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.read(reader, 1)
    os._exit(0)
for connection in connections:
    connection.sendall(b"GET / HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
    connection.recv(65536)
for round in range(3):
    assert get(osprey) == "osprey"
    for connection in connections:
        connection.sendall(b"more")
    time.sleep(0.05)
os.write(writer, b"x")
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert (get(osprey), get(python)) == ("osprey", "python")
""",
        FORK_IS_MEANT,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_forked_child_gets_a_clear_error(script) -> None:
    done = script(
        PROGRAM
        + """
sys.stdout.flush()
child = os.fork()
if child == 0:
    assert osprey.port is None
    osprey.stop()
    for attempt in (osprey.start, python.start, lambda: osprey("GET", "/", "", "")):
        try:
            attempt()
        except RuntimeError as error:
            print(error)
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert (get(osprey), get(python)) == ("osprey", "python")
""",
        FORK_IS_MEANT,
    )
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) == 3
    assert all("forked" in line for line in lines)


def test_a_child_forked_before_the_start_may_serve(script) -> None:
    text = PROGRAM.replace("osprey.start()\n", "child = os.fork()\nosprey.start()\n", 1)
    done = script(text + "if child:\n    assert os.waitpid(child, 0)[1] == 0\n", FORK_IS_MEANT)
    assert (done.returncode, done.stderr) == (0, "")


def test_output_of_osprey_comes_before_what_follows(script) -> None:
    done = script('''
import ospjit, sys
@ospjit.handler
def talk(method, path, headers, body):
    """
    print("from Osprey")
    path
    """
print("before", flush=True)
talk("GET", "/", "", "")
print("after", flush=True)
''')
    assert done.stdout == "before\nfrom Osprey\nafter\n"


def test_docstrings_survive_optimization(script) -> None:
    """python -OO removes docstrings from the program, but not from its file."""
    done = script(PROGRAM + "print(get(osprey))", "-OO")
    assert (done.returncode, done.stdout, done.stderr) == (0, "osprey\n", "")


def test_importing_ospjit_starts_nothing(script) -> None:
    done = script(
        "import ospjit, sys, threading\n"
        "print([m for m in sys.modules if m.startswith(('llvmlite', 'ply', 'ospjit.'))])\n"
        "ospjit.handler\nprint(len(threading.enumerate()), 'llvmlite' in sys.modules)\n"
    )
    assert done.stdout == "[]\n1 False\n"


def test_counted_objects_are_released(script) -> None:
    done = script(
        PROGRAM
        + """
from ospjit.backend.runtime import library
def work():
    for n in range(100):
        assert osprey("GET", "/" * n, "", "x" * n) == "osprey"
work()
before = library().osp_live_cells()
work()
assert library().osp_live_cells() == before >= 0, before
""",
        OSPJIT_COUNT_CELLS="1",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_signals_of_the_program_are_left_alone(script) -> None:
    done = script(
        "from signal import *\nbefore = [getsignal(n) for n in (SIGINT, SIGTERM, SIGHUP, SIGUSR1)]\n"
        + PROGRAM
        + "assert [getsignal(n) for n in (SIGINT, SIGTERM, SIGHUP, SIGUSR1)] == before\n"
    )
    assert (done.returncode, done.stderr) == (0, "")
