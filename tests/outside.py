"""A family, a link, structures and a measure of another package: each one module and one call."""

from __future__ import annotations

import importlib.util
import sys
from contextlib import contextmanager

import pytest

FAMILY = '''
import numpy as np
from glmm_bayes import register_family
from glmm_bayes.families.numbers import RealFamily
from glmm_bayes.families.traits import CONSTANT_VARIANCE, Notation


class Laplace(RealFamily):
    """Numbers with mean ``mu`` and standard deviation ``sigma``, and exponential tails."""

    name = "laplace"
    notation = Notation("Laplace(mu[i], sigma)", r"\\mathrm{Laplace}(\\mu_i, \\sigma)")
    auxiliaries = ("sigma",)
    working_variance = CONSTANT_VARIANCE

    def log_density(self, y, n, at, m):
        scale = at["sigma"].value / 2**0.5
        return -m.abs(y - at["mu"].value) / scale - m.log(2.0 * scale)

    def variance(self, at):
        shape = np.broadcast_shapes(np.shape(at["mu"].eta), np.shape(at["sigma"].eta))
        return np.broadcast_to(at["sigma"].value ** 2, shape)

    def random(self, rng, n, at):
        mu, sigma = np.broadcast_arrays(at["mu"].value, at["sigma"].value)
        return rng.laplace(mu, sigma / 2**0.5)


register_family(Laplace())
'''

LINK = '''
import numpy as np
from glmm_bayes import register_link
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.core.maths import NUMPY

LOG = float(np.log(2 / np.pi))


class Sech(ProbabilityLink):
    """mu = 2/pi arctan(exp(eta)): the latent variable is hyperbolic secant."""

    name = "sech"
    mirror = "sech"
    latex = r"\\log\\tan(\\pi\\mu_i/2)"
    strip = np.pi / 2
    latent_variance = np.pi**2 / 4
    prior_scale = 2.0

    def __eq__(self, other):
        return type(self) is type(other)

    def __setattr__(self, name, value):
        raise AttributeError(name)

    def link(self, mu):
        mu = np.asarray(mu, np.float64)
        low = np.minimum(mu, 1.0 - mu)
        with np.errstate(divide="ignore"):
            size = np.log(np.tan(0.5 * np.pi * low))
        return np.where(mu < 0.5, size, -size)

    def inverse(self, eta, m=NUMPY):
        return 2.0 / np.pi * m.arctan2(m.exp(0.5 * eta), m.exp(-0.5 * eta))

    def inverse_derivative(self, eta, m=NUMPY):
        return m.exp(self.log_inverse_derivative(eta, m))

    def log_inverse_derivative(self, eta, m=NUMPY):
        return LOG - m.abs(eta) - m.log1p(m.exp(-2.0 * m.abs(eta)))

    def inverse_second_derivative(self, eta, m=NUMPY):
        return -self.inverse_derivative(eta, m) * m.tanh(eta)

    def log_inverse(self, eta, m=NUMPY):
        upper = m.log1p(-self.inverse(-m.maximum(eta, 0.0), m))
        return m.where(eta > 0.0, upper, m.log(self.inverse(m.minimum(eta, 0.0), m)))

    def log_complement(self, eta, m=NUMPY):
        return self.log_inverse(-eta, m)

    def link_of_log_complement(self, log_complement):
        near = -self.link(np.exp(np.maximum(log_complement, -600.0)))
        return np.where(log_complement < -600.0, LOG - log_complement, near)


register_link(Sech())
'''

EXPONENTIAL = '''
import numpy as np
from glmm_bayes import register_link
from glmm_bayes.core.links import Link
from glmm_bayes.core.maths import NUMPY


class LogTwo(Link):
    """mu = 2 to the power of eta."""

    name = "log_two"
    latex = r"\\log_2\\mu_i"
    strip = np.inf

    def link(self, mu):
        with np.errstate(divide="ignore"):
            return np.log2(mu)

    def inverse(self, eta, m=NUMPY):
        return m.exp(np.log(2) * eta)

    def inverse_derivative(self, eta, m=NUMPY):
        return np.log(2) * self.inverse(eta, m)

    def inverse_second_derivative(self, eta, m=NUMPY):
        return np.log(2) ** 2 * self.inverse(eta, m)


register_link(LogTwo())
'''

