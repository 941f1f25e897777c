"""Hierarchical spec files: TOML, YAML, formula and schema say the same model."""

import tomllib
from functools import cache

import jsonschema
import pytest
import yaml

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.spec_file import read_spec_file
from glmm_bayes.spec.yaml_text import read_yaml
from tests.spec.same_models import SAME


def as_yaml(model):
    return f"model: {model}\n" if model.startswith("{") else f"model:\n  {model}\n"


@pytest.mark.parametrize(("in_yaml", "in_toml", "formula"), SAME)
def test_yaml_toml_and_formula_are_the_same_model(tmp_path, in_yaml, in_toml, formula):
    (tmp_path / "m.yaml").write_text(as_yaml(in_yaml), encoding="utf-8")
    (tmp_path / "m.toml").write_text(f"[model]\n{in_toml}\n", encoding="utf-8")
    spec = ModelSpec.from_formula(formula)
    assert ModelSpec.from_file(tmp_path / "m.yaml") == spec
    assert ModelSpec.from_file(tmp_path / "m.toml") == spec


@cache
def schema():
    """Return what a file is checked against, seen to be a schema itself."""
    jsonschema.Draft202012Validator.check_schema(gb.spec_schema())
    return jsonschema.Draft202012Validator(gb.spec_schema())


@pytest.mark.parametrize(("in_yaml", "in_toml", "formula"), SAME)
def test_the_schema_takes_what_the_reader_takes(in_yaml, in_toml, formula):
    contents = (read_yaml("m.yaml", as_yaml(in_yaml))[0], tomllib.loads(f"[model]\n{in_toml}\n"))
    for content in contents:
        schema().validate(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"model": {"formula": "y ~ x", "famly": "poisson"}},
        {"model": {"response": "y", "terms": [1]}},
        {"model": {"response": "y", "groups": [{"factr": "g"}]}},
        {"model": {"response": {"expression": "y", "trails": "n"}}},
        {"model": {"response": "y"}, "sampler": {"draws": 0}},
        {"model": {"response": "y"}, "effects": [{"verb": "slopes"}]},
        {"model": {"response": "y"}, "effects": [{"verb": "comparisons"}]},
        {"model": {"response": "y"}, "extra": {}},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(tmp_path, content):
    with pytest.raises(jsonschema.ValidationError):
        schema().validate(content)
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(FormulaError):
        read_spec_file(tmp_path / "m.yaml")


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(gb.spec_schema())


def test_the_text_of_a_model_from_keys_is_its_formula_on_one_line(tmp_path):
    (tmp_path / "m.yaml").write_text("model: {response: y, terms: [x, 'a*b']}\n", encoding="utf-8")
    assert ModelSpec.from_file(tmp_path / "m.yaml").text == "y ~ x + a + b + a:b"


WHOLE_YAML = """\
model: {response: y, family: poisson, link: log, terms: [treatment], groups: [{factor: clinic}]}
data: {path: ../trial.csv, missing: drop}
known: {W: w.csv}
priors: {beta: {distribution: Normal, mu: 0, sigma: 2.5}}
sampler: {draws: 1000, tune: 500, chains: 4, seed: 1, engine: nutpie, cores: 2, target_accept: 0.9}
effects:
  - {verb: comparisons, variable: treatment, measure: ratio, estimand: population,
     by: [clinic], values: [a, 1]}
  - {verb: predictions, estimand: {clinic: typical}, by: true, scale: link, newdata: {treatment: [a, b]}}
output: {fit: a.glmm, report: a.html}
"""

WHOLE_TOML = """\
[model]
response = "y"
family = "poisson"
link = "log"
terms = ["treatment"]
[[model.groups]]
factor = "clinic"
[data]
path = "../trial.csv"
missing = "drop"
[known]
W = "w.csv"
[priors]
beta = { distribution = "Normal", mu = 0, sigma = 2.5 }
[sampler]
draws = 1000
tune = 500
chains = 4
seed = 1
engine = "nutpie"
cores = 2
target_accept = 0.9
[[effects]]
verb = "comparisons"
variable = "treatment"
measure = "ratio"
estimand = "population"
by = ["clinic"]
values = ["a", 1]
[[effects]]
verb = "predictions"
estimand = { clinic = "typical" }
by = true
scale = "link"
newdata = { treatment = ["a", "b"] }
[output]
fit = "a.glmm"
report = "a.html"
"""


def test_a_whole_file_says_the_same_in_both_languages(tmp_path):
    (tmp_path / "m.yml").write_text(WHOLE_YAML, encoding="utf-8")
    (tmp_path / "m.toml").write_text(WHOLE_TOML, encoding="utf-8")
    file = read_spec_file(tmp_path / "m.yml")
    assert file == read_spec_file(tmp_path / "m.toml")
    schema().validate(tomllib.loads(WHOLE_TOML))
    assert file.known == {"W": tmp_path / "w.csv"}
    assert file.data.path == tmp_path.parent / "trial.csv"
    assert [wanted.verb for wanted in file.effects] == ["comparisons", "predictions"]
    assert file.effects[0].arguments == {
        "variable": "treatment",
        "measure": "ratio",
        "estimand": "population",
        "by": ["clinic"],
        "values": ["a", 1],
    }
