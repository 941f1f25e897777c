"""A seed in, random effects of groups that nobody has seen out: one set a draw, or one a label and draw.

By default all rows, and both sides of a contrast, share one new group of each grouping factor; labels tell
new groups apart only where that is asked for (``per="label"``).

A label's effects depend on the seed, the grouping factor and the label alone, not on which other rows
there are: each label has a random generator of its own, seeded by the SHA-256 of its text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.arguments import checked_seed
from glmm_bayes.core.bridge import bridge_effect
from glmm_bayes.core.errors import Finding, PredictionError
from glmm_bayes.core.estimands import MEANINGS, NEW_PER_LABEL, Meaning
from glmm_bayes.core.links import ProbabilityLink
from glmm_bayes.core.maths import Array
from glmm_bayes.design.column import as_labels
from glmm_bayes.design.groups import GroupDesign
from glmm_bayes.design.table import Table
from glmm_bayes.effects.estimand.factor_estimands import NEW_SUBJECT
from glmm_bayes.effects.estimand.question import Question
from glmm_bayes.effects.estimand.rows import Rows
from glmm_bayes.effects.expectation.predictor_draws import shared_covariance
from glmm_bayes.fit.fit import Fit
from glmm_bayes.fit.linear_predictor import rows_part
from glmm_bayes.priors.group_priors import GroupPrior
from glmm_bayes.priors.names import PredictorNames, prefix_of
from glmm_bayes.priors.priors import SharedEffects
from glmm_bayes.spec.linear_predictor import MEAN

#: Text of each column of a label; None where the rows lack the column.
NewLabel = tuple[str | None, ...]


@dataclass(frozen=True)
class Stream:
    """Standard normals of one origin, and what they add to a new group's effects.

    Attributes
    ----------
    key : tuple of str
        What the normals belong to; linear predictors that share effects share a key.
    root : ndarray, shape (draw, effect, normal)
        Takes the normals to effects.
    """

    key: tuple[str, ...]
    root: Array


@dataclass(frozen=True)
class NewGroups:
    """New groups of one grouping factor in one linear predictor, and how their effects are drawn.

    Attributes
    ----------
    parameter : str
        Whose linear predictor it is.
    group : GroupDesign
        On the rows.
    labels : tuple of tuple
        Each label once.
    members : ndarray of int64, shape (row, member)
        Positions of each row's labels.
    weights : ndarray, shape (row, member)
    streams : tuple of Stream
    heavy : mapping of tuple of int to ndarray, shape (draw,)
        Degrees of freedom of the blocks of effects that are Student's t, by their positions.
    bridge : ndarray, shape (draw,), or None
        Standard deviation of intercepts of the bridge distribution.
    seed : int
    """

    parameter: str
    group: GroupDesign
    labels: tuple[NewLabel, ...]
    members: NDArray[np.int64]
    weights: Array
    streams: tuple[Stream, ...]
    heavy: Mapping[tuple[int, ...], Array]
    bridge: Array | None
    seed: int

    def part(self, rows: NDArray[np.int64]) -> Array:
        """Return what the new groups add to the linear predictor of some rows, shape (draw, row)."""
        used, members = np.unique(self.members[rows], return_inverse=True)
        b = np.stack([self.effects(self.labels[position]) for position in used], axis=1)
        return rows_part(b, members.reshape(len(rows), -1), self.weights[rows], self.group.z[rows])

    def effects(self, label: NewLabel) -> Array:
        """Return one label's random effects, shape (draw, effect)."""
        first, *others = self.streams
        normals, *scales = _generators(self.seed, first.key, label, 1 + len(self.heavy))
        b = _drawn(first, normals)
        for stream in others:
            b = b + _drawn(stream, _generators(self.seed, stream.key, label, 1)[0])
        for generator, (positions, df) in zip(scales, self.heavy.items(), strict=True):
            b[:, positions] *= np.sqrt((df - 2.0) / generator.chisquare(df))[:, None]
        if self.bridge is not None:
            b = bridge_effect(b / self.bridge[:, None], self.bridge[:, None])
        return np.asarray(b)


def _drawn(stream: Stream, generator: np.random.Generator) -> Array:
    draws, _, normals = stream.root.shape
    return np.asarray(np.einsum("skl,sl->sk", stream.root, generator.standard_normal((draws, normals))))


def _generators(seed: int, key: tuple[str, ...], label: NewLabel, count: int) -> list[np.random.Generator]:
    """Return generators of a label; several, so that further draws leave the first ones alone in each."""
    text = json.dumps([seed, *key, label])
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
    return checked_seed(seed, PredictionError)


def new_groups(question: Question, rows: Rows, seed: int) -> tuple[NewGroups, ...]:
    """List the new groups of each linear predictor and grouping factor that is asked for as ``new_subject``.

    Raises
    ------
    PredictionError
        ``new_group`` if the factor's levels are correlated with each other; ``estimand_undefined`` if
        new groups have no mean.
    """
    return tuple(
        _new_groups(question, rows, name, index, seed)
        for name, design in rows.designs.items()
        for index, group in enumerate(design.groups)
        if question.estimand.word_of_factor[group.factor] == NEW_SUBJECT
    )


