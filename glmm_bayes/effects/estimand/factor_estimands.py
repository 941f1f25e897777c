"""The user's word for an estimand in, one word for each grouping factor out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from glmm_bayes.core.elsewhere import choice_hint
from glmm_bayes.core.errors import Finding, PredictionError, shown_value
from glmm_bayes.core.estimands import ESTIMANDS, MEANINGS, Meaning
from glmm_bayes.fit.fit import Fit

NEW_SUBJECT = "new_subject"
SAMPLE = "sample"


@dataclass(frozen=True)
class FactorWords:
    """What is done with the random effects of each grouping factor.

    Attributes
    ----------
    word_of_factor : mapping of str to str
        Grouping factor to ``population``, ``typical``, ``subject``, ``new_subject`` or ``sample``.
    per : {"label"} or None
        Whether each label in the rows is a new group of its own, or all rows share one.
    """

    word_of_factor: Mapping[str, str]
    per: str | None = None

    @property
    def word(self) -> str:
        """One word if it holds for all factors, else ``factor: word`` for each."""
        distinct = set(self.word_of_factor.values())
        if len(distinct) == 1:
            return distinct.pop()
        return ", ".join(f"{factor}: {word}" for factor, word in self.word_of_factor.items())

    @property
    def new(self) -> tuple[str, ...]:
        """Grouping factors of which new groups are asked for."""
        return tuple(factor for factor, word in self.word_of_factor.items() if factor and word == NEW_SUBJECT)

    @property
    def labelled(self) -> tuple[str, ...]:
        """Grouping factors whose labels in the rows tell new groups apart."""
        return self.new if self.per == "label" else ()

    @property
    def averaged_over_new(self) -> FactorWords:
        """The mean over the new groups: the same, integrated over their distribution."""
        return FactorWords(
            {factor: "population" if factor in self.new else w for factor, w in self.word_of_factor.items()}
        )

    def meanings(self, new: Mapping[str, Meaning] | None = None) -> Mapping[str, Meaning]:
        """Return what is done with the random effects, by grouping factor; one where it is the same for all.

        Parameters
        ----------
        new : mapping of str to Meaning, optional
            What new groups there are, by grouping factor; default: one each.
        """
        meanings = {
            factor: (new or {}).get(factor, MEANINGS[word]) for factor, word in self.word_of_factor.items()
        }
        distinct = set(meanings.values())
        return {"": distinct.pop()} if len(distinct) == 1 else meanings


def by_factor(texts: Mapping[str, str]) -> str:
    """Write what is said of grouping factors, each by its name unless it is said of all."""
    return "; ".join(f"{factor}: {text}" if factor else text for factor, text in texts.items())


def read_estimand(estimand: str | Mapping[str, str], fit: Fit, per: str | None = None) -> FactorWords:
    """Give each grouping factor its word.

    Parameters
    ----------
    estimand : str or mapping of grouping factor to str
        A bare word holds for all factors; a mapping must name every factor.
    fit : Fit
        Whose grouping factors are those of all linear predictors.
    per : {"label"}, optional
        Each label in the rows is a new group of its own; default: all rows share one new group.

    Raises
    ------
    PredictionError
        ``estimand`` if a word or a factor is unknown, or a factor is not named, or a nested level is
        taken as known under a parent that is not; ``per`` if it is not "label", or nothing is asked of
        new groups.
    """
    word_of_factor = _words_by_factor(estimand, fit)
    check_words(word_of_factor.values(), per)
    return FactorWords(word_of_factor, per)


def check_words(estimands: Collection[Any], per: str | None = None) -> None:
    """Refuse words that there are not, and labels that tell nothing apart: all that needs no fit.

    Raises
    ------
    PredictionError
        ``estimand``, ``per``.
    """
    for word in estimands:
        if not isinstance(word, str) or word not in ESTIMANDS:
            hint = choice_hint("estimand", word, ESTIMANDS)
            raise PredictionError(Finding("estimand", f"no estimand '{word}'.", hint=hint))
    if per is not None and (per != "label" or NEW_SUBJECT not in estimands):
        message = f'per="label" draws a new group for each label in the rows, found per={shown_value(per)}'
        asks = "" if NEW_SUBJECT in estimands else f" and estimand={', '.join(estimands)}"
        hint = 'Write per="label" with estimand="new_subject", or leave per out.'
        raise PredictionError(Finding("per", f"{message}{asks}.", hint=hint))


def _words_by_factor(estimand: str | Mapping[str, str], fit: Fit) -> dict[str, str]:
    if not isinstance(estimand, str | Mapping):
        message = "the estimand must be a word or a mapping of factors to words, found "
        message += f"{shown_value(estimand)}."
        raise PredictionError(Finding("estimand", message, hint=choice_hint("estimand", estimand, ESTIMANDS)))
    columns = {
        group.factor: set(group.term.columns)
        for predictor in fit.predictors.values()
        for group in predictor.design.groups
    }
    factors = list(columns)
    word_of_factor = dict.fromkeys(factors, estimand) if isinstance(estimand, str) else dict(estimand)
    check_words([estimand] if isinstance(estimand, str) else word_of_factor.values())
    if set(word_of_factor) != set(factors):
        names = ", ".join(map(str, word_of_factor))
        message = f"the estimand must name every grouping factor ({', '.join(factors)}), found {names}."
        raise PredictionError(Finding("estimand", message, hint="Or write one word for all."))
    _check_nesting(word_of_factor, columns)
    if not factors:
        # Without random effects all estimands are one; the user's word stands in the header.
        return {"": estimand if isinstance(estimand, str) else "typical"}
    return word_of_factor


def _check_nesting(word_of_factor: Mapping[str, str], columns: Mapping[str, set[str]]) -> None:
    for factor, word in word_of_factor.items():
        for parent, other in word_of_factor.items():
            if word == "subject" and other != "subject" and columns[parent] < columns[factor]:
                message = f"a known level of '{factor}' has a known level of '{parent}', "
                message += f"but '{parent}' is '{other}'."
                raise PredictionError(Finding("estimand", message, hint=f'Write "{parent}": "subject".'))
