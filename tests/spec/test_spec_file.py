"""Spec files: what they say, what is refused, and that a model survives being written."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import glmm_bayes as gb
from glmm_bayes.core.errors import FormulaError, GlmmError, PriorError, StorageError
from glmm_bayes.spec.linear_predictor import LinearPredictor
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.prior import Prior
from glmm_bayes.spec.spec_file import DataSource, Outputs, read_spec_file, write_spec_file

WHOLE = """\
[model]
formula = "y ~ treatment * time + (1 | patientID)"
family = "bernoulli"
link = "logit"          # optional
[data]
path = "toenail.csv"
[priors]
beta = { distribution = "Normal", mu = 0, sigma = 2.5 }
"beta[time]" = { distribution = "Normal", mu = 0, sigma = 1 }
[sampler]
draws = 1000
tune = 500
chains = 4
seed = 1
engine = "nutpie"
[output]
fit = "toenail.glmm"
report = "out/toenail.html"
"""
MODEL = '[model]\nformula = "y ~ x"\n'


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "model.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_a_whole_file_is_read(written, tmp_path):
    spec = read_spec_file(written(WHOLE))
    assert spec.model.to_formula() == "y ~ treatment + time + treatment:time + (1 | patientID)"
    assert (spec.model.family, spec.model.link) == ("bernoulli", "logit")
    assert spec.model.priors == {
        "beta": Prior("Normal", mu=0, sigma=2.5),
        "beta[time]": Prior("Normal", mu=0, sigma=1),
    }
    assert spec.data == DataSource(path=tmp_path / "toenail.csv")
    assert spec.sampler == {"draws": 1000, "tune": 500, "chains": 4, "seed": 1, "engine": "nutpie"}
    assert spec.output.fit == tmp_path / "toenail.glmm"
    assert spec.output.report == tmp_path / "out" / "toenail.html"


def test_only_the_formula_is_needed(written):
    spec = read_spec_file(written(MODEL))
    assert spec.model == ModelSpec.from_formula("y ~ x")
    assert (spec.data, dict(spec.sampler), spec.output) == (None, {}, Outputs())


def test_settings_that_are_not_given_are_left_out(written):
    assert dict(read_spec_file(written(MODEL + "[sampler]\ndraws = 5\n")).sampler) == {"draws": 5}


def test_an_embedded_data_set_is_named(written):
    assert read_spec_file(written(MODEL + '[data]\ndataset = "toenail"\n')).data.dataset == "toenail"


def test_paths_are_relative_to_the_file_and_not_to_the_process(written, tmp_path, monkeypatch):
    written(MODEL + '[data]\npath = "../d.csv"\n')
    monkeypatch.chdir(tmp_path)
    assert read_spec_file("model.toml").data.path == tmp_path.parent / "d.csv"
    assert read_spec_file(Path("model.toml")).data.path.is_absolute()


# text after [model] formula, code, what the message and hint hold
REFUSED = [
    (
        'famly = "poisson"',
        "config_key",
        ["model.toml:3", "'famly' in [model]", "'family'?", "formula, family"],
    ),
    ("[sampler]\ndraw = 3", "config_key", ["model.toml:4", "'draw' in [sampler]", "'draws'?", "chains"]),
    ("[sample]\ndraws = 3", "config_key", ["unknown section 'sample'", "'sampler'?", "priors"]),
    ('[output]\nfits = "a"', "config_key", ["'fits' in [output]", "'fit'?"]),
    ('[data]\nurl = "a"', "config_key", ["'url' in [data]", "path, dataset"]),
    ('family = "a"\nfamily = "b"', "config_syntax", ["line 4"]),
    (
        '[sampler]\ndraws = "many"',
        "config_value",
        [":4", "[sampler] draws", "whole number", "the text 'many'"],
    ),
    ("[sampler]\ndraws = 10.5", "config_value", ["[sampler] draws must be a whole number, found 10.5"]),
    ("[sampler]\ndraws = true", "config_value", ["[sampler] draws must be a whole number, found true"]),
    ("[sampler]\ndraws = 0", "config_value", ["[sampler] draws must be at least 1, found 0"]),
    ("[sampler]\nseed = -1", "config_value", ["[sampler] seed must be at least 0"]),
    ("[sampler]\nengine = 1", "config_value", ["[sampler] engine must be a text in quotes, found 1"]),
    ("link = 1", "config_value", ["[model] link must be a text in quotes"]),
    ("family = 2020-01-01", "config_value", ["[model] family must be a text in quotes"]),
    ("[[sampler]]\ndraws = 1", "config_value", ["[sampler] must be a table, found a list"]),
    ("[data]", "config_value", ["either 'path' or 'dataset'"]),
    ('[data]\npath = "a"\ndataset = "b"', "config_value", ["either 'path' or 'dataset'"]),
    ('[data]\npath = "https://a.b/c.csv"', "config_value", ["model.toml:4", "[data] path", "an address"]),
    ('[data]\npath = "//server/c.csv"', "config_value", ["an address"]),
    ("[data]\npath = '\\\\server\\c.csv'", "config_value", ["an address"]),
    ('[data]\npath = "*.csv"', "config_value", ["no wildcards"]),
    ('[data]\npath = ""', "config_value", ["no plain path"]),
    ('[data]\npath = "a\\u0000b"', "config_value", ["no plain path"]),
    ('[output]\nfit = "s3://a/b"', "config_value", ["[output] fit", "an address"]),
    ("[priors]\nbeta = 3", "config_value", ["[priors] beta must be a table", "found 3"]),
    ("[priors]\nbeta = { mu = 3 }", "config_value", ["'beta' must name its distribution"]),
    ("[priors]\nbeta = { distribution = 3 }", "config_value", ["'beta' must name its distribution"]),
    (
        '[priors]\nbeta = { distribution = "Normal", sigma = "1" }',
        "config_value",
        ["'sigma' must be a number, found the text '1'"],
    ),
    (
        '[priors]\nbeta = { distribution = "Normal", sigma = true }',
        "config_value",
        ["[priors] beta: 'sigma' must be a number, found true"],
    ),
    ('[priors]\nbeta = { distribution = "Normal", sigma = [1] }', "config_value", ["'sigma'", "a list"]),
    ("[priors]\nbeta[x] = 1", "config_syntax", ["line 4", '"beta[time]"']),
    ("x = ", "config_syntax", ["not valid TOML", "line 3"]),
    ("x = " + "[" * 100_000, "config_syntax", ["not valid TOML"]),
    ("x = " + "9" * 5_000, "config_syntax", ["not valid TOML"]),
]


@pytest.mark.parametrize(("text", "code", "parts"), REFUSED)
def test_what_a_spec_file_cannot_say_is_refused_with_file_and_key(written, text, code, parts):
    with pytest.raises(FormulaError) as caught:
        read_spec_file(written(MODEL + text + "\n"))
    assert caught.value.code == code
    assert "model.toml" in str(caught.value)
    assert "pydantic" not in str(caught.value)
    for part in parts:
        assert part in str(caught.value)


def test_all_findings_of_a_file_are_told_together(written):
    with pytest.raises(FormulaError) as caught:
        read_spec_file(written(MODEL + "link = 1\n[sampler]\ndraw = 3\nseed = -2\n"))
    codes = sorted(finding.code for finding in caught.value.findings)
    assert codes == ["config_key", "config_value", "config_value"]


@pytest.mark.parametrize(("text", "part"), [("", "the section [model]"), ("[model]\n", "the key 'formula'")])
def test_a_file_without_a_formula_is_refused(written, text, part):
    with pytest.raises(FormulaError, match="is missing") as caught:
        read_spec_file(written(text))
    assert caught.value.code == "config_key"
    assert part in str(caught.value)


def test_an_error_in_the_formula_names_file_line_and_key_and_keeps_its_carets(written):
    with pytest.raises(FormulaError) as caught:
        read_spec_file(written('[model]\nfamily = "poisson"\nformula = "y ~ x^2"\n'))
    assert caught.value.code == "formula_misread"
    assert str(caught.value).startswith("[formula_misread] model.toml:3: [model] formula: formula:1:5: ")
    assert "\n    y ~ x^2\n        ^^^\nWrite I(x^2)." in str(caught.value)


def test_an_error_in_a_prior_names_file_line_and_key(written):
    text = MODEL + '[priors]\nbeta = { distribution = "Normal", sigm = 1 }\n'
    with pytest.raises(PriorError, match=r"model.toml:4: \[priors\] beta: Normal has no argument 'sigm'"):
        read_spec_file(written(text))
    for word in ("name", "self"):
        with pytest.raises(PriorError, match=f"Normal has no argument '{word}'"):
            read_spec_file(written(MODEL + f'[priors]\nbeta = {{ distribution = "Normal", {word} = 1 }}\n'))
    with pytest.raises(PriorError, match="no distribution 'Norml'"):
        read_spec_file(written(MODEL + '[priors]\nbeta = { distribution = "Norml" }\n'))


def test_a_file_that_is_not_there_or_cannot_be_read_is_a_storage_error(tmp_path):
    for path in (tmp_path / "none.toml", tmp_path, "a\x00b.toml"):
        with pytest.raises(StorageError) as caught:
            read_spec_file(path)
        assert caught.value.code == "storage"


def test_a_file_that_is_not_text_is_refused(written):
    with pytest.raises(FormulaError, match="UTF-8") as caught:
        read_spec_file(written(b'[model]\nformula = "\xff"\n'))
    assert caught.value.code == "config_syntax"


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "folder.toml").mkdir()
    for path in (tmp_path / "folder.toml", tmp_path / "none" / "m.toml", tmp_path / "a\x00.toml"):
        with pytest.raises(StorageError) as caught:
            ModelSpec.from_formula("y ~ x").to_file(path)
        assert caught.value.code == "storage"
    assert [path.name for path in tmp_path.iterdir()] == ["folder.toml"]


FORMULAS = [
    "y ~ x",
    "y ~ 0 + a*b + offset(log(e)) + (1 + x | g) + (0 + z | g) + (1 | a:b)",
    'success(`the "y"`, "a\\"b\\\\c") ~ C(x, ref="\t") + `back\\\\slash`',
    "y | trials(n) ~ Größe + `🙂` + `\u3000`",
]
PRIORS = {
    "beta": Prior("Normal", mu=-1e-5, sigma=2.5e20),
    'beta[C(x)[a"b\\]]': Prior("StudentT", nu=3, sigma=1 / 3),
    "sd_g": Prior("Exponential", scale=1e16),
}


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("link", [None, "log", 'a"\\\n\x00'])
@pytest.mark.parametrize("priors", [{}, PRIORS])
def test_a_spec_survives_its_file(tmp_path, formula, link, priors):
    spec = ModelSpec.from_formula(formula, family="poisson", link=link, priors=priors)
    spec.to_file(tmp_path / "m.toml")
    assert ModelSpec.from_file(tmp_path / "m.toml") == spec
    assert [path.name for path in tmp_path.iterdir()] == ["m.toml"]


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
@settings(max_examples=100, deadline=None)
def test_any_text_survives_the_file(tmp_path_factory, family, parameter):
    priors = {parameter: Prior("Normal", sigma=1)}
    spec = replace(ModelSpec.from_formula("y ~ x"), family=family, priors=priors)
    path = tmp_path_factory.getbasetemp() / "any.toml"
    write_spec_file(spec, path)
    assert read_spec_file(path).model == spec


@given(st.text(max_size=60) | st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_file_is_a_spec_or_a_typed_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "soup.toml"
    content = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    path.write_bytes(b'[model]\nformula = "y ~ x"\n' + content)
    try:
        read_spec_file(path)
    except GlmmError as error:
        assert "soup.toml" in str(error)


# arguments of from_formula, the type of the error, a part of the message
NO_SPEC = [
    ({"family": None}, FormulaError, "a spec holds the name of a family, found None"),
    ({"family": 3}, FormulaError, "a spec holds the name of a family, found 3"),
    ({"link": 3}, FormulaError, "link must be a text, found 3"),
    ({"priors": {"beta": 3}}, PriorError, "the prior of 'beta' must be a gb.Prior, found int"),
    ({"priors": {3: Prior("Normal", mu=0, sigma=1)}}, PriorError, "under the name of its parameter, found 3"),
    ({"priors": ["beta"]}, PriorError, "priors must be a mapping"),
    ({"interpretation": None}, FormulaError, 'interpretation must be "subject" or "population", found None'),
    ({"interpretation": ["subject"]}, FormulaError, 'interpretation must be "subject" or "population"'),
]


@pytest.mark.parametrize(("arguments", "error", "sentence"), NO_SPEC)
def test_what_no_file_could_hold_is_no_spec(arguments, error, sentence):
    spec = ModelSpec.from_formula("y ~ x")
    for made in (lambda: ModelSpec.from_formula("y ~ x", **arguments), lambda: replace(spec, **arguments)):
        with pytest.raises(error) as caught:
            made()
        assert sentence in str(caught.value)


def test_a_family_of_functions_stands_in_a_spec_by_its_name():
    family = gb.CustomFamily(
        "half",
        log_density=lambda y, mu, m: -y / mu - m.log(mu),
        random=lambda rng, mu: rng.exponential(mu),
        variance=lambda mu: mu**2,
        support="positive",
    )
    with pytest.raises(FormulaError, match=r"gb\.register_family"):
        ModelSpec.from_formula("y ~ x", family=family)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"response": "y"}, "response must be a ResponseTerm, found 'y'"),
        ({"predictors": {}}, "predictors must hold the linear predictor of the mean as 'mu'"),
        ({"predictors": {"mu": 3.0}}, "predictors must hold the linear predictor of the mean as 'mu'"),
        (
            {"predictors": {"mu": LinearPredictor(()), "sgma": 1.0}},
            "no parameter 'sgma'. Did you mean 'sigma'",
        ),
        (
            {"predictors": {"mu": LinearPredictor(()), "nu": float("nan")}},
            "nu must have a linear predictor or",
        ),
        ({"predictors": {"mu": LinearPredictor(()), "nu": True}}, "nu must have a linear predictor or"),
        ({"edition": 3}, "edition must be a whole number from 1 to 2, found 3"),
        ({"edition": True}, "edition must be a whole number"),
        ({"text": None, "link": b"log"}, "link must be a text"),
    ],
)
def test_a_spec_is_checked_however_it_is_made(arguments, sentence):
    with pytest.raises(FormulaError) as caught:
        replace(ModelSpec.from_formula("y ~ x"), **arguments)
    assert sentence in str(caught.value)


TEXTS = [
    "",
    " ",
    "no",
    "1e5",
    "2020-01-01",
    'a"b',
    "a\\b",
    "a\nb",
    "\t",
    "\0",
    "\ufeff",
    "\x85",
    "é",
    "\ue000",
    "#",
    "{}",
]


@pytest.mark.parametrize("suffix", [".toml", ".yaml"])
@pytest.mark.parametrize("text", TEXTS)
def test_any_text_of_a_spec_survives_a_file(tmp_path, text, suffix):
    prior = Prior("Normal", mu=0, sigma=1)
    spec = ModelSpec.from_formula("y ~ x", family=text, link=text, priors={text: prior})
    spec.to_file(tmp_path / f"m{suffix}")
    assert ModelSpec.from_file(tmp_path / f"m{suffix}") == spec


@pytest.mark.parametrize(
    ("family", "suffix"), [("\ud800", ".toml"), ("a" * 1_000_001, ".toml"), ("a" * 1_000_001, ".yaml")]
)
def test_what_a_file_cannot_give_back_is_not_written(tmp_path, family, suffix):
    spec = ModelSpec.from_formula("y ~ x", family=family)
    with pytest.raises(StorageError, match="would not read back as the same"):
        spec.to_file(tmp_path / f"m{suffix}")
    assert not list(tmp_path.iterdir())
