"""Fit real data sets and hold the posteriors against those of Stan, and against maximum likelihood by lme4.

Run ``python benchmarks/references.py [names...]``: it prints a table and writes
``benchmarks/results/references.json``. Two kinds of reference, two bars.

``stan``: posteriors by brms and rstan (``tests/oracles/posteriors.json``) under the same priors on the same,
uncentred columns. Each mean must lie within 4 Monte Carlo errors of both sides together, each sd within
5 % or 4 such errors of sds.

``lme4``: maximum likelihood (``tests/oracles/maximum_likelihood.json``, ``insteval.json``) with weak priors:
each coefficient's posterior mean must lie within 0.25 posterior sd of the estimate, and the 95 % equal-tailed
interval of each standard deviation and correlation must hold it. No estimate lies on its boundary.

A reference's parameters are named as brms and lme4 group them: ``b[x]``, ``sd[factor, effect]``,
``cor[factor; effect, effect]``; ``names`` of a case gives ours for each.

A model also has to converge: R-hat below 1.01 and no divergence. Where a first run did not, or left the Monte
Carlo error large, its case has more draws or a smaller step; the seed is the same for all.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from arviz_stats.base import array_stats

import glmm_bayes as gb
from glmm_bayes.infer.diagnostics import parameters

HERE = Path(__file__).resolve().parent
ORACLES = HERE.parent / "tests" / "oracles"
RESULT = HERE / "results" / "references.json"
SEED = 20261123
TUNE, CHAINS = 1000, 4

Priors = Mapping[str, gb.Prior]
NORMAL = gb.Prior("Normal", mu=0, sigma=2.5)
#: The references' priors of counts and shares: b ~ normal(0, 2.5), sd ~ half-normal(0, 1).
UNIT: Priors = {"beta": NORMAL, "sd": gb.Prior("HalfNormal", sigma=1)}
#: The same with sd ~ half-normal(0, 2.5).
WIDE: Priors = {"beta": NORMAL, "sd": gb.Prior("HalfNormal", sigma=2.5)}
SLEEP: Priors = {
    "beta[Intercept]": gb.Prior("Normal", mu=250, sigma=100),
    "beta[Days]": gb.Prior("Normal", mu=0, sigma=50),
    "sd_Subject[Intercept]": gb.Prior("HalfNormal", sigma=50),
    "sd_Subject[Days]": gb.Prior("HalfNormal", sigma=20),
    "corr_Subject": gb.Prior("LKJ", eta=2),
    "sigma": gb.Prior("HalfNormal", sigma=50),
}
#: For maximum likelihood: responses in units of one to a hundred; flat over what their data can tell.
FLAT: Priors = {
    "beta": gb.Prior("Normal", mu=0, sigma=1000),
    "sd": gb.Prior("HalfStudentT", nu=3, sigma=50),
    "sigma": gb.Prior("HalfStudentT", nu=3, sigma=50),
}
FLAT_CORRELATED: Priors = {**FLAT, "corr": gb.Prior("LKJ", eta=1)}


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
    """A model of real data with its priors, and ours for each of the reference's names."""

    kind: str
    formula: str
    data: Callable[[], pd.DataFrame]
    priors: Priors
    names: Mapping[str, str]
    family: str = "gaussian"
    draws: int = 2500
    target_accept: float = 0.95
    known: Callable[[], dict[str, Any]] = field(default=dict)


def names(coefficients: str, sds: str = "", **others: str) -> dict[str, str]:
    """Pair the reference's names with ours.

    ``coefficients`` lists ``theirs=ours`` without ``b[]`` and ``beta[]``, or one name where they agree;
    ``sds`` lists factors, each with its random intercept; ``others`` gives what is left, ours to theirs.
    """
    pairs = {"b[(Intercept)]": "beta[Intercept]"}
    for entry in coefficients.split():
        theirs, _, ours = entry.partition("=")
        pairs[f"b[{theirs}]"] = f"beta[{ours or theirs}]"
    pairs |= {f"sd[{factor}, (Intercept)]": f"sd_{factor}[Intercept]" for factor in sds.split()}
    return pairs | {theirs: ours for ours, theirs in others.items()}


