"""A grouping factor and its covariance structures in, priors of their parameters out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.covariances.resolve import BlockCovariance
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.families import Scales
from glmm_bayes.families.parameters import law_of
from glmm_bayes.priors.basis import column_swing, recoding
from glmm_bayes.priors.implications import Reading, sd_words
from glmm_bayes.priors.names import PLAIN, basis_of, element, sampled_for
from glmm_bayes.spec.editions import CURRENT, default_correlation
from glmm_bayes.spec.prior import Prior

#: Degrees of freedom of Student effects are above 2, so that they have a variance: 2 + this.
DEGREES_ABOVE_TWO = Prior("Gamma", alpha=2.0, beta=0.1)


@dataclass(frozen=True)
class PriorRow:
    """One line of the printed model: a parameter, its prior, whose it is, and what it says.

    Attributes
    ----------
    parameter : str
    law : str
        The distribution, or the number of a fixed parameter.
    source : {"default", "yours", "fixed"}
    meaning : str
    role : str
        That of the parameter's variable in the posterior.
    predictor : str
        The linear predictor that it is of, where it is of one.
    function : str
        The function of the parameter, ``{name}``, that has the distribution; empty for the parameter itself.
    """

    parameter: str
    law: str
    source: str
    meaning: str
    role: str
    predictor: str = ""
    function: str = ""

    @property
    def subject(self) -> str:
        """What has the distribution: the parameter, or a function of it."""
        return self.function.format(name=self.parameter) if self.function else self.parameter

    @property
    def prior(self) -> str:
        """The distribution, with what has it in front where that is not the parameter."""
        return f"{self.subject} ~ {self.law}" if self.function else self.law

    def of(self, prefix: str) -> PriorRow:
        """Return the line with something in front of the parameter."""
        return replace(self, parameter=f"{prefix}{self.parameter}")


#: Of an effect in the user's coding, what another may add to it before it is another effect.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class GroupPrior:
    """Covariance structures of one grouping factor, and the priors of their parameters.

    Attributes
    ----------
    blocks : tuple of BlockCovariance
    sd : tuple of Prior
        One for each standard deviation, in the coding that ``recoding`` maps from.
    sd_of_effect : tuple of int
        Which of them is that of each effect; effects of one structure may share one.
    correlation : tuple of Prior
        An LKJ prior for each block.
    parameters : mapping of str to Prior
        Of the structure of the levels, by the parameter's own name: ``share``, ``range``; and ``df``
        where the user set a prior of the degrees of freedom.
    recoding : ndarray, shape (effect, effect)
        Takes effects in the coding of the priors to the user's coding; the identity unless a
        correlated term keeps its default priors, which are meant at the average row.
    """

    blocks: tuple[BlockCovariance, ...]
    sd: tuple[Prior, ...]
    sd_of_effect: tuple[int, ...]
    correlation: tuple[Prior, ...]
    parameters: Mapping[str, Prior]
    recoding: np.ndarray

    @property
    def is_recoded(self) -> bool:
        """Whether priors are of effects in another coding than the user's."""
        return not np.array_equal(self.recoding, np.eye(len(self.sd_of_effect)))

    @property
    def is_centred(self) -> bool:
        """Whether priors are of effects at another place than where the user's columns are 0."""
        size = np.abs(np.diagonal(self.recoding))
        beside = np.abs(self.recoding - np.diag(np.diagonal(self.recoding)))
        return bool((beside > _ROUNDING * size[:, None]).any())

    @property
    def shares_sd(self) -> bool:
        """Whether there are fewer standard deviations than effects."""
        return len(self.sd) < len(self.sd_of_effect)

    def sampled_sds(self, name: str) -> str:
        """Name the vector whose functions the standard deviations of that name are, as it is sampled."""
        if self.shares_sd:
            return sampled_for(name, "shared")
        return basis_of(name) if self.is_recoded else name

    @property
    def is_correlated(self) -> bool:
        """Whether effects of a level may be correlated."""
        return any(block.effects.is_correlated for block in self.blocks)

    @property
    def is_plain(self) -> bool:
        """Whether effects are normal and levels independent, so that a ratio of two levels has a median."""
        return all(block.levels.is_independent and block.distribution == "gaussian" for block in self.blocks)

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Positions of pairs of effects whose correlations determine the matrix."""
        return tuple(
            (block.positions[first], block.positions[second])
            for block in self.blocks
            for first, second in block.effects.pairs
        )

    @property
    def is_student(self) -> bool:
        """Whether the effects of some block are Student's t."""
        return any(block.is_student for block in self.blocks)

    @property
    def is_bridge(self) -> bool:
        """Whether the effects are intercepts of the bridge distribution."""
        return any(block.is_bridge for block in self.blocks)

    @property
    def single_values(self) -> tuple[str, ...]:
        """Parameters of the factor that are one number: ``share``, ``range``, ``df``."""
        return (*level_parameters(self.blocks), *self.fixed_values)

    @property
    def sampled_values(self) -> tuple[str, ...]:
        """Parameters of the factor that are one number and estimated."""
        return tuple(level_parameters(self.blocks))

    @property
    def fixed_values(self) -> Mapping[str, float]:
        """Parameters of the factor that the formula gives a number."""
        given = [block.df for block in self.blocks if block.df is not None]
        return {"df": given[0]} if given else {}


