"""How the posterior calls things: the one place that spells the name of a variable or of a dimension."""

from __future__ import annotations

from dataclasses import dataclass

from glmm_bayes.spec.linear_predictor import MEAN

#: The thresholds of an ordinal response, and their dimension.
THRESHOLDS, THRESHOLD = "thresholds", "threshold"
#: The correlation matrix of the residuals of a row over several responses.
RESCOR = "rescor"
#: Degrees of freedom: one number of all responses whose residuals are correlated.
NU = "nu"


def prefix_of(parameter: str) -> str:
    """Return what stands before the names of a parameter's variables: nothing for the mean."""
    return "" if parameter == MEAN else f"{parameter}_"


def of_response(response: str, name: str) -> str:
    """Name something of one response; in a model of one response, whose name is empty, as it is."""
    return f"{response}_{name}" if response else name


def of_category(category: str) -> str:
    """Name the linear predictor of a category, by its slug."""
    return f"{MEAN}_{category}"


def other(dimension: str) -> str:
    """Name the second dimension of a matrix whose first dimension has the same labels."""
    return f"{dimension}_other"


def element(variable: str, *labels: object) -> str:
    """Name one number of a variable by its labels: ``beta[x]``, ``corr_g[Intercept, x]``."""
    return f"{variable}[{', '.join(map(str, labels))}]"


def sampled_for(variable: str, how: str | int) -> str:
    """Name what is sampled in the place of a variable, by how it differs: ``beta_basis``, ``sigma_root``."""
    return f"{variable}_{how}" if how != "" else variable


def basis_of(variable: str) -> str:
    """Name the vector in another coding that is sampled in the place of a variable."""
    return sampled_for(variable, "basis")


def alone(variable: str, position: int) -> str:
    """Name one number of a vector that has a law of its own and is sampled by itself."""
    return sampled_for(variable, f"other_{position}")


@dataclass(frozen=True)
class SharedNames:
    """Names of effects that a label correlates over linear predictors."""

    label: str

    @property
    def correlation(self) -> str:
        """The matrix of their correlations."""
        return f"joint_corr_{self.label}"

    @property
    def effect(self) -> str:
        """The dimension of the effects."""
        return f"joint_{self.label}"

    @property
    def root(self) -> str:
        """The Cholesky factor that is sampled."""
        return f"joint_chol_{self.label}"

    @property
    def standard(self) -> str:
        """The standard normal effects that are sampled."""
        return f"joint_z_{self.label}"


@dataclass(frozen=True)
class PredictorNames:
    """Names of the variables and dimensions of one linear predictor.

    Attributes
    ----------
    prefix : str
        What stands before all of them: nothing for the mean of a single response.
    """

    prefix: str = ""

    def of(self, name: str) -> str:
        """Name one of its variables: ``beta`` is ``zi_beta`` for ``zi``."""
        return f"{self.prefix}{name}"

    @property
    def beta(self) -> str:
        """The coefficients."""
        return self.of("beta")

    @property
    def coef(self) -> str:
        """The dimension of the coefficients."""
        return self.of("coef")

    def coefficient(self, label: str) -> str:
        """Name one coefficient: ``beta[x]``."""
        return element(self.beta, label)

    def of_factor(self, name: str, slug: str) -> str:
        """Name a variable of a grouping factor's effects: ``sd_<factor>``, ``b_<factor>``."""
        return f"{self.prefix}{name}_{slug}"

    def sd(self, slug: str) -> str:
        """Name the standard deviations of a grouping factor's effects."""
        return self.of_factor("sd", slug)

    def sd_of(self, slug: str, effect: str) -> str:
        """Name the standard deviation of one effect: ``sd_<factor>[x]``."""
        return element(self.sd(slug), effect)

    def effect(self, slug: str) -> str:
        """Name the dimension of a grouping factor's effects."""
        return f"{self.prefix}{slug}_effect"

    def total(self, slug: str) -> str:
        """Name the total effects of a monotonic term."""
        return f"{self.prefix}mo_{slug}"

    def totals(self, slug: str) -> str:
        """Name the dimension of the total effects of a monotonic term."""
        return f"{self.total(slug)}_coef"

    def simplex(self, slug: str) -> str:
        """Name the shares of a monotonic term's steps."""
        return f"{self.prefix}simplex_{slug}"

    def steps(self, slug: str) -> str:
        """Name the dimension of a monotonic term's steps."""
        return f"{self.simplex(slug)}_step"


@dataclass(frozen=True)
class FactorNames:
    """Names of the variables and of the dimension of one grouping factor's effects."""

    predictor: PredictorNames
    slug: str

    @property
    def effect(self) -> str:
        """The dimension of the effects."""
        return self.predictor.effect(self.slug)

    def of(self, name: str) -> str:
        """Name a variable: ``sd_<factor>``."""
        return self.predictor.of_factor(name, self.slug)


#: Names of the mean's linear predictor in a model of one response.
PLAIN = PredictorNames()
