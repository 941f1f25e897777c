"""What stands right of a ~: terms, random effects with their structures, and the linear predictor of them."""

from __future__ import annotations

from dataclasses import dataclass

from glmm_bayes.spec.expressions import Call, Expr, Name, Number, Text, quote

#: The parameter that is the mean of the response, or ties it to the linear predictor.
MEAN = "mu"


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
        """List the columns that the term reads, each once."""
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
        """List the entries of ``known={...}`` that the structure needs."""
        return tuple(value.name for _, value in self.arguments if isinstance(value, Name))

    def names(self) -> tuple[str, ...]:
        """List the columns that the structure reads, each once."""
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
        """Whether nothing was written about the block but its effects."""
        return self == Block(self.effects)

    def names(self) -> tuple[str, ...]:
        """List the columns that the block reads, beside those of the grouping factor."""
        effects = tuple(name for term in self.effects for name in term.names())
        by = (self.by,) if self.by else ()
        return tuple(dict.fromkeys(effects + by + self.structure.names()))

    def options(self) -> str:
        """Write the options of ``gr()`` as they stand after the factor; empty if there are none."""
        options = [f"by = {quote(self.by)}"] if self.by else []
        # A known matrix is named by its argument alone.
        if self.structure != UNSTRUCTURED and self.structure.name != "known":
            options.append(f"structure = {Text(self.structure.name)}")
        options += [f"{key} = {value}" for key, value in self.structure.arguments]
        if self.distribution != "gaussian":
            options.append(f"dist = {Text(self.distribution)}")
        if self.df is not None:
            options.append(f"df = {Number(self.df)}")
        return ", ".join(options)

    def effects_text(self) -> str:
        """Write the left side of the bar."""
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
        """Return the weight of each member by its column; None where all weigh the same."""
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
        """List the columns that the term reads, those of the grouping factor first."""
        of_factor = self.columns + tuple(name for weight in self.weights for name in weight.names())
        return tuple(
            dict.fromkeys(of_factor + tuple(name for block in self.blocks for name in block.names()))
        )

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
    fixed : tuple of Term
        Summands of the fixed part; ``INTERCEPT`` is among them unless it was removed.
    groups : tuple of GroupTerm
        One for each grouping factor.
    offsets : tuple of Expr
        Expressions that enter the linear predictor with coefficient exactly one.
    specific : tuple of Term
        Summands whose coefficients differ between the thresholds of an ordinal response: ``cs(x)``.
    """

    fixed: tuple[Term, ...]
    groups: tuple[GroupTerm, ...] = ()
    offsets: tuple[Expr, ...] = ()
    specific: tuple[Term, ...] = ()

    @property
    def has_intercept(self) -> bool:
        """Whether the intercept stands in the fixed part."""
        return INTERCEPT in self.fixed

    def names(self) -> tuple[str, ...]:
        """List the columns that the predictor reads, each once."""
        fixed: tuple[Term, ...] = (*self.fixed, *self.specific)
        terms: tuple[Term | Expr | GroupTerm, ...] = (*fixed, *self.offsets, *self.groups)
        return tuple(dict.fromkeys(name for term in terms for name in term.names()))

    def __str__(self) -> str:
        terms = [] if self.has_intercept else ["0"]
        terms += [str(term) for term in self.fixed if term.factors]
        terms += [f"cs({term})" for term in self.specific]
        terms += [f"offset({offset})" for offset in self.offsets]
        terms += [str(group) for group in self.groups]
        return " + ".join(terms) or "1"
