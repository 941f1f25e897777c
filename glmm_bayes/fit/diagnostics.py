"""A Fit in; a verdict on its chains and on the sampler, in plain words, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.escapes import visible
from glmm_bayes.core.maths import Array
from glmm_bayes.fit.convergence import ess_bulk, ess_tail, r_hat
from glmm_bayes.fit.fit import Fit, check_fit
from glmm_bayes.fit.parameters import FEWEST_DRAWS, parameters

_RHAT_LIMIT = 1.01
_ESS_PER_CHAIN = 100
_BFMI_LIMIT = 0.3
#: A chain is stuck if fewer than this share of its draws differ; a healthy one rejects few.
_DISTINCT_SHARE = 0.05
#: Nor does one move any more that stays at one place for more draws than this, and than this share of all.
_STAY, _STAY_SHARE = 10, 0.25
#: A chain that moves by less than this, beside the size of a parameter, does not move.
_ROUNDING = 1e-12
#: Beyond so many times as many draws, drawing more is no advice.
_MOST_TIMES = 20


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
    statistics = fit.drawn.statistics
    if fit.shape[1] >= FEWEST_DRAWS:
        findings += _convergence(fit, bool(stuck) or bool(_diverged_chains(fit)))
    elif statistics:
        sentence = f"{fit.shape[1]} a chain; R-hat and effective sample sizes need {FEWEST_DRAWS}."
        findings.append(SamplerCheck("draws", False, sentence))
    if statistics:
        findings += _sampler(statistics)
    return Diagnosis(tuple(findings))


def _convergence(fit: Fit, is_stuck: bool) -> list[SamplerCheck]:
    """Judge R-hat and effective sample sizes of the parameters that move."""
    every, findings = parameters(fit), []
    with np.errstate(invalid="ignore"):
        still = [name for name, draws in every.items() if draws.size > 1 and draws.std(ddof=1) == 0]
    if still:
        findings.append(
            SamplerCheck("variation", False, f"no draw of {', '.join(still)} differs from another.")
        )
    if fit.shape[0] == 1:
        sentence = "R-hat cannot be computed from one chain: sample at least two, better four."
        findings.append(SamplerCheck("one chain", False, sentence))
    moving = {name: draws for name, draws in every.items() if name not in still and np.isfinite(draws).all()}
    with np.errstate(divide="ignore", invalid="ignore"):
        r_hats = {name: r_hat(draws) for name, draws in moving.items() if len(draws) > 1}
        sizes = {name: min(ess_bulk(draws), ess_tail(draws)) for name, draws in moving.items()}
    # Draws that hardly differ have no variance to divide by.
    known = {name: value for name, value in r_hats.items() if not np.isnan(value)}
    findings += [_rhat(known, is_stuck)] if known else []
    return findings + ([_ess(sizes, fit.shape[0], is_stuck)] if sizes else [])


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
    diverging = fit.drawn.statistics.get("diverging", ())
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


def _rhat(values: Mapping[str, float], is_stuck: bool) -> SamplerCheck:
    worst = max(values, key=values.__getitem__)
    value = values[worst]
    if value <= _RHAT_LIMIT:
        return SamplerCheck("R-hat", True, f"at most {value:.3f} ({worst}); chains agree.")
    shown = f"{value:.3f}" if value < 100 else f"{value:.2g}"
    advice = "A chain that does not move meets no other." if is_stuck else "Sample longer; look at its trace."
    return SamplerCheck(
        "R-hat", False, f"{shown} for {worst} (limit {_RHAT_LIMIT}): chains disagree. {advice}"
    )


def _ess(sizes: Mapping[str, float], chains: int, is_stuck: bool) -> SamplerCheck:
    wanted = _ESS_PER_CHAIN * chains
    worst = min(sizes, key=sizes.__getitem__)
    value = sizes[worst]
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
    if energy.shape[1] < FEWEST_DRAWS:
        sentence = f"cannot be judged from {energy.shape[1]} a chain; it needs {FEWEST_DRAWS} draws."
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
