"""A Fit in; its parameters with their Monte Carlo error, and a verdict on the sampler in plain words, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from glmm_bayes.core.escapes import visible
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.captioned import captioned
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.priors.names import element
from glmm_bayes.priors.posterior import Posterior, Variable, shared_labels
from glmm_bayes.priors.predictors import Predictor
from glmm_bayes.priors.priors import Priors, SharedEffects

_RHAT_LIMIT = 1.01
_ESS_PER_CHAIN = 100
_BFMI_LIMIT = 0.3
#: A chain is stuck if fewer than this share of its draws differ; a healthy one rejects few.
_DISTINCT_SHARE = 0.05
#: Nor does one move any more that stays at one place for more draws than this, and than this share of all.
_STAY, _STAY_SHARE = 10, 0.25
#: A chain that moves by less than this, beside the size of a parameter, does not move.
_ROUNDING = 1e-12
#: R-hat and effective sample sizes are of at least so many draws a chain.
_FEWEST_DRAWS = 4
#: Beyond so many times as many draws, drawing more is no advice.
_MOST_TIMES = 20


def summary(fit: Fit, *, probability: float | None = None, interval: str | None = None) -> pd.DataFrame:
    """Summarise coefficients, standard deviations, correlations and auxiliaries with diagnostics.

    Parameters
    ----------
    fit : Fit
    probability : float, optional
        Of the intervals; default: ArviZ's ``rcParams["stats.ci_prob"]``, 0.89 unless it was changed.
    interval : {"eti", "hdi"}, optional
        Equal-tailed or the narrowest; default: ArviZ's ``rcParams["stats.ci_kind"]``.

    Returns
    -------
    pandas.DataFrame
        Indexed by parameter, on the scale of its linear predictor or, without one, its own: ``mean``, ``sd``,
        the interval, ``mcse_mean``, ``ess_bulk``, ``ess_tail`` (of the 5% and 95% quantiles), ``r_hat``; what
        too few draws or draws that are not finite do not give is NaN. Coefficients are
        subject-specific: what changes for a given group; under ``interpretation="population"`` those of
        the mean are population-averaged. (``coefficients`` shows both.)

    Raises
    ------
    PredictionError
        ``fit`` if it is none; ``values`` unless the probability lies between 0 and 1, ``interval`` for an
        unknown kind.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat.

    Examples
    --------
    >>> import glmm_bayes as gb
    >>> model = gb.Model("Reaction ~ Days + (1 | Subject)", gb.load_dataset("sleepstudy"))
    >>> fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0]]]})
    >>> gb.summary(fit)["mean"].to_dict()
    {'beta[Intercept]': 250.0, 'beta[Days]': 10.0, 'sd_Subject[Intercept]': 30.0}
    """
    check_fit(fit, any_number=True)
    shown = read_interval(probability, interval)
    draws = parameters(fit)
    rows = [_row(values, shown) for values in draws.values()]
    table = pd.DataFrame(rows, index=pd.Index(draws, name="parameter"))
    marginal = any(predictor.is_marginal for predictor in fit.predictors.values())
    estimand = "subject-specific parameters of the model, in the coding of the formula"
    if marginal:
        estimand = "population-averaged coefficients and parameters of the model, in the formula's coding"
    caption = f"{estimand}; mean and {shown.name}"
    return captioned(table, caption, fit, estimand=estimand, **shown.attrs)


def _row(values: Array, interval: Interval) -> dict[str, float]:
    """Summarise the (chain, draw) draws of one parameter; what needs finite ones is NaN without them."""
    from arviz_stats.base import array_stats

    with np.errstate(invalid="ignore"):
        ends = interval.ends(values.reshape(-1))
        spread = float(values.std(ddof=1)) if values.size > 1 else np.nan
        row = {"mean": float(values.mean()), "sd": spread}
    row |= dict(zip(interval.columns, map(float, ends), strict=True))
    if not np.isfinite(values).all() or values.shape[1] < _FEWEST_DRAWS:
        return row | dict.fromkeys(("mcse_mean", "ess_bulk", "ess_tail", "r_hat"), np.nan)
    axes = {"chain_axis": 0, "draw_axis": 1}
    # Draws that do not differ have no variance to divide by: their R-hat is NaN.
    with np.errstate(divide="ignore", invalid="ignore"):
        return row | {
            "mcse_mean": float(array_stats.mcse(values, method="mean", **axes)),
            "ess_bulk": float(array_stats.ess(values, method="bulk", **axes)),
            "ess_tail": float(array_stats.ess(values, method="tail", prob=(0.05, 0.95), **axes)),
            "r_hat": float(array_stats.rhat(values, **axes)) if len(values) > 1 else np.nan,
        }


def parameters(fit: Fit) -> dict[str, Array]:
    """List the parameters that a reader looks at, each with its (chain, draw) draws."""
    posterior = fit.draws["posterior"]
    result: dict[str, Array] = {}
    for predictor in fit.predictors.values():
        result |= _of_predictor(predictor, posterior)
    known = fit.definition.posterior
    of_one = [variable for variable in known.of_role("threshold") if fit.is_single]
    for variable in of_one:
        result |= _elements(variable, known, posterior)
    for shared in fit.priors.shared:
        result |= _joint_correlations(shared, fit.priors, posterior)
    single = fit.priors.auxiliary
    result |= {name: posterior[name].to_numpy() for name in single if name in posterior}
    for variable in (*known.of_role("threshold"), *known.of_role("residual_correlation")):
        result |= {} if variable in of_one else _elements(variable, known, posterior)
    return result


def _elements(variable: Variable, known: Posterior, posterior: Any) -> dict[str, Array]:
    """List the numbers of thresholds, or of one triangle of a matrix, by their names."""
    if variable.name not in posterior:
        return {}
    values, labels = posterior[variable.name].to_numpy(), known.labels[variable.dims[0]]
    if len(variable.dims) == 1:
        return {element(variable.name, label): values[:, :, k] for k, label in enumerate(labels)}
    return {
        element(variable.name, labels[i], labels[j]): values[:, :, i, j]
        for j in range(len(labels))
        for i in range(j)
    }


def _of_predictor(predictor: Predictor, posterior: Any) -> dict[str, Array]:
    design, prefix = predictor.design, predictor.prefix
    beta = posterior[predictor.names.beta].to_numpy()
    result = {f"{prefix}beta[{name}]": beta[:, :, k] for k, name in enumerate(design.coefficients)}
    for group, prior in zip(design.groups, predictor.groups, strict=True):
        sd_name = predictor.names.of_factor("sd", group.slug)
        if sd_name in posterior:
            sd = posterior[sd_name].to_numpy()
            for first in dict.fromkeys(prior.sd_of_effect):
                index = prior.sd_of_effect.index(first)
                result[f"{sd_name}[{group.effects[index]}]"] = sd[:, :, index]
        corr_name = predictor.names.of_factor("corr", group.slug)
        if corr_name in posterior:
            corr = posterior[corr_name].to_numpy()
            for first, second in prior.pairs:
                pair = f"{group.effects[first]}, {group.effects[second]}"
                result[f"{corr_name}[{pair}]"] = corr[:, :, first, second]
        single = [predictor.names.of_factor(name, group.slug) for name in prior.sampled_values]
        result |= {name: posterior[name].to_numpy() for name in single if name in posterior}
    return result


def _joint_correlations(shared: SharedEffects, priors: Priors, posterior: Any) -> dict[str, Array]:
    """List the correlations between effects of different linear predictors."""
    name = shared.names.correlation
    if name not in posterior:
        return {}
    labels, corr = shared_labels(shared, priors), posterior[name].to_numpy()
    owner = [member for member, positions in enumerate(shared.positions) for _ in positions]
    return {
        f"{name}[{labels[i]}, {labels[j]}]": corr[:, :, i, j]
        for j in range(shared.size)
        for i in range(j)
        if owner[i] != owner[j]
    }


@dataclass(frozen=True)
class SamplerCheck:
    """One check of the sampler: what was looked at, whether it passed, and what to do if not."""

    check: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Diagnosis:
    """What passed, what did not, and what to do about it."""

    findings: tuple[SamplerCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed; True of draws that hold nothing to check."""
        return all(finding.passed for finding in self.findings)

    @property
    def verdict(self) -> str:
        """Whether the draws can be used, in one sentence; what to look at if not."""
        failed = [finding.check for finding in self.findings if not finding.passed]
        if not self.findings:
            return "The draws were made elsewhere and hold nothing to diagnose."
        if not failed:
            return "The sampler gave no sign of trouble: the draws can be used."
        return f"Look before you use the draws: {', '.join(failed)}."

    def __str__(self) -> str:
        lines = [self.verdict]
        lines += [f"  {'ok  ' if f.passed else 'LOOK'}  {f.check}: {f.sentence}" for f in self.findings]
        return visible("\n".join(lines))

    __repr__ = __str__


