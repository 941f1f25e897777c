"""Hierarchical spec files: TOML, YAML and formula say the same model, and each survives being written."""

import tomllib
from functools import cache

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.file_writing import toml_text, yaml_text
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.spec_file import read_spec_file, write_spec_file
from glmm_bayes.spec.yaml_text import read_yaml

# YAML of [model], the same in TOML, the same as a formula.
SAME = [
    ("response: y", 'response = "y"', "y ~ 1"),
    (
        "{response: y, intercept: false, terms: [x]}",
        'response = "y"\nintercept = false\nterms = ["x"]',
        "y ~ 0 + x",
    ),
    ("{response: y, intercept: true}", 'response = "y"\nintercept = true', "y ~ 1"),
    ("{response: y, terms: x}", 'response = "y"\nterms = "x"', "y ~ x"),
    ("{response: y, terms: [x, z]}", 'response = "y"\nterms = ["x", "z"]', "y ~ x + z"),
    ("{response: y, terms: [x, z, 'x:z']}", 'response = "y"\nterms = ["x", "z", "x:z"]', "y ~ x*z"),
    ("{response: y, terms: ['x*z']}", 'response = "y"\nterms = ["x*z"]', "y ~ x + z + x:z"),
    ("{response: y, terms: [a/b]}", 'response = "y"\nterms = ["a/b"]', "y ~ a/b"),
    ("{response: y, terms: ['(a + b)^2']}", 'response = "y"\nterms = ["(a + b)^2"]', "y ~ (a + b)^2"),
    ("{response: y, terms: ['x:z']}", 'response = "y"\nterms = ["x:z"]', "y ~ x:z"),
    ("{response: y, terms: [log(x)]}", 'response = "y"\nterms = ["log(x)"]', "y ~ log(x)"),
    ("{response: y, terms: [I(x^2)]}", 'response = "y"\nterms = ["I(x^2)"]', "y ~ I(x^2)"),
    (
        "{response: y, terms: [scale(x), center(z)]}",
        'response = "y"\nterms = ["scale(x)", "center(z)"]',
        "y ~ scale(x) + center(z)",
    ),
    (
        """{response: y, terms: ['C(x, ref="b")']}""",
        "response = 'y'\nterms = ['C(x, ref=\"b\")']",
        'y ~ C(x, ref="b")',
    ),
    (
        "{response: y, terms: ['`a b`', Größe]}",
        'response = "y"\nterms = ["`a b`", "Größe"]',
        "y ~ `a b` + Größe",
    ),
    (
        "{response: y, terms: [no, on, yes, null.x]}",
        'response = "y"\nterms = ["no", "on", "yes", "null.x"]',
        "y ~ no + on + yes + null.x",
    ),
    ("{response: log(y), terms: [x]}", 'response = "log(y)"\nterms = ["x"]', "log(y) ~ x"),
    (
        "{response: 'cbind(s, n - s)', terms: [x]}",
        'response = "cbind(s, n - s)"\nterms = ["x"]',
        "cbind(s, n - s) ~ x",
    ),
    (
        "{response: s | trials(n), terms: [x]}",
        'response = "s | trials(n)"\nterms = ["x"]',
        "s | trials(n) ~ x",
    ),
    (
        "{response: {expression: s, trials: n}}",
        'response = {expression = "s", trials = "n"}',
        "s | trials(n) ~ 1",
    ),
    (
        "{response: {expression: s, trials: 10}}",
        'response = {expression = "s", trials = 10}',
        "s | trials(10) ~ 1",
    ),
    ("{response: {expression: y}}", 'response = {expression = "y"}', "y ~ 1"),
    ("""{response: 'success(y, "yes")'}""", "response = 'success(y, \"yes\")'", 'success(y, "yes") ~ 1'),
    ("{response: y, offset: log(e)}", 'response = "y"\noffset = "log(e)"', "y ~ offset(log(e))"),
    (
        "{response: y, offset: [log(e), w]}",
        'response = "y"\noffset = ["log(e)", "w"]',
        "y ~ offset(log(e)) + offset(w)",
    ),
    ("{response: y, groups: [{factor: g}]}", 'response = "y"\n[[model.groups]]\nfactor = "g"', "y ~ (1 | g)"),
    (
        "{response: y, groups: [{factor: g, effects: [1, x]}]}",
        'response = "y"\n[[model.groups]]\nfactor = "g"\neffects = [1, "x"]',
        "y ~ (1 + x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [x, 1]}]}",
        'response = "y"\ngroups = [{factor = "g", effects = ["x", "1"]}]',
        "y ~ (x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [x]}]}",
        'response = "y"\ngroups = [{factor = "g", effects = ["x"]}]',
        "y ~ (0 + x | g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [1, x, z], correlated: false}]}",
        'response = "y"\ngroups = [{factor = "g", effects = [1, "x", "z"], correlated = false}]',
        "y ~ (x + z || g)",
    ),
    (
        "{response: y, groups: [{factor: g, effects: [1, 'x*z']}]}",
        'response = "y"\ngroups = [{factor = "g", effects = [1, "x*z"]}]',
        "y ~ (x*z | g)",
    ),
    (
        "{response: y, groups: [{factor: 'a:b'}]}",
        'response = "y"\ngroups = [{factor = "a:b"}]',
        "y ~ (1 | a:b)",
    ),
    (
        "{response: y, groups: [{factor: [a, b]}]}",
        'response = "y"\ngroups = [{factor = ["a", "b"]}]',
        "y ~ (1 | a:b)",
    ),
    (
        "{response: y, groups: [{factor: ['`a:b`', c]}]}",
        'response = "y"\ngroups = [{factor = ["`a:b`", "c"]}]',
        "y ~ (1 | `a:b`:c)",
    ),
    (
        "{response: y, groups: [{factor: a/b}]}",
        'response = "y"\ngroups = [{factor = "a/b"}]',
        "y ~ (1 | a/b)",
    ),
    (
        "{response: y, groups: [{nested: [a, b, c]}]}",
        'response = "y"\ngroups = [{nested = ["a", "b", "c"]}]',
        "y ~ (1 | a/b/c)",
    ),
    (
        "{response: y, groups: [{nested: [a, b], effects: [1, x]}]}",
        'response = "y"\ngroups = [{nested = ["a", "b"], effects = [1, "x"]}]',
        "y ~ (x | a/b)",
    ),
    (
        "{response: y, groups: [{factor: g}, {factor: h}]}",
        'response = "y"\ngroups = [{factor = "g"}, {factor = "h"}]',
        "y ~ (1 | g) + (1 | h)",
    ),
    (
        "{response: y, groups: [{factor: g}, {factor: g, effects: [x]}]}",
        'response = "y"\ngroups = [{factor = "g"}, {factor = "g", effects = ["x"]}]',
        "y ~ (1 | g) + (0 + x | g)",
    ),
    ("{formula: 'y ~ x + (1 | g)'}", 'formula = "y ~ x + (1 | g)"', "y ~ x + (1 | g)"),
]


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


