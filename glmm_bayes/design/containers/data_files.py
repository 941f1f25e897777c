"""A data file's path in, its columns out: CSV with line numbers as row labels, Parquet and Feather."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding, GlmmError, StorageError
from glmm_bayes.core.files import file_path

if TYPE_CHECKING:
    import pandas as pd

#: What a missing value looks like in a CSV file; any other text is a label.
MISSING_TEXTS = ("", "NA", "NaN")

_BLOCK = 1 << 20


def read_data_file(path: str | PathLike[str], labels: Iterable[str] = ()) -> Any:
    """Read a table from one file on this machine.

    Parameters
    ----------
    path : str or path-like
        ``.csv`` (commas), ``.tsv`` (tabs), ``.parquet`` or ``.feather``. In text files an empty field,
        ``NA`` and ``NaN`` are missing values, and the encoding is UTF-8.
    labels : iterable of str
        Columns of a text file whose values are labels even where they look like numbers, so that ``007``
        stays ``007``: the columns that do nothing but group.

    Returns
    -------
    pandas.DataFrame or pyarrow.Table
        Rows of a text file are labelled by the line that they start on.

    Raises
    ------
    StorageError
        If there is no such file, or its kind is not read here.
    DataError
        ``data_file`` if the file's content is not a table.
    """
    file = file_path(path)
    try:
        if not file.is_file():
            message = f"{path}: no such file; one file on this machine is needed."
            hint = "A path starts at the working folder; one in a spec file, at that file's folder."
            raise StorageError(Finding("storage", message, hint=hint))
        reader = _READERS.get(file.suffix.lower())
        if reader is None:
            message = f"{path}: files of kind '{file.suffix}' are not read; known: {', '.join(_READERS)}."
            raise StorageError(Finding("storage", message, hint="Write it as CSV or Parquet."))
        return reader(file, tuple(labels))
    except OSError as error:
        raise StorageError(Finding("storage", f"{path}: {error.strerror or error}.")) from None
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 text (byte {error.start})."
        raise DataError(Finding("data_file", message, hint="Save it as UTF-8.")) from None
    except (ValueError, csv.Error) as error:
        if isinstance(error, GlmmError):
            raise
        # Parsers tell what is wrong in their first line.
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        message = f"{path}: not a whole {file.suffix} file: {reason}."
        raise DataError(Finding("data_file", message)) from None


def _read_text(file: Path, labels: tuple[str, ...], separator: str) -> pd.DataFrame:
    import pandas as pd

    with file.open(encoding="utf-8-sig", newline="") as text:
        header = next(csv.reader(text, delimiter=separator), [])
    if not header:
        raise DataError(Finding("data_file", f"{file}: no header line.", hint="Name the columns in line 1."))
    with file.open("rb") as content:
        frame = pd.read_csv(
            content,
            sep=separator,
            encoding="utf-8-sig",
            dtype={name: "string" for name in labels if name in header},
            # Exact types: whole numbers with gaps stay whole, decimals are the nearest float.
            dtype_backend="numpy_nullable",
            float_precision="round_trip",
            keep_default_na=False,
            na_values=list(MISSING_TEXTS),
            low_memory=False,
        )
    if not isinstance(frame.index, pd.RangeIndex) or len(frame.columns) != len(header):
        message = f"{file}: rows have more fields than the {len(header)} names in line 1."
        raise DataError(Finding("data_file", message, hint="Name every column."))
    # As they are written: pandas renames those that repeat.
    frame.columns = pd.Index(header, dtype=object)
    frame.index = pd.Index(_line_numbers(file, len(frame), separator))
    return frame


def _line_numbers(file: Path, rows: int, separator: str) -> NDArray[np.int64]:
    """Return the line that each row starts on; the header is line 1."""
    if _count_lines(file) == rows + 1:
        return np.arange(2, rows + 2)
    # Blank lines, or line breaks inside quotes.
    with file.open(encoding="utf-8-sig", newline="") as text:
        reader = csv.reader(text, delimiter=separator)
        starts, before = [], 0
        for row in reader:
            if row:
                starts.append(before + 1)
            before = reader.line_num
    return np.array(starts[1:], dtype=np.int64)


def _count_lines(file: Path) -> int:
    count, last = 0, b"\n"
    with file.open("rb") as content:
        while block := content.read(_BLOCK):
            count += block.count(b"\n")
            last = block[-1:]
    return count + (last != b"\n")


def _read_csv(file: Path, labels: tuple[str, ...]) -> Any:
    return _read_text(file, labels, ",")


def _read_tsv(file: Path, labels: tuple[str, ...]) -> Any:
    return _read_text(file, labels, "\t")


def _read_parquet(file: Path, labels: tuple[str, ...]) -> Any:
    _need_arrow(file)
    from pyarrow.parquet import ParquetFile

    # One file, not a folder of parts.
    with ParquetFile(file) as content:
        return content.read()


def _read_feather(file: Path, labels: tuple[str, ...]) -> Any:
    _need_arrow(file)
    from pyarrow.feather import read_table

    return read_table(file)


def _need_arrow(file: Path) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        message = f"{file}: pyarrow is needed to read it."
        raise StorageError(Finding("storage", message, hint="Install pyarrow, or write a CSV.")) from None


_READERS: Mapping[str, Callable[[Path, tuple[str, ...]], Any]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
    ".feather": _read_feather,
}