def diagnose(fit: Fit) -> Diagnosis:
    """Say in plain words what passed, what did not, and what to do about it.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    Diagnosis
        ``passed``, True or False; ``verdict``, one sentence; ``findings``, each with its ``check``,
        ``passed`` and ``sentence``. Print shows them all.

    Raises
    ------
    PredictionError
        ``fit`` if it is none.

    References
    ----------
    Vehtari, Gelman, Simpson, Carpenter and Buerkner (2021), Rank-normalization, folding, and
    localization: an improved R-hat. Betancourt (2016), Diagnosing suboptimal cotangent disintegrations.

    Examples
    --------
    >>> import glmm_bayes as gb, numpy as np
    >>> model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    >>> rng = np.random.default_rng(1)
    >>> draws = {"beta": rng.normal(1, 0.1, (4, 500, 2)), "sd_subject": rng.uniform(0.4, 0.6, (4, 500, 1))}
    >>> diagnosis = gb.diagnose(gb.Fit.from_draws(model, draws))
    >>> diagnosis.passed, [finding.check for finding in diagnosis.findings]
    (True, ['R-hat', 'effective sample size'])
    """
    check_fit(fit, any_number=True)
    stuck, same = _stuck(fit), _same_chains(fit)
    flaws = [SamplerCheck(flaw.check, False, f"{flaw.account}.") for flaw in fit.flaws]
    findings = [*flaws, *stuck, *same]
    is_sampled = "sample_stats" in fit.draws.children
    if fit.shape[1] >= _FEWEST_DRAWS:
        findings += _convergence(fit, bool(stuck) or bool(_diverged_chains(fit)))
    elif is_sampled:
        sentence = f"{fit.shape[1]} a chain; R-hat and effective sample sizes need {_FEWEST_DRAWS}."
        findings.append(SamplerCheck("draws", False, sentence))
    if is_sampled:
        statistics = {str(k): v.to_numpy() for k, v in fit.draws["sample_stats"].data_vars.items()}
        findings += _sampler(statistics)
    return Diagnosis(tuple(findings))