visible = st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp"])
names = st.one_of(
    st.sampled_from(["a", "b", "c", "x.1", "log", "Größe", "`a b`", "`x\\`z`", "no", "null", "y"]),
    st.text(visible, min_size=1, max_size=5).map(
        lambda name: "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
    ),
)
terms = st.one_of(
    names,
    st.tuples(st.sampled_from(["log", "I", "scale", "center"]), names).map(lambda p: f"{p[0]}({p[1]})"),
    st.lists(names, min_size=2, max_size=3).map(":".join),
    names.map(lambda name: f"C({name}, ref='a\"b')"),
)
groups = st.tuples(
    st.sampled_from(["1", "1 + u", "0 + u", "u + v"]),
    st.sampled_from(["|", "||"]),
    st.lists(names, min_size=1, max_size=2).map(":".join),
).map(lambda p: f"({' '.join(p)})")
formulas = st.tuples(
    st.sampled_from(["r", "cbind(r, s)", "r | trials(s)", "log(r)"]),
    st.lists(st.one_of(terms, groups, st.just("0"), terms.map(lambda t: f"offset(log({t}))")), max_size=5),
).map(lambda p: f"{p[0]} ~ {' + '.join(['1', *p[1]])}")


@given(formulas, st.sampled_from(["yaml", "toml"]))
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_formula_survives_both_files(tmp_path_factory, formula, suffix):
    try:
        spec = ModelSpec.from_formula(formula, "poisson", "log", {"sd": Prior("HalfNormal", sigma=1 / 3)})
    except FormulaError:
        return
    path = tmp_path_factory.getbasetemp() / f"terms.{suffix}"
    write_spec_file(spec, path)
    again = read_spec_file(path).model
    assert again == spec
    assert again.to_formula() == spec.to_formula()
    assert ModelSpec.from_formula(again.to_formula(), "poisson", "log", spec.priors) == spec


