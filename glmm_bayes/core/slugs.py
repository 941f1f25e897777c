"""Labels of any text in, distinct ASCII names out that are none that the posterior uses itself."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_SLUG_LENGTH = 40
_CLOSED_PREFIXES = (
    "b_",
    "z_",
    "sd_",
    "corr_",
    "cov_",
    "level_",
    "columns_",
    "weights_",
    "chol_corr_",
    "share_",
    "range_",
    "df_",
    "mo_",
    "simplex_",
    "cs_",
)
_CLOSED_NAMES = frozenset(
    {"beta", "sigma", "nu", "shape", "phi", "zi", "hu", "disc", "chain", "draw", "row", "coef", "category"}
    | {"beta_basis", "x", "y", "offset", "observed", "trials"}
)
_CLOSED_SUFFIXES = ("_effect", "_effect_other", "_basis", "_shared", "_raw", "_spatial", "_above")
_WINDOWS_DEVICES = frozenset(
    ["con", "prn", "aux", "nul"] + [f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10)]
)


def slugs(labels: Iterable[str]) -> dict[str, str]:
    """Turn labels into distinct ASCII names that fit variables, dimensions and files.

    Parameters
    ----------
    labels : iterable of str
        Any texts, each once.

    Returns
    -------
    dict of str to str
        Label to a name that matches ``[A-Za-z][A-Za-z0-9_]*``; names differ even when case is
        ignored, and none is a name that the posterior uses itself.
    """
    taken: set[str] = set()
    result: dict[str, str] = {}
    for label in labels:
        base = _slug(label)
        name, count = base, 1
        while name.lower() in taken:
            count += 1
            name = f"{base}_{count}"
        taken.add(name.lower())
        result[label] = name
    return result


def _slug(label: str) -> str:
    ascii_text = unicodedata.normalize("NFKD", label).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_]", "_", ascii_text)[:_SLUG_LENGTH]
    lower = name.lower()
    closed = lower in _CLOSED_NAMES or lower.startswith(_CLOSED_PREFIXES)
    if not name or not name[0].isalpha() or closed:
        name = f"f_{name}"
    if name.lower().endswith(_CLOSED_SUFFIXES) or name.lower() in _WINDOWS_DEVICES:
        name += "_"
    return name
