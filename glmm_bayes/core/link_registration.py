"""A user's link in: families take it by its name wherever their means allow it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glmm_bayes.core.arguments import is_number
from glmm_bayes.core.errors import shown_value, value_text
from glmm_bayes.core.links import LINKS, Link, ProbabilityLink
from glmm_bayes.core.maths import NUMPY, Array
from glmm_bayes.core.mean_rules import MeanRule, set_rule
from glmm_bayes.core.trial import Statement, Trial, flag, is_range, text


def register_link(link: Link, mean_rule: type[MeanRule] | None = None) -> None:
    """Let families take a link of your own by its name; files of fits hold the name alone.

    Families whose mean lies where the link's means do take it: a ``ProbabilityLink``, all families of
    probabilities and shares, ordinal ones among them; a link of means above 0, those of counts and of
    positive numbers.

    Parameters
    ----------
    link : Link
        A subclass of ``glmm_bayes.core.links.Link``, made; of a probability, of ``ProbabilityLink``. Inverse
        and derivatives are written in the functions of ``m``, once for arrays and for the sampled graph.
    mean_rule : type of MeanRule, optional
        How means of the inverse over a normal are computed; default: by the trapezoid rule, from the
        half-width ``strip`` of the strip in which the inverse is analytic.

    Raises
    ------
    FormulaError
        ``custom_link`` if it is no link, its name is none or that of another one, an attribute is missing or
        wrong, its functions contradict one another, or the link of the complement (``mirror``) is not
        registered.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> from glmm_bayes.core.links import LINKS
    >>> gb.register_link(LINKS["probit"])
    Traceback (most recent call last):
        ...
    glmm_bayes.core.errors.FormulaError: [custom_link] 'probit' is a listed link. \
