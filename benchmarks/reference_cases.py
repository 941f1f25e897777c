"""Models of real data sets that have a reference, with their priors and our names of its parameters.

A reference's parameters are named as brms, lme4, glmmTMB and clmm group them: ``b[x]``, ``zi[x]`` (of the
second formula), ``threshold[k]``, ``sd[factor, effect]``, ``cor[factor; effect, effect]``; ``names`` of a
case gives ours for each.

Priors for maximum likelihood are weak: ``FLAT`` for Gaussian responses, ``LOOSE`` for all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

import glmm_bayes as gb

ORACLES = Path(__file__).resolve().parents[1] / "tests" / "oracles"

Priors = dict[str, gb.Prior]
NORMAL = gb.Prior("Normal", mu=0, sigma=2.5)
#: The references' priors of counts and shares: b ~ normal(0, 2.5), sd ~ half-normal(0, 1).
UNIT: Priors = {"beta": NORMAL, "beta[Intercept]": NORMAL, "sd": gb.Prior("HalfNormal", sigma=1)}
#: The same with sd ~ half-normal(0, 2.5).
WIDE: Priors = {**UNIT, "sd": gb.Prior("HalfNormal", sigma=2.5)}
SLEEP: Priors = {
    "beta[Intercept]": gb.Prior("Normal", mu=250, sigma=100),
    "beta[Days]": gb.Prior("Normal", mu=0, sigma=50),
    "sd_Subject[Intercept]": gb.Prior("HalfNormal", sigma=50),
    "sd_Subject[Days]": gb.Prior("HalfNormal", sigma=20),
    "corr_Subject": gb.Prior("LKJ", eta=2),
    "sigma": gb.Prior("HalfNormal", sigma=50),
}
#: The references' priors of ordered categories; each threshold is that where the columns are 0.
ORDERED: Priors = {"beta": NORMAL, "sd": WIDE["sd"], "thresholds": gb.Prior("Normal", mu=0, sigma=5)}
#: The references' priors of the cakes' angles, 16 to 63 degrees.
ANGLE: Priors = {
    "beta": gb.Prior("Normal", mu=0, sigma=5),
    "beta[Intercept]": gb.Prior("Normal", mu=0, sigma=5),
    "sd": gb.Prior("HalfNormal", sigma=1),
    "shape": gb.Prior("HalfNormal", sigma=100),
}
#: For maximum likelihood: responses in units of one to a hundred; flat over what their data can tell.
FLAT: Priors = {
    "beta": gb.Prior("Normal", mu=0, sigma=1000),
    "beta[Intercept]": gb.Prior("Normal", mu=0, sigma=1000),
    "sd": gb.Prior("HalfStudentT", nu=3, sigma=50),
    "sigma": gb.Prior("HalfStudentT", nu=3, sigma=50),
}
#: For maximum likelihood on the scale of a log, a logit or a probit: factors of e^20 are within reach.
LOOSE: Priors = {
    "beta": gb.Prior("Normal", mu=0, sigma=10),
    "beta[Intercept]": gb.Prior("Normal", mu=0, sigma=10),
    "sd": gb.Prior("HalfNormal", sigma=5),
}
#: With one probability of an extra zero for all rows, and with one that depends on columns.
LOOSE_ZERO: Priors = {**LOOSE, "zi_beta[Intercept]": LOOSE["beta"]}
LOOSE_ZEROS: Priors = {**LOOSE_ZERO, "zi_beta": LOOSE["beta"]}
LOOSE_HURDLE: Priors = {**LOOSE, "hu_beta[Intercept]": LOOSE["beta"], "hu_beta": LOOSE["beta"]}
LOOSE_ORDERED: Priors = {"beta": LOOSE["beta"], "sd": LOOSE["sd"], "thresholds": LOOSE["beta"]}
#: Flat over the shapes that the likelihood leaves; a beta-binomial's phi, whose likelihood stays positive
#: as it goes to infinity, keeps the package's prior: uniform for 1/sqrt(1 + phi).
LOOSE_SHAPE: Priors = {"shape": gb.Prior("HalfNormal", sigma=1000)}
FLAT_CORRELATED: Priors = {**FLAT, "corr": gb.Prior("LKJ", eta=1)}


def without_slopes(priors: Priors) -> Priors:
    """Return the priors of a model whose one coefficient is the intercept."""
    return {name: prior for name, prior in priors.items() if name != "beta"}


def stored(name: str, labels: str = "", **levels: str) -> pd.DataFrame:
    """Read a data set of the tests; ``labels`` are read as text, ``levels`` declared in R's order."""
    as_text = dict.fromkeys([*labels.split(), *levels], str)
    frame = pd.read_csv(ORACLES / "data" / name, dtype=as_text)
    for column, order in levels.items():
        frame[column] = pd.Categorical(frame[column], categories=order.split())
        assert frame[column].notna().all(), column
    return frame


