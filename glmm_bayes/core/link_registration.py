"""A user's link in: families take it by its name wherever their means allow it."""

from __future__ import annotations

from glmm_bayes.core.errors import shown_value
from glmm_bayes.core.links import LINKS, Link, ProbabilityLink
from glmm_bayes.core.mean_rules import MeanRule, set_rule


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
        ``custom_link`` if it is no link, or its name that of another one, or the link of the complement
        (``mirror``) is not registered.

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
        raise LINKS.refusal(f"a link to register is a Link, found {shown_value(link)}.")
    name = LINKS.free_name(link)
    if type(link) in (type(LINKS[listed]) for listed in LINKS if listed not in LINKS.added):
        raise LINKS.refusal(f"'{name}' is of the class of a listed link.", "Write a class of its own.")
    if isinstance(link, ProbabilityLink) and link.mirror not in (*LINKS, name):
        message = f"the link of the complement of '{name}' is '{link.mirror}', which is not registered."
        raise LINKS.refusal(message, "Register that one first.")
    if mean_rule is not None and not (isinstance(mean_rule, type) and issubclass(mean_rule, MeanRule)):
        raise LINKS.refusal(f"mean_rule must be a MeanRule's class, found {shown_value(mean_rule)}.")
    LINKS.register(link)
    set_rule(type(link), mean_rule)
