"""Whatever happens to the cache, the program is compiled and runs, and nothing is said unasked."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cache.command import LAUNCHER, MODULE, Cached


def _runs_quietly(cached: Cached, app: str = "app.osp", **env: str) -> None:
    result = cached.run(app, env=env)
    assert (result.returncode, result.stdout, result.stderr) == (0, "hello\n", "")


def _damaged(data: bytes) -> dict[str, bytes]:
    return {
        "empty": b"",
        "short": data[:20],
        "half": data[: len(data) // 2],
        "one byte short": data[:-1],
        "one byte more": data + b"\0",
        "zeroes": bytes(len(data)),
        "mark": b"X" + data[1:],
        "size": data[:24] + b"\xff" * 8 + data[32:],
        "ends": data[:32] + b"\xff" * 40 + data[72:],
        "first bit of the code": data[:-900] + bytes([data[-900] ^ 1]) + data[-899:],
        "last bit": data[:-1] + bytes([data[-1] ^ 128]),
    }


def test_damaged_files(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    (entry,) = cached.entries()
    good = entry.read_bytes()
    for what, bad in _damaged(good).items():
        entry.write_bytes(bad)
        assert cached.how(app).startswith("miss: the file is damaged; stored"), what
        assert cached.how(app) == "hit", what


def test_files_of_others(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    (entry,) = cached.entries()
    entry.chmod(0o666)
    assert cached.how(app).startswith("miss: the file belongs to another user or can be written by others")
    assert cached.how(app) == "hit", "it was replaced"
    kept = entry.rename(entry.with_suffix(".kept"))
    entry.symlink_to(kept)
    assert cached.how(app).startswith("miss: the file cannot be opened")
    entry.unlink(missing_ok=True)
    os.mkfifo(entry)
    assert cached.how(app).startswith("miss: the file belongs to another user")
    entry.unlink()
    entry.mkdir()
    assert "not stored" in cached.how(app)
    _runs_quietly(cached)


def test_folder_of_others(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    cached.cache.chmod(0o777)
    assert "its folder belongs to another user or can be written by others" in cached.how(app)
    _runs_quietly(cached)
    cached.cache.chmod(0o700)
    assert cached.how(app) == "hit"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_folder_of_another_user(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    os.chown(cached.cache, 12345, 12345)
    assert "its folder belongs to another user" in cached.how(app)
    _runs_quietly(cached)


def test_no_folder_can_be_made(cached: Cached) -> None:
    """A read-only home; root may write anywhere, so the way is barred by a file."""
    app = cached.write()
    (cached.folder / "file").write_text("")
    for env in (
        {"OSPJIT_CACHE_DIR": str(cached.folder / "file" / "cache")},
        {"OSPJIT_CACHE_DIR": "/proc/ospjit"},
        {"OSPJIT_CACHE_DIR": "relative"},
        {"OSPJIT_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": "/proc/nobody"},
        {"OSPJIT_CACHE_DIR": "", "XDG_CACHE_HOME": "relative", "HOME": "relative"},
        {"OSPJIT_CACHE_DIR": "/" + "x" * 5000},
    ):
        for _ in range(2):
            assert "not stored" in cached.how(app, **env)
        _runs_quietly(cached, **env)
    assert sorted(p.name for p in cached.folder.iterdir()) == ["app.osp", "file"]


def test_full_disk(cached: Cached) -> None:
    """A limit on the size of files is as good: the write fails half-way."""
    app = cached.write()
    limited = ("/bin/sh", "-c", 'ulimit -f 1; exec "$0" "$@"', str(LAUNCHER))
    assert "not stored" in cached.how(app, command=limited)
    assert cached.entries() == []
    assert list(cached.cache.glob(".tmp-*")) == []
    result = cached.run(app, command=limited)
    assert (result.returncode, result.stdout, result.stderr) == (0, "hello\n", "")


def test_where_the_cache_is(cached: Cached) -> None:
    app = cached.write()
    home, caches = cached.folder / "home", cached.folder / "caches"
    env = {"OSPJIT_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": str(home)}
    assert cached.how(app, **env).startswith("miss")
    assert len(list((home / ".cache" / "ospjit").glob("*.code"))) == 1
    assert (home / ".cache" / "ospjit").stat().st_mode & 0o777 == 0o700
    assert cached.how(app, **env | {"XDG_CACHE_HOME": str(caches)}).startswith("miss")
    assert len(list((caches / "ospjit").glob("*.code"))) == 1


def test_many_at_once(cached: Cached) -> None:
    app = cached.write()
    command = [str(LAUNCHER), app]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    children = [
        subprocess.Popen(command, cwd=cached.folder, env=cached.env, text=True, **pipes)  # type: ignore[call-overload]
        for _ in range(6)
    ]
    assert [child.communicate(timeout=120) for child in children] == [("hello\n", "")] * 6
    assert len(cached.entries()) == 1
    assert list(cached.cache.glob(".tmp-*")) == []
    assert cached.how(app) == "hit"


def test_it_may_vanish_at_any_time(cached: Cached) -> None:
    app = cached.write('sleep(100)\nprint("hello")\n')
    cached.run(app)
    assert cached.how(app) == "hit"
    child = subprocess.Popen([str(LAUNCHER), app], cwd=cached.folder, env=cached.env, stdout=subprocess.PIPE)
    for file in cached.cache.iterdir():
        file.unlink()
    assert child.communicate(timeout=60)[0] == b"hello\n"
    shutil.rmtree(cached.cache)
    assert cached.how(app).startswith("miss: not there; stored")


def test_its_size_is_bounded(cached: Cached) -> None:
    """What was used least recently goes first; what was just stored stays whatever the bound."""
    old, new = (cached.write(f'print("{n}")\n', f"{n}.osp") for n in ("old", "new"))
    cached.how(old)
    (first,) = cached.entries()
    cached.how(new)
    for entry in cached.entries():
        os.utime(entry, (1, 1) if entry == first else (2, 2))
    stale = cached.cache / ".tmp-1-2-3"
    stale.write_text("")
    os.utime(stale, (1, 1))
    foreign = cached.cache / "notes.txt"
    foreign.write_text("not ours")
    app = cached.write()
    assert "stored" in cached.how(app, OSPJIT_CACHE_SIZE="12K")
    assert first not in cached.entries()
    assert not stale.exists() and foreign.exists()
    assert cached.how(app) == "hit"
    assert "stored" in cached.how(old, OSPJIT_CACHE_SIZE="1")
    assert len(cached.entries()) == 1


def test_a_hit_counts_as_use(cached: Cached) -> None:
    app = cached.write()
    cached.how(app)
    (entry,) = cached.entries()
    os.utime(entry, (1, 1))
    cached.how(app)
    assert entry.stat().st_mtime > 1


def test_the_command(cached: Cached) -> None:
    assert cached.run("cache", "path").stdout == f"{cached.cache}\n"
    assert cached.run("cache", "size").stdout == "0 programs, 0 bytes\n"
    cached.how(cached.write())
    size = sum(Path(e).stat().st_size for e in cached.cache.iterdir())
    assert cached.run("cache", "size").stdout == f"1 programs, {size} bytes\n"
    (cached.cache / "foreign").write_text("")
    assert cached.run("cache", "clear").returncode == 0
    assert [p.name for p in cached.cache.iterdir()] == ["foreign"]
    assert cached.run("cache", "clear").returncode == 0
    for command in ((LAUNCHER,), MODULE):
        off = cached.run("cache", "path", command=command, env={"OSPJIT_CACHE": "0"})
        assert off.returncode == 2 and "switched off" in off.stderr
