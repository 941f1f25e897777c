"""``estimands``: one question, answered for all five estimands side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from inspect import signature
from textwrap import fill
from typing import TYPE_CHECKING, Any

import pandas as pd

from glmm_bayes.core.arguments import check_texts, kept
from glmm_bayes.core.elsewhere import AnswersNames, in_our_words, refuse_unknown
from glmm_bayes.core.errors import Finding, GlmmError, PredictionError
from glmm_bayes.core.escapes import visible
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.effects.estimand.averages import other_names
from glmm_bayes.effects.estimand.factor_estimands import NEW_SUBJECT
from glmm_bayes.effects.result.effects import NO_NARROWEST, Effects, has_ends, picture_of
from glmm_bayes.effects.verbs.comparisons import comparisons
from glmm_bayes.effects.verbs.predictions import predictions
from glmm_bayes.fit.caveats import caveat_attrs
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.text_tables import WIDTH, table_text, told

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: What each estimand's number is an answer to.
SENTENCES = {
    "typical": "in the median group, whose random effects are zero",
    "population": "on average over all groups that could be drawn",
    "subject": "for each known group, averaged over the rows",
    "sample": "on average over the groups in the data, put in every row",
    "new_subject": "for one group not yet seen: its interval holds the differences between groups",
}
_PER_LABEL = "on average over as many groups not yet seen as the rows have labels"


@dataclass(frozen=True, eq=False)
class SideBySide(AnswersNames):
    """One question under each estimand.

    Attributes
    ----------
    effects : mapping of str to Effects
        By estimand.
    omitted : mapping of str to str
        Estimands that the fit or the rows cannot answer, and why.
    per : {"label"} or None
        Whether each label in the rows is a new group of its own under ``new_subject``.
    """

    effects: Mapping[str, Effects]
    omitted: Mapping[str, str]
    per: str | None = None

    @property
    def interval(self) -> Interval:
        """Level and kind of the intervals where no others are asked for."""
        return self._first.interval

    @property
    def _first(self) -> Effects:
        return next(iter(self.effects.values()))

    def _answers(self, word: str) -> str:
        return _PER_LABEL if word == NEW_SUBJECT and self.per else SENTENCES[word]

    @in_our_words
    def summary(self, probability: float | None = None, *, interval: str | None = None) -> pd.DataFrame:
        """Put the summaries below each other, with the estimand and what it answers.

        Parameters
        ----------
        probability, interval
            As in ``Effects.summary``.

        Returns
        -------
        pandas.DataFrame
            Columns ``estimand``, those of each summary, and ``answers``; ``attrs["omitted"]`` says which
            estimands are not there, and why: a new group's exact interval has no ``hdi``.

        Raises
        ------
        PredictionError
            As ``Effects.summary``, where no estimand is left.
        """
        chosen = self.interval.replaced(probability, interval)
        tables = []
        shown, omitted = self._shown(chosen)
        for word, effects in shown.items():
            part = effects.summary()
            part = part.rename(columns=other_names(part, ("estimand", "answers")))
            part.insert(0, "estimand", word)
            tables.append(part.assign(answers=self._answers(word)))
        table = pd.concat(tables, ignore_index=True)
        table.attrs = {"estimand": "all, one a row", "omitted": omitted}
        table.attrs.update(chosen.attrs | caveat_attrs(self._first))
        return table

    @in_our_words
    def plot(self, probability: float | None = None, *, interval: str | None = None) -> Figure:
        """Draw all estimands in one picture; the figure's ``alt`` describes it in words.

        Parameters
        ----------
        probability, interval
            As in ``Effects.summary``.
        """
        return picture_of(*self._shown(self.interval.replaced(probability, interval)))

    def _shown(self, chosen: Interval) -> tuple[dict[str, Effects], dict[str, str]]:
        """Return the estimands that have such an interval, with it, and why others are left out."""
        refused = {
            word: f"{NO_NARROWEST}." for word, one in self.effects.items() if not has_ends(one, chosen)
        }
        if len(refused) == len(self.effects):
            refused = {}
        shown = {
            word: replace(one, interval=chosen) for word, one in self.effects.items() if word not in refused
        }
        return shown, {**self.omitted, **refused}

    def __str__(self) -> str:
        first = self._first
        caption = "; ".join([f"{first.attrs['quantity']}; {first.shown_words()}", *first.caveats])
        lines = [fill(caption, WIDTH, break_on_hyphens=False)]
        table = self.summary()
        lines.append(table_text(table.drop(columns="answers"), keys=1 + first.grid.shape[1]))
        for word, effects in self.effects.items():
            name = effects.attrs["estimand_name"]
            lines.append(told(f"{word}: {self._answers(word)} ({name})"))
        lines += [told(f"{word}: not shown, {why}") for word, why in self.omitted.items()]
        return visible("\n".join(lines))

    __repr__ = __str__


def estimands(
    fit: Fit,
    variable: str | None = None,
    *,
    newdata: Any = None,
    per: str | None = None,
    probability: float | None = None,
    interval: str | None = None,
    **question: Any,
) -> SideBySide:
    """Answer one question for every estimand: what each of them says, side by side.

    Parameters
    ----------
    fit : Fit
    variable : str, optional
        Compares its values, as ``comparisons`` does; default: the mean, as ``predictions`` with
        ``by=True``.
    newdata : DataFrame or mapping, optional
        Rows that are asked about; default: those of the data.
    per : {"label"}, optional
        Under ``new_subject``: a new group for each label in the rows. By default all rows and both sides
        of a comparison share one new group, also rows with different labels.
    probability, interval
        As in ``predictions``.
    **question
        Further arguments of ``comparisons`` or ``predictions`` but for the estimand.

    Returns
    -------
    SideBySide
        ``effects``, a mapping of the estimand's word to its ``Effects``; ``omitted``, why others are not
        there; ``summary()`` and ``plot()`` of them all.

    Raises
    ------
    PredictionError
        As ``comparisons`` or ``predictions``; ``estimand`` if one is given; ``unknown_argument``. What
        concerns some estimands only is told in ``omitted``, unless no estimand has an answer.

    References
    ----------
    Zeger, Liang and Albert (1988), Models for longitudinal data: a generalized estimating equation
    approach. Skrondal and Rabe-Hesketh (2009), Prediction in multilevel generalized linear models.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[1.0, -0.2]]], "sd_subject": [[[0.5]]]})
    >>> list(gb.estimands(fit, "trt").effects)
    ['typical', 'population', 'new_subject']
    """
    check_fit(fit)
    check_texts(per=per)
    shown = read_interval(probability, interval)
    if "estimand" in question:
        message = "every estimand is answered: leave estimand= out."
        raise PredictionError(Finding("estimand", message))
    verb = predictions if variable is None else comparisons
    refuse_unknown("estimands", ("fit", "variable", *signature(verb).parameters), question)
    question = {name: kept(value) for name, value in question.items()}
    question |= {"newdata": newdata, "probability": shown.probability, "interval": shown.kind}
    results: dict[str, Effects] = {}
    omitted: dict[str, str] = {}
    for word in SENTENCES:
        arguments = {**question, "per": per} if word == NEW_SUBJECT else question
        try:
            if variable is None:
                results[word] = predictions(fit, **{"by": True, **arguments, "estimand": word})
            else:
                results[word] = comparisons(fit, variable, estimand=word, **arguments)
        except GlmmError as error:
            # What concerns one estimand only must not hide the others.
            if error.code not in _OF_ONE:
                raise
            omitted[word] = error.findings[0].message
            if len(omitted) == len(SENTENCES):
                raise
    return SideBySide(results, omitted, per)


#: Errors that one estimand has and another has not.
_OF_ONE = (
    "draws_missing",
    "new_group",
    "newdata_schema",
    "unknown_column",
    "estimand_undefined",
    "not_available",
)
