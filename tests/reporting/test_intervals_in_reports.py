"""Level and kind of intervals in reports and spec files: asked for, said in a file, or ArviZ's."""

import html
from dataclasses import replace
from pathlib import Path

import arviz as az
import pytest

import glmm_bayes as gb
from glmm_bayes.commands.before_sampling import interval_of, wanted_effects
from glmm_bayes.spec.spec_file import read_spec_file
from tests.effects.calls_of_verbs import fit

SPEC = """
[model]
formula = "y ~ x + (1 | g)"

[data]
path = "data.csv"

[output]
probability = 0.8
interval = "hdi"

[[effects]]
verb = "predictions"

[[effects]]
verb = "comparisons"
variable = "x"
probability = 0.5
"""

#: What reports say of the default when the fit was made.
DEFAULT = (
    '<th scope="row">default interval when the fit was made</th>\n'
    '<td class="words">89% equal-tailed interval</td>'
)


def text_of(path: Path, **how):
    return gb.report(fit(), path, **how).read_text()


def test_a_report_has_one_level_and_kind_and_says_it(tmp_path):
    plain = text_of(tmp_path / "a.html")
    other = text_of(tmp_path / "b.html", probability=0.95, interval="hdi")
    assert DEFAULT in plain and DEFAULT in other
    # Ranges of priors are those of the model, whatever the report's intervals are.
    other = other.replace(DEFAULT, "").replace("(95% equal-tailed)", "")
    assert "89% equal-tailed interval" in plain and "highest-density" not in plain
    assert "95% highest-density interval" in other
    assert "equal-tailed" not in other and "89%" not in other
    assert "probability=0.95, interval=" in other and "probability=" not in plain
    with az.rc_context({"stats.ci_prob": 0.6}):
        assert "60% equal-tailed interval" in text_of(tmp_path / "c.html")


@pytest.mark.parametrize("setting", [{"stats.ci_prob": 0.6}, {"stats.ci_kind": "hdi"}])
def test_the_listing_of_a_report_gives_its_intervals_in_a_session_with_no_settings(tmp_path, setting):
    with az.rc_context(setting):
        text = html.unescape(text_of(tmp_path / "a.html"))
        default = html.unescape(text_of(tmp_path / "b.html", probability=0.89, interval="eti"))
    level, kind = setting.get("stats.ci_prob", 0.89), setting.get("stats.ci_kind", "eti")
    assert f'gb.report(fit, "report.html", probability={level}, interval="{kind}")' in text
    assert 'gb.report(fit, "report.html")' in default


def test_a_saved_fit_holds_the_default_of_its_day_and_its_report_says_todays_beside_it(tmp_path):
    of_another_day = {"probability": 0.6, "kind": "hdi"}
    replace(fit(), settings={**fit().settings, "interval": of_another_day}).save(tmp_path / "a.glmm")
    loaded = gb.load(tmp_path / "a.glmm")
    assert loaded.settings["interval"] == of_another_day
    text = gb.report(loaded, tmp_path / "a.html").read_text()
    of_the_day = DEFAULT.replace("89% equal-tailed", "60% highest-density")
    assert of_the_day in text and "highest-density" not in text.replace(of_the_day, "")
    assert "eti89_lb" in gb.r2(loaded).summary().columns


@pytest.mark.parametrize("how", [{"probability": 2}, {"interval": "x"}])
def test_a_report_of_another_interval_is_refused_before_it_is_written(tmp_path, how):
    with pytest.raises(gb.PredictionError):
        text_of(tmp_path / "a.html", **how)
    assert not (tmp_path / "a.html").exists()


def asked(file, probability=None, interval=None):
    return [
        (one.arguments["probability"], one.arguments["interval"])
        for one in wanted_effects(file, probability, interval)
    ]


def test_a_spec_file_says_level_and_kind_for_all_and_for_one(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(SPEC)
    file = read_spec_file(path)
    assert interval_of(file, None, None) == {"probability": 0.8, "interval": "hdi"}
    assert asked(file) == [(0.8, "hdi"), (0.5, "hdi")]
    assert asked(file, 0.9, "eti") == [(0.9, "eti")] * 2
    assert interval_of(file, 0.9, None) == {"probability": 0.9, "interval": "hdi"}


@pytest.mark.parametrize("line", ["probability = 1.5", 'interval = "central"', "probability = 0"])
def test_a_spec_file_with_another_level_or_kind_is_refused(tmp_path, line):
    path = tmp_path / "model.toml"
    path.write_text(SPEC.replace("probability = 0.8", line) if "prob" in line else f"{SPEC}{line}")
    with pytest.raises(gb.FormulaError, match=line.split()[0]):
        read_spec_file(path)
