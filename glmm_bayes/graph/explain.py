"""Design, family and priors in, words out: the model on one screen, and as mathematics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from glmm_bayes.core.links import Link
from glmm_bayes.design.columns import CONTRAST
from glmm_bayes.design.contrasts import REFERENCE
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.graph.families import Family, Response
from glmm_bayes.graph.group_priors import GroupPrior, PriorRow
from glmm_bayes.graph.priors import Priors


class Described(Protocol):
    """What the words are made from."""

    @property
    def design(self) -> Design: ...
    @property
    def family(self) -> Family: ...
    @property
    def link(self) -> Link: ...
    @property
    def response(self) -> Response: ...
    @property
    def priors(self) -> Priors: ...


@dataclass(frozen=True)
class Explanation:
    """A model as mathematics: ``text`` for terminals, ``latex`` for notebooks."""

    text: str
    latex: str

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        return f"$$\n{self.latex}\n$$"


def describe_model(model: Described) -> str:
    """Write formula, family, rows, groups and every prior on one screen."""
    design = model.design
    head = (
        f"{model.family.name}({model.link.name})   {design.spec.to_formula()}   {model.response.mean_label}"
    )
    lines = [head, f"{len(design):,} rows   {describe_groups(design)}".rstrip()]
    references = describe_references(design)
    if references:
        lines.append(f"reference levels: {references}")
    lines += prior_lines(model.priors.rows)
    sizes = [str(len(design.columns))] + [str(len(g.levels) * len(g.effects)) for g in design.groups]
    others = sum(len(prior.sd) for prior in model.priors.groups) + len(model.priors.auxiliary)
    lines.append(f"parameters: {' + '.join(sizes)} effects, {others} standard deviations")
    return "\n".join(lines)


def describe_groups(design: Design) -> str:
    """Write each grouping factor with its number of levels and the rows of a level."""
    return "   ".join(_group_words(group) for group in design.groups)


def _group_words(group: GroupDesign) -> str:
    counts = np.bincount(group.codes, minlength=len(group.levels))
    few, many = counts.min(), counts.max()
    rows = f"{few} rows each" if few == many else f"{few} to {many} rows each (median {np.median(counts):g})"
    return f"{group.factor}: {len(group.levels):,} levels, {rows}"


def describe_references(design: Design) -> str:
    """Write the reference level of each factor whose contrasts have one."""
    coded = {
        part.factor: design.state.factors[part.factor][REFERENCE[part.contrast]]
        for column in design.columns
        for part in column.parts
        if part.coding == CONTRAST and part.contrast in REFERENCE
    }
    return ", ".join(f"{factor} = {level}" for factor, level in coded.items())


def prior_lines(rows: Sequence[PriorRow]) -> list[str]:
    """Align parameters, priors, their source and what they say."""
    cells = [(row.parameter, row.prior, row.source, row.meaning) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]


def explain_model(model: Described) -> Explanation:
    """Write the model as mathematics with the data's own names."""
    return Explanation(_text(model), _latex(model))


def explain_responses(models: Mapping[str, Described], between: Sequence[str]) -> Explanation:
    """Write the models of several responses, and the lines that say what joins them."""
    parts = {name: explain_model(model) for name, model in models.items()}
    texts = [f"Response {name}:\n{part.text}" for name, part in parts.items()]
    text = "\n\n".join([*texts, "\n".join(["Between responses:", *between])])
    lines = [line for part in parts.values() for line in part.latex.split("\n")[1:-1]]
    lines += [rf"{_mathrm(line)} \\" for line in between]
    body = "\n".join(lines)
    return Explanation(text, rf"\begin{{aligned}}{chr(10)}{body}{chr(10)}\end{{aligned}}")


def _text(model: Described) -> str:
    design = model.design
    left = "mu[i]" if model.link.name == "identity" else f"{model.link.name}(mu[i])"
    terms = [f"beta[{c.label}]" + "".join(f" {p}[i]" for p in c.parts) for c in design.columns]
    terms += [f"{offset}[i]" for offset in design.spec.offsets]
    terms += [
        f"b_{group.slug}[{group.factor}[i], {c.label}]" + "".join(f" {p}[i]" for p in c.parts)
        for group in design.groups
        for c in group.columns
    ]
    lines = [f"{model.response.label}[i] ~ {model.family.notation}"]
    lines.append(f"{left} = " + "\n    + ".join(terms))
    for group, prior in zip(design.groups, model.priors.groups, strict=True):
        lines += _group_lines(group, prior)
    lines += ["", "Priors:", *prior_lines(model.priors.rows)]
    return "\n".join(lines)


def _group_lines(group: GroupDesign, prior: GroupPrior) -> list[str]:
    sd, size = f"sd_{group.slug}", len(group.effects)
    variance = f"{sd}^2" if size == 1 else f"Sigma_{group.slug}"
    law = f"t(df_{group.slug}; 0, {variance})" if prior.is_student else f"Normal(0, {variance})"
    lines = [f"b_{group.slug}[j] ~ {law},  j = 1, ..., {len(group.levels)} levels of {group.factor}"]
    if size > 1:
        corr = f" corr_{group.slug} diag({sd})" if prior.is_correlated else f" diag({sd})"
        lines.append(f"Sigma_{group.slug} = diag({sd}){corr}")
    for block in prior.blocks:
        named = [group.effects[index] for index in block.positions]
        if block.effects.name not in ("unstructured", "diagonal"):
            lines.append(f"corr_{group.slug} of {', '.join(named)}: {block.effects.name}")
        if block.levels.name != "independent":
            lines.append(f"{', '.join(named)} over the levels of {group.factor}: {block.levels.name}")
    return lines


def _latex(model: Described) -> str:
    design = model.design
    terms = [rf"\beta_{{{_mathrm(c.label)}}}{_factors(c.parts)}" for c in design.columns]
    terms += [rf"{_mathrm(str(offset))}_i" for offset in design.spec.offsets]
    for group in design.groups:
        terms += [
            rf"b^{{{_mathrm(group.factor)}}}_{{j(i),{_mathrm(c.label)}}}{_factors(c.parts)}"
            for c in group.columns
        ]
    lines = [rf"{_mathrm(model.response.label)}_i &\sim {model.family.latex} \\"]
    lines.append(rf"{model.link.latex} &= {' + '.join(terms)} \\")
    for group in design.groups:
        name = _mathrm(group.factor)
        what = rf"\sigma_{{{name}}}^2" if len(group.effects) == 1 else rf"\Sigma_{{{name}}}"
        lines.append(
            rf"b^{{{name}}}_j &\sim \mathrm{{Normal}}(0, {what}), \quad j = 1, \dots, {len(group.levels)} \\"
        )
    for row in model.priors.rows:
        lines.append(rf"{_mathrm(row.parameter)} &\sim {_mathrm(row.prior)} \\")
    body = "\n".join(lines)
    return rf"\begin{{aligned}}{chr(10)}{body}{chr(10)}\end{{aligned}}"


def _factors(parts: Sequence[object]) -> str:
    return "".join(rf"\,{_mathrm(str(part))}_i" for part in parts)


def _mathrm(text: str) -> str:
    escaped = text.replace("\\", r"\backslash ")
    for character in "_&%$#{}":
        escaped = escaped.replace(character, "\\" + character)
    return rf"\text{{{escaped}}}".replace("^", r"\^{}").replace("~", r"\~{}")
