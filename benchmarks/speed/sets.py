"""Data sets of the protocol, each with one model and every prior written out.

All laws are normal (coefficients), half-normal (standard deviations, residual scale, shape) and LKJ
(correlations): what every peer has. The intercept's prior is of the average row, as in Bambi, brms and
rstanarm; nothing else is centred or scaled. Products of columns are columns of their own here: what the
average row of an interaction is differs between tools.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

import glmm_bayes as gb
from benchmarks.speed.simulated import nearly_single_rows, slopes_of_500_groups

ROOT = Path(__file__).resolve().parents[2]
ORACLES = ROOT / "tests" / "oracles" / "data"


@dataclass(frozen=True)
class Set:
    """A data set and its model.

    Attributes
    ----------
    formula : str
    data : function
    family : str
    intercept : tuple of float
        Mean and standard deviation of its prior, at the average row.
    slope : float
        Standard deviation of the priors of all other coefficients.
    sd : float
        Scale of the half-normal priors of standard deviations that ``sds`` does not name.
    sds : mapping of str to float
        By ``sd_<factor>[effect]``.
    eta : float or None
        Of the LKJ prior, where effects are correlated.
    dispersion : float or None
        Scale of the half-normal prior of ``sigma`` or ``shape``.
    others_formula : str
        In the words of Bambi, where they are not the same; empty where they are.
    is_core : bool
        Whether it is measured with several seeds.
    is_tiny : bool
        Whether its peers need less than ten seconds: start-up alone.
    """

    formula: str
    data: Callable[[], pd.DataFrame]
    family: str = "bernoulli"
    intercept: tuple[float, float] = (0.0, 2.5)
    slope: float = 2.5
    sd: float = 2.5
    sds: Mapping[str, float] = field(default_factory=dict)
    eta: float | None = None
    dispersion: float | None = None
    others_formula: str = ""
    is_core: bool = False
    is_tiny: bool = False

    def priors(self) -> dict[str, gb.Prior]:
        """Write the priors in the words of this package."""
        found = {
            "Intercept": gb.Prior("Normal", mu=self.intercept[0], sigma=self.intercept[1]),
            "sd": gb.Prior("HalfNormal", sigma=self.sd),
            **{name: gb.Prior("HalfNormal", sigma=scale) for name, scale in self.sds.items()},
        }
        if not self.formula.split("~")[1].strip().startswith("1 +"):
            found["beta"] = gb.Prior("Normal", mu=0, sigma=self.slope)
        if self.eta is not None:
            found["corr"] = gb.Prior("LKJ", eta=self.eta)
        if self.dispersion is not None:
            name = "sigma" if self.family == "gaussian" else "shape"
            found[name] = gb.Prior("HalfNormal", sigma=self.dispersion)
        return found

    def model(self, data: pd.DataFrame | None = None) -> gb.Model:
        """Build this package's model, of all data or of these."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", gb.GlmmWarning)
            data = self.data() if data is None else data
            return gb.Model(self.formula, data, family=self.family, priors=self.priors())


def packaged(name: str) -> Callable[[], pd.DataFrame]:
    """Load a data set of the package when it is needed."""
    return lambda: gb.load_dataset(name)


def stored(name: str, labels: str = "", **levels: str) -> Callable[[], pd.DataFrame]:
    """Read a data set of the tests when it is needed; ``levels`` are declared in R's order."""

    def read() -> pd.DataFrame:
        file = Path(__file__).parents[1] / "data" / name if name == "InstEval.csv.gz" else ORACLES / name
        frame = pd.read_csv(file, dtype=dict.fromkeys([*labels.split(), *levels], str))
        for column, order in levels.items():
            frame[column] = pd.Categorical(frame[column], categories=order.split())
        return frame

    return read


def toenail() -> pd.DataFrame:
    """Load toenail infections, with months under terbinafine."""
    frame = gb.load_dataset("toenail")
    return frame.assign(treated_time=(frame["treatment"] == "terbinafine") * frame["time"])


def epil() -> pd.DataFrame:
    """Load seizures, with log counts before treatment of those who had progabide."""
    frame = gb.load_dataset("epil")
    return frame.assign(treated_lbase=(frame["trt"] == "progabide") * frame["lbase"])


def owls() -> pd.DataFrame:
    """Read calls of owl nestlings, with those of satiated ones to a male parent told apart."""
    levels = {"FoodTreatment": "Deprived Satiated", "SexParent": "Female Male"}
    frame = stored("Owls.csv.gz", "Nest", **levels)()
    both = (frame["FoodTreatment"] == "Satiated") & (frame["SexParent"] == "Male")
    return frame.assign(satiated_male=both.astype(float))


HSB = stored("Hsb82.csv.gz", "school", sector="Public Catholic")
HSB_FIXED = "mAch ~ meanses * cses + sector * cses + "
RATINGS = stored("InstEval.csv.gz", "s d dept_service", service="0 1")
SLEEP = {"sd_Subject[Intercept]": 50.0, "sd_Subject[Days]": 20.0}

