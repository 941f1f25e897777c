"""What an engine has drawn, chain by chain, in; the chains and draws that are kept out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, SamplingError
from glmm_bayes.fit.draws import FEWEST_DRAWS

Array = NDArray[Any]


@dataclass(frozen=True)
class Chains:
    """Draws and statistics of each chain, however far it came.

    Attributes
    ----------
    posterior, statistics : mapping of str to sequence of ndarray
        By name, then by chain; the first axis of an array are draws, of which the first ones were made.
    lengths : sequence of int
        Numbers of draws that each chain made after its warm-up.
    crashed : mapping of int to str
        Chains that ended by themselves, and how.
    note : str
        What is to be known of how they were drawn.
    """

    posterior: Mapping[str, Sequence[Array]]
    statistics: Mapping[str, Sequence[Array]]
    lengths: Sequence[int]
    crashed: Mapping[int, str] = field(default_factory=dict)
    note: str = ""

    def made(self, chain: int) -> int:
        """Return how many draws of a chain all variables and statistics have."""
        arrays = (*self.posterior.values(), *self.statistics.values())
        return min([self.lengths[chain], *(len(values[chain]) for values in arrays)])


def kept(chains: Chains, chain_count: int, draws: int) -> tuple[list[int], int]:
    """Choose the chains and the number of their draws that together keep the most.

    Parameters
    ----------
    chains : Chains
    chain_count, draws : int
        Numbers of chains and of draws of each that were asked for.

    Returns
    -------
    chains : list of int
    length : int
        Of each of them.

    Raises
    ------
    SamplingError
        ``interrupted`` or ``chain_crashed`` if no chain of a run that ended early has 100 draws.
    """
    made = [min(chains.made(chain), draws) for chain in range(len(chains.lengths))]
    if len(made) == chain_count and min(made) == draws:
        return list(range(chain_count)), draws
    long = sorted({length for length in made if length >= FEWEST_DRAWS})
    if not long:
        raise SamplingError(_too_few(chains, max(made, default=0)))
    length = max(long, key=lambda least: least * sum(other >= least for other in made))
    return [chain for chain, other in enumerate(made) if other >= length], length


def cut(values: Sequence[Array], chains: Sequence[int], length: int) -> Array:
    """Return the kept draws, shape (chain, draw, ...); what is whole is not copied."""
    if isinstance(values, np.ndarray) and values.shape[:2] == (len(chains), length):
        return values
    return np.stack([values[chain][:length] for chain in chains])


def crash_words(chains: Chains, draws: int) -> list[str]:
    """Say of each chain that ended by itself how, and after how many draws."""
    return [
        f"chain {chain} (from 0) ended by itself after {min(chains.made(chain), draws)} draws: {reason}"
        for chain, reason in sorted(chains.crashed.items())
    ]


def _too_few(chains: Chains, most: int) -> Finding:
    end = f"fewer than {FEWEST_DRAWS} draws are not kept."
    if chains.crashed:
        crashes = "; ".join(crash_words(chains, most))
        hint = "Fewer chains at once (cores=1) need less memory; engine='nutpie' has no processes."
        return Finding("chain_crashed", f"{crashes}; {end}", hint=hint)
    message = f"interrupted after {most} draws a chain; {end}"
    return Finding("interrupted", message, hint="Sample again.")