@pytest.mark.parametrize("suffix", ["yaml", "toml"])
@pytest.mark.parametrize("formula", [row[2] for row in SAME])
def test_writing_twice_gives_the_same_text(tmp_path, formula, suffix):
    first, second = tmp_path / f"a.{suffix}", tmp_path / f"b.{suffix}"
    spec = ModelSpec.from_formula(formula)
    spec.to_file(first)
    assert ModelSpec.from_file(first) == spec
    ModelSpec.from_file(first).to_file(second)
    assert first.read_bytes() == second.read_bytes()


scalars = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
keys = st.text(st.characters(exclude_categories=["Cs"]))
tables = st.lists(
    st.dictionaries(keys, scalars | st.lists(scalars), min_size=1, max_size=3), min_size=1, max_size=3
)
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(keys, scalars, max_size=3), tables)
sections = st.dictionaries(
    st.sampled_from(["model", "priors"]), st.dictionaries(keys, values, min_size=1, max_size=4)
)


@given(sections)
@settings(max_examples=200, deadline=None)
def test_any_values_survive_both_languages(content):
    filled = {name: keys for name, keys in content.items() if keys}
    assert tomllib.loads(toml_text(filled)) == filled
    assert read_yaml("m.yaml", yaml_text(filled))[0] == filled


WRITTEN = "y | trials(n) ~ 0 + x + z + x:z + offset(log(e)) + (1 + x || g) + (1 | a:b)"
PRIORS = {"beta": Prior("Normal", mu=0, sigma=2.5), "beta[x]": Prior("Normal", sigma=1e-5)}

AS_YAML = """\
model:
  response: {expression: "y", trials: "n"}
  family: binomial
  edition: 2
  intercept: false
  terms: [x, z, "x:z"]
  offset: ["log(e)"]
  groups:
    - factor: g
      effects: [1, x]
      correlated: false
    - factor: "a:b"
      effects: [1]
priors:
  beta: {distribution: Normal, mu: 0.0, sigma: 2.5}
  "beta[x]": {distribution: Normal, mu: 0.0, sigma: 1.0e-05}
"""

AS_TOML = """\
[model]
response = { expression = "y", trials = "n" }
family = "binomial"
edition = 2
intercept = false
terms = ["x", "z", "x:z"]
offset = ["log(e)"]

[[model.groups]]
factor = "g"
effects = [1, "x"]
correlated = false

[[model.groups]]
factor = "a:b"
effects = [1]

[priors]
beta = { distribution = "Normal", mu = 0.0, sigma = 2.5 }
"beta[x]" = { distribution = "Normal", mu = 0.0, sigma = 1.0e-05 }
"""


@pytest.mark.parametrize(("suffix", "text"), [("yaml", AS_YAML), ("yml", AS_YAML), ("toml", AS_TOML)])
def test_a_written_file_reads_as_a_person_would_write_it(tmp_path, suffix, text):
    path = tmp_path / f"m.{suffix}"
    spec = ModelSpec.from_formula(WRITTEN, "binomial", priors=PRIORS)
    spec.to_file(path)
    assert path.read_text(encoding="utf-8") == text
    assert ModelSpec.from_file(path) == spec


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
