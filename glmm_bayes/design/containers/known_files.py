"""A CSV file in, a known matrix or a map of neighbours out: all labels are read as text."""

from __future__ import annotations

from os import PathLike

import pandas as pd

from glmm_bayes.core.errors import DataError, Finding, StorageError
from glmm_bayes.core.files import file_path


def read_known(path: str | PathLike[str]) -> pd.DataFrame:
    """Read a known matrix or graph from a CSV file.

    Parameters
    ----------
    path : path-like
        A square table whose first column and header hold the same labels, or two columns: an edge list.

    Returns
    -------
    pandas.DataFrame
        Numbers with labelled rows and columns, or two columns of labels.

    Raises
    ------
    StorageError
        If there is no such file, or it cannot be read.
    DataError
        ``known`` if it is neither, or an entry is not a number.
    """
    file = file_path(path)
    try:
        if not file.is_file():
            message, hint = f"{path}: no such file.", "Paths are relative to the spec file."
            raise StorageError(Finding("storage", message, hint=hint))
        table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8")
    except OSError as error:
        raise StorageError(Finding("storage", f"{path}: {error.strerror or error}.")) from None
    except ValueError as error:
        if isinstance(error, StorageError):
            raise
        raise _no_matrix(path, str(error).partition("\n")[0]) from None
    if table.shape[1] == 2:
        return table
    labels = table.iloc[:, 0].tolist()
    matrix = table.iloc[:, 1:].set_axis(labels, axis="index")
    if sorted(labels) != sorted(map(str, matrix.columns)) or len(set(labels)) < len(labels):
        raise _no_matrix(path, "row labels and column labels are not the same, each once")
    numbers: pd.DataFrame = matrix.apply(pd.to_numeric, errors="coerce")
    for row, label in enumerate(labels):
        wrong = [name for name, value in numbers.iloc[row].items() if value != value]
        if wrong:
            raise _no_matrix(path, f"row {label}, column {wrong[0]} is not a number")
    return numbers.astype(float)


def _no_matrix(path: str | PathLike[str], reason: str) -> DataError:
    message = f"{path}: a square table with labels, or two columns of neighbours, is needed: {reason}."
    hint = "The first column holds the row labels, the header the same labels."
    return DataError(Finding("known", message, hint=hint))
