"""Blocks of random effects and what is known about levels in, covariance structures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from glmm_bayes.core.errors import Findings, row_text, value_text
from glmm_bayes.core.maths import Array
from glmm_bayes.core.registry import suggestion
from glmm_bayes.covariances import COVARIANCES, Argument, EffectCovariance, Independent, LevelCovariance
from glmm_bayes.covariances.neighbours import components_of, islands_of
from glmm_bayes.covariances.unstructured import Unstructured
from glmm_bayes.design.containers.known import KnownTable
from glmm_bayes.design.design import Design
from glmm_bayes.design.evaluate import Evaluator
from glmm_bayes.design.groups import EffectBlock, GroupDesign
from glmm_bayes.design.table import Table, nearest_level
from glmm_bayes.spec.editions import CURRENT
from glmm_bayes.spec.expressions import Call, Expr, Flag, Name, Number
from glmm_bayes.spec.linear_predictor import INTERCEPT, Block, GroupTerm, LinearPredictor, Structure, Term
from glmm_bayes.spec.model_spec import ModelSpec


@dataclass(frozen=True)
class BlockCovariance:
    """Covariance of one block of random effects.

    Attributes
    ----------
    positions : tuple of int
        Of the block's effects among those of the factor.
    effects : EffectCovariance
        Correlations of the effects of one level.
    levels : LevelCovariance
        Covariances of the levels.
    distribution : {"gaussian", "student", "bridge"}
        Of the effects.
    df : float or None
        Degrees of freedom of Student's t effects; None: they are estimated.
    """

    positions: tuple[int, ...]
    effects: EffectCovariance
    levels: LevelCovariance
    distribution: str = "gaussian"
    df: float | None = None

    @property
    def is_student(self) -> bool:
        """True if the effects are Student's t."""
        return self.distribution == "student"

    @property
    def is_residual_like(self) -> bool:
        """True if no law ties one row's effects to another's more closely than a residual may."""
        return self.effects.is_residual_like and self.levels.is_independent

    @property
    def is_bridge(self) -> bool:
        """True if the effects are intercepts of the bridge distribution."""
        return self.distribution == "bridge"


def coded_predictors(
    predictors: Mapping[str, LinearPredictor], table: Table, findings: Findings
) -> dict[str, LinearPredictor]:
    """Check the names and arguments of all structures; write out the levels that a structure orders.

    Under ``ar1``, ``toeplitz`` and ``compound_symmetry`` a column of whole numbers means its levels, in
    their order: ``(0 + time | gr(g, structure = "ar1"))`` becomes ``(0 + C(time) | ...)``, with a note.

    Parameters
    ----------
    predictors : mapping of str to LinearPredictor
        By parameter, as they were written.
    table : Table
    findings : Findings
        Where all that is wrong is collected.
    """
    coded = {}
    for name, predictor in predictors.items():
        groups = tuple(
            replace(group, blocks=tuple(_checked(group, block, table, findings) for block in group.blocks))
            for group in predictor.groups
        )
        for group in groups:
            _check_repeats(group, findings)
        coded[name] = replace(predictor, groups=groups)
    return coded


def _check_repeats(group: GroupTerm, findings: Findings) -> None:
    """Refuse what repeats only once the levels of a structure are written out."""
    keys = [effect.key for effect in group.effects]
    for effect in group.effects:
        if keys.count(effect.key) > 1 and effect.factors:
            message = f"'{effect}' varies by '{group.factor}' in two terms."
            hint = "Write one term."
            findings.error("duplicate_effect", message, column=group.columns[0], hint=hint)
            return


def wanted_tables(spec: ModelSpec) -> dict[str, str]:
    """List the entries of ``known={...}`` that the structures name, and the kind of each."""
    wanted: dict[str, str] = {}
    groups = [group for predictor in spec.linear_predictors.values() for group in predictor.groups]
    for block in (block for group in groups for block in group.blocks):
        arguments = COVARIANCES[block.structure.name].arguments
        for key, value in block.structure.arguments:
            if isinstance(value, Name) and key in arguments and arguments[key].value_type in _TABLES:
                wanted[value.name] = arguments[key].value_type
    return wanted


