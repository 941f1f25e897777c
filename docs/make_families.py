"""Write ``docs/families.md`` from the registries: ``python docs/make_families.py``."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np

from glmm_bayes.core.errors import PredictionError
from glmm_bayes.core.integrals import population_mean
from glmm_bayes.core.joint import Joint
from glmm_bayes.core.links import LINKS, ProbabilityLink
from glmm_bayes.core.row_value import RowValue, number
from glmm_bayes.families import FAMILIES, Family
from glmm_bayes.families.parameters import PARAMETERS

PAGE = Path(__file__).with_name("families.md")


def page() -> str:
    """Return the page."""
    parts = [HEAD, _families_table(), PARAMETERS_HEAD, _parameters_table(), LINKS_HEAD, _links_table(), TAIL]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _every() -> list[Family]:
    return [FAMILIES[name] for name in FAMILIES]


def _families_table() -> str:
    rows = []
    for name in FAMILIES:
        family = FAMILIES[name]
        parameters = ", ".join(f"`{one}`" for one in (*family.auxiliaries, *family.defaults)) or "-"
        if family.has_thresholds:
            parameters = f"thresholds, {parameters}"
        links = ", ".join(family.links)
        rows.append((f"`{name}`", family.support.coding, links, parameters, _mean(family), *_rules(family)))
    heads = ("family", "response", "links, the default first", "further parameters", "mean of the response")
    return _table((*heads, "rule: effects on `mu`", "rule: correlated effects on a second parameter"), rows)


def _mean(family: Family) -> str:
    if family.has_category_predictors or not family.keeps_intercept:
        return "probability of each category"
    text = family.response_mean.text
    return "`mu`" if text is None else f"`{text.format(y='y')}`"


def _rules(family: Family) -> tuple[str, str]:
    """Run the family's population mean with random effects, and tell by which rule it was found."""
    if family.has_category_predictors:
        return "trapezoid, one dimension a category; Sobol points beyond three", "the same"
    others = [name for name in family.response_mean.parameters if name != "mu"]
    one = _rule(family, ["mu"])
    second = next((name for name in others if name in ("zi", "hu", "zoi")), others[0] if others else "")
    return one, _rule(family, ["mu", second]) if second else "no part in the mean"


def _rule(family: Family, moving: list[str]) -> str:
    link = LINKS[family.links[0]]
    start = float(link.link(np.array(0.4))) if isinstance(link, ProbabilityLink) else 0.3
    at = {"mu": RowValue(link, np.array([[start]]))}
    for name in (*family.auxiliaries, *family.defaults):
        own = LINKS[PARAMETERS[name].link]
        is_share = isinstance(own, ProbabilityLink)
        at[name] = RowValue(own, np.array([[-1.0 if is_share else 1.2]]))
    if family.has_thresholds:
        at["thresholds"] = number(np.array([[[-1.0, 0.5]]]))
    variance = {name: np.array([[0.5]]) for name in moving}
    covariance = {(first, second): np.array([[0.2]]) for first, second in pairwise(moving)}
    try:
        rule = family.population_mean(Joint(at, variance, covariance)).rule
    except PredictionError:
        return "undefined"
    return _plain(rule)


def _plain(rule: str) -> str:
    """Leave out numbers of nodes, which depend on the variance."""
    rule = re.sub(r", \d+ (terms|nodes|points)", "", rule)
    rule = rule.replace("exact", "closed form")
    return "; ".join(dict.fromkeys(rule.split("; ")))


def _parameters_table() -> str:
    rows = []
    for name, kind in PARAMETERS.items():
        families = ", ".join(f.name for f in _every() if name in (*f.auxiliaries, *f.defaults))
        law = kind.law(1.0)
        prior = f"{law.function.format(name=name)} ~ {law.text}" if law.function else law.text
        formula = f"intercept Normal(., {kind.sd:g}), effect {kind.effect:g}, group sd {kind.group_sd:g}"
        rows.append((f"`{name}`", kind.meaning, kind.link, f"`{prior}`", formula, families))
    heads = (
        "parameter",
        "meaning",
        "link of its formula",
        "default prior (spread 1)",
        "with a formula",
        "families",
    )
    return _table(heads, rows)


