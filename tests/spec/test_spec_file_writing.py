"""Models and values survive being written to spec files, which read as a person would write them."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glmm_bayes.core.errors import FormulaError
from glmm_bayes.spec.file_writing import toml_text, yaml_text
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.spec_file import read_spec_file, write_spec_file
from glmm_bayes.spec.yaml_text import read_yaml
from tests.spec.same_models import SAME

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