def _convergence(fit: Fit, is_stuck: bool) -> list[SamplerCheck]:
    """Judge R-hat and effective sample sizes of the parameters that move."""
    findings, table = [], summary(fit)
    still = table.index[table["sd"] == 0].tolist()
    if still:
        findings.append(
            SamplerCheck("variation", False, f"no draw of {', '.join(still)} differs from another.")
        )
    if fit.shape[0] == 1:
        sentence = "R-hat cannot be computed from one chain: sample at least two, better four."
        findings.append(SamplerCheck("one chain", False, sentence))
    moving = table.drop(index=still)
    moving = moving[moving["ess_bulk"].notna()]
    if len(moving) and fit.shape[0] > 1:
        findings.append(_rhat(moving, is_stuck))
    return findings + ([_ess(moving, fit.shape[0], is_stuck)] if len(moving) else [])


def _stuck(fit: Fit) -> list[SamplerCheck]:
    """Name the chains that stayed where they were, and a parameter that shows it."""
    least = max(2, int(_DISTINCT_SHARE * fit.shape[1]))
    if fit.shape[1] < 2 * least:
        return []
    stuck: dict[int, str] = {}
    for name, draws in parameters(fit).items():
        for chain in _still_chains(draws, least):
            stuck.setdefault(chain, name)
    if not stuck:
        return []
    chains = ", ".join(str(chain + 1) for chain in sorted(stuck))
    sentence = (
        f"chain {chains} of {fit.shape[0]} hardly moved ({stuck[min(stuck)]}): its draws say nothing. "
        "Sample again with another seed; if it stays, leave priors out for the defaults, or rescale columns."
    )
    return [SamplerCheck("stuck chains", False, sentence)]


