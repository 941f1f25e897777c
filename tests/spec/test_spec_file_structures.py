"""Structures, memberships, labels and bases in spec files: the same model as the formula, there and back."""

import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import GlmmError
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.spec_file import read_spec_file

# Keys of one group in YAML, the same as a formula's term.
GROUPS = [
    ("{factor: g, by: f}", "(1 | gr(g, by = f))"),
    ("{factor: g, by: '`the f`', effects: [1, x]}", "(x | gr(g, by = `the f`))"),
    ("{factor: 'a:b', by: f}", "(1 | gr(a:b, by = f))"),
    ("{factor: [a, b], by: f}", "(1 | gr(a:b, by = f))"),
    ("{nested: [a, b], by: f}", "(1 | gr(a/b, by = f))"),
    ("{factor: g, effects: [1, x], correlated: false, by: f}", "(x || gr(g, by = f))"),
    ("{factor: g, distribution: student}", '(1 | gr(g, dist = "student"))'),
    ("{factor: g, distribution: gaussian}", "(1 | g)"),
    ("{factor: g, structure: known, arguments: {cov: K}}", "(1 | gr(g, cov = K))"),
    ("{factor: g, arguments: {cov: K}}", "(1 | gr(g, cov = K))"),
    ("{factor: g, structure: unstructured}", "(1 | g)"),
    ("{factor: g, effects: [t], structure: ar1}", '(0 + t | gr(g, structure = "ar1"))'),
    (
        "{factor: area, structure: icar, arguments: {graph: W}}",
        '(1 | gr(area, structure = "icar", graph = W))',
    ),
    (
        "{factor: s, structure: matern, arguments: {coordinates: 'cbind(u, `the v`)', nu: 1.5}}",
        '(1 | gr(s, structure = "matern", coordinates = cbind(u, `the v`), nu = 1.5))',
    ),
    (
        "{factor: g, structure: ar1, arguments: {hetero: true, other: false, rho: -0.5}}",
        '(1 | gr(g, structure = "ar1", hetero = TRUE, other = FALSE, rho = -0.5))',
    ),
    (
        "{factor: g, by: f, structure: ar1, arguments: {rho: 1}, distribution: student}",
        '(1 | gr(g, by = f, structure = "ar1", rho = 1, dist = "student"))',
    ),
    ("{factor: g, label: i}", "(1 |i| g)"),
    ("{factor: g, effects: [1, x], label: i}", "(x |i| g)"),
    ("{factor: g, label: i, by: f}", "(1 |i| gr(g, by = f))"),
    ("{members: [a, b]}", "(1 | mm(a, b))"),
    ("{members: [a, '`the b`', c], effects: [1, x]}", "(x | mm(a, `the b`, c))"),
    ("{members: [a, b], weights: [v, w / 2]}", "(1 | mm(a, b, weights = cbind(v, w / 2)))"),
    ("{members: [a, b], effects: [1, x], correlated: false}", "(x || mm(a, b))"),
    (
        "{members: [a, b], weights: [v, w], by: f, distribution: student}",
        '(1 | mm(a, b, weights = cbind(v, w), by = f, dist = "student"))',
    ),
    ("{members: [a, b], label: i}", "(1 |i| mm(a, b))"),
]


@pytest.mark.parametrize(("group", "term"), GROUPS)
@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_a_group_of_keys_is_the_formulas_and_survives_both_files(tmp_path, suffix, group, term):
    (tmp_path / "m.yaml").write_text(f"model: {{response: y, groups: [{group}]}}\n", encoding="utf-8")
    spec = ModelSpec.from_formula(f"y ~ {term}")
    assert ModelSpec.from_file(tmp_path / "m.yaml") == spec
    spec.to_file(tmp_path / f"again.{suffix}")
    assert ModelSpec.from_file(tmp_path / f"again.{suffix}") == spec


FORMULAS = [
    "y ~ poly(x, 2) + bs(z, df = 5) + ns(z, df = 4):f",
    'y ~ C(x, "sum", ref = "b") * standardize(z)',
    "y ~ pmin(x, 10) + pmax(x, 0) + log(x):f",
    "y ~ x + (1 + x |i| g) + (0 + z |i| g)",
    "y ~ (1 | gr(g, cov = K)) + (0 + x | g) + (1 | mm(a, b)) + (1 | a:b)",
]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_a_formula_of_all_kinds_survives_both_files(tmp_path, suffix, formula):
    spec = ModelSpec.from_formula(formula)
    spec.to_file(tmp_path / f"m.{suffix}")
    again = ModelSpec.from_file(tmp_path / f"m.{suffix}")
    assert again == spec
    assert again.to_formula() == spec.to_formula()