SETS = {
    "cbpp": Set(
        "cbind(incidence, size - incidence) ~ period + (1 | herd)", packaged("cbpp"), "binomial",
        others_formula="p(incidence, size) ~ period + (1 | herd)", is_core=True, is_tiny=True),
    "sleepstudy": Set(
        "Reaction ~ Days + (1 + Days | Subject)", packaged("sleepstudy"), "gaussian", (300.0, 140.0),
        50.0, 50.0, SLEEP, 2.0, 50.0, is_core=True, is_tiny=True),
    "sleepstudy_independent": Set(
        "Reaction ~ Days + (1 + Days || Subject)", packaged("sleepstudy"), "gaussian", (300.0, 140.0),
        50.0, 50.0, SLEEP, None, 50.0, "Reaction ~ Days + (1 | Subject) + (0 + Days | Subject)",
        is_tiny=True),
    "toenail": Set(
        "y ~ treatment + time + treated_time + (1 | patientID)", toenail, is_core=True),
    "epil": Set(
        "y ~ lbase + trt + treated_lbase + lage + V4 + (1 | subject) + (1 | obs)", epil, "poisson",
        sd=1.0, is_core=True),
    "Hsb82": Set(
        HSB_FIXED + "(1 + cses | school)", HSB, "gaussian", (13.0, 10.0), 5.0, 5.0, {}, 2.0, 10.0,
        is_core=True),
    "Hsb82_independent": Set(
        HSB_FIXED + "(1 + cses || school)", HSB, "gaussian", (13.0, 10.0), 5.0, 5.0, {}, None, 10.0,
        HSB_FIXED + "(1 | school) + (0 + cses | school)"),
    "VerbAgg": Set(
        "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        stored("VerbAgg.csv.gz", "id item", Gender="F M", btype="curse scold shout", situ="other self"),
        is_core=True),
    "S1": Set("y ~ x + (1 + x | g)", slopes_of_500_groups, sd=1.0, eta=2.0, is_core=True),
    "S1_independent": Set(
        "y ~ x + (1 + x || g)", slopes_of_500_groups, sd=1.0,
        others_formula="y ~ x + (1 | g) + (0 + x | g)"),
    "S2": Set("y ~ x1 + x2 + (1 | g)", nearly_single_rows, is_core=True),
    "grouseticks": Set(
        "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        stored("grouseticks.csv.gz", "INDEX BROOD LOCATION", YEAR="95 96 97"), "poisson", sd=1.0,
        is_core=True),
    "bacteria": Set("y01 ~ trt + week_gt2 + (1 | ID)", packaged("bacteria"), is_tiny=True),
    "Dyestuff": Set(
        "Yield ~ 1 + (1 | Batch)", stored("Dyestuff.csv.gz", "Batch"), "gaussian", (1500.0, 100.0),
        sd=100.0, dispersion=100.0, is_tiny=True),
    "Penicillin": Set(
        "diameter ~ 1 + (1 | plate) + (1 | sample)", stored("Penicillin.csv.gz", "plate sample"),
        "gaussian", (23.0, 10.0), sd=5.0, dispersion=5.0, is_tiny=True),
    "Pastes": Set(
        "strength ~ 1 + (1 | batch) + (1 | sample)", stored("Pastes.csv.gz", "batch sample"),
        "gaussian", (60.0, 10.0), sd=5.0, dispersion=5.0, is_tiny=True),
    "ohio": Set("resp ~ age + smoke + (1 | id)", stored("ohio.csv", "id")),
    "Contraception": Set(
        "y ~ urban + age + livch + (1 + urban | district)",
        stored("Contraception.csv.gz", "district", urban="N Y", livch="0 1 2 3+"), sd=1.0, eta=2.0),
    "Owls": Set(
        "SiblingNegotiation ~ FoodTreatment + SexParent + satiated_male + offset(log_brood) + (1 | Nest)",
        owls,
        "negative_binomial", sd=1.0, dispersion=10.0),
    "Salamanders": Set(
        "count ~ mined + spp + (1 | site)",
        stored("Salamanders.csv.gz", "site", mined="yes no", spp="GP PR DM EC-A EC-L DES-L DF"),
        "negative_binomial", sd=1.0, dispersion=10.0),
    "radon": Set(
        "log_radon ~ floor + log_uranium + (1 + floor | county)", stored("radon.csv.gz", "county"),
        "gaussian", (1.0, 2.5), sd=1.0, eta=2.0, dispersion=2.5),
    "InstEval": Set(
        "y ~ service + (1 | s) + (1 | d) + (1 | dept_service)", RATINGS, "gaussian", (3.0, 2.0),
        sd=1.0, dispersion=2.0),
    "InstEval_four": Set(
        "y4 ~ service + (1 | s) + (1 | d) + (1 | dept_service)",
        lambda: RATINGS().assign(y4=lambda frame: (frame["y"] >= 4).astype(int)), sd=1.0),
}  # fmt: skip
CORE = tuple(name for name, each in SETS.items() if each.is_core)
QUICK = ("cbpp", "toenail", "epil")
