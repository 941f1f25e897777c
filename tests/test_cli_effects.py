"""Effects of a spec file that no fit can answer are refused before anything is sampled."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.commands.before_sampling import check_model
from glmm_bayes.fit.settings import Settings
from glmm_bayes.spec.spec_file import read_spec_file
from tests.pace import in_time
from tests.test_cli_outputs import EPIL, MODEL, run

#: Formula and family of the model that is asked.
WRITTEN = ("y ~ trt + (1 | subject)", "poisson")
SLEEP = '[data]\ndataset = "sleepstudy"'
ASKED = {
    "the response": 'verb = "comparisons"\nvariable = "y"',
    "the group": 'verb = "comparisons"\nvariable = "subject"',
    "a slope in the response": 'verb = "slopes"\nvariable = "y"',
    "a slope in the group": 'verb = "slopes"\nvariable = "subject"',
    "a slope in a label": 'verb = "slopes"\nvariable = "trt"',
    "by twice": 'verb = "predictions"\nby = ["trt", "trt"]',
    "by nothing": 'verb = "predictions"\nby = []',
    "rows of something else": 'verb = "predictions"\nnewdata = { zz = [1, 2] }',
    "rows without a predictor": 'verb = "predictions"\nnewdata = { subject = ["1"] }',
    "no columns": 'verb = "predictions"\nnewdata = {}',
    "two lengths": 'verb = "predictions"\nnewdata = { trt = ["placebo"], subject = ["1", "1"] }',
    "no rows": 'verb = "predictions"\nnewdata = { trt = [] }',
    "a level misspelt": 'verb = "predictions"\nnewdata = { trt = ["plcebo"] }',
    "not a number": 'verb = "predictions"\nnewdata = { trt = [nan] }',
    "no rows to compare in": 'verb = "comparisons"\nvariable = "trt"\nnewdata = { subject = [] }',
    "one value twice": 'verb = "comparisons"\nvariable = "trt"\nvalues = ["placebo", "placebo"]',
    "one value": 'verb = "comparisons"\nvariable = "trt"\nvalues = ["placebo"]',
    "no value": 'verb = "comparisons"\nvariable = "trt"\nvalues = []',
    "an unknown value": 'verb = "comparisons"\nvariable = "trt"\nvalues = ["placebo", "aspirin"]',
    "one unknown of three": 'verb = "comparisons"\nvariable = "trt"\nvalues = ["placebo", "progabide", "x"]',
    "odds of counts": 'verb = "comparisons"\nvariable = "trt"\nmeasure = "odds_ratio"',
    "a subject of none": 'verb = "predictions"\nestimand = "subject"\nnewdata = { trt = ["placebo"] }',
    "an unknown subject": 'verb = "predictions"\nestimand = "subject"\n'
    'newdata = { trt = ["placebo"], subject = ["nobody"] }',
    "labels of new groups": 'verb = "predictions"\nestimand = "new_subject"\nper = "label"\n'
    'newdata = { trt = ["placebo"] }',
}


def text_of(asked, more="", data=EPIL, model=WRITTEN):
    """Write a spec file with effects."""
    text = MODEL.format(data=data, more=more + "".join(f"\n[[effects]]\n{one}\n" for one in asked))
    for old, new in zip(WRITTEN, model, strict=True):
        text = text.replace(old, new)
    return text


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    def act(verb, asked, *arguments, more="", data=EPIL, model=WRITTEN):
        spec = tmp_path / "a.toml"
        spec.write_text(text_of(asked, more, data, model), encoding="utf-8")
        return run(monkeypatch, capsys, verb, spec, *arguments)

    return act


@pytest.fixture
def unsampled(monkeypatch):
    """Sampling ends the test: who comes so far has refused nothing."""

    def refuse(*given, **named):
        raise AssertionError("sampled")

    monkeypatch.setattr(gb.Model, "fit", refuse)


def a_fit(draws=20):
    model = gb.Model("y ~ trt + (1 | subject)", gb.load_dataset("epil"), family="poisson")
    rng = np.random.default_rng(1)
    shape = (2, draws)
    return gb.Fit.from_draws(
        model,
        {
            "beta": rng.normal(0.5, 0.1, (*shape, 2)),
            "sd_subject": rng.uniform(0.5, 1, (*shape, 1)),
            "b_subject": rng.normal(0, 0.5, (*shape, 59, 1)),
        },
    )


@pytest.mark.parametrize("kind", ASKED)
def test_what_no_fit_can_answer_is_refused_before_sampling_as_it_would_be_after(
    kind, command, unsampled, tmp_path
):
    good = 'verb = "predictions"\nby = "trt"'
    told = {verb: command(verb, [good, ASKED[kind]]) for verb in ("check", "fit")}
    for code, out, said in told.values():
        assert (code, out) == (3, "") and "[effects.2]" in said and "Traceback" not in said, said
    a_fit().save(tmp_path / "a.glmm")
    assert command("effects", [good, ASKED[kind]])[2] == told["check"][2] == told["fit"][2]


def test_all_that_is_refused_is_told_at_once(command, unsampled):
    code, out, said = command("check", list(ASKED.values()), "--json")
    told = [finding["message"] for finding in json.loads(out)["findings"]]
    assert code == 3 and "[effects.1]" in said
    assert all(any(f"[effects.{k}]" in message for message in told) for k in range(1, len(ASKED) + 1))


def test_what_depends_on_the_draws_is_left_to_them(command):
    """The mean of a rehearsal may be 0, and its effects are."""
    asked = [
        'verb = "comparisons"\nvariable = "Days"\nmeasure = "nnt"',
        'verb = "comparisons"\nvariable = "Days"\nmeasure = "ratio"',
        'verb = "slopes"\nvariable = "Days"\nmeasure = "eyex"',
        'verb = "predictions"\nnewdata = { Days = [1e140] }',
    ]
    code, _, said = command(
        "check", asked, data=SLEEP, model=("Reaction ~ Days + (Days | Subject)", "gaussian")
    )
    assert code == 0, said


def test_an_effect_whose_draws_would_not_fit_is_refused(command, unsampled, tmp_path):
    newdata = f"newdata = {{ trt = {['placebo'] * 7000} }}"
    for verb in ("check", "fit"):
        code, _, said = command(verb, [f'verb = "predictions"\n{newdata}'], more="[sampler]\ndraws = 10000")
        assert code == 3 and "[effects.1]" in said and "40000 draws of 7000 numbers" in said


def test_nothing_that_samples_is_imported(tmp_path):
    """In a process of its own: effects of every kind are checked in the time of the data."""
    spec = tmp_path / "a.toml"
    asked = ['verb = "predictions"\nby = "trt"', 'verb = "comparisons"\nvariable = "trt"']
    spec.write_text(text_of(asked), encoding="utf-8")
    code = "import sys; from glmm_bayes import cli\ntry: cli.main()\n"
    code += "finally: print(*{'pymc', 'pytensor'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", spec], capture_output=True, text=True, cwd=tmp_path, check=True
    )
    assert "subject: 59 levels" in done.stdout and done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize("estimand", ["population", "subject", "sample"])
def test_many_rows_are_asked_in_little_time(estimand, command, tmp_path):
    rows = 100_000
    rng = np.random.default_rng(1)
    data = {
        "y": rng.poisson(2.0, rows),
        "x": rng.normal(size=rows),
        "trt": np.resize(["a", "b", "c"], rows),
        "subject": rng.integers(0, 1000, rows),
    }
    model = gb.Model("y ~ x + trt + (1 + x | subject)", data, "poisson")
    asked = [
        f'verb = "{verb}"\nestimand = "{estimand}"\nby = "{by}"'
        for verb, by in (
            ("predictions", "trt"),
            ('comparisons"\nvariable = "trt', "subject"),
            ('slopes"\nvariable = "x', "trt"),
        )
    ]
    spec = tmp_path / "a.toml"
    text = text_of(asked, model=("y ~ x + trt + (1 + x | subject)", "poisson"))
    spec.write_text(text, encoding="utf-8")
    file, sampler = read_spec_file(spec), Settings()
    start = time.process_time()
    check_model(model, file, sampler, tmp_path / "a.glmm")
    assert in_time(time.process_time() - start, 5.0)


@pytest.mark.parametrize("fault", ["an effect", "the report", "both"])
@pytest.mark.parametrize("as_json", [True, False])
def test_what_fails_after_sampling_loses_nothing_else(fault, as_json, command, monkeypatch, tmp_path):
    """Here verbs and report fail of what nobody could know before."""
    monkeypatch.setattr(gb.Model, "fit", lambda self, **settings: a_fit())
    slopes, report = gb.slopes, gb.report

    def fails(fit, *given, **named):
        if fit.shape == (1, 1):
            return gb.predictions(fit, by=True)
        raise gb.PredictionError("the draws are too wide.")

    def fails_to_write(*given, **named):
        raise gb.StorageError("the disk is full.")

    monkeypatch.setattr(gb, "slopes", slopes if fault == "the report" else fails)
    monkeypatch.setattr(gb, "report", report if fault == "an effect" else fails_to_write)
    asked = ['verb = "predictions"\nby = "trt"', 'verb = "slopes"\nvariable = "trt"']
    asked += ['verb = "comparisons"\nvariable = "trt"']
    if fault == "the report":
        del asked[1]
    flags = ["--json"] if as_json else []
    code, out, said = command("fit", asked, *flags, more='[output]\nreport = "a.html"')
    assert code == (3 if fault == "an effect" else 4)
    assert ("the draws are too wide" in said) == (fault != "the report")
    assert ("the disk is full" in said) == (fault != "an effect")
    assert gb.load(tmp_path / "a.glmm").shape == (2, 20)
    if as_json:
        document = json.loads(out)
        assert document["verdict"] and document["summary"] and len(document["effects"]) == len(asked)
        assert [("error" in one) for one in document["effects"]].count(True) == (fault != "the report")
        assert (document["report"] is None) == (fault != "an effect")
    else:
        assert "sd_subject" in out and "R-hat" in out and "progabide vs placebo" in out


def test_one_effect_of_a_fit_that_fails_loses_no_other(command, monkeypatch, tmp_path):
    a_fit().save(tmp_path / "a.glmm")
    asked = ['verb = "slopes"\nvariable = "trt"', 'verb = "comparisons"\nvariable = "trt"']
    for flags in ([], ["--json"]):
        code, out, said = command("effects", asked, *flags)
        assert code == 3 and "[effects.1]" in said and "progabide vs placebo" in out