def slope(factor: str, theirs: str, ours: str) -> dict[str, str]:
    """Pair the names of a correlated random slope."""
    return {
        f"sd[{factor}, {theirs}]": f"sd_{factor}[{ours}]",
        f"cor[{factor}; (Intercept), {theirs}]": f"corr_{factor}[Intercept, {ours}]",
    }


RESIDUAL = {"sigma": "sigma"}
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
        names("lbase trtprogabide=trt[progabide] lage V4 lbase:trtprogabide=lbase:trt[progabide]",
              "obs subject"), "poisson", draws=8000),
    "grouseticks": Case(
        "stan", "TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION)",
        lambda: stored("grouseticks.csv.gz", "INDEX BROOD LOCATION", YEAR="95 96 97"), UNIT,
        names("YEAR96=YEAR[96] YEAR97=YEAR[97] cHEIGHT", "BROOD INDEX LOCATION"), "poisson", draws=10000),
    "nc_sids_iid": Case(
        "stan", COUNTY + "(1 | county)", packaged("nc_sids"), UNIT, names("nw10", "county"), "poisson"),
    # brms's sdcar scales an intrinsic CAR with precision D - W: the sd of Besag's conditional law, as ours.
    "nc_sids_icar": Case(
        "stan", COUNTY + '(1 | gr(county, structure = "icar", graph = W))', packaged("nc_sids"), UNIT,
        names("nw10") | {"sdcar": "sd_county[Intercept]"}, "poisson",
        known=lambda: {"W": gb.load_dataset("nc_sids_neighbours")}),
    "verbagg": Case(
        "stan", "y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item)",
        lambda: stored("VerbAgg.csv.gz", "id item", Gender="F M", btype="curse scold shout",
                       situ="other self"),
        UNIT, names("Anger GenderM=Gender[M] btypescold=btype[scold] btypeshout=btype[shout] "
                    "situself=situ[self]", "id item"), "bernoulli", draws=8000, target_accept=0.9),
    "penicillin": Case(
        "lme4", "diameter ~ 1 + (1 | plate) + (1 | sample)", lambda: stored("Penicillin.csv.gz"), FLAT,
        names("", "plate sample") | RESIDUAL, draws=10000, target_accept=0.999),
    "pastes": Case(
        "lme4", "strength ~ 1 + (1 | batch) + (1 | sample)", lambda: stored("Pastes.csv.gz"), FLAT,
        names("", "batch sample") | RESIDUAL, draws=10000, target_accept=0.99),
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
}  # fmt: skip


def reference_of(name: str) -> dict[str, Any]:
    """Read what the other software found."""
    if CASES[name].kind == "stan":
        return _read("posteriors.json")[name]  # type: ignore[no-any-return]
    return (_read("maximum_likelihood.json") | _read("insteval.json"))[name]  # type: ignore[no-any-return]


