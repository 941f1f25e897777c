"""A model in, words out: the model on one screen, and as mathematics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from glmm_bayes.core.escapes import visible
from glmm_bayes.describe.equations import Described, all_groups, equations
from glmm_bayes.describe.latex import as_text, latex_of
from glmm_bayes.design.columns import CONTRAST
from glmm_bayes.design.contrasts import REFERENCE
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.priors.definition import ModelDefinition
from glmm_bayes.priors.group_priors import PriorRow
from glmm_bayes.priors.names import RESCOR
from glmm_bayes.priors.priors import Priors

_WIDTH = 96


@dataclass(frozen=True)
class Explanation:
    """A model as mathematics: ``text`` for terminals, ``latex`` for notebooks."""

    text: str
    latex: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))
        object.__setattr__(self, "latex", visible(self.latex))

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def describe(definition: ModelDefinition, notes: Mapping[str, Sequence[str]]) -> str:
    """Write a model on one screen a response: formulas, family, rows, groups, every prior, and notes."""
    texts = {name: "\n".join([_described(one), *notes[name]]) for name, one in definition.responses.items()}
    if definition.is_single:
        return next(iter(texts.values()))
    sections = [f"{name}: {text}" for name, text in texts.items()]
    return "\n\n".join([*sections, "\n".join(["between responses:", *between_lines(definition)])])


def between_lines(definition: ModelDefinition) -> list[str]:
    """Write the priors of what joins several responses."""
    names = {shared.names.correlation for shared in definition.priors.shared} | {RESCOR}
    rows = [row for row in definition.priors.rows if row.parameter in names]
    return prior_lines(rows) if rows else ["no correlation between the responses"]


def _described(model: Described) -> str:
    head = f"{model.family.name}({model.link.name})   {model.spec.to_formula()}   {model.response.mean_label}"
    lines = [head, *further_lines(model)]
    if model.spec.interpretation == "population":
        lines.append("coefficients are population-averaged: what changes on average over all groups")
    predictors = model.priors.predictors
    groups = "   ".join(map(_group_words, all_groups(predictors)))
    lines.append(f"{len(model.design):,} rows   {groups}".rstrip())
    references = describe_references(predictor.design for predictor in predictors.values())
    if references:
        lines.append(f"reference levels: {references}")
    return "\n".join([*lines, *prior_lines(model.priors.rows), _sizes(model.priors)])


def further_lines(model: Described) -> list[str]:
    """Write the formula or the number of each further parameter, with the link of its formula."""
    lines = []
    for name, formula in model.spec.further_formulas().items():
        if isinstance(formula, str):
            lines.append(f"{name}({model.priors.predictors[name].link.name})   {formula}")
        else:
            lines.append(f"{name} = {formula:g}")
    return lines


def _sizes(priors: Priors) -> str:
    """Count the parameters of all linear predictors."""
    predictors = priors.predictors.values()
    effects = []
    for predictor in predictors:
        effects.append(len(predictor.design.columns))
        effects += [len(group.levels) * len(group.effects) for group in predictor.design.groups]
    sds = sum(len(group.sd) for predictor in predictors for group in predictor.groups)
    # The residual standard deviation is one of them; other parameters are not.
    sds += "sigma" in priors.auxiliary
    others = len(priors.auxiliary) - ("sigma" in priors.auxiliary)
    thresholds = len(priors.thresholds.labels) if priors.thresholds else 0
    counts = ((thresholds, "threshold"), (sds, "standard deviation"), (others, "further parameter"))
    count_texts = [f"{count} {word}{'s' * (count != 1)}" for count, word in counts if count]
    return ", ".join([f"parameters: {' + '.join(map(str, effects))} effects", *count_texts])


def _group_words(group: GroupDesign) -> str:
    counts = np.bincount(group.codes, minlength=len(group.levels))
    few, many = counts.min(), counts.max()
    rows = f"{few} rows each" if few == many else f"{few} to {many} rows each (median {np.median(counts):g})"
    return f"{group.factor}: {len(group.levels):,} levels, {rows}"


def describe_references(designs: Iterable[Design]) -> str:
    """Write the reference level of each factor whose contrasts have one."""
    coded = {
        part.factor: design.state.factors[part.factor][REFERENCE[part.contrast]]
        for design in designs
        for column in design.columns
        for part in column.factors
        if part.coding == CONTRAST and part.contrast in REFERENCE
    }
    return ", ".join(f"{factor} = {level}" for factor, level in coded.items())


def prior_lines(rows: Sequence[PriorRow]) -> list[str]:
    """Align parameters, priors, their source and what they say."""
    cells = [(row.parameter, row.prior, row.source, row.meaning) for row in rows]
    if not cells:
        return []
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def _explained(model: Described) -> Explanation:
    text = "\n".join(
        [*equations(model), "", "Priors:", *prior_lines(model.priors.rows), *_gaps(model.priors)]
    )
    return Explanation(text, latex_of(model))


def _gaps(priors: Priors) -> list[str]:
    """Say where posteriors under default priors lie beside REML and maximum likelihood, and why."""
    defaults = {row.role for row in priors.rows if row.source == "default"}
    lines = []
    if "sd" in defaults:
        lines += [
            "Posterior means of standard deviations lie above the estimates of REML and maximum likelihood",
            "where levels are few: they are skewed to the right, and maximum likelihood takes",
            "the coefficients as known.",
        ]
    if "threshold" in defaults and priors.thresholds is not None and priors.thresholds.is_ordered:
        lines += [
            "Default thresholds count as one observation in each category: where rows are few, outer ones",
            "and effects lie nearer to 0 than maximum likelihood has them.",
        ]
    if any(row.predictor in ("zi", "hu") and row.source == "default" for row in priors.rows):
        lines += [
            "Coefficients of zi and hu lie nearer to 0 than maximum likelihood has them where the data",
            "hardly bound them.",
        ]
    if "correlation" in defaults:
        lines += [
            "Posterior means of correlations lie nearer to 0 than those estimates: they end at -1 and 1."
        ]
    coding = coding_words(priors)
    lines += wrap(coding, _WIDTH) if coding else []
    return ["", *lines] if lines else []


def coding_words(priors: Priors) -> str:
    """Say in which coding default priors of correlated effects are meant, and how to ask for the other."""
    recoded = [
        predictor.names.of(group.slug)
        for predictor in priors.predictors.values()
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True)
        if prior.is_centred
    ]
    if not recoded:
        return ""
    names = " and ".join(dict.fromkeys(recoded))
    return (
        f"Default priors of the correlated effects of {names} are meant at the average row (of centred "
        "columns), so that they do not depend on where 0 lies; what is reported is in the formula's own "
        "coding. The same priors in that coding give other posteriors, of correlations above all: write "
        'priors={"corr": gb.Prior("LKJ", eta=1)} for them.'
    )


def explain(definition: ModelDefinition) -> Explanation:
    """Write a model as mathematics with the data's own names, response by response, then what joins them."""
    explanations = {name: _explained(one) for name, one in definition.responses.items()}
    if definition.is_single:
        return next(iter(explanations.values()))
    between = between_lines(definition)
    texts = [f"Response {name}:\n{part.text}" for name, part in explanations.items()]
    text = "\n\n".join([*texts, "\n".join(["Between responses:", *between])])
    lines = [line for part in explanations.values() for line in part.latex.split("\n")[1:-1]]
    lines += [rf"{as_text(line)} \\" for line in between]
    body = "\n".join(lines)
    return Explanation(text, rf"\begin{{aligned}}{chr(10)}{body}{chr(10)}\end{{aligned}}")
