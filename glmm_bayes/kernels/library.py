"""The C sources in, the compiled library out: built with the package, or once a machine by its C compiler."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

#: One file for each kernel.
SOURCES = Path(__file__).parent / "source"
#: What a wheel holds, if there was a compiler where it was built.
BUILT = Path(__file__).parent / "built"
NAME = "kernels.dll" if os.name == "nt" else "kernels.so"
#: No flag lets a compiler reorder sums or assume that numbers are finite: densities must be right to the bit.
FLAGS = (
    "-O3",
    "-std=c11",
    "-D_DEFAULT_SOURCE",
    "-fPIC",
    "-shared",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=off",
)
_PATIENCE = 300


class NoCompilerError(Exception):
    """Say why there is no compiled library on this machine."""


def library() -> ctypes.CDLL:
    """Return the kernels, compiled now if this machine has not compiled them yet.

    Raises
    ------
    NoCompilerError
        If the package holds no library and no C compiler makes one.
    """
    loaded = _loaded()
    if isinstance(loaded, str):
        raise NoCompilerError(loaded)
    return loaded


@cache
def _loaded() -> ctypes.CDLL | str:
    cached = cache_folder() / _key()
    for folder in (BUILT, cached):
        # What another machine built may be there and not load: then it is compiled here.
        with suppress(OSError):
            if (folder / NAME).is_file():
                return ctypes.CDLL(str(folder / NAME))
    try:
        return ctypes.CDLL(str(compiled(cached)))
    except (NoCompilerError, OSError) as error:
        return str(error)


def cache_folder() -> Path:
    """Return the folder of the user's where compiled kernels are kept."""
    named = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if os.name == "nt" else None)
    return Path(named or os.path.expanduser("~/.cache")) / "glmm_bayes"


def _key() -> str:
    """Name a build by all that it depends on: sources, flags and the machine."""
    parts = [source.read_bytes() for source in sorted(SOURCES.iterdir()) if source.suffix in (".c", ".h")]
    parts.append(" ".join([*FLAGS, sys.platform, platform.machine(), *platform.libc_ver()]).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def sources() -> list[Path]:
    """List the C files."""
    return sorted(SOURCES.glob("*.c"))


def compilers() -> Iterator[str]:
    """Yield the C compilers to try: the one that CC names, then the usual ones."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        found = shutil.which(name) if name else None
        if found:
            yield found


def compiled(folder: Path) -> Path:
    """Compile the library into a folder, which appears whole or not at all; return its file.

    Raises
    ------
    NoCompilerError
        If there is no C compiler, or the last of those that there are fails.
    OSError
        If nothing can be written.
    """
    reason = "no C compiler was found (CC, cc, gcc, clang)"
    folder.mkdir(parents=True, exist_ok=True)
    for compiler in compilers():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            target = Path(scratch) / NAME
            command = [compiler, *FLAGS, *map(str, sources()), "-o", str(target), "-lm"]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                reason = f"{compiler} does not run: {error}"
                continue
            if done.returncode == 0:
                target.replace(folder / NAME)
                return folder / NAME
            reason = f"{compiler} failed: {done.stderr.strip()[:300]}"
    raise NoCompilerError(reason)