Give it another name: "my_probit".
    """
    if not isinstance(link, Link):
        hint = f"Write gb.register_link({link.__name__}())." if isinstance(link, type) else ""
        raise LINKS.refusal(f"a link to register is a Link, found {shown_value(link)}.", hint)
    name = LINKS.free_name(link)
    if type(link) in (type(LINKS[listed]) for listed in LINKS if listed not in LINKS.added):
        raise LINKS.refusal(f"'{name}' is of the class of a listed link.", "Write a class of its own.")
    if mean_rule is not None and not (isinstance(mean_rule, type) and issubclass(mean_rule, MeanRule)):
        raise LINKS.refusal(f"mean_rule must be a MeanRule's class, found {shown_value(mean_rule)}.")
    try_link(link)
    LINKS.register(link)
    set_rule(type(link), mean_rule)


_STATEMENTS = (
    text("latex", 'latex = r"\\log\\mu_i"'),
    Statement("bounds", "two numbers, the lower first", is_range, "bounds = (0.0, np.inf)"),
    flag("exponential_tail"),
    flag("is_increasing"),
    flag("has_pole"),
    Statement("ratio", "a text", lambda value: isinstance(value, str), 'ratio = ""'),
)
#: Means under a link with a pole are never integrated.
_STRIP = Statement("strip", "a number above 0", lambda value: is_number(value) and value > 0, "strip = np.pi")
_OF_PROBABILITIES = (
    Statement(
        "latent_variance",
        "a number above 0, or None",
        lambda value: value is None or (is_number(value) and 0 < value < np.inf),
        "latent_variance = None",
    ),
    Statement(
        "prior_centre", "a number", lambda v: is_number(v) and bool(np.isfinite(v)), "prior_centre = 0.0"
    ),
    Statement(
        "prior_scale",
        "a number above 0",
        lambda value: is_number(value) and 0 < value < np.inf,
        "prior_scale = 2.5",
    ),
)
#: Where functions are tried, if the linear predictor may be there.
_POINTS = np.array([-2.1, -1.3, -0.7, -0.2, 0.3, 0.9, 1.6, 2.4])
_STEP = 1e-5


def try_link(link: Link) -> None:
    """Read what a link states, and compare its functions with one another at a few linear predictors.

    Raises
    ------
    FormulaError
        ``custom_link``, with everything that is wrong.
    """
    trial = LINKS.trial(link)
    trial.read(_STATEMENTS)
    if getattr(link, "has_pole", False) is not True:
        trial.read([_STRIP])
    if isinstance(link, ProbabilityLink):
        mirror = f'mirror = "{link.name}", where 1 - mu has the same link'
        trial.read((*_OF_PROBABILITIES, text("mirror", mirror)))
    trial.finish()
    if isinstance(link, ProbabilityLink) and link.mirror not in (*LINKS, link.name):
        message = f"the link of the complement of '{link.name}' is '{link.mirror}', which is not registered."
        raise LINKS.refusal(message, "Register that one first.")
    domain = trial.run("predictor_domain", lambda: link.predictor_domain(link.bounds))
    if domain is not None and not domain[0] < domain[1]:
        trial.fail(f"link must differ at the two bounds of the mean, found {value_text(domain)}.")
    elif domain is not None:
        _compare(trial, link, _points(*domain))
    trial.finish()


def _points(low: float, high: float) -> Array:
    """Return linear predictors between two ends, away from them."""
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) * np.linspace(0.2, 0.8, 4)
    inside = (low < _POINTS - 2 * _STEP) & (high > _POINTS + 2 * _STEP)
    return _POINTS[inside] if inside.any() else np.array([low + 1.0 if np.isfinite(low) else high - 1.0])


def _compare(trial: Trial, link: Link, eta: Array) -> None:
    shape = eta.shape

    def values(name: str, *arguments: object) -> Array | None:
        return trial.array(name, lambda: getattr(link, name)(*arguments), shape)

    def difference(name: str) -> Array | None:
        function = getattr(link, name)
        steps = trial.run(name, lambda: function(eta + _STEP, NUMPY) - function(eta - _STEP, NUMPY))
        return None if steps is None else np.asarray(steps / (2.0 * _STEP))

    mu = values("inverse", eta, NUMPY)
    if mu is None:
        return
    low, high = link.bounds
    if not ((mu >= low) & (mu <= high)).all():
        trial.fail(
            f"inverse must lie between the bounds {low:g} and {high:g}, found {value_text(mu.tolist())}."
        )
    trial.equal("link(inverse(eta))", values("link", mu), "of_inverse(eta)", values("of_inverse", eta))
    slope = values("inverse_derivative", eta, NUMPY)
    if slope is not None:
        trial.equal("inverse_derivative", slope, "the slope of inverse", difference("inverse"), 1e-4)
        second = values("inverse_second_derivative", eta, NUMPY)
        of_slope = difference("inverse_derivative")
        trial.equal("inverse_second_derivative", second, "the slope of inverse_derivative", of_slope, 1e-4)
        steep = slope != 0.0
        log_slope = values("log_inverse_derivative", eta, NUMPY) if steep.all() else None
        if log_slope is not None:
            trial.equal(
                "exp(log_inverse_derivative)", np.exp(log_slope), "|inverse_derivative|", np.abs(slope)
            )
    if (mu > 0.0).all():
        trial.equal("log_inverse", values("log_inverse", eta, NUMPY), "the log of inverse", np.log(mu))
    if isinstance(link, ProbabilityLink):
        _compare_tails(trial, link, eta, mu, values)


def _compare_tails(
    trial: Trial, link: ProbabilityLink, eta: Array, mu: Array, values: Callable[..., Array | None]
) -> None:
    """Compare what a link of probabilities says of one minus the mean."""
    log_complement = values("log_complement", eta, NUMPY)
    if log_complement is None:
        return
    trial.equal("log_complement", log_complement, "the log of 1 - inverse", np.log1p(-mu))
    again = values("link_of_log_complement", log_complement)
    trial.equal("link_of_log_complement(log_complement(eta))", again, "eta", eta)
    mirror = link if link.mirror == link.name else LINKS[link.mirror]
    reflected = trial.array("the inverse of mirror", lambda: mirror.inverse(-eta, NUMPY), eta.shape)
    trial.equal(f"the inverse of mirror, '{link.mirror}', at -eta", reflected, "1 - inverse(eta)", 1.0 - mu)
