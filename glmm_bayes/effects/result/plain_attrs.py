"""What a result says of itself in, texts and numbers that any file format holds, out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def plain_attrs(attrs: Mapping[str, Any]) -> dict[str, str | int | float]:
    """Return attributes as texts and numbers: netCDF and Zarr hold no mappings, lists or truth values."""
    return {name: _plain(value) for name, value in attrs.items() if value is not None}


def _plain(value: Any) -> str | int | float:
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {_plain(each)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(str(_plain(each)) for each in value)
    if isinstance(value, bool | np.bool_ | int | np.integer):
        return int(value)
    return float(value) if isinstance(value, float | np.floating) else str(value)
