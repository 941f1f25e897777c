"""A Fit in, the sections of its report out, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from glmm_bayes.core.estimands import ESTIMANDS
from glmm_bayes.core.intervals import Interval
from glmm_bayes.describe.equations import all_groups, equations
from glmm_bayes.describe.explain import between_lines, describe_references, explain, further_lines
from glmm_bayes.effects.estimand.question import angles_as
from glmm_bayes.fit.diagnostics import Diagnosis
from glmm_bayes.fit.fit import Fit
from glmm_bayes.plots.curves import plot_curves
from glmm_bayes.plots.groups import plot_random_effects
from glmm_bayes.predictive.pp_check import pp_check
from glmm_bayes.reporting.blocks import (
    Block,
    Illustration,
    Listing,
    Paragraph,
    ReportSection,
    ReportTable,
    attempt,
    illustration,
)
from glmm_bayes.reporting.sentences import (
    answers,
    estimand_sentences,
    main_variable,
    named_mean,
    question,
    reproduction,
    rows_sentence,
    short_fingerprint,
)
from glmm_bayes.reporting.tables import (
    COLUMNS,
    checks_table,
    coefficients_tables,
    correlations_tables,
    data_table,
    estimands_table,
    groups_table,
    parameters_table,
    priors_table,
    thresholds_table,
    variance_table,
)

#: Sections of a response whose tables hold the model or the data.
_OF_NO_DRAWS = frozenset({"model", "data", "priors"})


def verdict(fit: Fit, diagnosis: Diagnosis) -> list[Paragraph]:
    """Say first of all whether the draws can be used."""
    tone = "note" if not diagnosis.findings else "good" if diagnosis.passed else "alarm"
    chains, draws = fit.shape
    conclusion = f"{diagnosis.verdict} ({chains} chains of {draws} draws.)"
    failed = [f"{f.check}: {f.sentence}" for f in diagnosis.findings if not f.passed]
    return [Paragraph(conclusion, tone), *(Paragraph(sentence, tone) for sentence in failed)]


def sections(fit: Fit, diagnosis: Diagnosis, interval: Interval) -> list[ReportSection]:
    """Build all sections, response by response; what needs draws that the fit does not hold says so."""
    by_response = [_of_response(fit[name], fit.definition.prefix(name), interval) for name in fit]
    told = [section for of_response in by_response for section in of_response]
    if not fit.is_single:
        told.append(ReportSection("between", "Between responses", tuple(_between(fit, interval))))
    return [
        *told,
        ReportSection("diagnostics", "Diagnostics", tuple(_with_caveats(fit, _diagnostics(fit, diagnosis)))),
        ReportSection("settings", "Settings, versions and data", (_settings(fit, interval),)),
        ReportSection("reproduce", "How to reproduce this report", (Listing(reproduction(fit, interval)),)),
    ]


def _of_response(fit: Fit, name: str, interval: Interval) -> list[ReportSection]:
    """Build the sections of one response; beside others its name stands in each title."""
    variable = main_variable(fit)
    contents: list[tuple[str, str, list[Block]]] = [
        ("answer", "Question and answer", _answer(fit, variable, interval)),
        ("model", "Model", _model(fit)),
        ("data", "Data and groups", _data(fit)),
        ("priors", "Priors", [priors_table(fit)]),
        ("coefficients", "Coefficients", attempt(lambda: _coefficients(fit, interval))),
        ("estimands", "Estimands side by side", _estimands(fit, variable, interval)),
        ("curves", "Groups, typical group and population", attempt(lambda: [_curves(fit, interval)])),
    ]
    if all_groups(fit.predictors):
        contents.append(
            ("variation", "Variation between groups", attempt(lambda: [variance_table(fit, interval)]))
        )
    if fit.design.groups and not fit.family.has_category_predictors:
        contents.append(("shrinkage", "Shrinkage", attempt(lambda: [_shrinkage(fit, interval)])))
    contents.append(("check", "Predictive check", attempt(lambda: [_check(fit, interval)])))
    anchor_end, title_end = (f"-{name}", f": {name}") if name else ("", "")
    return [
        ReportSection(
            f"{anchor}{anchor_end}",
            f"{title}{title_end}",
            tuple(blocks if anchor in _OF_NO_DRAWS else _with_caveats(fit, blocks)),
        )
        for anchor, title, blocks in contents
    ]


def _between(fit: Fit, interval: Interval) -> list[Block]:
    """Show what joins the responses: their correlations, with the priors of these."""
    paragraph = Paragraph("; ".join(between_lines(fit.definition)))
    return [paragraph, *attempt(lambda: correlations_tables(fit, interval))]


def _with_caveats(fit: Fit, blocks: list[Block]) -> list[Block]:
    """Say under every table and figure of draws what is to know of them."""
    caveats = "".join(f"; {sentence}" for sentence in fit.caveats)
    return [
        replace(block, caption=f"{block.caption.removesuffix('.')}{caveats}.")
        if caveats and isinstance(block, ReportTable | Illustration)
        else block
        for block in blocks
    ]


def _answer(fit: Fit, variable: str | None, interval: Interval) -> list[Block]:
    lines = attempt(lambda: [Paragraph(line, "answer") for line in answers(fit, variable, interval)])
    return [Paragraph(question(fit, variable), "question"), *lines]


def _model(fit: Fit) -> list[Block]:
    # A Fit has all that the protocol asks for, read-only.
    explanation = explain(fit.definition)
    link = f"{fit.spec.to_formula()} with family {fit.family.name} and link {fit.link.name}."
    further = "; ".join(further_lines(fit))
    further = f" Further parameters: {further}." if further else ""
    return [
        Paragraph(f"{link}{further} {_mean_words(fit)}"),
        Listing("\n".join(equations(fit.definition.first))),
        Listing(explanation.latex, summary="LaTeX source"),
    ]


def _mean_words(fit: Fit) -> str:
    """Say what the mean of the response is in the equations."""
    if fit.response.categories:
        return f"Effects are shown on {fit.response.mean_label}, for each category k."
    text = fit.family.response_mean.text
    if text is None:
        angles = f"; {line}" if (line := angles_as(fit)) else ""
        return f"The mean of row i, mu[i], is {named_mean(fit)}{angles}."
    return f"Effects are shown on {named_mean(fit)}, which is {text.format(y=fit.response.label)}."


def _coefficients(fit: Fit, interval: Interval) -> list[Block]:
    thresholds = [thresholds_table(fit, interval)] if fit.priors.thresholds else []
    return [*coefficients_tables(fit, interval), *thresholds]


def _data(fit: Fit) -> list[Block]:
    references = describe_references(predictor.design for predictor in fit.predictors.values())
    sentence = rows_sentence(fit) + (f" Reference levels: {references}." if references else "")
    tables = [data_table(fit)] + ([groups_table(fit)] if all_groups(fit.predictors) else [])
    return [Paragraph(sentence), *tables]


def _estimands(fit: Fit, variable: str | None, interval: Interval) -> list[Block]:
    if variable is None:
        return [Paragraph("The model has no predictor to compare by.", "note")]

    def build() -> list[Block]:
        table, shown, omitted = estimands_table(fit, variable, interval)
        notes = [
            Paragraph(f"The {COLUMNS[word]} column is left out: {reason}", "note")
            for word, reason in omitted.items()
        ]
        return [table, *map(Paragraph, estimand_sentences(fit, shown)), *notes]

    return attempt(build)


def _curves(fit: Fit, interval: Interval) -> Illustration:
    picture = plot_curves(fit, probability=interval.probability, interval=interval.kind)
    what = "Probability of each category" if fit.response.categories else "Individual curves"
    drawn = ", and ".join(ESTIMANDS[word] for word in picture.estimands)
    return illustration(picture, f"{what}: {drawn}.")


def _shrinkage(fit: Fit, interval: Interval) -> Illustration:
    caption = "Subject-specific random effects beside what each level's own rows say without the others."
    picture = plot_random_effects(fit, probability=interval.probability, interval=interval.kind)
    return illustration(picture, caption)


def _check(fit: Fit, interval: Interval) -> Illustration | Paragraph:
    if fit.response.additions.censored is not None:
        return Paragraph("Not drawn: censored responses are no replicated ones. See gb.pit.", "note")
    picture = pp_check(fit, probability=interval.probability, interval=interval.kind)
    caption = "Observed responses against responses replicated from the posterior (subject-specific)."
    return illustration(picture, f"{caption} {picture.verdict} Band: {interval.name}.")


def _diagnostics(fit: Fit, diagnosis: Diagnosis) -> list[Block]:
    if not diagnosis.findings:
        return [Paragraph("Convergence cannot be told from fewer than four draws a chain.", "note")]
    return [checks_table(diagnosis), parameters_table(fit)]


def _settings(fit: Fit, interval: Interval) -> ReportTable:
    from glmm_bayes import __version__

    # Versions and intervals have lines of their own; notes stand with the data.
    apart = ("versions", "interval", "notes")
    rows = [(name, _plain(value)) for name, value in fit.settings.items() if name not in apart]
    versions = fit.settings.get("versions")
    if isinstance(versions, Mapping):
        rows += [(f"sampled with {name}", str(value)) for name, value in versions.items()]
    # Fits of earlier releases do not hold it.
    if default := fit.settings.get("interval"):
        rows.append(("default interval when the fit was made", Interval(**default).name))
    rows.append(("intervals in this report", interval.name))
    rows.append(("report written by glmm-bayes", __version__))
    rows.append(("fingerprint of the rows (SHA-256, 16 digits)", short_fingerprint(fit)))
    return ReportTable(
        "What gave these draws", ("setting", "value"), tuple(rows), text_columns=frozenset({1})
    )


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
