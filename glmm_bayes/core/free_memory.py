"""The machine in, the bytes of memory that may still be taken out: what it has free, its containers too."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

#: How much of what is free one call may take.
SHARE = 0.8
_GB = 1e9
#: Files of the two versions of control groups: limit, use, statistics, and what can be reclaimed.
_GROUPS = (
    ("", "memory.max", "memory.current", "inactive_file"),
    ("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free_memory(root: Path = Path("/")) -> int | None:
    """Return the bytes that are free on the machine and within the limit of every container around.

    Parameters
    ----------
    root : Path
        Where ``proc`` and ``sys`` are mounted.

    Returns
    -------
    int or None
        None where the system does not say.
    """
    limits = [*_of_machine(root), *_of_groups(root)]
    return min(limits) if limits else None


def shortage(need: float, free: float) -> str:
    """Say how many bytes are needed and how many are free."""
    return f"needs about {need / _GB:,.1f} GB of memory, free are {free / _GB:,.1f}"


def _of_machine(root: Path) -> Iterator[int]:
    for line in _lines(root / "proc/meminfo"):
        name, _, rest = line.partition(":")
        if name == "MemAvailable":
            yield int(rest.split()[0]) * 1024
            return
    if root == Path("/") and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _of_groups(root: Path) -> Iterator[int]:
    """Yield what each control group leaves, from the process's own up to the outermost."""
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, group_path = line.split(":", 2)
        for name, limit, use, reclaimed in _GROUPS:
            if name in controllers.split(","):
                folder = root / "sys/fs/cgroup" / name
                # A container may see its own group as the outermost one, under the outer path or not.
                for group in (folder / group_path.strip("/"), *_outer(folder, group_path)):
                    yield from _left(group, limit, use, reclaimed)


def _outer(folder: Path, group_path: str) -> list[Path]:
    return [
        folder.joinpath(*Path(group_path.strip("/")).parts[:depth]) for depth in range(group_path.count("/"))
    ]


def _left(group: Path, limit: str, use: str, reclaimed: str) -> Iterator[int]:
    most, used = (next(iter(_lines(group / name)), "") for name in (limit, use))
    if not (most.strip().isdigit() and used.strip().isdigit()):
        return
    cached = [int(line.split()[1]) for line in _lines(group / "memory.stat") if line.split()[0] == reclaimed]
    yield max(0, int(most) - int(used) + sum(cached))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
