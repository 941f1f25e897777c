"""The first corpus, as cases of this one."""

import glmm_bayes as gb
from tests.corpus.case import Case
from tests.design.bad_input_cases import CASES as FIRST
from tests.design.bad_input_kinds import KINDS

_AREAS = {"covariances": "matrices", "groups": "groups", "responses": "responses"}


def _area(kind: type) -> str:
    return "formulas" if kind is gb.FormulaError else "frames"


def _names(column: str | None, rows: tuple[object, ...]) -> str:
    return " ".join(map(str, (column or "", *rows[:5])))


CASES = [
    Case(_area(kind), _names(column, rows), lambda given=arguments: gb.Model(*given))
    for arguments, kind, _, column, rows in FIRST.values()
] + [
    Case(_AREAS.get(area, "frames"), _names(column, row), lambda g=given, f=further: gb.Model(*g, **f))
    for area, given, further, _, _, column, row in KINDS
]