def _new_groups(question: Question, rows: Rows, name: str, index: int, seed: int) -> NewGroups:
    fit, design = question.fit, rows.designs[name]
    group = design.groups[index]
    prior = fit.group_prior(group.slug, name)
    _check(question, group, prior)
    is_labelled = group.factor in question.estimand.labelled
    labels, members = (_labels if is_labelled else _one_each)(group, design.table)
    heavy = degrees_of_freedom(fit, name, group)
    weights = group.weights if group.term.is_membership else np.ones((len(design), 1))
    streams = streams_of(fit, name, index, group)
    bridge = bridge_sd(fit, name, group)
    return NewGroups(name, group, labels, members, weights, streams, heavy, bridge, seed)


def bridge_sd(fit: Fit, name: str, group: GroupDesign) -> Array | None:
    """Return draws of the standard deviation of intercepts of the bridge distribution, shape (draw,)."""
    if not fit.group_prior(group.slug, name).is_bridge:
        return None
    return np.asarray(np.sqrt(fit.covariance(group.slug, name)[:, 0, 0]))


def degrees_of_freedom(fit: Fit, name: str, group: GroupDesign) -> dict[tuple[int, ...], Array]:
    """Return draws of the degrees of freedom of the blocks that are Student's t, by their effects."""
    degrees = PredictorNames(prefix_of(name)).of_factor("df", group.slug)
    return {
        block.positions: fit.needed(degrees, "the variance of random effects")
        for block in fit.group_prior(group.slug, name).blocks
        if block.is_student
    }


def streams_of(fit: Fit, name: str, index: int, group: GroupDesign) -> tuple[Stream, ...]:
    """Return the normals of a group's own effects, then those that it shares with other predictors."""
    covariance = fit.covariance(group.slug, name)
    key = (group.factor,) if name == MEAN else (group.factor, name)
    streams = []
    for shared in fit.priors.shared:
        for member, place in enumerate(shared.members):
            if place != (name, index):
                continue
            positions = list(shared.positions[member])
            shared_root = _root(_shared_covariance(fit, shared))
            start = shared.start(member)
            root = np.zeros((len(covariance), len(covariance[0]), shared.size))
            root[:, positions] = shared_root[:, start : start + len(positions)]
            streams.append(Stream((group.factor, f"|{shared.label}|"), root))
            # What is shared is no part of the group's own.
            covariance = covariance.copy()
            covariance[:, positions] = covariance[:, :, positions] = 0.0
    return (Stream(key, _root(covariance)), *streams)


def _shared_covariance(fit: Fit, shared: SharedEffects) -> Array:
    """Return draws of the covariance of all effects under a label, shape (draw, effect, effect)."""
    sizes = range(len(shared.members))
    rows = [
        np.concatenate([shared_covariance(fit, shared, first, second) for second in sizes], axis=2)
        for first in sizes
    ]
    return np.concatenate(rows, axis=1)


def _check(question: Question, group: GroupDesign, prior: GroupPrior) -> None:
    structure = next((b.levels.name for b in prior.blocks if not b.levels.is_independent), "")
    if structure:
        message = (
            f"levels of '{group.factor}' are correlated with each other ({structure}): the place of a new "
            "level among them is not known."
        )
        hint = 'Ask for estimand="typical", or for "population" or "subject" at known levels.'
        raise PredictionError(Finding("new_group", message, column=group.term.columns[0], hint=hint))
    link = question.link if question.is_mu else question.fit.link
    if question.is_response:
        question.fit.family.check_new_groups(question.fit.link)
    has_mean = isinstance(link, ProbabilityLink) or link.name == "identity"
    if prior.is_student and not has_mean:
        message = f"new groups have no mean: t effects of '{group.factor}' under the {link.name} link."
        hint = 'Ask for estimand="typical" or "subject".'
        raise PredictionError(Finding("estimand_undefined", message, hint=hint))


def meanings_of_new(question: Question, rows: Rows) -> dict[str, Meaning]:
    """Say how many new groups there are of each grouping factor of which some are asked for."""
    meanings: dict[str, Meaning] = {}
    for design in rows.designs.values():
        for group in (group for group in design.groups if group.factor in question.estimand.new):
            if group.factor in question.estimand.labelled:
                count = len(_labels(group, rows.table)[0])
                name = f"{count} new group{'s' if count > 1 else ''}"
                meanings[group.factor] = Meaning(name, NEW_PER_LABEL)
            elif group.term.is_membership:
                each = "one new group for each member of a row"
                meanings[group.factor] = replace(MEANINGS[NEW_SUBJECT], name=each)
    return meanings


def _one_each(group: GroupDesign, table: Table) -> tuple[tuple[NewLabel, ...], NDArray[np.int64]]:
    """Give all rows the same new group; rows of several members one for each distinct member."""
    if not group.term.is_membership:
        return ((None,) * len(group.term.columns),), np.zeros((len(table), 1), np.int64)
    members = _labels(group, table)[1]
    ranks = np.zeros_like(members)
    for place in range(1, members.shape[1]):
        equal = members[:, :place] == members[:, place, None]
        earlier = np.take_along_axis(ranks[:, :place], equal.argmax(axis=1)[:, None], axis=1)[:, 0]
        following = ranks[:, :place].max(axis=1) + 1
        ranks[:, place] = np.where(equal.any(axis=1), earlier, following)
    names = [(None,), *((None, str(rank)) for rank in range(1, int(ranks.max(initial=0)) + 1))]
    return tuple(names), ranks


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
    labels_of_rows = [
        tuple(labels[code] for code, (_, labels) in zip(combination, texts, strict=True))
        for combination in combinations.tolist()
    ]
    return tuple(labels_of_rows), row.reshape(-1, 1).astype(np.int64)


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