_TABLES = ("matrix", "graph", "coordinates")


def _checked(group: GroupTerm, block: Block, table: Table, findings: Findings) -> Block:
    structure = COVARIANCES[block.structure.name]
    _check_arguments(group, block.structure, structure.arguments, findings)
    if issubclass(structure, LevelCovariance):
        if block.distribution != "gaussian" or block.by:
            what = f"by = {block.by}" if block.by else f'dist = "{block.distribution}"'
            message = f"{group}: {what} beside levels that are correlated is not available in this release."
            findings.error(
                "not_available", message, column=group.columns[0], hint="Leave one of the two out."
            )
        return block
    return _ordered(group, block, structure, table, findings) if structure.orders_levels else block


def _check_arguments(
    group: GroupTerm, structure: Structure, known: Mapping[str, Argument], findings: Findings
) -> None:
    given, column = dict(structure.arguments), group.columns[0]
    named = f"the structure '{structure.name}' of '{group.factor}'"
    for key, value in given.items():
        if key not in known:
            listed = f"it has {', '.join(known)}" if known else "it has none"
            message = f"{named} has no argument '{key}' ({listed})."
            findings.error("structure", message, column=column, hint=suggestion(key, known))
        elif not _fits(value, known[key]):
            message = f"{key} of {named} must be {_words(known[key])}, found {value}."
            findings.error("structure", message, column=column)
    for key, argument in known.items():
        if argument.default is None and key not in given:
            message = f"{named} needs {key}: {_words(argument)}."
            hint = (
                f'Write gr({group.factor}, structure = "{structure.name}", {key} = W) and known={{"W": ...}}.'
            )
            findings.error("structure", message, column=column, hint=hint)


def _fits(value: Expr, argument: Argument) -> bool:
    if argument.value_type == "number":
        return isinstance(value, Number) and (not argument.choices or value.value in argument.choices)
    if argument.value_type == "flag":
        return isinstance(value, Flag)
    is_columns = (
        argument.value_type == "coordinates" and isinstance(value, Call) and value.function == "cbind"
    )
    return is_columns or isinstance(value, Name)


def _words(argument: Argument) -> str:
    if argument.value_type == "number":
        return f"one of the numbers {value_text(argument.choices)}" if argument.choices else "a number"
    expected = {
        "flag": "TRUE or FALSE",
        "matrix": "the name of a matrix in known={...}",
        "graph": "the name of a map of neighbours in known={...}",
        "coordinates": "the name of coordinates in known={...}, or cbind(x, y) of columns",
    }
    return expected[argument.value_type]


def _ordered(
    group: GroupTerm, block: Block, structure: type[EffectCovariance], table: Table, findings: Findings
) -> Block:
    """Take the effect of a block as the levels of one factor."""
    name, factor = block.structure.name, group.columns[0]
    if len(block.effects) != 1 or len(block.effects[0].factors) != 1 or block.effects == (INTERCEPT,):
        message = (
            f"the structure '{name}' orders the levels of one factor, found ({block.effects_text()} | ...)."
        )
        hint = f'Write (0 + time | gr({factor}, structure = "{name}")).'
        findings.error("structure", message, column=factor, hint=hint)
        return block
    time = block.effects[0].factors[0]
    if not isinstance(time, Name) or time.name not in table.columns or table[time.name].data_type != "number":
        return block
    values = table[time.name].values
    if not (values == np.floor(values)).all():
        message = f"the structure '{name}' orders levels, and '{time}' has fractions."
        hint = "Round it to whole numbers, or use its levels in a column of labels."
        findings.error("structure", message, column=time.name, hint=hint)
        return block
    levels = np.unique(values)
    message = f"{name}: '{time}' enters as its {len(levels)} levels ({value_text(levels.tolist())})"
    uneven = structure.takes_equal_steps and len(np.unique(np.diff(levels))) > 1
    message += ", taken as equally spaced." if uneven else "."
    findings.note("structure", message, column=time.name)
    return replace(block, effects=(Term((Call("C", (time,)),)),))


