"""A fit and new rows in, the design of each linear predictor on them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, Findings, PredictionError, shown_value
from glmm_bayes.core.links import LINKS, Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.design import Design, replay_design
from glmm_bayes.design.table import Column, Table
from glmm_bayes.effects.estimand.factor_estimands import FactorWords
from glmm_bayes.effects.estimand.factors_needed import factors_needed
from glmm_bayes.fit.fit import Fit
from glmm_bayes.priors.predictors import Predictor

_LINES = LINKS["identity"]


@dataclass(frozen=True)
class Rows:
    """Rows that a question is about.

    Attributes
    ----------
    designs : mapping of str to Design
        By parameter, of each linear predictor that the answer depends on.
    table : Table
        The columns that they read.
    outcome : frozenset of str
        Columns that the response term reads.
    kept : ndarray of int64 or None
        Positions of the rows among those that were given, if some were left out.
    given : ndarray or None
        Labels of those that were given, if some were left out.
    """

    designs: Mapping[str, Design]
    table: Table
    outcome: frozenset[str]
    kept: NDArray[np.int64] | None = None
    given: NDArray[Any] | None = None

    def __len__(self) -> int:
        return len(self.table)

    def take(self, kept: NDArray[np.int64]) -> Rows:
        """Leave the other rows out; the designs stay those of all rows, and only their state is used."""
        return Rows(self.designs, self.table.take(kept), self.outcome, kept, self.table.rows)

    @property
    def given_labels(self) -> NDArray[Any]:
        """Labels of the rows that were given."""
        return self.table.rows if self.given is None else self.given

    def of_given(self, values: NDArray[Any]) -> NDArray[Any]:
        """Keep of one value for each row that was given those of the rows."""
        return values if self.kept is None else values[self.kept]


def training_rows(fit: Fit, parameter: str | None = None) -> Rows:
    """Return the rows of the data."""
    designs = {name: predictor.design for name, predictor in predictors_of(fit, parameter).items()}
    return Rows(designs, fit.design.table, frozenset(fit.spec.response.names()))


def new_rows(
    fit: Fit, data: Any, estimand: FactorWords, findings: Findings, parameter: str | None = None
) -> Rows:
    """Build the designs of new rows.

    Parameters
    ----------
    fit : Fit
    data : DataFrame, mapping of columns, ... or Table
    estimand : FactorWords
        Says which grouping columns the rows must have.
    findings : Findings
        Of ``PredictionError``; where notes and warnings are collected.
    parameter : str, optional
        The parameter that is asked for; default: all that the mean depends on.

    Raises
    ------
    PredictionError
        As ``replay_design``.
    """
    designs: dict[str, Design] = {}
    columns: dict[str, Column] = {}
    done: list[tuple[Design, Design]] = []
    for name, predictor in predictors_of(fit, parameter).items():
        known = next((new for old, new in done if old is predictor.design), None)
        if known is None:
            needed = factors_needed(predictor, estimand)
            of_predictor = Findings(PredictionError)
            known = replay_design(predictor.design, data, needed, findings=of_predictor)
            findings.collected += [
                finding for finding in of_predictor.collected if finding not in findings.collected
            ]
            done.append((predictor.design, known))
        designs[name] = known
        columns |= known.table.columns
    rows = next(iter(designs.values())).table.rows
    return Rows(designs, Table(columns, rows), frozenset(fit.spec.response.names()))


def predictors_of(fit: Fit, parameter: str | None) -> dict[str, Predictor]:
    """Return the linear predictors that the mean, or one parameter, depends on.

    Raises
    ------
    PredictionError
        ``parameter`` if the model has no linear predictor of that name.
    """
    if parameter is None:
        kept = {
            name: predictor
            for name, predictor in fit.predictors.items()
            if name in fit.family.response_mean.parameters or predictor.role != "further"
        }
        return kept or dict(fit.predictors)
    if not isinstance(parameter, str):
        message = f"the parameter must be named by a text, found {shown_value(parameter)}."
        raise PredictionError(Finding("parameter", message))
    if parameter not in fit.predictors:
        known = list(fit.predictors)
        hint = " ".join(
            filter(None, (suggestion(parameter, known), f"Parameters with a formula: {', '.join(known)}."))
        )
        message = f"the model has no linear predictor of '{parameter}'."
        if parameter in (*fit.priors.auxiliary, *fit.priors.constants):
            message = f"'{parameter}' has one value for all rows: gb.summary(fit) shows it."
        raise PredictionError(Finding("parameter", message, hint=hint))
    return {parameter: fit.predictors[parameter]}


def columns_read(fit: Fit, rows: Rows, estimand: FactorWords) -> set[str]:
    """List the columns that an answer depends on: those of grouping factors only where levels are told apart.

    A column of the response term is among them where a linear predictor reads it too.
    """
    read: set[str] = set()
    for name, design in rows.designs.items():
        needed = factors_needed(fit.predictors[name], estimand)
        predictor = design.predictor
        read |= {name for term in predictor.fixed for name in term.names()}
        read |= {name for offset in predictor.offsets for name in offset.names()}
        for group in predictor.groups:
            read |= {name for block in group.blocks for name in block.names()}
            if group.factor in needed:
                read |= {*group.columns, *(name for weight in group.weights for name in weight.names())}
    return read


def response_columns(rows: Rows) -> set[str]:
    """List the columns that the response term alone reads."""
    read = {name for design in rows.designs.values() for name in design.predictor.names()}
    return set(rows.outcome) - read


def parameter_link(fit: Fit, parameter: str) -> Link:
    """Return the link of a parameter; that of ordinal and categorical predictors is the identity."""
    is_latent = not fit.family.keeps_intercept or fit.family.has_category_predictors
    # The mean of categories has no predictor of its own: theirs are on the scale of the first.
    predictor = fit.predictors.get(parameter, fit.priors.first)
    return _LINES if is_latent and predictor.role != "further" else predictor.link
