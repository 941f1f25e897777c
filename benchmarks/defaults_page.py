"""The results of ``defaults.py`` in, the page ``docs/defaults.md`` out, with the reason of each large gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LIMIT = 0.5
#: Reasons that several parameters share; ``claims`` holds each to the numbers.
KINDS: Mapping[str, str] = {
    "edge": "The estimate lies at the edge of what the parameter can be. A posterior mean never does.",
    "skewed": "The posterior is skewed to the right, as there are few levels, or little to tell large values "
    "apart: its mean lies above its mode, which REML and ML estimate.",
    "ML": "Maximum likelihood takes the coefficients as known and so estimates an sd too small (REML mends "
    "that for Gaussian responses); the posterior averages over them, and is skewed to the right besides.",
    "correlation": "A correlation's posterior is wide and ends at -1 and 1: its mean lies nearer to 0 than "
    "its mode, the estimate.",
}
_THRESHOLDS = (
    "Dirichlet(1) on the probabilities of the five categories at the average row counts as much as one "
    "observation in each, beside 72: the outer thresholds move inwards, and the effect of temperature with "
    "them. With wide normal priors on the thresholds the gaps of the logit model are .02, .08 and .17."
)
_ZEROS = (
    "Partly the default prior of zi's coefficients, Normal(0, 1.5): with Normal(0, 20) the gaps are -.35 and "
    ".29. Sites vary more in the posterior than in the estimate (above), and account for some of the zeros."
)
#: Which kind each large gap is of, or a reason of its own.
REASONS: Mapping[tuple[str, str], str] = {
    ("sleepstudy", "sd_Subject[Intercept]"): "The correlation's prior is uniform at the average day, where "
    "REML's own is .75. The posterior holds smaller ones too, each with a larger sd at day 0; and with 18 "
    "subjects it is skewed to the right.",
    ("bacteria", "sd_ID[Intercept]"): "ML",
    ("epil", "sd_subject[Intercept]"): "ML",
    ("epil_nb", "sd_subject[Intercept]"): "ML",
    ("cake", "sd_batch[Intercept]"): "skewed",
    ("verbagg", "sd_item[Intercept]"): "ML",
    ("verbagg_ordinal", "sd_item[Intercept]"): "ML",
    ("cbpp_beta_binomial", "sd_herd[Intercept]"): "edge",
    ("salamanders_nb", "sd_site[Intercept]"): "ML",
    ("salamanders_nb1", "sd_site[Intercept]"): "ML",
    ("salamanders_zip", "sd_site[Intercept]"): "ML",
    ("salamanders_zinb", "sd_site[Intercept]"): "ML",
    ("salamanders_zinb", "shape"): "skewed",
    ("salamanders_hurdle", "sd_site[Intercept]"): "ML",
    ("salamanders_zip", "zi_beta[Intercept]"): _ZEROS,
    ("salamanders_zip", "zi_beta[mined[no]]"): _ZEROS,
    ("salamanders_zinb", "zi_beta[mined[no]]"): "The negative binomial holds nearly all zeros where nothing "
    "was mined, and the likelihood hardly bounds zero-inflation from below: with Normal(0, 20) the means of "
    "zi's coefficients are -6.7 and -10.6. The default prior, Normal(0, 1.5), bounds it.",
} | {
    (model, parameter): _THRESHOLDS
    for model in ("wine", "wine_probit")
    for parameter in ("beta[temp[warm]]", "thresholds[3|4]", "thresholds[4|5]")
}


def gap(entry: Mapping[str, float]) -> float:
    """Return the posterior mean less the estimate, in posterior sds."""
    return (entry["mean"] - entry["estimate"]) / entry["sd"]


def claims(kind: str, method: str, entry: Mapping[str, float]) -> bool:
    """Tell whether the numbers are as a shared reason says."""
    estimate, mean = entry["estimate"], entry["mean"]
    is_skewed = entry["skewness"] > 0.2 and mean > entry["median"] > estimate
    return {
        "edge": abs(estimate) < 1e-3 or abs(estimate) > 0.99,
        "skewed": is_skewed,
        "ML": is_skewed and "REML" not in method,
        "correlation": abs(mean) < abs(estimate) <= 0.99,
    }[kind]


def reason(name: str, parameter: str) -> str:
    """Return why a gap is large; empty if nobody has said it."""
    said = REASONS.get((name, parameter), "")
    return KINDS.get(said, said)


def shown(parameter: str) -> str:
    """Write a parameter as code in the cell of a table."""
    return f"`{parameter}`".replace("|", "\\|")


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
            lines.append(f"| {name} | {shown(parameter)} | {gap(entry):+.2f} | {reason(name, parameter)} |")
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
            f"| {shown(parameter)} | {e['estimate']:.4g} | {e['mean']:.4g} | {e['sd']:.3g} "
            f"| {e['median']:.4g} | {gap(e):+.2f} |"
            for parameter, e in result["parameters"].items()
        ]
        lines.append("")
    return "\n".join(lines)
