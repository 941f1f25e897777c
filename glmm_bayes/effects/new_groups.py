"""Labels and a seed in, random effects of groups that nobody has seen out: one set a label and draw.

A label's effects depend on the seed, the grouping factor and the label alone, not on which other rows
there are: each label has a random generator of its own, seeded by the SHA-256 of its text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.design import Design
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.table import Table
from glmm_bayes.effects.estimand import NEW_SUBJECT, Estimand
from glmm_bayes.graph.covariances.independent import Independent
from glmm_bayes.graph.group_priors import GroupPrior
from glmm_bayes.infer.fit import Fit
from glmm_bayes.infer.predictor import rows_part

Array = NDArray[np.float64]

#: Text of each column of a label; None where the rows lack the column.
NewLabel = tuple[str | None, ...]


@dataclass(frozen=True)
class NewGroups:
    """New groups of one grouping factor, and how their effects are drawn.

    Attributes
    ----------
    group : GroupDesign
        On the rows.
    labels : tuple of tuple
        Each label once.
    members : ndarray of int64, shape (row, member)
        Positions of each row's labels.
    weights : ndarray, shape (row, member)
    root : ndarray, shape (draw, effect, effect)
        Square root of the effects' covariance.
    heavy : mapping of tuple of int to ndarray, shape (draw,)
        Degrees of freedom of the blocks of effects that are Student's t, by their positions.
    seed : int
    """

    group: GroupDesign
    labels: tuple[NewLabel, ...]
    members: NDArray[np.int64]
    weights: Array
    root: Array
    heavy: Mapping[tuple[int, ...], Array]
    seed: int

    def part(self, rows: NDArray[np.int64]) -> Array:
        """Return what the new groups add to the linear predictor of some rows, shape (draw, row)."""
        used, members = np.unique(self.members[rows], return_inverse=True)
        b = np.stack([self.effects(self.labels[position]) for position in used], axis=1)
        return rows_part(b, members.reshape(len(rows), -1), self.weights[rows], self.group.z[rows])

    def effects(self, label: NewLabel) -> Array:
        """Return one label's random effects, shape (draw, effect)."""
        normals, *scales = _generators(self.seed, self.group.factor, label, 1 + len(self.heavy))
        b = np.einsum("skl,sl->sk", self.root, normals.standard_normal(self.root.shape[:2]))
        for generator, (positions, df) in zip(scales, self.heavy.items(), strict=True):
            b[:, positions] *= np.sqrt((df - 2.0) / generator.chisquare(df))[:, None]
        return np.asarray(b)


def _generators(seed: int, factor: str, label: NewLabel, count: int) -> list[np.random.Generator]:
    """Return generators of a label; several, so that further draws leave the first ones alone in each."""
    text = json.dumps([seed, factor, label])
    digest = int.from_bytes(sha256(text.encode()).digest(), "big")
    return [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(digest).spawn(count)]


def seed_of(fit: Fit, seed: int | None) -> int:
    """Return the seed of new groups: the one given, else the fit's own, else 0.

    Raises
    ------
    PredictionError
        ``settings`` if it is not a whole number from 0.
    """
    if seed is None:
        return int(fit.settings.get("seed", 0))
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        message = f"seed must be a whole number from 0, found {seed!r}."
        raise PredictionError(Finding("settings", message))
    return int(seed)


def new_groups(fit: Fit, design: Design, estimand: Estimand, seed: int) -> tuple[NewGroups, ...]:
    """List the new groups of each grouping factor that is asked for as ``new_subject``.

    Raises
    ------
    PredictionError
        ``new_group`` if the factor's levels are correlated with each other; ``estimand_undefined`` if
        new groups have no mean.
    """
    return tuple(
        _new_groups(fit, design, group, seed)
        for group in design.groups
        if estimand.words[group.factor] == NEW_SUBJECT
    )


def _new_groups(fit: Fit, design: Design, group: GroupDesign, seed: int) -> NewGroups:
    prior = fit.group_prior(group.slug)
    _check(fit, group, prior)
    labels, members = _labels(group, design.table)
    heavy = {
        block.positions: fit.needed(f"df_{group.slug}", "the variance of random effects")
        for block in prior.blocks
        if block.is_student
    }
    weights = group.weights if group.term.is_membership else np.ones((len(design), 1))
    return NewGroups(group, labels, members, weights, _root(fit.covariance(group.slug)), heavy, seed)


def _check(fit: Fit, group: GroupDesign, prior: GroupPrior) -> None:
    structure = next((b.levels.name for b in prior.blocks if not isinstance(b.levels, Independent)), "")
    if structure:
        message = (
            f"levels of '{group.factor}' are correlated with each other ({structure}): the place of a new "
            "level among them is not known."
        )
        hint = 'Ask for estimand="typical", or for "population" or "subject" at known levels.'
        raise PredictionError(Finding("new_group", message, column=group.term.columns[0], hint=hint))
    has_mean = isinstance(fit.link, ProbabilityLink) or fit.link.name == "identity"
    if prior.is_student and not has_mean:
        message = f"new groups have no mean: t effects of '{group.factor}' under the {fit.link.name} link."
        hint = 'Ask for estimand="typical" or "subject".'
        raise PredictionError(Finding("estimand_undefined", message, hint=hint))


def _labels(group: GroupDesign, table: Table) -> tuple[tuple[NewLabel, ...], NDArray[np.int64]]:
    """List the labels of the rows, and give each row the positions of its own, shape (row, member)."""
    texts = [_texts(table, name) for name in group.term.columns]
    if group.term.is_membership:
        every = list(dict.fromkeys(label for _, labels in texts for label in labels))
        position = {label: code for code, label in enumerate(every)}
        members = [np.array([position[label] for label in labels])[column] for column, labels in texts]
        return tuple((label,) for label in every), np.stack(members, axis=1)
    codes = np.stack([column for column, _ in texts], axis=1)
    combinations, row = np.unique(codes, axis=0, return_inverse=True)
    found = [
        tuple(labels[code] for code, (_, labels) in zip(combination, texts, strict=True))
        for combination in combinations.tolist()
    ]
    return tuple(found), row.reshape(-1, 1).astype(np.int64)


def _texts(table: Table, name: str) -> tuple[NDArray[np.int64], list[str | None]]:
    """Return a code a row and the text of each code; without the column all rows share one group."""
    if name not in table.columns:
        return np.zeros(len(table), np.int64), [None]
    column = as_labels(table[name])
    return column.values, [str(level) for level in column.levels]


def _root(covariance: Array) -> Array:
    """Return the symmetric square root of each matrix, also of one without full rank."""
    values, vectors = np.linalg.eigh(covariance)
    scaled = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
    return np.asarray(scaled @ vectors.transpose(0, 2, 1))
