"""What the workers of a server take of the machine, as Linux tells it in /proc."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # clock ticks a second
USER_TIME = 11  # place of utime behind the name in /proc/PID/stat, stime follows: man 5 proc_pid_stat


def children(parent: int) -> list[int]:
    """Return the ids of the processes that a process has started."""
    threads = (PROC / str(parent) / "task").iterdir()
    return [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]


def workers(server: int) -> list[int]:
    """Return the process ids of a server's workers, its children but for Python's own helper."""
    return [pid for pid in children(server) if b"resource_tracker" not in (PROC / f"{pid}/cmdline").read_bytes()]


def cpu_seconds(pids: list[int]) -> float:
    """Return the processor time that processes have taken, in user and kernel mode."""
    return sum(_ticks(pid) for pid in pids) / TICKS


def resident_bytes(pid: int) -> int:
    """Return the memory that a process keeps in RAM, shared libraries included."""
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(f"The process {pid} has ended.")


def _ticks(pid: int) -> int:
    # The name, in parentheses, may hold spaces.
    fields = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return int(fields[USER_TIME]) + int(fields[USER_TIME + 1])