def _same_chains(fit: Fit) -> list[SamplerCheck]:
    """Name chains that hold the same draws as one before them: one chain, counted twice."""
    every = list(parameters(fit).values())
    first_of: dict[bytes, int] = {}
    copies = []
    for chain in range(fit.shape[0]):
        content = b"".join(np.ascontiguousarray(draws[chain]).tobytes() for draws in every)
        first = first_of.setdefault(content, chain)
        if first != chain:
            copies.append((first + 1, chain + 1))
    if not copies or not any(np.ptp(draws) > 0 for draws in every):
        return []
    first, second = copies[0]
    sentence = f"chains {first} and {second} hold the same draws: one chain, twice."
    return [SamplerCheck("same chains", False, sentence)]


def _diverged_chains(fit: Fit) -> list[int]:
    """List the chains of which every draw diverged, from 1."""
    if "sample_stats" not in fit.draws.children or "diverging" not in fit.draws["sample_stats"]:
        return []
    diverging = fit.draws["sample_stats"]["diverging"].to_numpy()
    return [chain + 1 for chain, flags in enumerate(diverging) if flags.size and flags.all()]


def _still_chains(draws: Array, least: int) -> list[int]:
    """List the chains that stood still: few distinct draws, one for long, or moved by rounding alone."""
    finite = draws[np.isfinite(draws)]
    # A parameter that is the same number in all chains is no matter of one chain.
    if not finite.size or np.ptp(finite) == 0:
        return []
    rounding = _ROUNDING * np.abs(finite).max()
    return [
        chain
        for chain, of_chain in enumerate(draws)
        if len(np.unique(of_chain)) < least
        or _longest_stay(of_chain) > max(_STAY, _STAY_SHARE * len(of_chain))
        or (np.isfinite(of_chain).all() and np.ptp(of_chain) <= rounding)
    ]


def _longest_stay(draws: Array) -> int:
    """Count the draws of the longest run of equal ones."""
    moves = np.flatnonzero(np.diff(draws) != 0) + 1
    return int(np.diff(np.concatenate([[0], moves, [len(draws)]])).max())


def _rhat(table: pd.DataFrame, is_stuck: bool) -> SamplerCheck:
    worst = str(table["r_hat"].idxmax())
    value = float(table["r_hat"].max())
    if value <= _RHAT_LIMIT:
        return SamplerCheck("R-hat", True, f"at most {value:.3f} ({worst}); chains agree.")
    shown = f"{value:.3f}" if value < 100 else f"{value:.2g}"
    advice = "A chain that does not move meets no other." if is_stuck else "Sample longer; look at its trace."
    return SamplerCheck(
        "R-hat", False, f"{shown} for {worst} (limit {_RHAT_LIMIT}): chains disagree. {advice}"
    )


