"""A Fit in, sentences out: the question and its answer, what each estimand says, what was read."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import UNCHANGED_DEFAULT, Interval
from glmm_bayes.describe.equations import all_groups
from glmm_bayes.effects.estimand.undefined import unless_undefined
from glmm_bayes.effects.result.effects import Effects
from glmm_bayes.effects.verbs.comparisons import comparisons
from glmm_bayes.effects.verbs.predictions import predictions
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.canvas import decimals, number
from glmm_bayes.plots.scenario import is_factor, predictors
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.storage.manifest import fingerprint

_CONTRASTS_SAID = 3


def main_variable(fit: Fit) -> str | None:
    """Return the predictor that the report asks about: the first categorical one, else the first."""
    names = predictors(fit.design)
    return next((name for name in names if is_factor(fit.design, name)), names[0] if names else None)


def named_mean(fit: Fit) -> str:
    """Name the mean of the response inside a sentence."""
    label = fit.response.mean_label
    return label if fit.response.is_event else f"the {label}"


def question(fit: Fit, variable: str | None) -> str:
    """Ask what the report answers first."""
    what = named_mean(fit)
    if variable is None:
        return f"What is {what}, and does it differ between groups?"
    if is_factor(fit.design, variable):
        return f"How does {what} differ between the levels of {variable}, all else as observed?"
    step = "1 day" if fit.design.table[variable].data_type == "date" else "1"
    return f"How does {what} change when {variable} rises by {step}, all else as observed?"


def answers(fit: Fit, variable: str | None, interval: Interval) -> list[str]:
    """Answer for the population, or say why it has no mean, then for the typical group."""
    shown: dict[str, Any] = {"probability": interval.probability, "interval": interval.kind}
    if variable is None:
        return _answers_of_means(fit, shown)
    population, undefined = unless_undefined(lambda: comparisons(fit, variable, **shown))
    typical = comparisons(fit, variable, estimand="typical", **shown)
    sentences = []
    said = min(len(typical.grid), max(_CONTRASTS_SAID, len(fit.response.categories)))
    for index in range(said):
        if population is None:
            sentences.append(_contrast_sentence(fit, typical, index, f"For the {ESTIMANDS['typical']}"))
        else:
            averaged = _contrast_sentence(fit, population, index, "Averaged over the population")
            sentences.append(averaged + _typical_words(typical, index))
    if len(typical.grid) > said:
        sentences.append(f"{len(typical.grid) - said} further comparisons stand in the table below.")
    if undefined:
        sentences.append(_without_population(undefined))
    elif _is_linear(fit):
        sentences.append("With an identity link the population and the typical group have the same mean.")
    return sentences


def _answers_of_means(fit: Fit, shown: Mapping[str, Any]) -> list[str]:
    """Say what the mean is where there is nothing to compare by."""
    population, undefined = unless_undefined(lambda: _mean_sentences(fit, "population", shown))
    return [*(population or [_without_population(undefined)]), *_mean_sentences(fit, "typical", shown)]


def _without_population(undefined: str) -> str:
    return f"No answer for the population: {undefined}"


def _is_linear(fit: Fit) -> bool:
    """Tell whether the mean is the linear predictor, so that population and typical group agree."""
    return fit.link.name == "identity" and fit.family.mean_is_mu


def _mean_sentences(fit: Fit, word: str, shown: Mapping[str, Any]) -> list[str]:
    effects = predictions(fit, estimand=word, by=True, **shown)
    return [
        f"{ESTIMANDS[word].capitalize()}: {_mean_of(fit, effects, index)} is {_interval(effects, index)}."
        for index in range(len(effects.grid))
    ]


def _mean_of(fit: Fit, effects: Effects, index: int) -> str:
    """Name the mean that a row of effects is of; of a response with categories the probability of one."""
    if not fit.response.categories:
        return named_mean(fit)
    category = effects.grid[effects.grid.columns[-1]].iloc[index]
    return fit.response.probability_of(str(category))


def _contrast_sentence(fit: Fit, effects: Effects, index: int, where: str) -> str:
    draws = effects.draws.to_numpy()[:, :, index]
    mean = float(draws.mean())
    size = number(abs(mean), decimals(float(draws.std())))
    high, low = effects.compared[index]
    word, share = ("lower", (draws < 0).mean()) if mean < 0 else ("higher", (draws > 0).mean())
    side = "below" if mean < 0 else "above"
    what = _mean_of(fit, effects, index)
    return (
        f"{where}, {what} is estimated {size} {word} for {high} than for "
        f"{low}: difference {_interval(effects, index)}, {side} zero with posterior probability "
        f"{_share(float(share))}."
    )


def _share(share: float) -> str:
    """Write a probability without claiming certainty from a finite number of draws."""
    return "above 0.99" if share > 0.99 else f"{share:.2f}"


def _typical_words(typical: Effects, index: int) -> str:
    return f" For the {ESTIMANDS['typical']} the difference is {_interval(typical, index)}."


def _interval(effects: Effects, index: int) -> str:
    row = effects.summary().iloc[index]
    lower, upper = effects.interval.columns
    places = decimals(row["sd"])
    ends = f"{number(row[lower], places)} to {number(row[upper], places)}"
    return f"{number(row['mean'], places)} ({effects.interval.name} {ends})"


def estimand_sentences(fit: Fit, shown: Container[str]) -> list[str]:
    """Say what question each estimand that is shown answers."""
    factors = " and ".join(group.factor for group in all_groups(fit.predictors)) or "group"
    middle = (
        "the same as the mean of groups, since the link is the identity"
        if _is_linear(fit) and "population" in shown
        else "the median group, not the mean of groups"
    )
    sentences = [
        f"Typical group: what changes for a level of {factors} whose random effects are zero? ({middle})"
    ]
    if "population" in shown:
        sentences.append(
            f"Population-averaged: what changes in the mean over all levels of {factors} that could be "
            "drawn? (what a policy or a trial reports)"
        )
    if "subject" in shown:
        sentences.append(
            f"Subject-specific, averaged over the data: what changes for the levels of {factors} at hand, "
            "each with its own random effects?"
        )
    return sentences


def rows_sentence(fit: Fit) -> str:
    """Say how many rows were fitted and what was noted about the data, dropped rows among it."""
    notes = [f"{note[0].upper()}{note[1:]}" for note in fit.settings.get("notes", ())]
    return " ".join([f"{len(fit.design):,} rows were fitted.", *notes])


def short_fingerprint(fit: Fit) -> str:
    """Return the first 16 digits of the fingerprint of the rows, in their order."""
    return fingerprint(fit.definition.table).in_row_order[:16]


def reproduction(fit: Fit, interval: Interval) -> str:
    """Write the Python that gives this fit and this report again."""
    settings, first = fit.settings, fit.definition.first
    lines = ["import glmm_bayes as gb", "", "model = gb.Model(", *_formula_code(fit)]
    lines.append(f"    data,  # rows with the fingerprint {short_fingerprint(fit)}")
    if fit.is_single:
        lines.append(f"    family={first.spec.family!r}, link={first.link.name!r},")
    if fit.definition.given:
        inner = [f"        {name!r}: {_prior_code(prior)}," for name, prior in fit.definition.given.items()]
        lines += ["    priors={", *inner, "    },"]
    lines.append(")")
    if first.spec.edition != CURRENT:
        lines.append(f"# saved by an earlier release: model.spec.edition was {first.spec.edition}")
    if "seed" in settings:
        names = ("draws", "tune", "chains", "seed", "engine", "method", "target_accept")
        # What an earlier release sampled was the graph.
        known = {"method": "graph", **settings}
        arguments = ", ".join(f"{name}={known[name]!r}" for name in names if name in known)
        lines.append(f"fit = model.fit({arguments})")
    else:
        lines.append("fit = gb.Fit.from_draws(model, draws)  # the draws were made elsewhere")
    # Another session has the default that nobody changed, whatever this one has.
    is_default = interval == UNCHANGED_DEFAULT
    level = "" if is_default else f', probability={interval.probability!r}, interval="{interval.kind}"'
    return "\n".join([*lines, f'gb.report(fit, "report.html"{level})'])


def _formula_code(fit: Fit) -> list[str]:
    """Write the formula of a model, or those of several responses with their families and links."""
    responses = list(fit.definition.responses.values())
    written = [_one_formula(one.spec) for one in responses]
    if fit.is_single:
        return [f"    {written[0]},"]
    families = tuple(one.family.name for one in responses)
    links = tuple(one.link.name for one in responses)
    rescor = ", rescor=True" if fit.definition.rescor is not None else ""
    return [
        "    gb.Formulas(",
        *(f"        {formula}," for formula in written),
        f"        family={families!r}, link={links!r}{rescor},",
        "    ),",
    ]


def _one_formula(spec: ModelSpec) -> str:
    further = "".join(f", {name}={value!r}" for name, value in spec.further_formulas().items())
    return f"gb.Formula({spec.to_formula()!r}{further})" if further else repr(spec.to_formula())


def _prior_code(prior: Prior) -> str:
    arguments = "".join(f", {name}={value:g}" if value == float(f"{value:g}") else f", {name}={value!r}"
                        for name, value in prior.arguments)  # fmt: skip
    scale = f', of="{prior.of}"' if prior.of else ""
    return f'gb.Prior("{prior.name}"{arguments}{scale})'
