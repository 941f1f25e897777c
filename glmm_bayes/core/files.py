"""A name of a file in, a path that can be written; bytes in, a file that is there whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from glmm_bayes.core.errors import Finding, StorageError, shown_value

#: The last line of a page that we wrote: the hash of all lines before it.
_MARK = re.compile(rb"<!-- glmm_bayes sha256:([0-9a-f]{64}) -->\n")
#: Nothing that is signed is as large.
_LARGEST = 200_000_000
_SHOWN = 80
#: Last parts of a path that names a folder, there or not.
_FOLDERS = ("", ".", "..")


def file_path(path: object) -> Path:
    """Return the path that a user named a file by.

    Raises
    ------
    StorageError
        ``storage`` if it is no text or path, the name of a folder, or no name that this system can look up.
    """
    text = os.fspath(path) if isinstance(path, str | PathLike) else None
    if not isinstance(text, str) or not text:
        description = "an empty text" if text == "" else shown_value(path)
        message = f"a path must be a text or a path of a file, found {description}."
        raise StorageError(Finding("storage", message, hint='Write "fit.glmm" or "report.html".'))
    try:
        os.lstat(text)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        # ValueError: a null character, or one that has no bytes.
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text)} characters)"
        message = f"{shown!r}: no path of a file: {getattr(error, 'strerror', None) or error}."
        raise StorageError(Finding("storage", message, hint="Choose another path.")) from error
    refuse_folder(text)
    return Path(text)


def refuse_folder(written: str) -> None:
    """Refuse a text that names a folder, there or not: a ``Path`` would forget its last separator.

    Raises
    ------
    StorageError
        ``storage``.
    """
    if os.path.basename(written) in _FOLDERS:
        raise _folder(written)


def is_same(path: Path, other: Path) -> bool:
    """Tell whether two paths lead to one file, by whatever links and spellings; also one that is not yet."""
    if os.path.realpath(path) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False


def check_distinct(target: Path, what: str, source: Path) -> None:
    """See that a file that is written is not the one that it is made from, whoever wants it replaced.

    Raises
    ------
    StorageError
        ``output``.
    """
    if is_same(target, source):
        message = f"{target}: would replace {what} that it is made from."
        raise StorageError(Finding("output", message, hint="Choose another path."))


def _folder(path: str | Path) -> StorageError:
    verb = "is" if os.path.isdir(path) else "names"
    return StorageError(Finding("storage", f"{path}: {verb} a folder.", hint="Name a file in it."))


def check_target(path: Path, overwrite: bool) -> None:
    """See that a file can be written, before the work whose result it will hold.

    Raises
    ------
    StorageError
        ``exists`` if the name is taken and must not be, ``storage`` if nothing can be written there.
    """
    if os.path.isdir(path):
        raise _folder(path)
    if not os.path.isdir(path.parent):
        message = f"{path}: there is no folder {path.parent}."
        raise StorageError(Finding("storage", message, hint="Make it, or choose another path."))
    if os.path.exists(path) and not os.path.isfile(path):
        raise StorageError(Finding("storage", f"{path}: is not a regular file.", hint="Choose another path."))
    # A link that leads nowhere is there too.
    if os.path.lexists(path) and not overwrite:
        raise taken(path)
    if not os.access(path.parent, os.W_OK):
        message = f"{path}: the folder {path.parent} cannot be written to."
        raise StorageError(Finding("storage", message, hint="Choose another path."))


def taken(path: Path) -> StorageError:
    """Return the error of a name that something else has."""
    message = f"{path}: exists already."
    return StorageError(Finding("exists", message, hint="Choose another path, or write overwrite=True."))


def write_file(path: Path, size: int, fill: Callable[[BinaryIO], object], overwrite: bool) -> None:
    """Write beside the name and move there, so that it holds the old file or the whole new one.

    A file that is replaced keeps its mode; a link is replaced itself, and what it leads to is left alone.

    Parameters
    ----------
    path : Path
    size : int
        Number of bytes, for the message on a full disk.
    fill : callable
        Writes them.
    overwrite : bool
        Whether the name may be taken. If not, one of two who write it at once is told that it is.

    Raises
    ------
    StorageError
        ``exists`` or ``storage``; then nothing half-written is left.
    """
    check_target(path, overwrite)
    temporary = path.with_name(f".glmm-{secrets.token_hex(8)}.part")
    try:
        try:
            with temporary.open("x+b") as file:
                fill(file)
                file.flush()
                os.fsync(file.fileno())
            _move(temporary, path, overwrite)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _not_written(path, size, error) from error
    _sync_folder(path.parent)


def write_text(path: Path, text: str, overwrite: bool) -> None:
    """Write a text in UTF-8, as ``write_file`` does."""
    data = text.encode("utf-8", "surrogatepass")
    write_file(path, len(data), lambda file: file.write(data), overwrite)


def signed(html: str) -> str:
    """Add a last line by which a page is known as ours as long as nobody changes it."""
    digest = hashlib.sha256(html.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{html}<!-- glmm_bayes sha256:{digest} -->\n"


def is_ours(path: Path) -> bool:
    """Tell whether a file holds a signed page as it was written."""
    try:
        data = path.read_bytes() if path.is_file() and path.stat().st_size <= _LARGEST else b""
    except OSError:
        return False
    start = data.rfind(b"\n", 0, -1) + 1
    mark = _MARK.fullmatch(data, start)
    return mark is not None and hashlib.sha256(data[:start]).hexdigest().encode() == mark[1]


def _move(temporary: Path, path: Path, overwrite: bool) -> None:
    if overwrite:
        # A link that leads nowhere has no mode, nor has a file that somebody has just removed.
        if os.path.exists(path):
            with suppress(FileNotFoundError):
                temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    else:
        _claim(temporary, path)
    try:
        os.replace(temporary, path)
    except BaseException:
        if not overwrite:
            path.unlink(missing_ok=True)
        raise


def _claim(temporary: Path, path: Path) -> None:
    """Take the name, as a second one of the whole file; nobody else can from then on."""
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError:
            # A file system without second names: an empty file holds the place for a moment.
            path.open("xb").close()
    except FileExistsError as error:
        raise taken(path) from error


def _not_written(path: Path, size: int, error: OSError) -> StorageError:
    needed = ""
    if error.errno == errno.ENOSPC:
        free = shutil.disk_usage(path.parent).free
        needed = f"; needed {size / 1e6:.0f} MB, free {free / 1e6:.0f} MB"
    message = f"{path}: {error.strerror or error}{needed}. Nothing half-written was left under that name."
    return StorageError(Finding("storage", message, hint="Choose another path."))


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a power cut, where the system can say so of a folder."""
    if os.name != "posix":
        return
    # Some file systems refuse to sync a folder; the file itself is whole by now.
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
