"""ModelSpec: what a formula or a spec file says, before any data is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from types import MappingProxyType
from typing import TYPE_CHECKING

from glmm_bayes.core.arguments import check_texts
from glmm_bayes.core.errors import Finding, FormulaError, PriorError
from glmm_bayes.spec.column_names import ColumnNames, column_names
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.expressions import Call, Expr, Name, Number, Text, quote
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.response_term import ResponseTerm

if TYPE_CHECKING:
    from glmm_bayes.spec.several import Formula

#: What coefficients say: what changes for a given group, or on average over all groups.
INTERPRETATIONS = ("subject", "population")

_NO_PRIORS: Mapping[str, Prior] = MappingProxyType({})


@dataclass(frozen=True)
class Term:
    """A product of expressions: one summand of the linear predictor. No factor at all is the intercept."""

    factors: tuple[Expr, ...] = ()

    @property
    def key(self) -> frozenset[str]:
        """What the term is, whatever the order of its factors."""
        return frozenset(str(factor) for factor in self.factors)

    def __str__(self) -> str:
        return ":".join(str(factor) for factor in self.factors) or "1"

    def names(self) -> tuple[str, ...]:
        """Columns that the term reads."""
        return tuple(dict.fromkeys(name for factor in self.factors for name in factor.names()))


INTERCEPT = Term()


@dataclass(frozen=True)
class Structure:
    """A covariance structure by its name in the registry of covariances, and what is written for it.

    Attributes
    ----------
    name : str
        ``unstructured`` unless ``gr()`` says otherwise.
    arguments : tuple of (str, Expr)
        By name. A bare name is an entry of ``known={...}`` (``graph = W``), columns of the data stand
        in ``cbind()`` (``coordinates = cbind(x, y)``), ``TRUE`` and ``FALSE`` are flags.
    """

    name: str = "unstructured"
    arguments: tuple[tuple[str, Expr], ...] = ()

    def known(self) -> tuple[str, ...]:
        """Entries of ``known={...}`` that the structure needs."""
        return tuple(value.name for _, value in self.arguments if isinstance(value, Name))

    def names(self) -> tuple[str, ...]:
        """Columns that the structure reads."""
        calls = [value for _, value in self.arguments if isinstance(value, Call)]
        return tuple(dict.fromkeys(name for call in calls for name in call.names()))


UNSTRUCTURED = Structure()


@dataclass(frozen=True)
class Block:
    """Effects of one grouping factor with one covariance matrix; blocks are independent.

    Attributes
    ----------
    effects : tuple of Term
        What varies over the levels.
    structure : Structure
        How the effects of a level, or the levels themselves, are correlated.
    by : str
        A column each of whose levels has a covariance matrix of its own (``gr(g, by = f)``).
    distribution : {"gaussian", "student", "bridge"}
        Of the effects (``gr(g, dist = "student")``).
    label : str
        That of ``(1 |id| g)``: effects of one factor under it are correlated, also across predictors.
    df : float or None
        Degrees of freedom of t effects; None: estimated.
    """

    effects: tuple[Term, ...]
    structure: Structure = UNSTRUCTURED
    by: str = ""
    distribution: str = "gaussian"
    label: str = ""
    df: float | None = None

    @property
    def is_plain(self) -> bool:
        """True if nothing was written about the block but its effects."""
        return self == Block(self.effects)

    def names(self) -> tuple[str, ...]:
        """Columns that the block reads, beside those of the grouping factor."""
        effects = tuple(name for term in self.effects for name in term.names())
        by = (self.by,) if self.by else ()
        return tuple(dict.fromkeys(effects + by + self.structure.names()))

    def options(self) -> str:
        """Say what ``gr()`` says, as it is written behind the factor."""
        parts = [f"by = {quote(self.by)}"] if self.by else []
        # A known matrix is named by its argument alone.
        if self.structure != UNSTRUCTURED and self.structure.name != "known":
            parts.append(f"structure = {Text(self.structure.name)}")
        parts += [f"{key} = {value}" for key, value in self.structure.arguments]
        if self.distribution != "gaussian":
            parts.append(f"dist = {Text(self.distribution)}")
        if self.df is not None:
            parts.append(f"df = {Number(self.df)}")
        return ", ".join(parts)

    def effects_text(self) -> str:
        """The left side of the bar."""
        texts = [str(term) for term in self.effects]
        return " + ".join(texts if INTERCEPT in self.effects else ["0", *texts])


@dataclass(frozen=True)
class GroupTerm:
    """Random effects of one grouping factor.

    Attributes
    ----------
    columns : tuple of str
        The grouping column, or the columns whose observed combinations are the levels (``a:b``). For
        multi-membership the columns that name a row's members.
    blocks : tuple of Block
        ``(1 + x | g)`` has the one block (1, x), ``(x || g)`` the blocks (1) and (x).
    is_membership : bool
        True for ``mm(a, b)``: the columns share one set of levels, and a row belongs to several.
    weights : tuple of Expr
        One for each member; equal weights if empty.
    """

    columns: tuple[str, ...]
    blocks: tuple[Block, ...]
    is_membership: bool = False
    weights: tuple[Expr, ...] = ()

    @property
    def factor(self) -> str:
        """The grouping factor as the user wrote it: ``g``, ``a:b`` or ``mm(a, b)``."""
        # A column may itself be called "a:b"; backticks keep it apart from the pair.
        if self.is_membership:
            return f"mm({', '.join(map(quote, self.columns))})"
        return ":".join(quote(column) if ":" in column else column for column in self.columns)

    def membership(self) -> dict[str, Expr | None]:
        """Weight of each member, whatever their order; None where all weigh the same."""
        weights = self.weights or (None,) * len(self.columns)
        return dict(zip(self.columns, weights, strict=True))

    @property
    def label(self) -> str:
        """The factor as names in the posterior are made from it: ``mm(a, b)`` is ``mm_a_b`` there."""
        return "_".join(("mm", *self.columns)) if self.is_membership else self.factor

    @property
    def effects(self) -> tuple[Term, ...]:
        """All effects, block after block."""
        return tuple(term for block in self.blocks for term in block.effects)

    def names(self) -> tuple[str, ...]:
        """Columns that the term reads, those of the grouping factor first."""
        own = self.columns + tuple(name for weight in self.weights for name in weight.names())
        return tuple(dict.fromkeys(own + tuple(name for block in self.blocks for name in block.names())))

    def __str__(self) -> str:
        plain = all(block.is_plain and len(block.effects) == 1 for block in self.blocks)
        if len(self.blocks) > 1 and plain and self.blocks[0].effects == (INTERCEPT,):
            inner = " + ".join(str(effect) for effect in self.effects)
            return f"({inner} || {self._factor_text(self.blocks[0])})"
        return " + ".join(
            f"({block.effects_text()} |{f'{block.label}|' if block.label else ''} {self._factor_text(block)})"
            for block in self.blocks
        )

    def _factor_text(self, block: Block) -> str:
        if self.is_membership:
            weights = f", weights = cbind({', '.join(map(str, self.weights))})" if self.weights else ""
            options = f", {block.options()}" if block.options() else ""
            return f"mm({', '.join(map(quote, self.columns))}{weights}{options})"
        factor = ":".join(quote(column) for column in self.columns)
        return f"gr({factor}, {block.options()})" if block.options() else factor


@dataclass(frozen=True)
class LinearPredictor:
    """What one parameter of the response's distribution depends on.

    Attributes
    ----------
    fixed, groups, offsets, specific
        As in ``ModelSpec``.
    """

    fixed: tuple[Term, ...]
    groups: tuple[GroupTerm, ...] = ()
    offsets: tuple[Expr, ...] = ()
    specific: tuple[Term, ...] = ()

    def names(self) -> tuple[str, ...]:
        """Columns that the predictor reads."""
        terms: tuple[Term, ...] = (*self.fixed, *self.specific)
        parts: tuple[Term | Expr | GroupTerm, ...] = (*terms, *self.offsets, *self.groups)
        return tuple(dict.fromkeys(name for part in parts for name in part.names()))

    def __str__(self) -> str:
        terms = [] if INTERCEPT in self.fixed else ["0"]
        terms += [str(term) for term in self.fixed if term.factors]
        terms += [f"cs({term})" for term in self.specific]
        terms += [f"offset({offset})" for offset in self.offsets]
        terms += [str(group) for group in self.groups]
        return " + ".join(terms) or "1"


_NOTHING_FURTHER: Mapping[str, LinearPredictor | float] = MappingProxyType({})


@dataclass(frozen=True)
class ModelSpec:
    """A generalized linear mixed model as text says it: no data, no defaults that need data.

    Attributes
    ----------
    response : ResponseTerm
    fixed : tuple of Term
        Summands of the fixed part; ``INTERCEPT`` is among them unless it was removed.
    groups : tuple of GroupTerm
        One for each grouping factor.
    offsets : tuple of Expr
        Expressions that enter the linear predictor with coefficient exactly one.
    family, link : str
        Names from the registries; ``link=None`` means the family's own default.
    priors : mapping of str to Prior
        What the user set, by parameter: ``beta``, ``beta[x]``, ``sd``, ``sd_g``, ``sd_g[x]``,
        ``corr``, ``corr_g``, ``sigma``.
    further : mapping of str to LinearPredictor or float
        What further parameters depend on, or the number that they are fixed at.
    specific : tuple of Term
        Summands whose coefficients differ between the thresholds of an ordinal response: ``cs(x)``.
    interpretation : {"subject", "population"}
        Whether coefficients of the mean speak of a given group, or of all groups on average.
    edition : int
        Of what is left unsaid: that of ``spec.editions``, or of a saved fit.
    text : str
        What the user wrote, for messages only.
    """

    response: ResponseTerm
    fixed: tuple[Term, ...]
    groups: tuple[GroupTerm, ...] = ()
    offsets: tuple[Expr, ...] = ()
    family: str = "gaussian"
    link: str | None = None
    priors: Mapping[str, Prior] = field(default_factory=lambda: _NO_PRIORS)
    further: Mapping[str, LinearPredictor | float] = field(default_factory=lambda: _NOTHING_FURTHER)
    specific: tuple[Term, ...] = ()
    interpretation: str = "subject"
    edition: int = CURRENT
    text: str = field(default="", compare=False, repr=False)

    @property
    def has_intercept(self) -> bool:
        return INTERCEPT in self.fixed

    @property
    def predictor(self) -> LinearPredictor:
        """What the mean depends on."""
        return LinearPredictor(self.fixed, self.groups, self.offsets, self.specific)

    def names(self) -> ColumnNames:
        """Columns of the data that the model reads, each once."""
        return column_names((self,))

    def linear_predictors(self) -> tuple[LinearPredictor, ...]:
        """Return those of the mean and of further parameters."""
        further = [part for part in self.further.values() if isinstance(part, LinearPredictor)]
        return (self.predictor, *further)

    def grouping_columns(self) -> tuple[str, ...]:
        """Columns of the data that name levels of grouping factors, of all linear predictors."""
        groups = [group for part in self.linear_predictors() for group in part.groups]
        return tuple(dict.fromkeys(name for group in groups for name in group.columns))

    def to_formula(self) -> str:
        """Write the model as a formula in canonical spelling.

        Returns
        -------
        str
            ``ModelSpec.from_formula(spec.to_formula())`` has the same terms as ``spec``.
        """
        return f"{self.response} ~ {self.predictor}"

    def further_formulas(self) -> dict[str, str | float]:
        """Write the predictors of further parameters in canonical spelling.

        Returns
        -------
        dict of str to str or float
            ``gb.Formula(spec.to_formula(), **spec.further_formulas())`` has the same terms as ``spec``.
        """
        return {
            name: f"~ {value}" if isinstance(value, LinearPredictor) else value
            for name, value in self.further.items()
        }

    @classmethod
    def from_formula(
        cls,
        formula: str | Formula,
        family: str = "gaussian",
        link: str | None = None,
        priors: Mapping[str, Prior] | None = None,
        interpretation: str = "subject",
    ) -> ModelSpec:
        """Read a formula; no data is needed.

        Parameters
        ----------
        formula : str or Formula
            In the language of lme4 and brms: ``y ~ x + (1 + x | g)``; several of them in a ``Formula``.
        family, link : str
            Names of the family and, if it is not the family's default, of the link.
        priors : mapping of str to Prior, optional
            By parameter name; ``beta`` is every slope.
        interpretation : {"subject", "population"}
            What the coefficients say: what changes for a given group, or on average over all groups.

        Raises
        ------
        FormulaError
            If the text is not a formula, or would be misread.
        PriorError
            If the priors are no mapping.

        Examples
        --------
        >>> ModelSpec.from_formula("y ~ a*b + (b || g)", family="poisson").to_formula()
        'y ~ a + b + a:b + (1 + b || g)'
        """
        from glmm_bayes.spec.formula import read_formula

        if priors is not None and not isinstance(priors, Mapping):
            message = f"priors must be a mapping of parameters to gb.Prior, found {type(priors).__name__}."
            hint = 'Write priors={"beta": gb.Prior("Normal", mu=0, sigma=1)}.'
            raise PriorError(Finding("prior", message, hint=hint))
        check_texts(FormulaError, link=link, interpretation=interpretation)
        return read_formula(formula, family, link, dict(priors or {}), interpretation)

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> ModelSpec:
        """Read the model of a TOML or YAML spec file.

        Raises
        ------
        FormulaError
            If a key is unknown or a value cannot be read.
        """
        from glmm_bayes.spec.spec_file import read_spec_file

        return read_spec_file(path).model

    def to_file(self, path: str | PathLike[str], overwrite: bool = False) -> None:
        """Write the model, term by term, as a file that ``from_file`` reads back to an equal spec.

        ``*.yaml`` and ``*.yml`` are written as YAML, all others as TOML. A file that was written so is
        replaced; one with a comment, data or effects, or any other, only by ``overwrite=True``.

        Raises
        ------
        StorageError
            ``exists`` if another file has the name, ``storage`` if it cannot be written.
        """
        from glmm_bayes.spec.spec_file import write_spec_file

        write_spec_file(self, path, overwrite)
