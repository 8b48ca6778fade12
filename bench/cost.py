"""What a process tree costs: its CPU time and its memory, as the kernel counts them."""

from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and its children so far, from the scheduler's own nanoseconds."""
    process = psutil.Process(pid)
    return sum(_tree_seconds(each.pid) for each in (process, *process.children(recursive=True)))


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process and its children, in MB of a million bytes."""
    process = psutil.Process(pid)
    return sum(each.memory_info().rss for each in (process, *process.children(recursive=True))) / 1e6


def _tree_seconds(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9
