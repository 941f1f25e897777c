"""Priors of single numbers in, what the kernels know them by out."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import numpy as np

from glmm_bayes.families.parameters import Law
from glmm_bayes.spec.prior import Prior


class LawStruct(ctypes.Structure):
    """A law of the number v that is sampled, where the parameter is v^power + shift; as in the C sources."""

    _fields_ = (
        ("kind", ctypes.c_int64),
        ("a", ctypes.c_double),
        ("b", ctypes.c_double),
        ("c", ctypes.c_double),
        ("power", ctypes.c_double),
        ("shift", ctypes.c_double),
    )


#: Positive laws, by the order in the C sources, with their arguments.
_POSITIVE: dict[str, tuple[int, tuple[str, ...]]] = {
    "HalfNormal": (0, ("sigma",)),
    "HalfStudentT": (1, ("nu", "sigma")),
    "Exponential": (2, ("scale",)),
    "Gamma": (3, ("alpha", "beta")),
    "InverseGamma": (4, ("alpha", "beta")),
    "LogNormal": (5, ("mu", "sigma")),
    "Uniform": (6, ("lower", "upper")),
    "Beta": (13, ("alpha", "beta")),
}
#: Laws of any number.
_REAL: dict[str, tuple[int, tuple[str, ...]]] = {
    "Normal": (7, ("mu", "sigma")),
    "StudentT": (8, ("nu", "mu", "sigma")),
    "Laplace": (9, ("mu", "b")),
    "Logistic": (10, ("mu", "s")),
    "Uniform": (11, ("lower", "upper")),
}
#: Power and shift that take what is sampled to the parameter.
_FORMS = {
    "": (1.0, 0.0),
    "variance": (0.5, 0.0),
    "precision": (-0.5, 0.0),
    "inverse_root": (-2.0, 0.0),
    "share": (-2.0, -1.0),
    "above_two": (1.0, 2.0),
}
#: Standard laws of latent variables, by the link whose inverse is their distribution function.
_LATENT = {"logit": 10, "probit": 7, "cloglog": 12}
_FIXED = -1


def positive_law(law: Law) -> LawStruct | None:
    """Return a law of a positive number or of a function of it; None if kernels have none."""
    if law.transform not in _FORMS:
        return None
    prior = law.prior
    if prior.name == "HalfCauchy":
        return LawStruct(1, 1.0, prior["beta"], 0.0, *_FORMS[law.transform])
    if prior.name == "Uniform" and prior["lower"] < 0.0:
        return None
    return _struct(prior, _POSITIVE, _FORMS[law.transform])


def real_law(prior: Prior) -> LawStruct | None:
    """Return a law of a coefficient; None if kernels have none."""
    if prior.name == "Cauchy":
        return LawStruct(8, 1.0, prior["alpha"], prior["beta"], *_FORMS[""])
    return _struct(prior, _REAL, _FORMS[""])


def fixed_law(value: float) -> LawStruct:
    """Return the law of a number that is not sampled."""
    return LawStruct(_FIXED, value, 0.0, 0.0, *_FORMS[""])


def standard_law(link: str) -> LawStruct:
    """Return the law of the latent variable whose distribution function is the inverse of a link."""
    return LawStruct(_LATENT[link], 0.0, 1.0, 0.0, *_FORMS[""])


def _struct(
    prior: Prior, known: dict[str, tuple[int, tuple[str, ...]]], form: tuple[float, float]
) -> LawStruct | None:
    if prior.name not in known:
        return None
    kind, names = known[prior.name]
    arguments = [prior[name] for name in names] + [0.0] * (3 - len(names))
    return LawStruct(kind, *arguments, *form)


def coordinate(prior: Prior, value: float) -> float:
    """Return the coordinate in which kernels sample a number, at its value."""
    lower, upper = _ends(prior)
    if np.isfinite(upper):
        share = (value - lower) / (upper - lower)
        return float(np.log(share) - np.log1p(-share))
    return float(np.log(value)) if prior.support == "positive" else float(value)


def _ends(prior: Prior) -> tuple[float, float]:
    """Return the ends of where a prior lives; infinite above unless it has two."""
    if prior.name == "Uniform":
        return prior["lower"], prior["upper"]
    return 0.0, 1.0 if prior.name == "Beta" else np.inf


def number_at(prior: Prior, place: float) -> float:
    """Return the number that is sampled, at its coordinate."""
    lower, upper = _ends(prior)
    if np.isfinite(upper):
        return float(lower + (upper - lower) / (1.0 + np.exp(-place)))
    return float(np.exp(place)) if prior.support == "positive" else place


def array_of(laws: Sequence[LawStruct]) -> ctypes.Array[LawStruct]:
    """Return laws one after another in memory; one of no meaning where there is none."""
    return (LawStruct * max(1, len(laws)))(*laws)
