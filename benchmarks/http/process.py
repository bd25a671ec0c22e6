"""What a server costs: processor time and memory of its whole process tree, read from /proc."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path


def _stat_fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may itself hold spaces: [0] is the state."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def tree(root: int) -> list[int]:
    """A process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree's threads so far, which the scheduler counts in nanoseconds."""
    spent = 0
    for pid in tree(root):
        for entry in Path("/proc").glob(f"{pid}/task/*/schedstat"):
            with contextlib.suppress(OSError):
                spent += int(entry.read_text().split()[0])
    return spent / 1e9


def user_memory(root: int) -> int:
    """Bytes of anonymous memory that the tree has touched: what the program itself allocates."""
    total = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1]) * 1024
    return total


def descriptors(root: int) -> int:
    """Open descriptors of the tree."""
    count = 0
    for pid in tree(root):
        with contextlib.suppress(OSError):
            count += len(os.listdir(f"/proc/{pid}/fd"))
    return count


def set_priority(nice: int) -> None:
    """The priority of this process and what it starts, also against other sessions (sched(7), autogroup)."""
    os.setpriority(os.PRIO_PROCESS, 0, nice)
    with contextlib.suppress(OSError):
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(nice))


def stop(process: subprocess.Popen[str]) -> None:
    """Ends a server that we started and waits for it; children that survive it are ended by number."""
    family = tree(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pid in family[1:]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
