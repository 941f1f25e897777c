"""Small real data sets that come with the package; ``sources.json`` holds where each is from."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from glmm_bayes.core.errors import DataError
from glmm_bayes.core.registry import Registry

if TYPE_CHECKING:
    import pandas as pd


def _sources() -> Registry[dict[str, Any]]:
    text = files(__name__).joinpath("sources.json").read_text(encoding="utf-8")
    return Registry("dataset", json.loads(text), DataError)


def load_dataset(name: str) -> pd.DataFrame:
    """Load an embedded data set.

    Parameters
    ----------
    name : str
        ``toenail``, ``sleepstudy``, ``cbpp``, ``epil``, ``bacteria``, ``nc_sids`` or
        ``nc_sids_neighbours``.

    Returns
    -------
    pandas.DataFrame
        Factors are categoricals with their levels in the original order. ``attrs`` holds title,
        description, source, citation, licence and how derived columns were made.

    Raises
    ------
    DataError
        ``unknown_dataset``.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> gb.load_dataset("cbpp").shape
    (56, 5)
    """
    import pandas as pd

    source = _sources()[name]
    types = {column: pd.CategoricalDtype(levels) for column, levels in source["levels"].items()}
    with files(__name__).joinpath(f"{name}.csv").open(encoding="utf-8") as file:
        frame = pd.read_csv(file, dtype=types)
    frame.attrs = {key: value for key, value in source.items() if key != "levels"}
    return frame
