"""Draws and how they were made in, what a reader of any number of theirs must know out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from glmm_bayes.core.errors import DataError, Finding
from glmm_bayes.core.maths import Array
from glmm_bayes.priors.posterior import Posterior


@dataclass(frozen=True)
class Caveat:
    """What a reader of any number of some draws must know.

    Attributes
    ----------
    check : str
        What they fail: ``interrupted``, ``chain_crashed`` or ``not finite``.
    account : str
        What happened.
    """

    check: str
    account: str

    @property
    def sentence(self) -> str:
        """Both, as tables and captions say it."""
        return f"{self.check}: {self.account}"


class Drawn(Protocol):
    """What has caveats."""

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a reader of any number must know of the draws, one sentence each; nothing for a whole run."""


class FiniteDraws(Mapping[str, Array]):
    """Arrays of draws by variable; one with a draw that is not finite is refused where it is read."""

    def __init__(self, arrays: Mapping[str, Array], refused: Mapping[str, str]) -> None:
        self._arrays, self._refused = arrays, refused

    def __getitem__(self, name: str) -> Array:
        if name in self._refused:
            message = f"nothing can be computed from '{name}': {self._refused[name]}."
            hint = "Look at this draw in fit.draws; sample again with another seed or tighter priors."
            raise DataError(Finding("draws_not_finite", message, hint=hint))
        return self._arrays[name]

    def __contains__(self, name: object) -> bool:
        return name in self._arrays

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)


def caveats_of(
    settings: Mapping[str, Any], posterior: Mapping[str, Array], known: Posterior
) -> tuple[Caveat, ...]:
    """List the caveats of draws: none for a whole run.

    Parameters
    ----------
    settings : mapping
        Of the sampler.
    posterior : mapping of str to ndarray, shape (chain, draw, ...)
    known : Posterior
        The variables of the model.
    """
    chains, length = next(iter(posterior.values())).shape[:2]
    all_chains, all_draws = settings.get("chains", chains), settings.get("draws", length)
    kept = f"{length:,} of {all_draws:,} draws a chain were kept"
    if chains < all_chains:
        kept += f", in {chains} of {all_chains} chains"
    caveats = []
    if settings.get("interrupted"):
        caveats.append(Caveat("interrupted", kept))
    if settings.get("crashed"):
        caveats.append(Caveat("chain_crashed", f"{'; '.join(settings['crashed'])}; {kept}"))
    caveats += [Caveat("not finite", account) for account in not_finite(posterior, known).values()]
    return tuple(caveats)


def caveat_attrs(drawn: Drawn) -> dict[str, list[str]]:
    """Return the caveats as an entry of ``attrs``: none where there is nothing to say."""
    return {"caveats": list(drawn.caveats)} if drawn.caveats else {}


def not_finite(posterior: Mapping[str, Array], known: Posterior) -> dict[str, str]:
    """Name, by variable, the first draw that is not finite, and count the others."""
    result = {}
    for name, values in posterior.items():
        bad = [(chain, np.argwhere(~np.isfinite(part))) for chain, part in enumerate(values)]
        positions = [(chain, *where) for chain, places in bad for where in places]
        if positions:
            chain, draw, *inner = positions[0]
            count = len({(chain, draw) for chain, draw, *_ in positions})
            more = f" and in {count - 1} further draws" if count > 1 else ""
            what = f"{_label(name, known, inner)} is {values[tuple(positions[0])]:g}"
            result[name] = f"{what} at chain {chain}, draw {draw} (from 0){more}"
    return result


def _label(name: str, known: Posterior, inner: list[Any]) -> str:
    """Name one number of a variable as tables do."""
    dims = known.variables[name].dims
    labels = [str(known.labels[dim][at]) for dim, at in zip(dims, inner, strict=True)]
    return f"{name}[{', '.join(labels)}]" if labels else name