def resolve_covariances(
    design: Design, known: Mapping[str, KnownTable], findings: Findings, edition: int = CURRENT
) -> list[tuple[BlockCovariance, ...]]:
    """Make the covariance structures of each grouping factor's blocks; collect what does not fit."""
    result = []
    for group in design.groups:
        blocks = tuple(_resolve(group, block, design, known, findings, edition) for block in group.blocks)
        _check_single(group, blocks, findings)
        result.append(blocks)
    return result


def _check_single(group: GroupDesign, blocks: tuple[BlockCovariance, ...], findings: Findings) -> None:
    """Refuse two blocks of one factor whose parameters would carry one name."""
    with_parameters = [block for block in blocks if block.levels.parameters]
    laws = {(block.distribution, block.df) for block in blocks}
    if len(with_parameters) > 1 or len(laws) > 1:
        message = f"'{group.factor}': two terms with parameters or distributions of their own."
        hint = "Copy the column, and use the copy in one of the terms."
        findings.error("structure", message, column=group.term.columns[0], hint=hint)


def _resolve(
    group: GroupDesign,
    block: EffectBlock,
    design: Design,
    known: Mapping[str, KnownTable],
    findings: Findings,
    edition: int,
) -> BlockCovariance:
    written = block.block.structure
    structure = COVARIANCES[written.name]
    options = {
        key: argument.default for key, argument in structure.arguments.items() if argument.default is not None
    }
    options |= {key: value.value for key, value in written.arguments if isinstance(value, Number | Flag)}
    effects: EffectCovariance = Unstructured(range(len(block)), {})
    levels: LevelCovariance = Independent(len(group.levels), {}, {})
    if issubclass(structure, EffectCovariance):
        effects = _effects(structure, group, block, options, design, findings)
    else:
        options["edition"] = edition
        levels = _levels(structure, group, written, options, design, known, findings) or levels
    return BlockCovariance(block.positions, effects, levels, block.block.distribution, block.block.df)


def _effects(
    structure: type[EffectCovariance],
    group: GroupDesign,
    block: EffectBlock,
    options: Mapping[str, float],
    design: Design,
    findings: Findings,
) -> EffectCovariance:
    positions: list[float] = list(range(len(block)))
    if structure.orders_levels:
        labels = [group.columns[index].factors[-1].level for index in block.positions]
        if len(labels) < 2:
            message = (
                f"the structure '{structure.name}' of '{group.factor}' needs a factor of two levels or more."
            )
            findings.error("structure", message, column=group.term.columns[0])
            return Unstructured(positions, {})
        is_numbers = all(isinstance(label, int) and not isinstance(label, bool) for label in labels)
        if not is_numbers:
            message = f"{structure.name}: the levels stand in the order {value_text(labels)}."
            findings.note("structure", message, column=group.term.columns[0])
        if is_numbers:
            positions = [float(label) for label in labels if isinstance(label, int)]
        if positions != sorted(positions):
            message = f"the structure '{structure.name}' takes levels in ascending order, found "
            message += f"{value_text(labels)}."
            hint = "Declare the levels in their order, or use the numbers themselves."
            findings.error("structure", message, column=group.term.columns[0], hint=hint)
            return Unstructured(range(len(block)), {})
    return structure(positions, options)


