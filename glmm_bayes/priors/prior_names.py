"""Resolved linear predictors in, the names that a user's priors may carry and what each must be out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from glmm_bayes.core.errors import Findings, PriorError
from glmm_bayes.core.registry import suggestion
from glmm_bayes.covariances.resolve import BlockCovariance
from glmm_bayes.design.columns import INTERCEPT_LABEL
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.several import SPECIFIC
from glmm_bayes.families import Family
from glmm_bayes.priors.group_priors import level_parameters
from glmm_bayes.priors.monotonic import monotonic_terms, prior_columns
from glmm_bayes.priors.names import PLAIN, PredictorNames, element, prefix_of
from glmm_bayes.priors.predictors import Predictor, Target
from glmm_bayes.spec.peers import peer_hint
from glmm_bayes.spec.prior import Prior

#: Covariance structures of a design's grouping factors.
Covariances = Sequence[tuple[BlockCovariance, ...]]
#: The two places where a prior of an intercept may be meant: the average row, and x = 0.
INTERCEPTS = ("Intercept", element("beta", INTERCEPT_LABEL))


def known_parameters(
    predictors: Mapping[str, Predictor], family: Family, single: Sequence[str]
) -> dict[str, str]:
    """List the names that a prior of a resolved model may carry, and where each parameter lives."""
    targets = [Target(part.name, part.link, part.design, part.role) for part in predictors.values()]
    covariances = {part.name: [group.blocks for group in part.groups] for part in predictors.values()}
    return _parameters(targets, covariances, family, single)


def _parameters(
    targets: Sequence[Target], covariances: Mapping[str, Covariances], family: Family, single: Sequence[str]
) -> dict[str, str]:
    """List the names that a prior may carry, and where the parameter lives."""
    names: dict[str, str] = {}
    for target in targets:
        predictor_names = _names_of(
            target.design, list(zip(target.design.groups, covariances[target.name], strict=True))
        )
        if target.role == "category":
            names |= predictor_names
        if target.role == "threshold":
            names |= {
                PredictorNames(prefix_of(SPECIFIC)).of(name): place for name, place in predictor_names.items()
            }
            names |= {"beta": predictor_names["beta"]}
        names |= {f"{prefix_of(target.name)}{name}": place for name, place in predictor_names.items()}
    names |= {name: "sd" if name == "sigma" else family.kinds[name].support for name in single}
    return names | ({"thresholds": "real"} if family.has_thresholds else {})


def _names_of(
    design: Design, pairs: Sequence[tuple[GroupDesign, tuple[BlockCovariance, ...]]]
) -> dict[str, str]:
    """List the names of one linear predictor's parameters, without its prefix."""
    columns = prior_columns(design.columns)
    names = {"beta": "real"} if any(column.factors for column in columns) else {}
    names |= {"Intercept": "real"} if not all(column.factors for column in columns) else {}
    labelled = [group.slug for group, _ in pairs if any(block.block.label for block in group.blocks)]
    correlated = [
        group.slug for group, blocks in pairs if any(block.effects.is_correlated for block in blocks)
    ]
    correlated = list(dict.fromkeys(correlated + labelled))
    if design.groups:
        names["sd"] = "sd"
    if correlated:
        names["corr"] = "correlation"
    names |= {element("beta", column.label): "real" for column in columns}
    terms = monotonic_terms(design.columns)
    names |= {name: "simplex" for term in terms for name in ("simplex", element("simplex", term.term))}
    for group, blocks in pairs:
        sd = PLAIN.of_factor("sd", group.slug)
        names[sd] = "sd"
        names |= {element(sd, effect): "sd" for effect in group.effects}
        if group.slug in correlated:
            names[PLAIN.of_factor("corr", group.slug)] = "correlation"
        places = level_parameters(blocks)
        names |= {PLAIN.of_factor(name, group.slug): place for name, place in places.items()}
    return names


def check_priors(
    targets: Sequence[Target],
    covariances: Mapping[str, Covariances],
    family: Family,
    single: Sequence[str],
    given: Mapping[str, Prior],
) -> None:
    """Refuse priors that name no parameter, do not fit its support, or speak of one intercept twice."""
    findings = Findings(PriorError)
    parameters = _parameters(targets, covariances, family, single)
    for name, prior in given.items():
        if name not in parameters:
            listed = ", ".join(parameters)
            near = intercept_hint(name, parameters) or peer_hint(name) or suggestion(name, parameters)
            hint = " ".join(filter(None, (near, f"Parameters: {listed}.")))
            findings.error("prior", f"no parameter '{name}'.", hint=hint)
        elif not _fits(prior.support, parameters[name]):
            word, remedy = _NEEDED[parameters[name]]
            hint = f"Write gb.Prior({remedy})." if remedy else ""
            findings.error("prior", f"the prior of {name} must be {word}; {prior!r} is not.", hint=hint)
        elif prior.of and parameters[name] != "sd":
            message = f'of="{prior.of}" is for sigma and standard deviations of effects; {name} is neither.'
            findings.error("prior", message, hint="Leave of out: the prior then is of the parameter.")
    findings.raise_errors()
    _check_intercepts(given, findings)
    findings.raise_errors()


def _check_intercepts(given: Mapping[str, Prior], findings: Findings) -> None:
    """Collect intercepts with two priors, one at the average row and one at x = 0."""
    average, zero = INTERCEPTS
    for name in given:
        prefix = name.removesuffix(average)
        if name.endswith(average) and f"{prefix}{zero}" in given:
            message = f"'{name}' is the intercept at the average row, '{prefix}{zero}' the same at x = 0."
            findings.error("prior", message, hint="Write one of the two.")


def intercept_hint(name: str, parameters: Collection[str]) -> str:
    """Say how the prior of an intercept is written, or that there is none."""
    average, zero = INTERCEPTS
    if name.endswith("beta") and f"{name}[{INTERCEPT_LABEL}]" in parameters:
        intercept_name = f"{name.removesuffix('beta')}{average}"
        sentence = f"'{name}' is of slopes, and there are none. The intercept is '{intercept_name}',"
        return f"{sentence} at the average row, or '{name}[{INTERCEPT_LABEL}]'."
    suffix = next((suffix for suffix in (zero, average) if name.endswith(suffix)), None)
    if suffix is None:
        return ""
    prefix = name.removesuffix(suffix)
    if not prefix and "thresholds" in parameters:
        return "The thresholds stand in the place of an intercept: write 'thresholds'."
    names = PredictorNames(prefix)
    if names.beta in parameters and names.of(average) not in parameters:
        return f"There is no intercept; cell means and slopes are all in '{names.beta}'."
    return ""


def _fits(support: str, needed: str) -> bool:
    positive = ("positive", "unit")
    inside = {"real": ("real", *positive), "positive": positive, "sd": positive}
    return support in inside.get(needed, (needed,))


# What a prior must be, and one that is.
_NEEDED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "real": ("real", ""),
        "positive": ("positive", '"HalfNormal", sigma=1'),
        "sd": ("positive", '"HalfNormal", sigma=1'),
        "unit": ("between 0 and 1", '"Beta", alpha=2, beta=2'),
        "correlation": ("an LKJ distribution", '"LKJ", eta=2'),
        "simplex": ("a Dirichlet distribution", '"Dirichlet", alpha=1'),
    }
)
