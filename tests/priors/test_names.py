"""Names of the posterior are spelled in one place, and no label of a user's is turned into one of them."""

import ast
import re
from pathlib import Path

import pytest

import glmm_bayes as gb
from glmm_bayes.core.slugs import slugs
from tests.example_models import model_of
from tests.examples import DATA, RESPONSES

PACKAGE = Path(gb.__file__).parent
PLACE = PACKAGE / "priors" / "names.py"
_VARIABLE = "beta|b|z|sd|corr|cov|chol_corr|joint|mo|simplex|df|level|share|range|thresholds|mu|cs"
#: What stands before or after something that is put into a text, where the two make a name.
BEFORE = re.compile(rf"(?:^|[^A-Za-z0-9_])(?:{_VARIABLE})(?:_|\[)$")
AFTER = re.compile(
    r"(?:beta|Intercept)(?:$|[^A-Za-z0-9_])|_?(?:basis|effect|coef|step)$|(?:sd|corr|b|z|mo|simplex|df)_"
)


def spelled(tree):
    """Yield the lines of f-strings that make the name of a variable."""
    for node in ast.walk(tree):
        for one, other in (
            zip(node.values, node.values[1:], strict=False) if isinstance(node, ast.JoinedStr) else ()
        ):
            if (
                isinstance(one, ast.Constant)
                and isinstance(other, ast.FormattedValue)
                and BEFORE.search(one.value)
            ):
                yield node.lineno
            if (
                isinstance(one, ast.FormattedValue)
                and isinstance(other, ast.Constant)
                and AFTER.match(other.value)
            ):
                yield node.lineno


def test_no_text_spells_a_variable_outside_its_one_place():
    found = {
        file.relative_to(PACKAGE).as_posix(): lines
        for file in sorted(PACKAGE.rglob("*.py"))
        if file != PLACE and (lines := sorted(set(spelled(ast.parse(file.read_text(encoding="utf-8"))))))
    }
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        'f"sd_{g}"',
        'f"beta[{x}]"',
        'f"{prefix}beta"',
        'f"{prefix}sd_{g}"',
        'f"a {b} simplex[{t}]"',
        'f"{v}_basis"',
    ],
)
def test_a_name_that_is_spelled_is_seen(text):
    assert list(spelled(ast.parse(text)))


@pytest.mark.parametrize("text", ['f"sd of {g}"', 'f"{n} levels"', 'f"word_{x}"', '"sd_g"', 'f"{a}, {b}"'])
def test_other_texts_are_not_taken_for_names(text):
    assert not list(spelled(ast.parse(text)))


@pytest.mark.parametrize("family", ["gaussian", "zero_inflated_poisson", "cumulative", "student"])
def test_a_label_that_is_called_like_a_variable_gets_another_name(family):
    model = model_of(family, right="x + (1 + x | g)")
    posterior = model.definition.posterior
    for name in [*posterior.variables, *posterior.labels]:
        assert name in ("g", "threshold", "thresholds") or slugs([name])[name] != name


@pytest.mark.parametrize("name", ["threshold", "thresholds"])
def test_a_factor_that_is_called_like_the_thresholds_is_refused_where_there_are_any(name):
    data = DATA.rename(columns={"g": name})
    with pytest.raises(gb.DataError, match=f"'{name}' is a grouping factor and a parameter of cumulative"):
        gb.Model(f"{RESPONSES['cumulative']} ~ x + (1 | {name})", data, family="cumulative")
    assert gb.Model(f"{RESPONSES['gaussian']} ~ x + (1 | {name})", data).design.groups[0].slug == name