def _levels(
    structure: type[LevelCovariance],
    group: GroupDesign,
    written: Structure,
    options: Mapping[str, float],
    design: Design,
    known: Mapping[str, KnownTable],
    findings: Findings,
) -> LevelCovariance | None:
    matrices = {}
    for key, value in written.arguments:
        if isinstance(value, Name) and value.name in known:
            table = known[value.name]
            matrices[key], missing = table.at(group.levels)
            if missing and (table.representation != "graph" or len(missing) == len(group.levels)):
                message = f"known '{value.name}' does not hold {len(missing)} levels of '{group.factor}' "
                message += f"({value_text(missing)})."
                hint = f"It holds {value_text(table.labels)}."
                findings.error("known", message, column=group.term.columns[0], hint=hint)
                return None
            if missing:
                _tell_unnamed(group, value.name, missing, table.labels, findings)
        elif isinstance(value, Call):
            matrices[key] = _level_coordinates(group, value, design, findings)
    if "graph" in matrices:
        _check_map(structure, group, matrices["graph"], findings)
    try:
        return structure(len(group.levels), matrices, options)
    except ValueError as error:
        names = ", ".join(str(value) for _, value in written.arguments)
        findings.error("known", f"'{names}' for '{group.factor}' {error}.", column=group.term.columns[0])
        return None


def _tell_unnamed(
    group: GroupDesign, name: str, missing: Sequence[str], labels: Sequence[str], findings: Findings
) -> None:
    """Warn of levels that a map does not name: islands, or other spellings of areas that it names."""
    near = [nearest_level(level, labels) for level in missing]
    hint = " ".join(filter(None, ("If they are islands, all is well.", *dict.fromkeys(near))))
    message = f"the map '{name}' does not name {len(missing)} levels of '{group.factor}' "
    message += f"({value_text(missing)}): they are taken as areas without a neighbour."
    findings.warning("known", message, column=group.term.columns[0], hint=hint)


def _check_map(
    structure: type[LevelCovariance], group: GroupDesign, graph: Array, findings: Findings
) -> None:
    """Note parts of a map, and areas without a neighbour; refuse these where they have no effect."""
    column, components = group.term.columns[0], components_of(graph)
    if len(components) > 1:
        message = (
            f"the map of '{group.factor}' has {len(components)} parts: spatial effects add up to zero in each"
        )
        message += ", and each has its own scale." if structure.allows_islands else "."
        findings.note("known", message, column=column)
    alone = [group.labels[index] for index in islands_of(graph) if index < len(group.levels)]
    if not alone or not components:
        return
    who = f"{len(alone)} level{'s' * (len(alone) > 1)} of '{group.factor}' ({value_text(alone)})"
    have = "has" if len(alone) == 1 else "have"
    if structure.allows_islands:
        message = (
            f"{who} {have} no neighbour on the map: independent of all others, (1 - share) of the variance."
        )
        findings.note("known", message, column=column)
        return
    message = f"{who} {have} no neighbour on the map, and no effect under {structure.name}."
    others = [key for key in COVARIANCES if getattr(COVARIANCES[key], "allows_islands", False)]
    written = " or ".join(f'structure = "{other}"' for other in others)
    hint = f"Give each a neighbour, leave its rows out, or write {written}, which has islands."
    findings.error("known", message, column=column, hint=hint)


def _level_coordinates(group: GroupDesign, call: Call, design: Design, findings: Findings) -> Array:
    """Take the columns of each level's first row; they must be the same in all of its rows."""
    evaluator = Evaluator(design.table, {}, {}, False, findings)
    points = np.stack([evaluator.numbers(column) for column in call.arguments], axis=1)
    _, first = np.unique(group.codes, return_index=True)
    bad = (points != points[first][group.codes]).any(axis=1)
    if bad.any():
        rows = tuple(design.table.rows[bad].tolist())
        message = f"{call} must be the same in all rows of a level of '{group.factor}', found others in "
        message += f"{row_text(rows)}."
        findings.error("known", message, column=call.names()[0], rows=rows)
    return np.asarray(points[first])
