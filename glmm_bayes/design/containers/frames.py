"""Whatever holds the user's columns in, a Frame out: the one module that knows containers."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import DataError, Finding
from glmm_bayes.design.containers.plain import ColumnValues, PlainValues, is_plain, plain_list

_ACCEPTED = (
    "a pandas or polars DataFrame, a pyarrow Table, a mapping of columns, "
    "a structured array or a one-dimensional xarray Dataset"
)


@dataclass(frozen=True)
class Frame:
    """Columns of some container: their names as they are, their rows' labels, and each on request.

    Attributes
    ----------
    columns : tuple
        Names in the container's order; they may repeat, and need not be text.
    rows : ndarray, shape (row,)
        The index of pandas, else 0, 1, 2, ...
    native : callable
        The column at a position, as ``PlainValues`` or something that narwhals reads.
    """

    columns: tuple[Any, ...]
    rows: NDArray[Any]
    native: Callable[[int], Any]

    @cached_property
    def _positions(self) -> dict[str, list[int]]:
        positions: dict[str, list[int]] = {}
        for position, name in enumerate(self.columns):
            if isinstance(name, str):
                positions.setdefault(unicodedata.normalize("NFC", name), []).append(position)
        return positions

    def positions(self, name: str) -> list[int]:
        """List where columns of this name stand; names are compared in Unicode's composed form."""
        return self._positions.get(unicodedata.normalize("NFC", name), [])

    def series(self, position: int) -> ColumnValues:
        """Return the column at a position."""
        native = self.native(position)
        return native if isinstance(native, PlainValues) else nw.from_native(native, series_only=True)


def as_frame(data: Any) -> Frame:
    """Take the columns of a container without copying or changing them.

    Parameters
    ----------
    data : Frame, DataFrame, Table, mapping, structured array or Dataset

    Raises
    ------
    DataError
        ``data_container`` if its rows or columns cannot be told, or are not there yet.
    """
    if isinstance(data, Frame):
        return data
    if _is_of("pandas", "DataFrame", data):
        return Frame(tuple(data.columns), data.index.to_numpy(), lambda at: data.iloc[:, at])
    if _is_of("xarray", "Dataset", data):
        return _dataset(data)
    if isinstance(data, Mapping):
        return _mapping(data)
    if isinstance(data, np.ndarray):
        return _structured(data)
    if _is_of("pyarrow", "Table", data):
        return Frame(tuple(data.column_names), np.arange(data.num_rows), data.column)
    return _other(data)


def _is_of(library: str, name: str, data: Any) -> bool:
    # Data of a library that was never imported cannot be here.
    module = sys.modules.get(library)
    return module is not None and isinstance(data, getattr(module, name))


def _other(data: Any) -> Frame:
    frame = nw.from_native(data, pass_through=True)
    if isinstance(frame, nw.LazyFrame):
        message = (
            f"data is a lazy frame ({type(data).__module__}.{type(data).__name__}): its rows are not there."
        )
        raise _refused(message, "Write data.collect().")
    if not isinstance(frame, nw.DataFrame):
        raise _refused(f"data must be {_ACCEPTED}, found {type(data).__name__}.", "Write pd.DataFrame(data).")
    names = frame.columns
    return Frame(tuple(names), np.arange(len(frame)), lambda at: frame.get_column(names[at]).to_native())


def _mapping(data: Mapping[Any, Any]) -> Frame:
    read = {name: _plain(name, value) for name, value in data.items()}
    lengths = {name: len(value) for name, value in read.items() if value is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _refused(f"columns of a mapping must be of one length: {listed}.", "Cut or fill them.")
    size = next(iter(lengths.values()), 1)
    # A single value stands for all rows, as in {"treatment": ["a", "b"], "time": 12}.
    columns = [_objects([data[name]] * size) if value is None else value for name, value in read.items()]
    return Frame(tuple(data), _shared_index(data, size), columns.__getitem__)


def _plain(name: Any, value: Any) -> Any:
    """Return a one-dimensional column that narwhals reads; None for a single value."""
    if isinstance(value, list | tuple | range):
        # As objects: NumPy would turn a list of whole numbers with a gap into floats.
        return _objects(list(value))
    if isinstance(nw.from_native(value, pass_through=True, allow_series=True), nw.Series):
        return value
    if _is_of("pandas", "Index", value) or _is_extension_array(value):
        return sys.modules["pandas"].Series(value)
    if _is_of("pyarrow", "Array", value):
        return sys.modules["pyarrow"].chunked_array([value])
    if isinstance(value, set | dict) or np.ndim(value) > 1:
        message = f"columns of a mapping must be one-dimensional: '{name}' is {type(value).__name__}"
        raise _refused(f"{message} of {np.ndim(value)} dimensions.", "Give one value a row.")
    if np.ndim(value) == 0:
        return None
    return _array(np.asanyarray(value))


def _is_extension_array(value: Any) -> bool:
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(value, pandas.api.extensions.ExtensionArray)


def _objects(values: list[Any]) -> Any:
    plain = plain_list(values)
    if plain is not None:
        return plain
    import pandas as pd

    return pd.Series(values, dtype="object")


def _array(values: NDArray[Any]) -> Any:
    if np.ma.isMaskedArray(values) or values.dtype.names:
        # As objects: pandas would turn masked whole numbers into floats, and takes no records.
        return _objects(values.tolist())
    if not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if is_plain(values):
        return PlainValues(values)
    import pandas as pd

    return pd.Series(values if values.ndim == 1 else list(values))


def _shared_index(data: Mapping[Any, Any], size: int) -> NDArray[Any]:
    indexes = [value.index for value in data.values() if _is_of("pandas", "Series", value)]
    if any(not index.equals(indexes[0]) for index in indexes[1:]):
        message = "pandas Series in a mapping have different indexes: their rows cannot be matched."
        raise _refused(message, "Write pd.DataFrame(data) to match them by index.")
    return indexes[0].to_numpy() if indexes else np.arange(size)


def _structured(data: NDArray[Any]) -> Frame:
    names = data.dtype.names
    if names is None or data.ndim != 1:
        message = (
            f"an array must be one-dimensional with named fields, found {data.dtype} of shape {data.shape}."
        )
        raise _refused(message, 'Write {"y": data[:, 0], "x": data[:, 1]}.')
    return Frame(names, np.arange(len(data)), lambda at: _array(data[names[at]]))


def _dataset(data: Any) -> Frame:
    if len(data.sizes) != 1:
        message = f"a Dataset must have one dimension, the rows; found {dict(data.sizes)}."
        raise _refused(message, "Write data.to_dataframe().reset_index().")
    (dimension,) = data.sizes
    names = tuple(name for name, variable in data.variables.items() if variable.dims)
    rows = (
        data.indexes[dimension].to_numpy() if dimension in data.indexes else np.arange(data.sizes[dimension])
    )

    def column(at: int) -> Any:
        held = data[names[at]].variable.data
        # xarray hands out pandas' own arrays (categories, nullable numbers) as they are, or wrapped.
        held = getattr(held, "array", held)
        if _is_extension_array(held):
            return sys.modules["pandas"].Series(held)
        return _array(data[names[at]].values)

    return Frame(names, rows, column)


def _refused(message: str, hint: str) -> DataError:
    return DataError(Finding("data_container", message, hint=hint))
