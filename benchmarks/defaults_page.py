"""The results of ``defaults.py`` in, the page ``docs/defaults.md`` out, with the reason of each large gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LIMIT = 0.5
#: Reasons that hold for any parameter of their kind, by a word; ``kind_of`` says which.
KINDS: Mapping[str, str] = {
    "edge": "The estimate lies at the edge of what the parameter can be. A posterior mean never does.",
    "skewed": "The posterior is skewed to the right: few levels, or little to tell large values apart. Its "
    "mean lies above its mode, which REML and ML estimate, and the estimate lies well inside it.",
    "correlation": "A correlation's posterior is wide and ends at -1 and 1: its mean lies nearer to 0 than "
    "its mode, the estimate.",
    "given": "A coefficient of a given level grows with the standard deviation of the levels. The posterior "
    "averages over sds, larger ones more than smaller ones; the estimate takes one.",
}
#: What is of one parameter alone.
REASONS: Mapping[tuple[str, str], str] = {
    ("sleepstudy", "sd_Subject[Intercept]"): "The correlation's prior is uniform at the average day, where "
    "REML's own is .75. The posterior holds smaller ones too, each with a larger sd at day 0; and with 18 "
    "subjects it is skewed to the right.",
}


def gap(entry: Mapping[str, float]) -> float:
    """Return the posterior mean less the estimate, in posterior sds."""
    return (entry["mean"] - entry["estimate"]) / entry["sd"]


def kind_of(parameter: str, entry: Mapping[str, float]) -> str:
    """Return which reason a gap has, or nothing if none of them fits."""
    is_scale = not parameter.startswith(("beta[", "zi_beta[", "hu_beta[", "thresholds[", "corr_"))
    estimate = entry["estimate"]
    if (is_scale and estimate < 1e-3) or (parameter.startswith("corr_") and abs(estimate) > 0.99):
        return "edge"
    if parameter.startswith("corr_"):
        return "correlation" if abs(entry["mean"]) < abs(estimate) else ""
    if is_scale:
        return "skewed" if entry["mean"] > estimate and entry["skewness"] > 0.2 else ""
    return "given" if abs(entry["mean"]) > abs(estimate) and entry["mean"] * estimate > 0 else ""


def reason(name: str, parameter: str, entry: Mapping[str, float]) -> str:
    """Return why a gap is large; empty if nobody has said it."""
    return REASONS.get((name, parameter), KINDS.get(kind_of(parameter, entry), ""))


def large_gaps(results: Mapping[str, Any]) -> dict[tuple[str, str], Mapping[str, float]]:
    """List the parameters whose gap is above the limit."""
    return {
        (name, parameter): entry
        for name, result in results.items()
        for parameter, entry in result["parameters"].items()
        if abs(gap(entry)) > LIMIT
    }


def page(results: Mapping[str, Any], models: Iterable[str]) -> str:
    """Write the page; models without a result yet are named."""
    count = sum(len(result["parameters"]) for result in results.values())
    large = large_gaps(results)
    lines = [
        "# Default priors beside REML and maximum likelihood",
        "",
        "<!-- made by benchmarks/defaults.py from benchmarks/results/defaults.json -->",
        "",
        f"{len(results)} models of real data, {count} parameters, no prior but the defaults. The gap is the",
        "posterior mean less the estimate (lme4's REML for Gaussian responses, else maximum likelihood), in",
        f"posterior sds. {len(large)} gaps are above {LIMIT}; their reasons stand below.",
        "",
    ]
    missing = [name for name in models if name not in results]
    if missing:
        lines += [f"Not fitted yet (`python benchmarks/defaults.py` goes on): {', '.join(missing)}.", ""]
    if large:
        lines += ["## Gaps above .5", "", "| model | parameter | gap | reason |", "|---|---|---|---|"]
        for (name, parameter), entry in large.items():
            lines.append(f"| {name} | `{parameter}` | {gap(entry):+.2f} | {reason(name, parameter, entry)} |")
        lines.append("")
    lines += ["## All models", ""]
    for name, result in results.items():
        link = f", {result['link']} link" if result["link"] else ""
        lines += [
            f"### {name}",
            "",
            f"`{result['formula']}`, {result['family']}{link}; {result['method']}; R-hat "
            f"{result['max_r_hat']:.3f}, {result['divergences']} divergences",
            "",
            "| parameter | estimate | posterior mean | sd | median | gap |",
            "|---|---|---|---|---|---|",
        ]
        lines += [
            f"| `{parameter}` | {e['estimate']:.4g} | {e['mean']:.4g} | {e['sd']:.3g} | {e['median']:.4g} "
            f"| {gap(e):+.2f} |"
            for parameter, e in result["parameters"].items()
        ]
        lines.append("")
    return "\n".join(lines)