WHOLE = """\
model:
  response: y
  family: poisson
  edition: 2
  terms: [treatment, "poly(age, 2)"]
  groups:
    - factor: area
      structure: icar
      arguments: {graph: W}
    - members: [school1, school2]
      weights: [w1, w2]
"""


def test_a_file_with_structures_is_written_as_a_person_would_write_it(tmp_path):
    (tmp_path / "m.yaml").write_text(WHOLE, encoding="utf-8")
    ModelSpec.from_file(tmp_path / "m.yaml").to_file(tmp_path / "n.yaml")
    written = (tmp_path / "n.yaml").read_text(encoding="utf-8")
    assert written == WHOLE.replace("response: y", 'response: "y"').replace(
        "    - factor: area\n", "    - factor: area\n      effects: [1]\n"
    ).replace("      weights: [w1, w2]\n", "      weights: [w1, w2]\n      effects: [1]\n")


def test_an_error_in_gr_is_located_at_its_key(tmp_path):
    text = "model:\n  response: y\n  groups:\n    - factor: g\n    - factor: h\n      arguments: {bye: f}\n"
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(GlmmError, match=r"m.yaml:[56]: \[model.groups.2"):
        read_spec_file(tmp_path / "m.yaml")


FURTHER = [
    ('{sigma: "~ z + (1 |i| g)", nu: 4}', {"sigma": "~ z + (1 |i| g)", "nu": 4}),
    ('{zi: "~ 1", sigma: "~ a*b"}', {"sigma": "~ a*b", "zi": "~ 1"}),
    ("{shape: 0.5}", {"shape": 0.5}),
    ("{}", {}),
]


@pytest.mark.parametrize(("in_yaml", "further"), FURTHER)
@pytest.mark.parametrize("suffix", ["yaml", "toml"])
def test_formulas_of_further_parameters_are_keys_of_a_section_and_survive(tmp_path, suffix, in_yaml, further):
    model = "model: {response: y, terms: [x], groups: [{factor: g, label: i}]}\n"
    (tmp_path / "m.yaml").write_text(f"{model}further: {in_yaml}\n", encoding="utf-8")
    spec = ModelSpec.from_formula(gb.Formula("y ~ x + (1 |i| g)", **further))
    assert ModelSpec.from_file(tmp_path / "m.yaml") == spec
    spec.to_file(tmp_path / f"n.{suffix}")
    assert ModelSpec.from_file(tmp_path / f"n.{suffix}") == spec
    assert list(ModelSpec.from_file(tmp_path / f"n.{suffix}").predictors) == list(spec.predictors)


WRONG_FURTHER = [
    ("{sigm: ~ z}", ["m.yaml:2: unknown key 'sigm' in [further].", "'sigma'?"]),
    ("{text: ~ z}", ["m.yaml:2: unknown key 'text' in [further].", "Known: sigma, nu"]),
    ("{sigma: y ~ z}", ["m.yaml:2: [further] sigma: formula:1:1: ", "has no left side"]),
    ("{sigma: ~ z^2}", ["m.yaml:2: [further] sigma: formula:1:3: ", "Write I(z^2)"]),
    ("{sigma: ~ y}", ["m.yaml:2: [further] sigma: formula:1:3: ", "the response cannot predict itself"]),
    ("{sigma: true}", ["m.yaml:2: [further] sigma must be"]),
    ("{nu: .inf}", ["m.yaml:2: [further] nu: ", "finite number"]),
    ("[a]", ["m.yaml:2: [further] must be a table, found a list"]),
]


@pytest.mark.parametrize(("in_yaml", "parts"), WRONG_FURTHER)
def test_what_a_further_parameter_cannot_be_is_located_at_its_key(tmp_path, in_yaml, parts):
    (tmp_path / "m.yaml").write_text(f"model: {{response: y}}\nfurther: {in_yaml}\n", encoding="utf-8")
    with pytest.raises(GlmmError) as caught:
        read_spec_file(tmp_path / "m.yaml")
    for part in parts:
        assert part in str(caught.value)
