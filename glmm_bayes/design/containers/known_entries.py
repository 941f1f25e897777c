"""What the user knows about levels in (matrices, maps of neighbours, coordinates), labelled arrays out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from glmm_bayes.core.errors import Finding, Findings, FormulaError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.containers.known import KnownTable

_REMEDIES: Mapping[str, str] = MappingProxyType(
    {
        "matrix": "Write pd.DataFrame(K, index=labels, columns=labels).",
        "graph": "Write a data frame of two columns, a pair of neighbours in each row, "
        "or pd.DataFrame(W, index=labels, columns=labels) of zeros and ones.",
        "coordinates": "Write pd.DataFrame(points, index=labels), a level in each row.",
    }
)


def read_known(
    given: Mapping[str, Any] | None, wanted: Mapping[str, str], findings: Findings
) -> dict[str, KnownTable]:
    """Read the entries of ``known={...}`` that a formula names.

    Parameters
    ----------
    given : mapping of str to object
        A matrix is a square data frame with the levels as index and columns; a map of neighbours such a
        frame of zeros and ones, a frame of two columns with a pair of neighbours in each row, or a
        mapping of each level to its neighbours; coordinates are a frame with the levels as index, or a
        mapping of each level to its point.
    wanted : mapping of str to {"matrix", "graph", "coordinates"}
    findings : Findings
        Where what is missing, not used or not readable is collected (code ``known``).
    """
    if given is not None and not isinstance(given, Mapping):
        message = f"known must be a mapping of names to matrices, found {type(given).__name__}."
        raise FormulaError(Finding("known", message, hint='Write known={"K": K}.'))
    entries = dict(given or {})
    for name in entries:
        if name not in wanted:
            near = suggestion(str(name), wanted)
            names = f"The formula names {', '.join(wanted) or 'none'}."
            findings.error("known", f"known: the formula has no '{name}'.", hint=f"{near} {names}".strip())
    if not wanted:
        return {}
    # Data frames, which models without such structures do not need.
    from glmm_bayes.design.containers.known_tables import READERS

    tables = {}
    for name, representation in wanted.items():
        if name not in entries:
            hint = f'Write known={{"{name}": ...}}. {_REMEDIES[representation]}'
            findings.error("known", f"the formula names '{name}', which known does not hold.", hint=hint)
            continue
        try:
            tables[name] = READERS[representation](entries[name])
        except ValueError as error:
            findings.error("known", f"known '{name}' {error}.", hint=_REMEDIES[representation])
    return tables