def packaged(name: str) -> Callable[[], pd.DataFrame]:
    """Load one of the package's data sets when it is needed."""
    return lambda: gb.load_dataset(name)


@dataclass(frozen=True)
class Case:
    """A model of real data with its priors, and ours for each of the reference's names.

    ``at_zero`` has our names of standard deviations whose estimate is 0: no equal-tailed interval holds it.
    """

    kind: str
    formula: str | gb.Formula
    data: Callable[[], pd.DataFrame]
    priors: Priors
    names: Mapping[str, str]
    family: str = "gaussian"
    link: str | None = None
    draws: int = 2500
    target_accept: float = 0.95
    known: Callable[[], dict[str, Any]] = field(default=dict)
    at_zero: tuple[str, ...] = ()


def names(coefficients: str, sds: str = "", **others: str) -> dict[str, str]:
    """Pair the reference's names with ours.

    ``coefficients`` lists ``theirs=ours`` without ``b[]`` and ``beta[]``, or one name where they agree;
    ``sds`` lists factors, each with its random intercept; ``others`` gives what is left, ours to theirs.
    """
    pairs = of_formula("b", "beta", f"(Intercept)=Intercept {coefficients}") | intercepts(sds)
    return pairs | {theirs: ours for ours, theirs in others.items()}


def of_formula(theirs: str, ours: str, coefficients: str) -> dict[str, str]:
    """Pair the names of one linear predictor's coefficients, or of thresholds."""
    pairs = [(left, right or left) for left, _, right in (e.partition("=") for e in coefficients.split())]
    return {f"{theirs}[{left}]": f"{ours}[{right}]" for left, right in pairs}


def intercepts(factors: str) -> dict[str, str]:
    """Pair the names of random intercepts."""
    return {f"sd[{factor}, (Intercept)]": f"sd_{factor}[Intercept]" for factor in factors.split()}


def ordinal(thresholds: str, coefficients: str, sds: str) -> dict[str, str]:
    """Pair the names of an ordinal model, whose thresholds stand in the place of the intercept."""
    return (
        of_formula("threshold", "thresholds", thresholds)
        | of_formula("b", "beta", coefficients)
        | intercepts(sds)
    )


def slope(factor: str, theirs: str, ours: str) -> dict[str, str]:
    """Pair the names of a correlated random slope."""
    return {
        f"sd[{factor}, {theirs}]": f"sd_{factor}[{ours}]",
        f"cor[{factor}; (Intercept), {theirs}]": f"corr_{factor}[Intercept, {ours}]",
    }


def ticks() -> pd.DataFrame:
    """Load ticks on grouse chicks."""
    return stored("grouseticks.csv.gz", "INDEX BROOD LOCATION", YEAR="95 96 97")


def wine() -> pd.DataFrame:
    """Load ratings of the bitterness of wine."""
    return stored("wine.csv.gz", "bottle judge", temp="cold warm", contact="no yes")


def inhaler() -> pd.DataFrame:
    """Load ratings of the clarity of inhalers' leaflets."""
    return stored("inhaler.csv.gz", "subject")


def koch() -> pd.DataFrame:
    """Load states of patients on four days."""
    return stored("koch.csv.gz", "id", dayf="3 7 10 14")


def cake() -> pd.DataFrame:
    """Load angles at which chocolate cakes broke."""
    return stored("cake.csv.gz", "replicate batch", recipe="A B C")


def bcg() -> pd.DataFrame:
    """Load trials of the BCG vaccine: log relative risks and their standard errors."""
    return stored("dat.bcg.csv.gz", "trial")


def owls() -> pd.DataFrame:
    """Load calls of owl nestlings."""
    return stored("Owls.csv.gz", "Nest", FoodTreatment="Deprived Satiated", SexParent="Female Male")


