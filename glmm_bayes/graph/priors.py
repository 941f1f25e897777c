"""Design, response and the user's priors in, Priors out: every prior of the model, resolved and named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from glmm_bayes.core.errors import Findings, PriorError
from glmm_bayes.core.links import Link
from glmm_bayes.core.registry import suggestion
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.basis import column_swing
from glmm_bayes.graph.covariances.resolve import BlockCovariance
from glmm_bayes.graph.families import Family, Response, Scales
from glmm_bayes.graph.fixed_prior import FixedPrior, fixed_prior
from glmm_bayes.graph.group_priors import GroupPrior, PriorRow, group_prior, group_rows, level_parameters
from glmm_bayes.graph.implications import effect_words, intercept_words
from glmm_bayes.spec.prior import Prior


@dataclass(frozen=True)
class Priors:
    """All priors of a model, and the table that a person reads."""

    fixed: FixedPrior
    groups: tuple[GroupPrior, ...]
    auxiliary: Mapping[str, Prior]
    rows: tuple[PriorRow, ...]


def resolve_priors(
    design: Design,
    family: Family,
    link: Link,
    response: Response,
    given: Mapping[str, Prior],
    covariances: Sequence[tuple[BlockCovariance, ...]],
) -> Priors:
    """Put the user's priors in the place of the defaults.

    Parameters
    ----------
    covariances : sequence of tuple of BlockCovariance
        For each grouping factor those of its blocks.

    Raises
    ------
    PriorError
        If a name is no parameter of the model or a distribution does not fit the parameter.
    """
    pairs = list(zip(design.groups, covariances, strict=True))
    _check(design, pairs, family, given)
    scales = family.scales(link, response, design.offset)
    user = {
        position: prior
        for position, name in enumerate(design.coefficients)
        if (prior := given.get(f"beta[{name}]", given.get("beta"))) is not None
    }
    fixed = fixed_prior(design.columns, design.parts, scales, user)
    groups = tuple(group_prior(group, blocks, design, scales, given) for group, blocks in pairs)
    defaults = family.auxiliary_priors(response, design.offset)
    auxiliary = {name: given.get(name, default) for name, default in defaults.items()}
    rows = [
        *_fixed_rows(design, scales, user, link),
        *(row for group, prior in zip(design.groups, groups, strict=True)
          for row in group_rows(group, prior, given, link)),
        *(PriorRow(name, repr(prior), "yours" if name in given else "default", "")
          for name, prior in auxiliary.items()),
    ]  # fmt: skip
    return Priors(fixed, groups, auxiliary, tuple(rows))


def _parameters(
    design: Design, pairs: Sequence[tuple[GroupDesign, tuple[BlockCovariance, ...]]], family: Family
) -> dict[str, str]:
    """List the names that a prior may carry, and where the parameter lives."""
    names = {"beta": "real"}
    correlated = [
        group.slug for group, blocks in pairs if any(block.effects.is_correlated for block in blocks)
    ]
    if design.groups:
        names["sd"] = "positive"
    if correlated:
        names["corr"] = "correlation"
    names |= {f"beta[{coefficient}]": "real" for coefficient in design.coefficients}
    for group, blocks in pairs:
        names[f"sd_{group.slug}"] = "positive"
        names |= {f"sd_{group.slug}[{effect}]": "positive" for effect in group.effects}
        if group.slug in correlated:
            names[f"corr_{group.slug}"] = "correlation"
        names |= {f"{name}_{group.slug}": place for name, place in level_parameters(blocks).items()}
    return names | dict.fromkeys(family.auxiliaries, "positive")


def _check(
    design: Design,
    pairs: Sequence[tuple[GroupDesign, tuple[BlockCovariance, ...]]],
    family: Family,
    given: Mapping[str, Prior],
) -> None:
    findings = Findings(PriorError)
    parameters = _parameters(design, pairs, family)
    for name, prior in given.items():
        if not isinstance(prior, Prior):
            message = f"the prior of '{name}' must be a gb.Prior, found {type(prior).__name__}."
            findings.error("prior", message, hint='Write gb.Prior("Normal", mu=0, sigma=1).')
        elif name not in parameters:
            listed = ", ".join(parameters)
            hint = " ".join(filter(None, (suggestion(name, parameters), f"Parameters: {listed}.")))
            findings.error("prior", f"no parameter '{name}'.", hint=hint)
        elif not _fits(prior.support, parameters[name]):
            word, remedy = _NEEDED[parameters[name]]
            hint = f"Write gb.Prior({remedy})." if remedy else ""
            findings.error("prior", f"the prior of {name} must be {word}; {prior!r} is not.", hint=hint)
    findings.raise_errors()


def _fits(support: str, needed: str) -> bool:
    inside = {"real": ("real", "positive", "unit"), "positive": ("positive", "unit")}
    return support in inside.get(needed, (needed,))


# What a prior must be, and one that is.
_NEEDED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "real": ("real", ""),
        "positive": ("positive", '"HalfNormal", sigma=1'),
        "unit": ("between 0 and 1", '"Beta", alpha=2, beta=2'),
        "correlation": ("an LKJ distribution", '"LKJ", eta=2'),
    }
)


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
