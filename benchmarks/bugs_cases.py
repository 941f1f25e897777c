"""Examples of the BUGS manual as formulas of this package, with the priors that the examples have.

Priors of precisions are those of the examples, ``dgamma(0.001, 0.001)``; ``dnorm(0, 1.0E-6)`` is a normal
prior with the sd 1000. ``names`` gives for each quantity of ``tests/oracles/bugs.json`` ours: a parameter,
or a function of several.

Left out: Kidney, whose hazards are ``r mu t^(r - 1)`` with flat priors of log mu's coefficients. Here
coefficients are of log means, -1/r times those, and flat priors of the one are not flat of the other: the
factor r^6 moves r by .7 of its sd. Pumps, Mice and others have no random effects on the scale of a link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import glmm_bayes as gb

ORACLES = Path(__file__).resolve().parents[1] / "tests" / "oracles"

Draws = Mapping[str, Any]
Priors = dict[str, gb.Prior]
PRECISION = gb.Prior("Gamma", alpha=0.001, beta=0.001, of="precision")


def normal(sigma: float) -> gb.Prior:
    """Return a normal prior around 0."""
    return gb.Prior("Normal", mu=0, sigma=sigma)


def flat(width: float, **others: gb.Prior) -> Priors:
    """Return the same normal prior of every coefficient, the intercept too, with what is given beside it."""
    return {"beta": normal(width), **mean(width, **others)}


def mean(width: float, **others: gb.Prior) -> Priors:
    """Return the priors of a model without slopes."""
    return {"beta[Intercept]": normal(width), "sd": PRECISION, **others}


@dataclass(frozen=True)
class Case:
    """An example: its formula, its data, its priors, and ours for each of its quantities."""

    formula: str
    data: Callable[[], pd.DataFrame]
    priors: Priors
    names: Mapping[str, str | Callable[[Draws], Any]]
    family: str = "gaussian"
    draws: int = 2500


def table(name: str, *labels: str) -> pd.DataFrame:
    """Read the data of an example; some columns are labels."""
    return pd.read_csv(ORACLES / "bugs" / f"{name}.csv", dtype=dict.fromkeys(labels, str))


def seeds() -> pd.DataFrame:
    """Germinated seeds of 21 plates (Crowder 1978)."""
    return table("seeds", "plate")


def salm() -> pd.DataFrame:
    """Revertant colonies of salmonella on 18 plates (Breslow 1984)."""
    frame = table("salm", "plate")
    return frame.assign(log_dose=np.log(frame["dose"] + 10))


def equiv() -> pd.DataFrame:
    """A two-period cross-over trial of carbamazepine tablets (Gelfand et al. 1990)."""
    frame = table("equiv", "subject")
    return frame.assign(treat=1.5 - frame["treatment"], order=1.5 - frame["period"])


def rats() -> pd.DataFrame:
    """Weights of 30 rats on five days (Gelfand et al. 1990)."""
    frame = table("rats", "rat")
    return frame.assign(day22=frame["day"] - 22)


def epil() -> pd.DataFrame:
    """Seizures of 59 patients in four periods (Thall and Vail 1990)."""
    frame = gb.load_dataset("epil")
    return frame.assign(
        base4=np.log(frame["base"] / 4),
        treated=(frame["trt"] == "progabide").astype(float),
        log_age=np.log(frame["age"]),
    )


def lsat() -> pd.DataFrame:
    """Answers of 1,000 students to five questions (Bock and Lieberman 1970), a row an answer."""
    frame = table("lsat")
    each = frame.loc[frame.index.repeat(frame["students"])].reset_index(drop=True)
    each = each.drop(columns="students").assign(student=[f"s{k}" for k in range(len(each))])
    return each.melt(id_vars="student", var_name="item", value_name="right")


def blocker() -> pd.DataFrame:
    """Deaths in 22 trials of beta-blockers (Carlin 1992), two arms each."""
    frame = table("blocker", "trial")
    return frame.assign(trial="t" + frame["trial"])


def oxford() -> pd.DataFrame:
    """Cancers of children and X-rays of their mothers, 120 tables (Breslow and Clayton 1993)."""
    frame = table("oxford", "stratum")
    frame["stratum"] = "s" + frame["stratum"]
    square = frame["year"] ** 2 - 22
    return frame.assign(case_year=frame["case"] * frame["year"], case_square=frame["case"] * square)


def _between(draws: Draws) -> Any:
    between, within = draws["sd_batch[Intercept]"] ** 2, draws["sigma"] ** 2
    return between / (between + within)


SEEDS = {
    "a": "beta[Intercept]",
    "a1": "beta[x1]",
    "a2": "beta[x2]",
    "a12": "beta[x1:x2]",
    "sigma": "sd_plate[Intercept]",
}

CASES: dict[str, Case] = {
    "seeds": Case(
        "r | trials(n) ~ x1 * x2 + (1 | plate)", seeds, flat(1000), SEEDS, "binomial"),
    "seeds_uniform": Case(
        "r | trials(n) ~ x1 * x2 + (1 | plate)", seeds,
        flat(1000) | {"sd": gb.Prior("Uniform", lower=0, upper=10)}, SEEDS, "binomial"),
    "salm": Case(
        "y ~ log_dose + dose + (1 | plate)", salm, flat(100) | {"beta[dose]": normal(1e5)},
        {"alpha": "beta[Intercept]", "beta": "beta[log_dose]", "gamma": "beta[dose]",
         "sigma": "sd_plate[Intercept]"}, "poisson"),
    "salm_uniform": Case(
        "y ~ log_dose + (1 | plate)", salm, flat(100) | {"sd": gb.Prior("Uniform", lower=0, upper=100)},
        {"alpha": "beta[Intercept]", "beta": "beta[log_dose]", "sigma": "sd_plate[Intercept]"}, "poisson"),
    "surgical": Case(
        "r | trials(n) ~ 1 + (1 | hospital)", lambda: table("surgical"), mean(1000),
        {"mu": "beta[Intercept]", "sigma": "sd_hospital[Intercept]"}, "binomial"),
    "equiv": Case(
        "y ~ treat + order + (1 | subject)", equiv, flat(1000, sigma=PRECISION),
        {"mu": "beta[Intercept]", "phi": "beta[treat]", "pi": "beta[order]",
         "theta": lambda draws: np.exp(draws["beta[treat]"]), "sigma1": "sigma",
         "sigma2": "sd_subject[Intercept]"}),
    "dyes": Case(
        "y ~ 1 + (1 | batch)", lambda: table("dyes", "batch"), mean(1e5, sigma=PRECISION),
        {"theta": "beta[Intercept]", "sigma1": "sigma", "sigma2": "sd_batch[Intercept]",
         "between": _between}, draws=5000),
    "rats": Case(
        "y ~ day22 + (day22 || rat)", rats, flat(100, sigma=PRECISION),
        {"centre": "beta[Intercept]", "slope": "beta[day22]",
         "alpha0": lambda draws: draws["beta[Intercept]"] - 22 * draws["beta[day22]"], "sigma": "sigma",
         "sigma1": "sd_rat[Intercept]", "sigma2": "sd_rat[day22]"}),
    "epil": Case(
        "y ~ base4 * treated + log_age + V4 + (1 | subject) + (1 | obs)", epil, flat(100),
        {"a0": "beta[Intercept]", "a1": "beta[base4]", "a2": "beta[treated]", "a3": "beta[base4:treated]",
         "a4": "beta[log_age]", "a5": "beta[V4]", "sigma": "sd_obs[Intercept]",
         "sigma1": "sd_subject[Intercept]"}, "poisson"),
    "blocker": Case(
        "r | trials(n) ~ 0 + trial + treated + (0 + treated | trial)", blocker,
        {"beta": normal(1e5**0.5), "beta[treated]": normal(1000), "sd": PRECISION},
        {"d": "beta[treated]", "sigma": "sd_trial[treated]", "mu[1]": "beta[trial[t1]]",
         "mu[22]": "beta[trial[t22]]"}, "binomial"),
    "lsat": Case(
        "right ~ 0 + item + (1 | student)", lsat,
        {"beta": normal(100), "sd": gb.Prior("HalfNormal", sigma=100)},
        {f"a[{k}]": f"beta[item[item{k}]]" for k in range(1, 6)} | {"beta": "sd_student[Intercept]"},
        "bernoulli"),
    "oxford": Case(
        "r | trials(n) ~ 0 + stratum + case + case_year + case_square + (0 + case | stratum)", oxford,
        {"beta": normal(1000), "sd": gb.Prior("Uniform", lower=0, upper=3)},
        {"alpha": "beta[case]", "beta1": "beta[case_year]", "beta2": "beta[case_square]",
         "sigma": "sd_stratum[case]"}, "binomial"),
}  # fmt: skip