def salamanders() -> pd.DataFrame:
    """Load counts of salamanders in streams."""
    return stored("Salamanders.csv.gz", "site", mined="yes no", spp="GP PR DM EC-A EC-L DES-L DF")


def verbal_aggression() -> pd.DataFrame:
    """Load answers on verbal aggression, their three categories in order."""
    frame = stored("VerbAgg.csv.gz", "id item", Gender="F M", btype="curse scold shout", situ="other self",
                   resp="no perhaps yes")  # fmt: skip
    frame["resp"] = frame["resp"].cat.as_ordered()
    return frame


RESIDUAL = {"sigma": "sigma"}
SHAPE = {"shape": "shape"}
TICKS = "YEAR96=YEAR[96] YEAR97=YEAR[97] cHEIGHT"
SEIZURES = "lbase trtprogabide=trt[progabide] lage V4 lbase:trtprogabide=lbase:trt[progabide]"
WINE = "tempwarm=temp[warm] contactyes=contact[yes]"
KOCH = "trt dayf7=dayf[7] dayf10=dayf[10] dayf14=dayf[14]"
CAKE = "recipeB=recipe[B] recipeC=recipe[C] temp10"
VERBAGG = ("Anger GenderM=Gender[M] btypescold=btype[scold] btypeshout=btype[shout] "
           "situself=situ[self]")  # fmt: skip
OWLS = ("FoodTreatmentSatiated=FoodTreatment[Satiated] SexParentMale=SexParent[Male] "
        "FoodTreatmentSatiated:SexParentMale=FoodTreatment[Satiated]:SexParent[Male]")  # fmt: skip
