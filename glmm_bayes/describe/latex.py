"""A model in, its equations out as LaTeX, with the data's own names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glmm_bayes.describe.equations import Described, addition_lines, category_of, response_name
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.priors.group_priors import GroupPrior, PriorRow
from glmm_bayes.priors.posterior import shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.spec.linear_predictor import MEAN

_GREEK = frozenset({"mu", "sigma", "nu", "phi", "kappa", "alpha"})


def latex_of(model: Described) -> str:
    """Write the model as an aligned block."""
    lines = [rf"{as_text(response_name(model.response))}_i &\sim {_notation(model)} \\"]
    lines += [rf"&{as_text(line)} \\" for line in addition_lines(model)]
    lines += _threshold_lines(model)
    for predictor in model.priors.predictors.values():
        lines += _predictor_lines(model, predictor)
    for predictor in model.priors.predictors.values():
        for group, prior in zip(predictor.design.groups, predictor.groups, strict=True):
            lines.append(_group_line(group, prior, predictor))
    for shared in model.priors.shared:
        labels = ", ".join(shared_labels(shared, model.priors))
        lines.append(rf"{as_text(shared.names.correlation)} &= {as_text(f'correlations of {labels}')} \\")
    lines += [_prior_line(row) for row in model.priors.rows]
    body = "\n".join(lines)
    return rf"\begin{{aligned}}{chr(10)}{body}{chr(10)}\end{{aligned}}"


def _symbol(name: str) -> str:
    return rf"\{name}" if name in _GREEK else rf"\mathrm{{{name}}}"


def _notation(model: Described) -> str:
    text = model.family.notation.latex
    for name in model.priors.predictors:
        if name != MEAN:
            text = text.replace(_symbol(name), rf"{_symbol(name)}_i")
    if model.priors.constants.get("disc") == 1.0:
        text = text.replace(r", \mathrm{disc}", "")
    return text


def _threshold_lines(model: Described) -> list[str]:
    family, name = model.family, model.link.name
    if (cut := family.thresholds) is None:
        return []
    y = rf"{as_text(model.response.label)}_i"
    disc = r"\mathrm{disc}_i " if "disc" in model.priors.predictors else ""
    eta = model.link.latex if family.keeps_intercept else r"\mu_i"
    lines = []
    for position, (_, event) in enumerate(cut.events):
        tau = r"\tau_k" if len(cut.events) == 1 else rf"\tau_{position + 1}"
        right = f"{eta} - {tau}" if cut.event_rises else f"{tau} - {eta}"
        right = f"{disc}({right})" if disc else right
        lines.append(rf"\operatorname{{{name}}} P({event.format(y=y)}) &= {right} \\")
    return lines


def _left(model: Described, predictor: Predictor) -> str:
    if category := category_of(model, predictor):
        label = as_text(model.response.label) + r"_i = "
        label = "" if model.response.values.ndim > 1 else label
        first = as_text(model.response.categories[0])
        return rf"\log \frac{{P({label}{as_text(category)})}}{{P({label}{first})}}"
    if predictor.name == MEAN:
        return model.link.latex if model.family.keeps_intercept else r"\mu_i"
    return predictor.link.latex.replace(r"\mu_i", rf"{_symbol(predictor.name)}_i")


def _predictor_lines(model: Described, predictor: Predictor) -> list[str]:
    left, fixed, varying = _left(model, predictor), [*_fixed_terms(predictor)], [*_group_terms(predictor)]
    if not predictor.is_marginal:
        return [rf"{left} &= {' + '.join((*fixed, *varying)) or '0'} \\"]
    population = left.replace(r"\mu_i", r"\operatorname{E}\mu_i")
    return [
        rf"{population} &= {' + '.join(fixed) or '0'} \\",
        rf"{left} &= \Delta_i + {' + '.join(varying)} \\",
    ]


def _fixed_terms(predictor: Predictor) -> Iterator[str]:
    mark = _mark(predictor)
    for column in predictor.design.columns:
        above = f"^{{{mark}}}" if mark else ""
        yield rf"\beta{above}_{{{as_text(column.label)}}}{_factors(column.factors)}"
    for offset in predictor.design.predictor.offsets:
        yield f"{as_text(str(offset))}_i"


def _group_terms(predictor: Predictor) -> Iterator[str]:
    for group in predictor.design.groups:
        for column in group.columns:
            name = rf"b^{{{_group_mark(predictor, group)}}}_{{j(i),{as_text(column.label)}}}"
            yield name + _factors(column.factors)


def _mark(predictor: Predictor) -> str:
    return "" if predictor.name == MEAN else as_text(predictor.name)


def _group_mark(predictor: Predictor, group: GroupDesign) -> str:
    return ",".join(filter(None, (_mark(predictor), as_text(group.factor))))


def _group_line(group: GroupDesign, prior: GroupPrior, predictor: Predictor) -> str:
    name = _group_mark(predictor, group)
    what = rf"\sigma_{{{name}}}^2" if len(group.effects) == 1 else rf"\Sigma_{{{name}}}"
    law = r"\mathrm{Bridge}" if prior.is_bridge else r"\mathrm{Normal}"
    if prior.is_student:
        df = prior.fixed_values.get("df")
        law = r"\mathrm{t}_{\mathrm{df}}" if df is None else rf"\mathrm{{t}}_{{{df:g}}}"
    return rf"b^{{{name}}}_j &\sim {law}(0, {what}), \quad j = 1, \dots, {len(group.levels)} \\"


def _prior_line(row: PriorRow) -> str:
    relation = "=" if row.source == "fixed" else r"\sim"
    return rf"{as_text(row.subject)} &{relation} {as_text(row.law)} \\"


def _factors(contributions: Sequence[object]) -> str:
    return "".join(rf"\,{as_text(str(part))}_i" for part in contributions)


def as_text(text: str) -> str:
    """Write a text as LaTeX shows it in mathematics: upright, what LaTeX reads as commands escaped."""
    escaped = text.replace("\\", r"\backslash ")
    for character in "_&%$#{}":
        escaped = escaped.replace(character, "\\" + character)
    return rf"\text{{{escaped}}}".replace("^", r"\^{}").replace("~", r"\~{}")