def level_parameters(blocks: Sequence[BlockCovariance]) -> dict[str, str]:
    """List estimated parameters beside standard deviations and correlations, and where each lives."""
    names: dict[str, str] = {}
    for block in blocks:
        names |= block.levels.parameters
        if block.is_student and block.df is None:
            names["df"] = "positive"
    return names


def group_prior(
    group: GroupDesign,
    blocks: tuple[BlockCovariance, ...],
    design: Design,
    scales: Scales,
    given: Mapping[str, Prior],
    edition: int = CURRENT,
) -> GroupPrior:
    """Put the user's priors of one grouping factor in the place of the defaults."""
    sd_name = PLAIN.of_factor("sd", group.slug)
    given_sd = [
        given.get(element(sd_name, effect), given.get(sd_name, given.get("sd"))) for effect in group.effects
    ]
    correlation = given.get(PLAIN.of_factor("corr", group.slug), given.get("corr"))
    matrix = np.eye(len(group.effects))
    sd: list[Prior] = []
    sd_of_effect: list[int] = []
    for block in blocks:
        is_users = correlation is not None or any(given_sd[index] is not None for index in block.positions)
        # Only an unstructured matrix stays one of its kind in another coding.
        recoded = len(block.positions) > 1 and block.effects.fits_any_coding and not is_users
        if recoded:
            columns = [group.columns[index] for index in block.positions]
            matrix[np.ix_(block.positions, block.positions)] = recoding(columns, design.factor_values)
        wanted = [
            given_sd[index] or default_sd(group, index, design, scales, recoded) for index in block.positions
        ]
        kept = wanted[:1] if block.effects.has_one_sd else wanted
        sd_of_effect += [len(sd) + min(rank, len(kept) - 1) for rank in range(len(wanted))]
        sd += kept
    parameters = {
        name: given.get(PLAIN.of_factor(name, group.slug), default)
        for block in blocks
        for name, default in block.levels.default_priors().items()
    }
    if PLAIN.of_factor("df", group.slug) in given:
        parameters["df"] = given[PLAIN.of_factor("df", group.slug)]
    laws = (correlation or default_correlation(edition),) * len(blocks)
    return GroupPrior(blocks, tuple(sd), tuple(sd_of_effect), laws, parameters, matrix)


def default_sd(
    group: GroupDesign, effect: int, design: Design, scales: Scales, is_recoded: bool = False
) -> Prior:
    """Return the default prior of an effect's standard deviation, in the user's coding or the centred one."""
    column = group.columns[effect]
    # In the user's coding a default is the same statement per swing.
    per_swing = 1.0 if is_recoded else column_swing(column, design.factor_values)
    is_slope = any(part.coding != "full" for part in column.factors)
    return Prior("HalfNormal", sigma=scales.group_sd * (0.5 if is_slope else 1.0) / per_swing)


def group_rows(
    group: GroupDesign, prior: GroupPrior, given: Mapping[str, Prior], reading: Reading
) -> list[PriorRow]:
    """Write a line for each parameter of the factor."""
    rows = []
    coding = "in the centred and scaled coding; " if prior.is_recoded else ""
    for position, sd in enumerate(prior.sd):
        effects = [group.effects[index] for index, used in enumerate(prior.sd_of_effect) if used == position]
        sd_name = PLAIN.of_factor("sd", group.slug)
        name = element(sd_name, effects[0])
        is_users = any(key in given for key in (name, sd_name, "sd"))
        meaning = coding + (sd_words(sd, reading) if effects[0] == "Intercept" and prior.is_plain else "")
        if len(effects) > 1:
            meaning += f"one for {len(effects)} effects, {effects[0]} to {effects[-1]}"
        law, source = law_of(sd), _source(is_users)
        rows.append(PriorRow(name, law.text, source, meaning.removesuffix("; "), "sd", function=law.function))
    if prior.is_correlated:
        corr_name = PLAIN.of_factor("corr", group.slug)
        is_users = corr_name in given or "corr" in given
        correlated = [block.effects for block in prior.blocks if block.effects.is_correlated]
        structures = dict.fromkeys(effects.name for effects in correlated)
        meaning = "" if all(effects.is_plain for effects in correlated) else ", ".join(structures)
        rows.append(
            PriorRow(corr_name, repr(prior.correlation[0]), _source(is_users), meaning, "correlation")
        )
    return rows + _single_rows(group, prior, given)


def _single_rows(group: GroupDesign, prior: GroupPrior, given: Mapping[str, Prior]) -> list[PriorRow]:
    rows = []
    for name in prior.sampled_values:
        text = repr(prior.parameters[name]) if name in prior.parameters else f"2 + {DEGREES_ABOVE_TWO!r}"
        if name == "df" and name in prior.parameters:
            text += ", above 2"
        parameter = PLAIN.of_factor(name, group.slug)
        rows.append(PriorRow(parameter, text, _source(parameter in given), _meaning(prior, name), "level"))
    for name, value in prior.fixed_values.items():
        rows.append(
            PriorRow(PLAIN.of_factor(name, group.slug), f"{value:g}", "fixed", _meaning(prior, name), "level")
        )
    return rows


def _meaning(prior: GroupPrior, name: str) -> str:
    """Say what a parameter of a factor is that is neither a standard deviation nor a correlation."""
    if name == "df":
        return "degrees of freedom of the effects; sd is their standard deviation"
    return next((meaning for block in prior.blocks if (meaning := block.levels.meanings.get(name))), "")


def _source(is_users: bool) -> str:
    return "yours" if is_users else "default"