STRUCTURE = '''
import numpy as np
from glmm_bayes import register_covariance
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.covariances.base import EffectCovariance, beta_of


class Bell(EffectCovariance):
    """The correlation of two times is rho to the power of their squared distance."""

    name = "bell"
    orders_levels = True

    def sampled(self, prior):
        return (beta_of(prior),)

    def root(self, values, m=NUMPY):
        squares = (self.positions[:, None] - self.positions[None, :]) ** 2
        powers = m.where(squares > 0, values[0] ** np.maximum(squares, 1.0), 1.0)
        return m.cholesky(powers)


register_covariance(Bell)
'''

MEASURE = '''
import numpy as np
from glmm_bayes import register_measure
from glmm_bayes.effects.result.measures import Measure


class CohensH(Measure):
    """Difference of the arcsines of square roots (Cohen 1988)."""

    name, label, null = "cohens_h", "Cohen's h", 0.0
    of_probabilities = True

    def compare(self, high, low):
        return 2.0 * (np.arcsin(np.sqrt(high)) - np.arcsin(np.sqrt(low)))


register_measure(CohensH())
'''

RING = '''
import numpy as np
from glmm_bayes import Prior, register_covariance
from glmm_bayes.core.maths import NUMPY
from glmm_bayes.covariances.base import STANDARD_NORMAL, SampledVariable, SumOfMatrices


class Ring(SumOfMatrices):
    """Levels are tied by exp(-distance of their ranks), with the weight w."""

    name = "ring"
    parameters = {"w": "unit"}
    meanings = {"w": "share of what neighbours have in common"}

    def prepare(self, matrices):
        ranks = np.arange(self.n_levels)
        self.near = np.exp(-np.abs(ranks[:, None] - ranks))

    def default_priors(self):
        return {"w": Prior("Beta", alpha=1, beta=1)}

    def sampled(self, size):
        return (SampledVariable("", STANDARD_NORMAL, (self.n_levels, size)),)

    def effects(self, values, parameters, m=NUMPY):
        w = parameters["w"]
        return m.matmul(m.cholesky((1 - w) * np.eye(self.n_levels) + w * self.near), values[0])

    def weighted_matrices(self, parameters):
        return [(1 - parameters["w"], np.eye(self.n_levels)), (parameters["w"], self.near)]


register_covariance(Ring)
'''

#: The module of each, by the name of what it registers.
MODULES = {
    "laplace": FAMILY,
    "sech": LINK,
    "log_two": EXPONENTIAL,
    "bell": STRUCTURE,
    "ring": RING,
    "cohens_h": MEASURE,
}


def run_module(name, folder, monkeypatch):
    """Run one of them as a new process, or a cell of a notebook, would."""
    module_name = f"outside_{name}"
    path = folder / f"{module_name}.py"
    path.write_text(MODULES[name])
    spec = importlib.util.spec_from_file_location(module_name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, module_name, module)
    spec.loader.exec_module(module)
    return module


@contextmanager
def forgotten():
    """Forget at the end what is registered meanwhile; gives a ``MonkeyPatch`` that is undone there."""
    from glmm_bayes.core import mean_rules
    from glmm_bayes.core.links import LINKS
    from glmm_bayes.covariances import COVARIANCES
    from glmm_bayes.effects.result.measures import MEASURES
    from glmm_bayes.families import FAMILIES
    from glmm_bayes.spec.several import REGISTERED
    from glmm_bayes.spec.transforms import TRANSFORMS

    with pytest.MonkeyPatch.context() as monkeypatch:
        for registry in (FAMILIES, LINKS, MEASURES, COVARIANCES):
            monkeypatch.setattr(registry, "_entries", dict(registry._entries))
            monkeypatch.setattr(registry, "_added", registry.added)
            monkeypatch.setattr(registry, "_aliases", dict(registry._aliases))
        monkeypatch.setattr(mean_rules, "_RULES", dict(mean_rules._RULES))
        known = [(words, dict(words)) for words in (TRANSFORMS, REGISTERED)]
        yield monkeypatch
        for words, before in known:
            words.clear()
            words.update(before)
