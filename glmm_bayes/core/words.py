"""The words of the interface: estimands, and the closed set of posterior names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What an estimand means: what it is called, and what is done with the random effects."""

    name: str
    effects: str

    def __str__(self) -> str:
        return f"{self.name} ({self.effects})"


MEANINGS: Mapping[str, Meaning] = {
    "population": Meaning("population-averaged", "random effects integrated over their distribution"),
    "typical": Meaning("typical group", "random effects at zero"),
    "subject": Meaning("subject-specific", "each known group with its own random effects"),
    "new_subject": Meaning(
        "one new group", "not yet seen, the same in all rows; random effects drawn from their distribution"
    ),
    "sample": Meaning(
        "average over the groups in the data", "each with its own random effects, equally weighted"
    ),
}
#: What each estimand means, in words that stand on every table and figure.
ESTIMANDS: dict[str, str] = {word: str(meaning) for word, meaning in MEANINGS.items()}

#: What is done with the random effects of new groups where each label in the rows is one.
NEW_PER_LABEL = (
    "one for each label in the rows, also for one that the data had; "
    "random effects drawn from their distribution"
)

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
