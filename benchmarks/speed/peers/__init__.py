"""Peers: who draws from the posterior, in which environment, by which script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A tool and how it is called.

    Attributes
    ----------
    title : str
        As the page shows it.
    script : str
    environment : str
        Name of the lock in ``locks/peers-*.txt``; empty: this interpreter's; ``R``: that of Rscript.
    words : tuple of str
        Further arguments of the script.
    target_accept : float or None
        None: the tool's own.
    is_exact : bool
        Whether it draws from the posterior; the others are a floor of time.
    is_correlated : bool
        Whether it has correlated effects.
    """

    title: str
    script: str
    environment: str = ""
    words: tuple[str, ...] = ()
    target_accept: float | None = None
    is_exact: bool = True
    is_correlated: bool = True

    def why_not(self, task: Mapping[str, Any]) -> str:
        """Say why it cannot fit the model of a task; nothing where it can."""
        if not self.is_correlated and any(group["is_correlated"] for group in task["groups"]):
            return "has no correlated effects"
        return ""


OURS = "glmm_bayes"
PEERS = {
    OURS: Peer("glmm_bayes", "ours.py"),
    "glmm_bayes_0.8": Peer("glmm_bayes, acceptance 0.8", "ours.py", target_accept=0.8),
    "numpyro": Peer("NumPyro by hand", "numpyro_by_hand.py", "numpyro"),
    "pymc_nutpie": Peer("PyMC + nutpie by hand", "pymc_by_hand.py", "pymc"),
    "bambi_nutpie": Peer("Bambi + nutpie", "with_bambi.py", "bambi", ("nutpie",), is_correlated=False),
    "bambi": Peer("Bambi", "with_bambi.py", "bambi", is_correlated=False),
    "rstanarm": Peer("rstanarm", "with_r.R", "R", ("rstanarm",)),
    "brms": Peer("brms (rstan)", "with_r.R", "R", ("brms",)),
    "lme4": Peer("lme4 (point estimate)", "with_r.R", "R", ("lme4",), is_exact=False),
}
#: Those that are ours under other settings, which are no peers.
OWN = tuple(name for name, peer in PEERS.items() if peer.script == "ours.py")
QUICK = (OURS, "numpyro", "bambi_nutpie")
