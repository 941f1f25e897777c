"""How to sample: every argument checked before anything is compiled."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glmm_bayes.core.arguments import LARGEST_WHOLE, check_flag, checked_seed, open_share, whole_number
from glmm_bayes.core.elsewhere import refuse_unknown
from glmm_bayes.core.errors import Finding, SamplingError, shown_value
from glmm_bayes.core.progress import is_watched
from glmm_bayes.fit.draws import METHODS

#: Warm-up draws and mean acceptance rate, by what is sampled.
USUAL: Mapping[str, tuple[int, float]] = {"graph": (1000, 0.9), "joint": (300, 0.8), "marginal": (300, 0.8)}
_LEAST = {"draws": 1, "tune": 1, "chains": 1, "cores": 1}


@dataclass(frozen=True)
class Settings:
    """How to sample. ``cores`` changes the time, never the draws.

    Raises
    ------
    SamplingError
        ``settings`` if an argument is not of its kind, ``method`` if there is none of that name. Without
        warm-up the step size would be a guess, so ``tune`` starts at 1.
    """

    draws: int = 1000
    tune: int = USUAL["graph"][0]
    chains: int = 4
    cores: int | None = None
    seed: int | None = None
    engine: str = "nutpie"
    method: str = "auto"
    target_accept: float = USUAL["graph"][1]
    progress: bool | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            value = getattr(self, name)
            if name != "cores" or value is not None:
                object.__setattr__(self, name, whole_number(name, value, least, LARGEST_WHOLE))
        if self.seed is not None:
            object.__setattr__(self, "seed", checked_seed(self.seed))
        object.__setattr__(self, "target_accept", open_share("target_accept", self.target_accept))
        if not isinstance(self.method, str) or self.method not in METHODS:
            listed = ", ".join(f'"{name}"' for name in METHODS)
            message = f"method must be one of {listed}, found {shown_value(self.method)}."
            raise SamplingError(Finding("method", message))
        check_flag("progress", self.progress, SamplingError, "settings", or_none=True)

    @property
    def shows_progress(self) -> bool:
        """Progress is for people: quiet unless asked for, at a terminal or in a notebook."""
        return is_watched() if self.progress is None else self.progress

    @property
    def at_once(self) -> int:
        """Number of chains that run at the same time."""
        return min(self.chains, self.cores or os.cpu_count() or 1)


def refuse_unknown_settings(arguments: Mapping[str, Any]) -> None:
    """Refuse what ``fit`` has no argument for, and say what it is called here.

    Raises
    ------
    SamplingError
        ``unknown_argument``.
    """
    refuse_unknown("fit", Settings.__dataclass_fields__, arguments, SamplingError)