def _ess(table: pd.DataFrame, chains: int, is_stuck: bool) -> SamplerCheck:
    wanted = _ESS_PER_CHAIN * chains
    smallest = table[["ess_bulk", "ess_tail"]].min(axis=1)
    worst, value = str(smallest.idxmin()), float(smallest.min())
    if value >= wanted:
        return SamplerCheck(
            "effective sample size", True, f"at least {value:.0f} ({worst}); {wanted} are enough."
        )
    factor = int(np.ceil(wanted / max(value, 1.0)))
    advice = f"draw {factor} times as many."
    if is_stuck:
        advice = "more draws of a chain that does not move are worth nothing."
    elif factor > _MOST_TIMES:
        advice = "the chains hardly mix, which more draws alone do not mend: rescale columns, or set priors."
    sentence = f"{value:.0f} for {worst} (want {wanted}): {advice}"
    return SamplerCheck("effective sample size", False, sentence)


def _sampler(statistics: Mapping[str, NDArray[np.float64]]) -> list[SamplerCheck]:
    findings = []
    if "diverging" in statistics:
        count, total = int(statistics["diverging"].sum()), statistics["diverging"].size
        sentence = f"none in {total} draws."
        if count == total:
            sentence = f"every one of {total} draws diverged: the sampler did not move, they say nothing."
        elif spoiled := [chain + 1 for chain, flags in enumerate(statistics["diverging"]) if flags.all()]:
            chains, of = ", ".join(map(str, spoiled)), len(statistics["diverging"])
            sentence = (
                f"every draw of chain {chains} of {of} diverged: it did not move, its draws say nothing. "
                "Sample again with another seed, or tighter priors."
            )
        elif count:
            sentence = (
                f"{count} of {total} draws diverged: intervals may be too short. "
                "Try target_accept=0.95 or a prior that keeps standard deviations away from 0."
            )
        findings.append(SamplerCheck("divergences", not count, sentence))
    if "reached_max_treedepth" in statistics:
        share = float(statistics["reached_max_treedepth"].mean())
        sentence = f"{share:.1%} of draws stopped at the longest trajectory."
        findings.append(
            SamplerCheck(
                "tree depth",
                share < 0.05,
                sentence + ("" if share < 0.05 else " Rescale predictors or sample longer."),
            )
        )
    if "energy" in statistics:
        findings.append(_energy(statistics["energy"]))
    return findings


def _energy(energy: Array) -> SamplerCheck:
    """Judge how far the energy of draws moves in one step, beside how far it moves at all."""
    check = "energy (BFMI)"
    if energy.shape[1] < _FEWEST_DRAWS:
        sentence = f"cannot be judged from {energy.shape[1]} a chain; it needs {_FEWEST_DRAWS} draws."
        return SamplerCheck(check, False, sentence)
    gaps = int((~np.isfinite(energy)).sum())
    if gaps:
        sentence = f"cannot be judged: it is not finite in {gaps} of {energy.size} draws. Use tighter priors."
        return SamplerCheck(check, False, sentence)
    still = [str(chain + 1) for chain in np.flatnonzero((energy == energy[:, :1]).all(axis=1))]
    if still:
        sentence = f"cannot be judged: it is the same in all draws of chain {', '.join(still)}."
        return SamplerCheck(check, False, sentence)
    # A power of two changes no digit, and no square overflows.
    scaled = np.ldexp(energy, -int(np.frexp(np.abs(energy).max())[1]))
    bfmi = float((np.square(np.diff(scaled, axis=1)).mean(axis=1) / scaled.var(axis=1)).min())
    good = bfmi >= _BFMI_LIMIT
    advice = "" if good else " Heavy tails: sample longer or use tighter priors."
    return SamplerCheck(check, good, f"{bfmi:.2f} in the worst chain (limit {_BFMI_LIMIT}).{advice}")
