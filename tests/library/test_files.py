"""Files, directories, descriptors, the environment and standard input."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library.runtime import Failed, Runtime
from tests.library.test_lists import strings


def fails(message: str) -> pytest.RaisesExc[Failed]:
    """Expects exactly this message."""
    return pytest.raises(Failed, match=f"^{re.escape(message)}$")


def test_writing_and_reading(rt: Runtime, tmp_path: Path) -> None:
    path = bytes(tmp_path / "fïle")
    data = bytes(range(256)) * 1000
    assert rt.osp_write_file(path, data) == len(data)
    assert rt.osp_read_file(path) == data
    assert rt.osp_append_file(path, b"more") == 4
    assert rt.osp_read_file(path) == data + b"more"
    assert rt.osp_write_file(path, b"") == 0
    assert rt.osp_read_file(path) == b""
    assert rt.osp_file_exists(path)
    rt.osp_delete_file(path)
    assert not rt.osp_file_exists(path)
    assert rt.osp_append_file(path, b"new") == 3


def test_files_without_a_size(rt: Runtime) -> None:
    assert b"Vm" in rt.osp_read_file(b"/proc/self/status")
    assert rt.osp_read_file(b"/dev/null") == b""


def test_failures_name_function_path_and_reason(rt: Runtime, tmp_path: Path) -> None:
    missing = str(tmp_path / "none" / "file")
    for call, name in (
        (lambda path: rt.osp_read_file(path), "readFile"),
        (lambda path: rt.osp_write_file(path, b""), "writeFile"),
        (lambda path: rt.osp_append_file(path, b""), "appendFile"),
        (lambda path: rt.osp_delete_file(path), "deleteFile"),
        (lambda path: rt.osp_create_directory(path), "createDirectory"),
        (lambda path: rt.osp_list_directory(path), "listDirectory"),
        (lambda path: rt.osp_open_file(path), "openFile"),
        (lambda path: rt.osp_create_file(path), "createFile"),
    ):
        with fails(f"{name}: {missing}: no such file or directory"):
            call(missing.encode())
        with fails(f"{name}: a\\0b: a NUL byte is not allowed"):
            call(b"a\0b")
        with pytest.raises(Failed, match=f"^{name}: a+: file name too long$"):
            call(b"a" * 300)
    with fails(f"readFile: {tmp_path}: is a directory"):
        rt.osp_read_file(bytes(tmp_path))
    with fails(f"createDirectory: {tmp_path}: file exists"):
        rt.osp_create_directory(bytes(tmp_path))
    assert not rt.osp_file_exists(b"a\0b") and not rt.osp_file_exists(b"")
    with fails("writeFile: /dev/full: no space left on device"):
        rt.osp_write_file(b"/dev/full", b"x")


def test_directories(rt: Runtime, tmp_path: Path) -> None:
    directory = bytes(tmp_path / "d")
    rt.osp_create_directory(directory)
    assert strings(rt, rt.osp_list_directory(directory)) == []
    names = sorted({b"b", b"a", b".hidden", b"B", "é".encode(), *(b"file%d" % i for i in range(200))})
    for name in names:
        rt.osp_write_file(directory + b"/" + name, b"")
    assert strings(rt, rt.osp_list_directory(directory)) == names


def test_descriptors(rt: Runtime, tmp_path: Path) -> None:
    path = bytes(tmp_path / "file")
    out = rt.osp_create_file(path)
    assert rt.osp_write_fd(out, b"hello ") == 6
    assert rt.osp_write_fd(out, b"world\0") == 6
    rt.osp_close_fd(out)
    fd = rt.osp_open_file(path)
    assert os.get_inheritable(fd) is False
    assert [rt.osp_read_fd(fd, 5) for _ in range(4)] == [b"hello", b" worl", b"d\0", b""]
    with fails("writeFd: bad file descriptor"):
        rt.osp_write_fd(fd, b"x")
    for count in (0, -1):
        with fails(f"readFd: maxBytes must be positive: {count}"):
            rt.osp_read_fd(fd, count)
    rt.osp_close_fd(fd)


def test_other_peoples_descriptors_are_out_of_reach(rt: Runtime) -> None:
    read_end, write_end = os.pipe()
    for fd in (read_end, write_end, -1, 1000, 2**63 - 1, -(2**63)):
        for call, name in (
            (lambda fd: rt.osp_read_fd(fd, 1), "readFd"),
            (lambda fd: rt.osp_write_fd(fd, b"x"), "writeFd"),
            (lambda fd: rt.osp_close_fd(fd), "closeFd"),
        ):
            with fails(f"{name}: {fd} is not an open descriptor of this program"):
                call(fd)
    with fails("closeFd: 1 is not an open descriptor of this program"):
        rt.osp_close_fd(1)
    os.close(read_end)
    os.close(write_end)


def test_a_closed_descriptor_stays_closed(rt: Runtime) -> None:
    fd = rt.osp_open_file(b"/dev/null")
    rt.osp_close_fd(fd)
    with fails(f"closeFd: {fd} is not an open descriptor of this program"):
        rt.osp_close_fd(fd)


def test_environment(rt: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSPREY_TEST_VALUE", "é")
    assert rt.osp_get_env(b"OSPREY_TEST_VALUE") == "é".encode()
    with fails("getEnv: not set: OSPREY_NO_SUCH"):
        rt.osp_get_env(b"OSPREY_NO_SUCH")


def test_input(rt: Runtime) -> None:
    """Lines of standard input, in a process of its own."""
    text = b"one\n\r\ntwo\r\n" + b"x" * 200_000 + b"\nlast\0"
    program = (
        "import sys; from pathlib import Path; from tests.library.runtime import Runtime\n"
        "rt = Runtime(Path(sys.argv[1]))\n"
        "print([rt.osp_input() for _ in range(7)])\n"
    )
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, rt.path], input=text, capture_output=True, cwd=root, check=True
    )
    assert eval(done.stdout) == [b"one", b"", b"two", b"x" * 200_000, b"last\0", b"", b""]