def _links_table() -> str:
    rows = []
    for name in LINKS:
        link = LINKS[name]
        eta = link.link(np.array([[0.4]])) if isinstance(link, ProbabilityLink) else np.array([[0.4]])
        try:
            rule = _plain(population_mean(link, eta, np.array([[0.5]])).rule)
        except PredictionError:
            rule = "undefined: the link has a pole; ask for `typical`"
        families = sum(name in family.links for family in _every())
        rows.append((f"`{name}`", link.ratio or "-", rule, str(families)))
    return _table(("link", "exp(coefficient)", "population mean", "families"), rows)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


HEAD = """
# Families, links and population means

`python docs/make_families.py` writes this page from the registries; a test holds it to them.

The population mean integrates the random effects over their distribution. The last two columns say how:
*closed form* has no error; *normal mixture* is the logit's eight-term sum, error below 2.2e-9;
*trapezoid* is a rule whose error stands with every result (`attrs["integration_error"]`). The rules are
those of the default link; other links change them as the third table says. Random effects on a second
parameter of the mean may be correlated with those on `mu` (`(1 |i| g)` in both formulas): the rule takes
the correlation into account, under a log link by exponential tilting.
"""

PARAMETERS_HEAD = """
## Further parameters

Any of them may have a formula or a number: `gb.Formula("y ~ x + (1 |i| g)", sigma="~ z + (1 |i| g)",
nu=4)`. Without one it is one value for all rows with the prior of the fourth column. `disc` is 1 unless
it has a formula.
"""

LINKS_HEAD = """
## Links
"""

TAIL = """
## Probabilities under links whose linear predictor ends

`bernoulli`, `binomial` and `beta_binomial` take three links that make coefficients what many readers ask
for: `log` (logs of risk ratios), `identity` (risk differences) and `logc`, log(1 - mu) (logs of ratios of
1 - mu, such as probabilities to survive). Their linear predictor must lie at most at 0, between 0 and 1, and
at most at 0. Elsewhere the likelihood is 0: the posterior is restricted to coefficients, and effects of the
groups in the data, that keep every row of the data inside. `log` is for rare outcomes and `logc` for common
ones: near an end of the linear predictor trajectories of the sampler leave it, which counts as divergences.

`typical`, `subject` and `sample` are means of the groups in the data. `population` and `new_subject` are
refused with random effects (`estimand_undefined`): the effects in the data are restricted by their own
rows, and the normal law of the model would give a new group a probability above 1 or below 0. Rows of
`newdata` that lie beyond an end are refused, too (`outside_domain`). Population risk ratios and
differences are those of the logit link: `gb.comparisons(fit, "x", measure="ratio")`.

## Where a mean does not exist

`gb.predictions(..., estimand="population")` refuses with `estimand_undefined` where the integral
diverges, and `estimand="typical"` always exists: effects under an `inverse` or `inverse_squared` link;
Student effects under a log link; `lognormal` with effects on `sigma`; `student` with `nu` at most 1 or
with effects on `nu`.

## Default priors

Those of `mu` follow the link and are printed with what they imply (`print(model)`): on the logit
Normal(0, 2.5) at the average row and for a full swing of a predictor, on the log Normal(log mean, 2.5)
and 1.5, on the identity scaled by the standard deviation of the response; group standard deviations are
half-normal; correlations are LKJ(1), uniform for two effects, on columns that are centred and scaled;
thresholds give all probabilities of the categories at the average row the same density (Dirichlet(1)).

A prior of yours is one of the reported quantity. `beta` is the class of all slopes, those of `cs()` and
`mo()` too, and of all cell means under `0 + f`; the intercept is `beta[Intercept]`, at x = 0, or
`Intercept`, at the average row without offsets. Of a further parameter: `zi_beta`, `zi_Intercept`. A prior
of a standard deviation (`sigma`, `sd`, `sd_<factor>`, ...) may be said of its square or of one over it:
`gb.Prior("Gamma", alpha=.001, beta=.001, of="precision")`, `of="variance"`. Priors far from the data's scale
are told by `model.check()` and `print(model)`.
"""

if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
