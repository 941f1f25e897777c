"""A family of a user's in; what is missing in it or wrong with it out, before it is registered."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from glmm_bayes.core.arguments import is_number
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.trial import Statement, Trial, instance, is_range, mapping
from glmm_bayes.families.traits import (
    Mu,
    Notation,
    ResponseMean,
    Support,
    Thresholds,
    Traits,
    WorkingVariance,
)

_STATEMENTS = (
    instance("notation", Notation, r'notation = Notation("Poisson(mu[i])", r"\mathrm{Poisson}(\mu_i)")'),
    instance("mu", Mu, 'mu = Mu(("log", "identity"), (0.0, np.inf))'),
    instance("support", Support, 'support = Support("count", "whole numbers from 0", is_discrete=True)'),
    instance("thresholds", Thresholds, "thresholds = None", or_none=True),
    instance("response_mean", ResponseMean, "response_mean = ResponseMean()"),
    instance("traits", Traits, "traits = Traits()"),
    instance("working_variance", WorkingVariance, "working_variance = None", or_none=True),
    instance("kinds", Mapping, "nothing: those of glmm_bayes.families.parameters are there"),
)


def try_family(trial: Trial) -> None:
    """Read what a family states; its density and draws are tried by ``gb.check_family``.

    Raises
    ------
    FormulaError
        ``custom_family``, with everything that is wrong.
    """
    trial.read(_STATEMENTS)
    trial.finish()
    family = trial.entry
    _try_mu(trial, family.mu)
    known = list(family.kinds)
    one_of = f"among {', '.join(known)}"

    def are_known(value: object) -> bool:
        return isinstance(value, tuple) and all(isinstance(name, str) and name in known for name in value)

    trial.read(
        [
            Statement("auxiliaries", f"a tuple of names {one_of}", are_known, 'auxiliaries = ("shape",)'),
            mapping(
                "defaults",
                f"names {one_of} to numbers",
                lambda name, value: name in known and is_number(value),
                'defaults = {"disc": 1.0}',
            ),
        ]
    )
    trial.finish()
    _try_names(trial, (*family.auxiliaries, *family.defaults), family.response_mean.parameters)
    trial.finish()


def _try_mu(trial: Trial, mu: Mu) -> None:
    """Collect links that there are not, and a range that is none."""
    if not isinstance(mu.links, tuple) or not mu.links:
        trial.fail("the links of mu must be a tuple of names, the default first.", 'Write Mu(("log",)).')
    else:
        unknown = [name for name in mu.links if name not in LINKS]
        if unknown:
            sentence = f"mu takes the link {', '.join(map(str, unknown))}, which is not registered."
            trial.fail(sentence, f"Choices: {', '.join(LINKS)}.")
    if not is_range(mu.bounds):
        trial.fail("the bounds of mu must be two numbers, the lower first.", "Write (0.0, np.inf).")


def _try_names(trial: Trial, further: Collection[str], of_mean: Collection[str]) -> None:
    """Collect further parameters that are there twice, and those of the mean that the family has not."""
    if len(set(further)) < len(further):
        trial.fail("a further parameter is listed twice in auxiliaries and defaults.")
    strange = [name for name in of_mean if name not in ("mu", "thresholds", *further)]
    if strange:
        sentence = f"response_mean depends on {', '.join(strange)}, which the family has not."
        trial.fail(sentence, "List it in auxiliaries or defaults.")
