"""Named bytes in, one zip out, and back: written whole or not at all, read only if nothing is amiss.

The zip holds its members stored, sorted and with fixed times, so that the same members give the same
bytes. Its comment is the SHA-256 of all bytes before it: the members' own hashes do not cover the zip's
headers.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import zipfile
from collections.abc import Buffer, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from glmm_bayes.core.errors import Finding, StorageError
from glmm_bayes.core.files import write_file

_NAME = re.compile(r"[A-Za-z0-9_]+(\.[a-z]+)?(/[A-Za-z0-9_]+(\.[a-z]+)?)*\Z")
_SEAL = b"sha256:"
_SEAL_LENGTH = len(_SEAL) + 64
_LOCAL_HEADER = 30
_BLOCK = 1 << 20
_FILE_MODE = stat.S_IFREG | 0o644
#: What zipfile raises on bytes that are no zip, or one of a kind that fits are never written as.
_NOT_READABLE = (
    zipfile.BadZipFile,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


def write_archive(path: Path, members: Mapping[str, Buffer], overwrite: bool) -> None:
    """Write the members to one file, so that the name holds the old file or the whole new one.

    Raises
    ------
    StorageError
        ``exists`` if the name is taken, ``storage`` if the file cannot be written.
    """
    size = sum(memoryview(data).nbytes for data in members.values())
    write_file(path, size, lambda file: _pack(file, members), overwrite)


def is_fit(path: Path) -> bool:
    """Tell by its seal whether a file is one that ``write_archive`` wrote; its content is not read."""
    try:
        with path.open("rb") as file:
            file.seek(-_SEAL_LENGTH, os.SEEK_END)
            return file.read(len(_SEAL)) == _SEAL
    except OSError:
        return False


def _pack(file: BinaryIO, members: Mapping[str, Buffer]) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name)
            # Windows and POSIX have other defaults; the same fit has the same bytes on both.
            info.create_system, info.external_attr = 3, _FILE_MODE << 16
            archive.writestr(info, memoryview(members[name]).cast("B"))
        archive.comment = _SEAL + b"0" * 64
    size = file.seek(0, os.SEEK_END)
    digest = _digest(file, size - _SEAL_LENGTH)
    file.seek(size - 64)
    file.write(digest.encode())


def _digest(file: BinaryIO, length: int) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while length > 0 and (block := file.read(min(_BLOCK, length))):
        digest.update(block)
        length -= len(block)
    return digest.hexdigest()


class Archive:
    """An open file whose member names and places have been checked; contents have not.

    Attributes
    ----------
    path : Path
        For messages.
    sizes : dict of str to int
        Name to size in bytes of each member.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        with self._readable("the file"):
            self._zip = zipfile.ZipFile(file)
        infos = self._zip.infolist()
        for info in infos:
            self._check_member(info)
        self._check_places(infos)
        self.sizes = {info.filename: info.file_size for info in infos}

    def unsafe(self, what: str, member: str) -> StorageError:
        """Return the error of a file that nobody's ``save`` wrote."""
        message = f"{self.path}: refused, {what} in {member!r}. No part was read."
        hint = "It was not written by fit.save, or changed since. Load only files whose source you trust."
        return StorageError(Finding("load_unsafe", message, hint=hint))

    def corrupt(self, message: str) -> StorageError:
        """Return the error of a damaged file."""
        hint = "Use another copy, or fit again."
        return StorageError(Finding("load_corrupt", f"{self.path}: {message}", hint=hint))

    def read(self, name: str) -> bytes:
        """Read one member."""
        with self._readable(name):
            return self._zip.read(name)

    def digest(self, name: str) -> str:
        """Compute the SHA-256 of one member, block by block."""
        digest = hashlib.sha256()
        with self._readable(name), self._zip.open(name) as member:
            while block := member.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()

    def check_seal(self) -> None:
        """Compare all bytes, the zip's headers too, with the hash at the end."""
        with self._readable("the file"):
            size = self._file.seek(0, os.SEEK_END)
            self._file.seek(max(size - _SEAL_LENGTH, 0))
            seal = self._file.read()
            computed_seal = _SEAL + _digest(self._file, size - _SEAL_LENGTH).encode()
        if seal != computed_seal:
            raise self.corrupt("the zip's own structure does not match its checksum.")

    @contextmanager
    def _readable(self, member: str) -> Iterator[None]:
        try:
            yield
        except _NOT_READABLE as error:
            raise self.corrupt(f"{member} is damaged, cut short or no saved fit ({error}).") from error

    def _check_member(self, info: zipfile.ZipInfo) -> None:
        # zipfile cuts a name at its first NUL and turns separators round; the original shows them.
        name = info.orig_filename
        file_type = stat.S_IFMT(info.external_attr >> 16)
        if name != info.filename or not _NAME.match(name):
            raise self.unsafe("a name that is absolute, leads outside or is not the format's", name)
        if file_type not in (0, stat.S_IFREG):
            raise self.unsafe("a link or a special file", name)
        if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
            raise self.unsafe("compression", name)
        if info.flag_bits:
            raise self.unsafe("encryption or another zip feature", name)

    def _check_places(self, infos: list[zipfile.ZipInfo]) -> None:
        """Refuse members with one name (case ignored) and members that share bytes."""
        seen: set[str] = set()
        end = 0
        for info in sorted(infos, key=lambda info: info.header_offset):
            if info.filename.lower() in seen:
                raise self.unsafe("a second member of the same name", info.filename)
            if info.header_offset < end:
                raise self.unsafe("bytes of another member", info.filename)
            seen.add(info.filename.lower())
            end = info.header_offset + _LOCAL_HEADER + len(info.filename) + info.file_size
        if infos and end > self._zip.start_dir:
            raise self.corrupt("the last member is cut short.")


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """Open a file for reading and check the names, kinds and places of its members.

    Raises
    ------
    StorageError
        ``storage`` if there is no such file, ``load_corrupt`` if it is no zip, ``load_unsafe`` if its
        members are not plain stored files with names of the format.
    """
    if path.is_dir():
        raise StorageError(Finding("storage", f"{path}: is a folder.", hint="Name the file in it."))
    # A named pipe would block for ever.
    if path.exists() and not path.is_file():
        raise StorageError(Finding("storage", f"{path}: is not a regular file."))
    try:
        file = path.open("rb")
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror or error}."
        raise StorageError(Finding("storage", message, hint="Check the path.")) from error
    with file:
        yield Archive(path, file)
