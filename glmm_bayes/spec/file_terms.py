"""The keys of [model] in, one formula text out, each fragment on its own lines; and a ModelSpec back to keys.

The one parser of formulas decides what a fragment means. Since no token of a formula runs over the end of a
line, the line of an error tells the key whose text is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError
from glmm_bayes.core.frozen import FrozenMapping
from glmm_bayes.spec.expressions import Call, Name, Number, Text, quote
from glmm_bayes.spec.file_model import GroupSection, ModelSection
from glmm_bayes.spec.file_text import Document, KeyPath
from glmm_bayes.spec.formula import read_formula
from glmm_bayes.spec.grammar import MAX_CHARACTERS, ParsedFormula, ParsedGroup, Sum, parse
from glmm_bayes.spec.linear_predictor import INTERCEPT, MEAN, Block, GroupTerm, LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.several import Formula as Several
from glmm_bayes.spec.several import meant_parameter, parameter_names

_POSITION = re.compile(r"formula:(\d+):(\d+): ")
_UNWRITTEN = ("unstructured", "known")


@dataclass(frozen=True)
class _Requirement:
    """What the text of a key must be: read alone between two lines, and looked at."""

    before: str
    after: str
    fits: Callable[[ParsedFormula], bool]
    needed: str
    hint: str


@dataclass(frozen=True)
class _Fragment:
    """A fragment of the formula; one that a key wrote has a path and a role."""

    text: str
    path: KeyPath = ("model",)
    role: str = ""


def _is_term(formula: ParsedFormula) -> bool:
    node = formula.terms
    offset = isinstance(node, Call) and node.function == "offset"
    return not offset and not isinstance(node, Sum | ParsedGroup | Number)


def _is_factor(formula: ParsedFormula) -> bool:
    return isinstance(formula.terms, ParsedGroup) and not formula.terms.label


def _is_expression(formula: ParsedFormula) -> bool:
    node = formula.terms
    return isinstance(node, Call) and len(node.arguments) == 1 and not node.options


def _is_value(formula: ParsedFormula) -> bool:
    node = formula.terms
    return isinstance(node, Call) and not node.arguments and len(node.options) == 1


def _is_response(formula: ParsedFormula) -> bool:
    return formula.response is not None


def _has_one_addition(formula: ParsedFormula) -> bool:
    return formula.response is not None and len(formula.response.additions) == 1


_REQUIREMENTS: Mapping[str, _Requirement] = {
    "response": _Requirement(
        "", "~ 1", _is_response, "the left side of a formula", "Write y, or cbind(s, f)."
    ),
    "addition": _Requirement(
        "y | f(", ") ~ 1", _has_one_addition, "what stands in its brackets", "Write a column or a number."
    ),
    "effect": _Requirement(
        "~",
        "",
        _is_term,
        "1 or one term",
        "Each effect is an entry of its own; 1 is the intercept, and without it there is none.",
    ),
    "term": _Requirement(
        "~",
        "",
        _is_term,
        "one term",
        "Each term is an entry of its own; intercept, offset and groups are keys of their own.",
    ),
    "expression": _Requirement("~ I(", ")", _is_expression, "one expression", "Write log(x), or a column."),
    "value": _Requirement("~ I(k =", ")", _is_value, "one value", "Write W, cbind(x, y), a number or true."),
    "factor": _Requirement("~ (1 |", ")", _is_factor, "one grouping factor", "Write g, a:b or a/b."),
    "name": _Requirement(
        "~",
        "",
        lambda formula: isinstance(formula.terms, Name),
        "the name of one column",
        "Names that are no plain words stand in backticks: `a b`.",
    ),
}


def read_model(document: Document, model: ModelSection, priors: Mapping[str, Prior]) -> ModelSpec:
    """Read the hierarchical keys of [model] into a ModelSpec.

    Raises
    ------
    FormulaError
        At the key whose text is wrong; all fragments that cannot be read alone are told together.
    """
    fragments = list(_fragments(document, model))
    text = "\n".join(fragment.text for fragment in fragments)
    if len(text) > MAX_CHARACTERS:
        message = f"{document.at(('model',))}: {len(text)} characters of terms (limit {MAX_CHARACTERS})."
        raise FormulaError(Finding("formula_too_large", message, hint="Compute columns first."))
    findings = [finding for fragment in fragments if fragment.role for finding in _alone(document, fragment)]
    if findings:
        raise FormulaError(findings)
    try:
        spec = ModelSpec.from_formula(text, model.family, model.link, priors, model.interpretation)
    except FormulaError as error:
        raise FormulaError([_located(document, f, fragments) for f in error.findings]) from None
    # Later messages show the formula: on one line, as a reader would write it.
    return replace(spec, text=spec.to_formula())


def read_further(document: Document, spec: ModelSpec, further: Mapping[str, str | int | float]) -> ModelSpec:
    """Add what the parameters beside the mean depend on: a formula without a left side, or a number."""
    findings: list[Finding] = []
    predictors: dict[str, LinearPredictor | float] = {}
    known = parameter_names()
    for name, value in further.items():
        if name not in known:
            where = document.place(("further", name))
            hint = f"{meant_parameter(name)} Known: {', '.join(known)}.".strip()
            findings.append(Finding("config_key", f"{where}: unknown key '{name}' in [further].", hint=hint))
            continue
        try:
            formula = Several(f"{spec.response} ~ 1", **{name: value})
            predictors[name] = read_formula(formula).predictors[name]
        except FormulaError as error:
            where = document.at(("further", name))
            findings += [
                replace(f, message=f"{where}: {f.message.removeprefix(f'{name}: ')}") for f in error.findings
            ]
    if findings:
        raise FormulaError(findings)
    # In the order of the parameters, not in that of the file.
    ordered = {name: predictors[name] for name in known if name in predictors}
    return replace(spec, predictors=FrozenMapping({MEAN: spec.mean} | ordered))


def model_keys(spec: ModelSpec) -> dict[str, Any]:
    """Return the hierarchical keys that ``read_model`` reads back to an equal spec."""
    additions = {call.function: str(call)[len(call.function) + 1 : -1] for call in spec.response.additions}
    expression = str(spec.response.expression)
    keys: dict[str, Any] = {"response": {"expression": expression, **additions} if additions else expression}
    keys["family"] = spec.family
    keys |= {"link": spec.link} if spec.link is not None else {}
    keys |= {"interpretation": spec.interpretation} if spec.interpretation != "subject" else {}
    keys["edition"] = spec.edition
    keys |= {} if spec.mean.has_intercept else {"intercept": False}
    keys["terms"] = [str(term) for term in spec.mean.fixed if term.factors]
    keys["specific"] = [str(term) for term in spec.mean.specific]
    keys["offset"] = [str(offset) for offset in spec.mean.offsets]
    keys["groups"] = [entry for group in spec.mean.groups for entry in _group_keys(group)]
    return {key: value for key, value in keys.items() if value != []}


def _group_keys(group: GroupTerm) -> Iterator[dict[str, Any]]:
    columns = [quote(column) for column in group.columns]
    head: dict[str, Any] = {"members": columns} if group.is_membership else {"factor": ":".join(columns)}
    head |= {"weights": [str(weight) for weight in group.weights]} if group.weights else {}
    plain = all(block.is_plain and len(block.effects) == 1 for block in group.blocks)
    if plain and len(group.blocks) > 1:
        yield head | _block_keys(Block(group.effects)) | {"correlated": False}
        return
    for block in group.blocks:
        yield head | _block_keys(block)


def _block_keys(block: Block) -> dict[str, Any]:
    keys: dict[str, Any] = {"effects": [1 if term == INTERCEPT else str(term) for term in block.effects]}
    keys |= {} if block.structure.name == "unstructured" else {"structure": block.structure.name}
    arguments = {key: str(value) for key, value in block.structure.arguments}
    keys |= {"arguments": arguments} if arguments else {}
    keys |= {"by": quote(block.by)} if block.by else {}
    keys |= {} if block.distribution == "gaussian" else {"distribution": block.distribution}
    keys |= {} if block.df is None else {"df": block.df}
    return keys | ({"label": block.label} if block.label else {})


def _fragments(document: Document, model: ModelSection) -> Iterator[_Fragment]:
    """Give the fragments of the formula in order."""
    # Absent keys take their pydantic defaults: only the response must be there.
    response = model.model_dump(include={"response"})["response"]
    one_text = isinstance(document.content["model"]["response"], str)
    where: KeyPath = ("model", "response")
    yield _Fragment(response["expression"], where if one_text else (*where, "expression"), "response")
    additions = [(key, value) for key, value in response.items() if key != "expression" and value is not None]
    for position, (key, value) in enumerate(additions):
        yield _Fragment(f"{'+' if position else '|'} {key}(")
        yield _Fragment(str(value), (*where, key), "addition")
        yield _Fragment(")")
    yield _Fragment("~ 1" if model.intercept else "~ 0")
    for path, text in _entries(document, ("model", "terms"), model.terms):
        yield _Fragment("+")
        yield _Fragment(text, path, "term")
    for path, text in _entries(document, ("model", "specific"), model.specific):
        yield _Fragment("+ cs(")
        yield _Fragment(text, path, "term")
        yield _Fragment(")")
    for path, text in _entries(document, ("model", "offset"), model.offset):
        yield _Fragment("+ offset(")
        yield _Fragment(text, path, "expression")
        yield _Fragment(")")
    for position, group in enumerate(model.groups):
        yield from _group_fragments(document, ("model", "groups", position), group)


def _group_fragments(document: Document, path: KeyPath, group: GroupSection) -> Iterator[_Fragment]:
    effects = [
        (path_of, str(text)) for path_of, text in _entries(document, (*path, "effects"), group.effects)
    ]
    terms = [(path_of, text) for path_of, text in effects if text.strip() != "1"]
    yield _Fragment("+ (", path)
    yield _Fragment("0" if len(terms) == len(effects) else "1", (*path, "effects"))
    for path_of, text in terms:
        yield _Fragment("+", path)
        yield _Fragment(text, path_of, "effect")
    yield _Fragment("|" if group.correlated else "||", path)
    if group.label is not None:
        yield _Fragment(group.label, (*path, "label"), "name")
        yield _Fragment("|", path)
    options = list(_options(path, group))
    opening = "mm(" if group.members else "gr(" if options else ""
    yield _Fragment(opening, path)
    yield from _factor_fragments(document, path, group)
    if group.weights:
        yield _Fragment(", weights = cbind(", path)
        yield from _joined(_entries(document, (*path, "weights"), group.weights), "expression", ",")
        yield _Fragment(")", path)
    yield from options
    yield _Fragment("))" if opening else ")", path)


def _factor_fragments(document: Document, path: KeyPath, group: GroupSection) -> Iterator[_Fragment]:
    if group.members is not None:
        yield from _joined(_entries(document, (*path, "members"), group.members), "name", ",")
    elif group.nested is not None:
        yield from _joined(_entries(document, (*path, "nested"), group.nested), "name", "/")
    else:
        factor = _entries(document, (*path, "factor"), group.factor or [])
        yield from _joined(factor, "name" if len(factor) > 1 else "factor", ":")


def _options(path: KeyPath, group: GroupSection) -> Iterator[_Fragment]:
    """Give what stands in ``gr()`` or ``mm()`` after the factor."""
    if group.by is not None:
        yield _Fragment(", by =", path)
        yield _Fragment(group.by, (*path, "by"), "name")
    if group.structure is not None and group.structure not in _UNWRITTEN:
        yield _Fragment(", structure =", path)
        yield _Fragment(str(Text(group.structure)), (*path, "structure"), "value")
    for key, value in group.arguments.items():
        yield _Fragment(", ", path)
        yield _Fragment(key, (*path, "arguments", key), "name")
        yield _Fragment("=", path)
        text = {True: "TRUE", False: "FALSE"}[value] if isinstance(value, bool) else str(value)
        yield _Fragment(text, (*path, "arguments", key), "value")
    if group.distribution != "gaussian":
        yield _Fragment(f', dist = "{group.distribution}"', (*path, "distribution"))
    if group.df is not None:
        yield _Fragment(", df =", path)
        yield _Fragment(str(group.df), (*path, "df"), "value")


def _entries(document: Document, path: KeyPath, texts: list[Any]) -> list[tuple[KeyPath, Any]]:
    """Give each text of a list its path; one text that stands alone has that of its key."""
    one = isinstance(document.value(path), str)
    return [(path if one else (*path, position), text) for position, text in enumerate(texts)]


def _joined(entries: list[tuple[KeyPath, str]], role: str, separator: str) -> Iterator[_Fragment]:
    for position, (path, text) in enumerate(entries):
        if position:
            yield _Fragment(separator)
        yield _Fragment(text, path, role)


def _alone(document: Document, fragment: _Fragment) -> Iterator[Finding]:
    """Read a fragment by itself, so that no text can be more than the one thing that its key holds."""
    requirement = _REQUIREMENTS[fragment.role]
    around = [
        _Fragment(requirement.before, fragment.path),
        fragment,
        _Fragment(requirement.after, fragment.path),
    ]
    try:
        fits = requirement.fits(parse("\n".join(fragment.text for fragment in around)))
    except FormulaError as error:
        yield from (_located(document, finding, around) for finding in error.findings)
        return
    if not fits:
        shown = fragment.text if len(fragment.text) <= 60 else f"{fragment.text[:57]}..."
        message = f"{document.at(fragment.path)} must be {requirement.needed}, found {shown!r}."
        yield Finding("config_value", message, hint=requirement.hint)


def _located(document: Document, finding: Finding, fragments: list[_Fragment]) -> Finding:
    """Turn a place in the text that we put together into the key and the column that were written."""
    position = _POSITION.match(finding.message)
    if position is None:
        return replace(finding, message=f"{document.at(('model',))}: {finding.message}")
    line, column = int(position.group(1)), position.group(2)
    sentence = finding.message[position.end() :]
    for fragment in fragments:
        height = fragment.text.count("\n") + 1
        if line <= height:
            break
        line -= height
    where = document.at(fragment.path)
    if not fragment.role:
        # The place is in our own text: its line and carets would show what nobody wrote.
        return replace(finding, message=f"{where}: {sentence.partition(chr(10))[0]}")
    inside = f"line {line}, column {column}" if height > 1 else f"column {column}"
    return replace(finding, message=f"{where}, {inside}: {sentence}")
