"""Design, response and the user's priors in, Priors out: every prior of the model, resolved and named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from glmm_bayes.core.errors import Findings, PriorError
from glmm_bayes.core.links import Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.columns import FULL
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.basis import column_swing, recoding
from glmm_bayes.graph.families import Family, Response, Scales
from glmm_bayes.graph.fixed_prior import FixedPrior, fixed_prior
from glmm_bayes.graph.implications import effect_words, intercept_words, sd_words
from glmm_bayes.spec.prior import Prior

DEFAULT_CORRELATION = Prior("LKJ", eta=2.0)


@dataclass(frozen=True)
class PriorRow:
    """One line of the printed model: a parameter, its prior, whose it is, and what it says."""

    parameter: str
    prior: str
    source: str
    meaning: str


@dataclass(frozen=True)
class GroupPrior:
    """Priors of one grouping factor's standard deviations and correlations.

    Attributes
    ----------
    sd : tuple of Prior
        One for each effect, in the coding that ``recoding`` maps from.
    correlation : tuple of Prior
        An LKJ prior for each block.
    recoding : ndarray, shape (effect, effect)
        Takes effects in the coding of the priors to the user's coding; the identity unless a
        correlated term keeps its default priors, which are meant at the average row.
    """

    sd: tuple[Prior, ...]
    correlation: tuple[Prior, ...]
    recoding: np.ndarray

    @property
    def is_recoded(self) -> bool:
        return not np.array_equal(self.recoding, np.eye(len(self.sd)))


@dataclass(frozen=True)
class Priors:
    """All priors of a model, and the table that a person reads."""

    fixed: FixedPrior
    groups: tuple[GroupPrior, ...]
    auxiliary: Mapping[str, Prior]
    rows: tuple[PriorRow, ...]


def resolve_priors(
    design: Design, family: Family, link: Link, response: Response, given: Mapping[str, Prior]
) -> Priors:
    """Put the user's priors in the place of the defaults.

    Raises
    ------
    PriorError
        If a name is no parameter of the model or a distribution does not fit the parameter.
    """
    _check(design, family, given)
    scales = family.scales(link, response, design.offset)
    user = {
        position: prior
        for position, name in enumerate(design.coefficients)
        if (prior := given.get(f"beta[{name}]", given.get("beta"))) is not None
    }
    fixed = fixed_prior(design.columns, design.parts, scales, user)
    groups = tuple(_group_prior(group, design, scales, given) for group in design.groups)
    defaults = family.auxiliary_priors(response, design.offset)
    auxiliary = {name: given.get(name, default) for name, default in defaults.items()}
    rows = [
        *_fixed_rows(design, scales, user, link),
        *(row for group, prior in zip(design.groups, groups, strict=True)
          for row in _group_rows(group, prior, given, link)),
        *(PriorRow(name, repr(prior), "yours" if name in given else "default", "")
          for name, prior in auxiliary.items()),
    ]  # fmt: skip
    return Priors(fixed, groups, auxiliary, tuple(rows))


def _parameters(design: Design, family: Family) -> dict[str, str]:
    """List the names that a prior may carry, and where the parameter lives."""
    names = {"beta": "real"}
    if design.groups:
        names["sd"] = "positive"
    if any(group.is_correlated for group in design.groups):
        names["corr"] = "correlation"
    names |= {f"beta[{coefficient}]": "real" for coefficient in design.coefficients}
    for group in design.groups:
        names[f"sd_{group.slug}"] = "positive"
        names |= {f"sd_{group.slug}[{effect}]": "positive" for effect in group.effects}
        if group.is_correlated:
            names[f"corr_{group.slug}"] = "correlation"
    return names | dict.fromkeys(family.auxiliaries, "positive")


def _check(design: Design, family: Family, given: Mapping[str, Prior]) -> None:
    findings = Findings(PriorError)
    parameters = _parameters(design, family)
    for name, prior in given.items():
        if not isinstance(prior, Prior):
            message = f"the prior of '{name}' must be a gb.Prior, found {type(prior).__name__}."
            findings.error("prior", message, hint='Write gb.Prior("Normal", mu=0, sigma=1).')
        elif name not in parameters:
            listed = ", ".join(parameters)
            hint = " ".join(filter(None, (suggestion(name, parameters), f"Parameters: {listed}.")))
            findings.error("prior", f"no parameter '{name}'.", hint=hint)
        elif not _fits(prior.support, parameters[name]):
            needed = parameters[name]
            word = "an LKJ distribution" if needed == "correlation" else needed
            remedy = (
                'gb.Prior("LKJ", eta=2)' if needed == "correlation" else 'gb.Prior("HalfNormal", sigma=1)'
            )
            hint = f"Write {remedy}." if needed != "real" else ""
            findings.error("prior", f"the prior of {name} must be {word}; {prior!r} is not.", hint=hint)
    findings.raise_errors()


def _fits(support: str, needed: str) -> bool:
    return support == needed or (needed == "real" and support == "positive")


def _group_prior(
    group: GroupDesign, design: Design, scales: Scales, given: Mapping[str, Prior]
) -> GroupPrior:
    own = [
        given.get(f"sd_{group.slug}[{effect}]", given.get(f"sd_{group.slug}", given.get("sd")))
        for effect in group.effects
    ]
    correlation = given.get(f"corr_{group.slug}", given.get("corr"))
    matrix = np.eye(len(group.effects))
    sd: list[Prior] = [Prior("HalfNormal", sigma=scales.group_sd)] * len(group.effects)
    for block in group.blocks:
        columns = [group.columns[index] for index in block]
        is_users = correlation is not None or any(own[index] is not None for index in block)
        if len(block) > 1 and not is_users:
            matrix[np.ix_(block, block)] = recoding(columns, design.parts)
        for index in block:
            # In the user's coding a default is the same statement per swing.
            per_swing = (
                1.0 if len(block) > 1 and not is_users else column_swing(group.columns[index], design.parts)
            )
            is_slope = any(part.coding != FULL for part in group.columns[index].parts)
            scale = scales.group_sd * (0.5 if is_slope else 1.0) / per_swing
            sd[index] = own[index] or Prior("HalfNormal", sigma=scale)
    return GroupPrior(tuple(sd), (correlation or DEFAULT_CORRELATION,) * len(group.blocks), matrix)


def _fixed_rows(design: Design, scales: Scales, user: Mapping[int, Prior], link: Link) -> list[PriorRow]:
    rows = []
    for position, column in enumerate(design.columns):
        name = f"beta[{column.label}]"
        if position in user:
            rows.append(PriorRow(name, repr(user[position]), "yours", ""))
        elif not column.parts:
            prior = Prior("Normal", mu=scales.intercept_mean, sigma=scales.intercept_sd)
            rows.append(
                PriorRow(name, repr(prior), "default", f"at the average row: {intercept_words(prior, link)}")
            )
        else:
            size = column_swing(column, design.parts)
            prior = Prior("Normal", mu=0.0, sigma=scales.effect / size)
            what = "" if size == 1.0 else f"per swing of {size:.4g}: "
            rows.append(PriorRow(name, repr(prior), "default", what + effect_words(scales.effect, link)))
    return rows


def _group_rows(
    group: GroupDesign, prior: GroupPrior, given: Mapping[str, Prior], link: Link
) -> list[PriorRow]:
    rows = []
    coding = "in the centred and scaled coding; " if prior.is_recoded else ""
    for effect, sd in zip(group.effects, prior.sd, strict=True):
        name = f"sd_{group.slug}[{effect}]"
        is_users = any(key in given for key in (name, f"sd_{group.slug}", "sd"))
        meaning = coding + (sd_words(sd, link) if effect == "Intercept" else "")
        rows.append(PriorRow(name, repr(sd), "yours" if is_users else "default", meaning.removesuffix("; ")))
    if group.is_correlated:
        is_users = f"corr_{group.slug}" in given or "corr" in given
        lkj = prior.correlation[0]
        rows.append(PriorRow(f"corr_{group.slug}", repr(lkj), "yours" if is_users else "default", ""))
    return rows