def _read(name: str) -> dict[str, Any]:
    return json.loads((ORACLES / name).read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def model_of(name: str) -> gb.Model:
    """Build one case's model."""
    case = CASES[name]
    return gb.Model(
        case.formula, case.data(), family=case.family, priors=dict(case.priors), known=case.known()
    )


def run(name: str) -> dict[str, Any]:
    """Fit one case and put each of the reference's parameters beside ours."""
    case, reference = CASES[name], reference_of(name)
    started = time.perf_counter()
    fit = model_of(name).fit(
        draws=case.draws, tune=TUNE, chains=CHAINS, cores=2, seed=SEED, target_accept=case.target_accept
    )
    seconds = time.perf_counter() - started
    table, draws = gb.summary(fit), parameters(fit)
    theirs = reference["parameters" if case.kind == "stan" else "estimates"]
    assert set(theirs) == set(case.names), set(theirs) ^ set(case.names)
    assert set(case.names.values()) == set(table.index), set(case.names.values()) ^ set(table.index)
    compare = _with_posterior if case.kind == "stan" else _with_estimate
    return {
        "kind": case.kind,
        "formula": case.formula,
        "family": case.family,
        "priors": {parameter: str(prior) for parameter, prior in case.priors.items()},
        "reference": {key: reference[key] for key in ("formula", "call", "software") if key in reference},
        "sampler": {
            "engine": "nutpie",
            "chains": CHAINS,
            "tune": TUNE,
            "draws": case.draws,
            "target_accept": case.target_accept,
            "seed": SEED,
        },
        "seconds": round(seconds, 1),
        "rows": len(case.data()),
        "max_r_hat": float(table["r_hat"].max()),
        "min_ess_bulk": float(table["ess_bulk"].min()),
        "divergences": int(fit.draws["sample_stats"]["diverging"].sum()),
        "parameters": {
            ours: {"reference": key} | _ours(draws[ours]) | compare(draws[ours], theirs[key])
            for key, ours in case.names.items()
        },
    }


def _ours(draws: np.ndarray) -> dict[str, float]:
    axes = {"chain_axis": 0, "draw_axis": 1}
    return {
        "mean": float(draws.mean()),
        "sd": float(draws.std(ddof=1)),
        "mcse_mean": float(array_stats.mcse(draws, method="mean", **axes)),
        "mcse_sd": float(array_stats.mcse(draws, method="sd", **axes)),
    }


def _with_posterior(draws: np.ndarray, theirs: dict[str, float]) -> dict[str, float]:
    ours = _ours(draws)
    return {
        **{f"reference_{key}": theirs[key] for key in ("mean", "sd", "mcse_mean", "mcse_sd")},
        "z_mean": (ours["mean"] - theirs["mean"]) / float(np.hypot(ours["mcse_mean"], theirs["mcse_mean"])),
        "z_sd": (ours["sd"] - theirs["sd"]) / float(np.hypot(ours["mcse_sd"], theirs["mcse_sd"])),
        "sd_ratio": ours["sd"] / theirs["sd"],
    }


def _with_estimate(draws: np.ndarray, estimate: float) -> dict[str, float]:
    lower, upper = np.quantile(draws, [0.025, 0.975])
    return {
        "estimate": estimate,
        "lower": float(lower),
        "upper": float(upper),
        "gap_in_sd": float((draws.mean() - estimate) / draws.std(ddof=1)),
    }


def holds(parameter: str, found: dict[str, Any]) -> bool:
    """Tell whether one parameter lies within its bar."""
    if "estimate" not in found:
        same_sd = abs(found["sd_ratio"] - 1) <= 0.05 or abs(found["z_sd"]) <= 4
        return bool(abs(found["z_mean"]) <= 4 and same_sd)
    if parameter.startswith("beta["):
        return bool(abs(found["gap_in_sd"]) <= 0.25)
    return bool(found["lower"] <= found["estimate"] <= found["upper"])


def verdict(result: dict[str, Any]) -> bool:
    """Tell whether a model holds: convergence and each parameter."""
    within = all(holds(parameter, found) for parameter, found in result["parameters"].items())
    return bool(result["max_r_hat"] < 1.01 and result["divergences"] == 0 and within)


def line(name: str, result: dict[str, Any]) -> str:
    """Write one model's row of the table."""
    found = result["parameters"].values()
    if result["kind"] == "stan":
        worst = f"largest |z| of means {max(abs(entry['z_mean']) for entry in found):.2f}, " + (
            f"of sds {max(abs(entry['z_sd']) for entry in found):.2f}, "
            f"sd ratios {min(e['sd_ratio'] for e in found):.3f} to {max(e['sd_ratio'] for e in found):.3f}"
        )
    else:
        gaps = [abs(e["gap_in_sd"]) for p, e in result["parameters"].items() if p.startswith("beta[")]
        worst = f"largest gap of coefficients {max(gaps):.3f} sd"
    failed = [parameter for parameter, entry in result["parameters"].items() if not holds(parameter, entry)]
    return (
        f"{name:20}{result['kind']:5} {'holds' if verdict(result) else 'FAILS':6}{result['seconds']:6.0f} s  "
        f"R-hat {result['max_r_hat']:.4f}  ESS {result['min_ess_bulk']:5.0f}  "
        f"divergences {result['divergences']}  {worst}  {' '.join(failed)}"
    )


def main() -> None:
    """Run the cases named on the command line, or all."""
    for name in sys.argv[1:] or list(CASES):
        found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"results": {}}
        result = run(name)
        libraries = ("glmm-bayes", "pymc", "nutpie", "numpy", "arviz")
        result["versions"] = {library: version(library) for library in libraries}
        found["results"][name] = result
        found["machine"] = {"machine": platform.machine(), "cores": os.cpu_count()}
        RESULT.parent.mkdir(exist_ok=True)
        RESULT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(line(name, result), flush=True)


if __name__ == "__main__":
    main()
