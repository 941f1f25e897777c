"""What every peer's process shares: its task, its clock, and how its draws are handed back.

Nothing here is imported from the package: each peer runs this in an environment of its own.
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


class Worker:
    """One user call in one process: a folder with the task in, draws and times out."""

    def __init__(self) -> None:
        settings = json.loads(sys.argv[1])
        self.started: float = settings["started"]
        self.folder = Path(settings["task"])
        self.out = Path(settings["out"])
        self.draws: int = settings["draws"]
        self.chains: int = settings["chains"]
        self.seed: int = settings["seed"]
        self.target_accept: float | None = settings["target_accept"]
        self.cache: str = settings["cache"]
        self.times = {"import_s": 0.0, "call_s": 0.0}

    def imported(self) -> None:
        """Note that all imports are done: what follows is the user's call."""
        self.times["import_s"] = time.monotonic() - self.started

    def task(self) -> dict[str, Any]:
        """Read what the model is: formulas, priors, names."""
        task: dict[str, Any] = json.loads((self.folder / "task.json").read_text(encoding="utf-8"))
        return task

    def frame(self, task: dict[str, Any], *, is_ordered: bool) -> Any:
        """Read the data as a user does, levels of labels in their order."""
        import pandas as pd

        frame = pd.read_csv(self.folder / "data.csv", dtype=dict.fromkeys(task["levels"], str))
        for column, levels in task["levels"].items():
            frame[column] = pd.Categorical(frame[column], categories=levels, ordered=is_ordered)
        return frame

    def arrays(self) -> dict[str, np.ndarray]:
        """Read the finished design, which models written by hand start from."""
        with np.load(self.folder / "design.npz") as stored:
            return {name: stored[name] for name in stored.files}

    def finish(
        self, values: np.ndarray, *, divergences: int, steps: float | None, packages: tuple[str, ...]
    ) -> None:
        """Stop the clock, then write draws of shape (chain, draw, number) and what is known of the run."""
        self.times["call_s"] = time.monotonic() - self.started - self.times["import_s"]
        used = os.times()
        told = {
            **self.times,
            "wall_s": self.times["import_s"] + self.times["call_s"],
            "cpu_s": used.user + used.system + used.children_user + used.children_system,
            "divergences": divergences,
            "gradients_per_draw": steps,
            "versions": {name: version(name) for name in packages},
        }
        np.save(self.out / "draws.npy", np.asarray(values, dtype=np.float64))
        (self.out / "told.json").write_text(json.dumps(told), encoding="utf-8")


def flat(
    coefficients: np.ndarray,
    sds: list[np.ndarray],
    correlations: list[np.ndarray | None],
    dispersion: np.ndarray | None,
    effects: list[np.ndarray],
) -> np.ndarray:
    """Put all numbers of each draw in the order of the task: hyperparameters, then effects."""
    parts = [coefficients, *sds]
    for matrix in correlations:
        if matrix is not None:
            rows, columns = np.tril_indices(matrix.shape[-1], -1)
            parts.append(matrix[..., rows, columns])
    if dispersion is not None:
        parts.append(dispersion[..., None])
    parts += [each.reshape(*each.shape[:2], -1) for each in effects]
    return np.concatenate([np.asarray(part) for part in parts], axis=2)