SALAMANDERS = "minedno=mined[no] " + " ".join(
    f"spp{species}=spp[{species}]" for species in ("PR", "DM", "EC-A", "EC-L", "DES-L", "DF")
)
CALLS = "SiblingNegotiation ~ FoodTreatment * SexParent + offset(log_brood) + (1 | Nest)"
COUNTED = "count ~ mined + spp + (1 | site)"
COUNTY = "SID74 ~ nw10 + offset(log_expected74) + "
CASES = {
    "sleepstudy": Case(
        "stan", "Reaction ~ Days + (1 + Days | Subject)", packaged("sleepstudy"), SLEEP,
        names("Days", "Subject") | slope("Subject", "Days", "Days") | RESIDUAL),
    "toenail": Case(
        "stan", "y ~ treatment * time + (1 | patientID)", packaged("toenail"), WIDE,
        names("treatmentterbinafine=treatment[terbinafine] time "
              "treatmentterbinafine:time=treatment[terbinafine]:time", "patientID"),
        "bernoulli", draws=3000, target_accept=0.9),
    "cbpp": Case(
        "stan", "incidence | trials(size) ~ period + (1 | herd)", packaged("cbpp"), UNIT,
        names("period2=period[2] period3=period[3] period4=period[4]", "herd"), "binomial"),
    "bacteria": Case(
        "stan", "y01 ~ trt + week_gt2 + (1 | ID)", packaged("bacteria"), WIDE,
        names("trtdrug=trt[drug] trtdrug+=trt[drug+] week_gt2", "ID"), "bernoulli", draws=8000),
    "ohio": Case(
        "stan", "resp ~ age + smoke + (1 | id)", lambda: stored("ohio.csv", "id"), WIDE,
        names("age smoke", "id"), "bernoulli", target_accept=0.9),
    "contraception": Case(
        "stan", "y ~ urban + age + livch + (urban | district)",
        lambda: stored("Contraception.csv.gz", "district", urban="N Y", livch="0 1 2 3+"),
        {**UNIT, "corr": gb.Prior("LKJ", eta=2)},
        names("urbanY=urban[Y] age livch1=livch[1] livch2=livch[2] livch3+=livch[3+]", "district")
        | slope("district", "urbanY", "urban[Y]"), "bernoulli"),
    "epil": Case(
        "stan", "y ~ lbase * trt + lage + V4 + (1 | subject) + (1 | obs)", packaged("epil"), UNIT,
        names(SEIZURES, "obs subject"), "poisson", draws=8000),
    "grouseticks": Case(
        "stan", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        ticks, UNIT, names(TICKS, "BROOD INDEX LOCATION"), "poisson", draws=10000),
    "nc_sids_iid": Case(
        "stan", COUNTY + "(1 | county)", packaged("nc_sids"), UNIT, names("nw10", "county"), "poisson"),
    # brms's sdcar scales an intrinsic CAR with precision D - W: the sd of Besag's conditional law, as ours.
    "nc_sids_icar": Case(
        "stan", COUNTY + '(1 | gr(county, structure = "icar", graph = W))', packaged("nc_sids"), UNIT,
        names("nw10") | {"sdcar": "sd_county[Intercept]"}, "poisson",
        known=lambda: {"W": gb.load_dataset("nc_sids_neighbours")}),
    "verbagg": Case(
        "stan", "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        verbal_aggression, UNIT, names(VERBAGG, "id item"), "bernoulli", draws=8000, target_accept=0.9),
    "wine": Case(
        "stan", "rating ~ temp + contact + (1 | judge)", wine, ORDERED,
        ordinal("1=1|2 2=2|3 3=3|4 4=4|5", WINE, "judge"), "cumulative"),
    "inhaler": Case(
        "stan", "rating ~ treat + period + carry + (1 | subject)", inhaler, ORDERED,
        ordinal("1=1|2 2=2|3 3=3|4", "treat period carry", "subject"), "cumulative"),
    "koch": Case(
        "stan", "y ~ trt + dayf + (1 | id)", koch, ORDERED, ordinal("1=1|2 2=2|3", KOCH, "id"),
        "cumulative"),
    "cake": Case(
        "stan", "angle ~ recipe + temp10 + (1 | batch)", cake, ANGLE, names(CAKE, "batch") | SHAPE,
        "gamma", "log"),
    "dat_bcg": Case(
        "stan", "yi | se(sei) ~ 1 + (1 | trial)", bcg, without_slopes(UNIT), names("", "trial"), draws=5000),
    "dat_bcg_exact": Case(
        "quadrature", "yi | se(sei) ~ 1 + (1 | trial)", bcg, without_slopes(UNIT), names("", "trial"),
        draws=5000),
    "penicillin": Case(
        "lme4", "diameter ~ 1 + (1 | plate) + (1 | sample)", lambda: stored("Penicillin.csv.gz"),
        without_slopes(FLAT), names("", "plate sample") | RESIDUAL, draws=10000, target_accept=0.999),
    "pastes": Case(
        "lme4", "strength ~ 1 + (1 | batch) + (1 | sample)", lambda: stored("Pastes.csv.gz"),
        without_slopes(FLAT), names("", "batch sample") | RESIDUAL, draws=10000, target_accept=0.99),
    "orthodont_intercept": Case(
        "lme4", "distance ~ age + Sex + (1 | Subject)",
        lambda: stored("Orthodont.csv.gz", Sex="Male Female"), FLAT,
        names("age SexFemale=Sex[Female]", "Subject") | RESIDUAL),
    "orthodont_slope": Case(
        "lme4", "distance ~ age_c * Sex + (age_c | Subject)",
        lambda: stored("Orthodont.csv.gz", Sex="Male Female"), FLAT_CORRELATED,
        names("age_c SexFemale=Sex[Female] age_c:SexFemale=age_c:Sex[Female]", "Subject")
        | slope("Subject", "age_c", "age_c") | RESIDUAL),
    "hsb82": Case(
        "lme4", "mAch ~ meanses * cses + sector * cses + (cses | school)",
        lambda: stored("Hsb82.csv.gz", "school", sector="Public Catholic"), FLAT_CORRELATED,
        names("meanses cses sectorCatholic=sector[Catholic] meanses:cses "
              "cses:sectorCatholic=cses:sector[Catholic]", "school")
        | slope("school", "cses", "cses") | RESIDUAL, draws=1500, target_accept=0.9),
    "insteval": Case(
        "lme4", "y ~ service + (1 | s) + (1 | d) + (1 | dept_service)",
        lambda: stored("InstEval_students.csv.gz", "s d dept_service", service="0 1"), FLAT,
        names("service1=service[1]", "s d dept_service") | RESIDUAL, draws=1500, target_accept=0.9),
    "grouseticks_nb": Case(
        "glmmTMB", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION)", ticks, LOOSE | LOOSE_SHAPE,
        names(TICKS, "BROOD LOCATION") | SHAPE, "negative_binomial", draws=6000),
    "epil_nb": Case(
        "glmmTMB", "y ~ lbase * trt + lage + V4 + (1 | subject)", packaged("epil"), LOOSE | LOOSE_SHAPE,
        names(SEIZURES, "subject") | SHAPE, "negative_binomial", draws=1000),
    "salamanders_nb": Case(
        "glmmTMB", COUNTED, salamanders, LOOSE | LOOSE_SHAPE, names(SALAMANDERS, "site") | SHAPE,
        "negative_binomial", draws=1000),
    "salamanders_nb1": Case(
        "glmmTMB", COUNTED, salamanders, LOOSE | LOOSE_SHAPE, names(SALAMANDERS, "site") | SHAPE,
        "negative_binomial_1", draws=1000),
    "owls_nb1": Case(
        "glmmTMB", CALLS, owls, LOOSE | LOOSE_SHAPE, names(OWLS, "Nest") | SHAPE,
        "negative_binomial_1", draws=1000),
    "owls_zip": Case(
        "glmmTMB", gb.Formula(CALLS, zi="~ 1"), owls, LOOSE_ZERO,
        names(OWLS, "Nest") | of_formula("zi", "zi_beta", "(Intercept)=Intercept"),
        "zero_inflated_poisson"),
    "owls_zinb": Case(
        "glmmTMB", gb.Formula(CALLS, zi="~ 1"), owls, LOOSE_ZERO | LOOSE_SHAPE,
        names(OWLS, "Nest") | of_formula("zi", "zi_beta", "(Intercept)=Intercept") | SHAPE,
        "zero_inflated_negative_binomial", draws=1000),
    "salamanders_zip": Case(
        "glmmTMB", gb.Formula(COUNTED, zi="~ mined"), salamanders, LOOSE_ZEROS,
        names(SALAMANDERS, "site") | of_formula("zi", "zi_beta", "(Intercept)=Intercept minedno=mined[no]"),
        "zero_inflated_poisson", draws=1000),
    "salamanders_zinb": Case(
        "glmmTMB", gb.Formula(COUNTED, zi="~ mined"), salamanders, LOOSE_ZEROS | LOOSE_SHAPE,
        names(SALAMANDERS, "site") | of_formula("zi", "zi_beta", "(Intercept)=Intercept minedno=mined[no]")
        | SHAPE, "zero_inflated_negative_binomial", draws=1000),
    "salamanders_hurdle": Case(
        "glmmTMB", gb.Formula(COUNTED, hu="~ mined + spp"), salamanders, LOOSE_HURDLE | LOOSE_SHAPE,
        names(SALAMANDERS, "site") | of_formula("zi", "hu_beta", "(Intercept)=Intercept " + SALAMANDERS)
        | SHAPE, "hurdle_negative_binomial"),
    "cake_gamma": Case(
        "glmmTMB", "angle ~ recipe + temp10 + (1 | batch)", cake, LOOSE | LOOSE_SHAPE,
        names(CAKE, "batch") | SHAPE, "gamma", "log", draws=2500),
    "cbpp_beta_binomial": Case(
        "glmmTMB", "incidence | trials(size) ~ period + (1 | herd)", packaged("cbpp"), LOOSE,
        names("period2=period[2] period3=period[3] period4=period[4]", "herd", phi="phi"),
        "beta_binomial", draws=4000, target_accept=0.99, at_zero=("sd_herd[Intercept]",)),
    "inhaler_ml": Case(
        "clmm", "rating ~ treat + period + carry + (1 | subject)", inhaler, LOOSE_ORDERED,
        ordinal("1|2 2|3 3|4", "treat period carry", "subject"), "cumulative", draws=1000),
    "koch_ml": Case(
        "clmm", "y ~ trt + dayf + (1 | id)", koch, LOOSE_ORDERED, ordinal("1|2 2|3", KOCH, "id"),
        "cumulative", draws=1000),
    "wine_probit": Case(
        "clmm", "rating ~ temp + contact + (1 | judge)", wine, LOOSE_ORDERED,
        ordinal("1|2 2|3 3|4 4|5", WINE, "judge"), "cumulative", "probit", draws=1000),
    "verbagg_ordinal": Case(
        "clmm", "resp ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)", verbal_aggression,
        LOOSE_ORDERED, ordinal("no|perhaps perhaps|yes", VERBAGG, "id item"), "cumulative",
        draws=2500, target_accept=0.9),
}  # fmt: skip
