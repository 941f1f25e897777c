"""A saved fit comes back to the last bit, with its labels, its settings and its effects."""

import json

import arviz as az
import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.intervals import Interval, read_interval
from glmm_bayes.storage.manifest import MANIFEST, canonical, from_json, to_json
from tests.storage.saved_fits import MODELS, fit_named, fit_of, members_of, random_draws, saved, saved_bytes

COMPARED = {"gaussian": "Days", "bernoulli": "trt", "binomial": "period", "poisson": "trt"}


def same_table(one, two):
    assert list(one.columns) == list(two.columns)
    for a, b in zip(one.columns.values(), two.columns.values(), strict=True):
        assert (a.name, a.data_type, a.levels, a.ordered, a.declared) == (
            b.name,
            b.data_type,
            b.levels,
            b.ordered,
            b.declared,
        )
        assert list(map(type, a.levels)) == list(map(type, b.levels))
        assert a.values.dtype == b.values.dtype and a.values.tobytes() == b.values.tobytes()


def round_trip(fit, tmp_path):
    fit.save(tmp_path / "one.glmm", overwrite=True)
    loaded = gb.load(tmp_path / "one.glmm")
    loaded.save(tmp_path / "two.glmm", overwrite=True)
    assert (tmp_path / "one.glmm").read_bytes() == (tmp_path / "two.glmm").read_bytes()
    return loaded


@pytest.mark.parametrize("name", MODELS)
def test_a_loaded_fit_equals_the_saved_one_to_the_last_bit(name, tmp_path):
    fit = fit_named(name)
    loaded = round_trip(fit, tmp_path)
    assert loaded.draws.identical(fit.draws)
    for node in fit.draws.children:
        for key, values in fit.draws[node].data_vars.items():
            assert loaded.draws[node][key].to_numpy().tobytes() == np.ascontiguousarray(values).tobytes(), key
    assert loaded.spec == fit.spec and loaded.design.state == fit.design.state
    assert loaded.priors.rows == fit.priors.rows and loaded.settings == fit.settings
    assert loaded.design.x.tobytes() == fit.design.x.tobytes()
    assert loaded.design.offset.tobytes() == fit.design.offset.tobytes()
    assert str(loaded) == str(fit)
    same_table(loaded.design.table, fit.design.table)


@pytest.mark.parametrize("name", MODELS)
def test_effects_of_a_loaded_fit_are_bit_identical(name, tmp_path):
    fit = fit_named(name)
    loaded = gb.load(saved(tmp_path, name))
    for verb in (
        gb.predictions,
        lambda fit: gb.predictions(fit, estimand="subject", by=True),
        lambda fit: gb.comparisons(fit, COMPARED[name]),
    ):
        assert verb(loaded).draws.identical(verb(fit).draws)
        pd.testing.assert_frame_equal(verb(loaded).summary(), verb(fit).summary(), check_exact=True)
    one, two = gb.coefficients(loaded).side_by_side(), gb.coefficients(fit).side_by_side()
    pd.testing.assert_frame_equal(one, two, check_exact=True)


def test_a_fit_keeps_the_default_interval_of_its_day_and_verbs_take_todays(tmp_path):
    with az.rc_context({"stats.ci_prob": 0.6, "stats.ci_kind": "hdi"}):
        model = MODELS["gaussian"]()
        fit = gb.Fit.from_draws(model, random_draws(model, 1))
    assert fit.settings["interval"] == {"probability": 0.6, "kind": "hdi"}
    loaded = round_trip(fit, tmp_path)
    assert loaded.settings == fit.settings
    assert gb.predictions(loaded).interval == read_interval() != Interval(0.6, "hdi")
    assert "60% highest-density interval" in gb.report(loaded, tmp_path / "r.html").read_text("utf-8")


def test_the_same_fit_has_the_same_bytes(tmp_path):
    fit_named("gaussian").save(tmp_path / "again.glmm")
    assert (tmp_path / "again.glmm").read_bytes() == saved_bytes()


def test_a_link_or_a_default_link_comes_back_as_it_was_given(tmp_path):
    assert gb.load(saved(tmp_path, "bernoulli")).spec.link == "probit"
    assert gb.load(saved(tmp_path, "poisson")).spec.link is None


def every_kind_of_label():
    number = np.arange(24)
    rng = np.random.default_rng(3)
    words = ["ä", "日本", "a b", "e\u0301", "nul\0", "q\"'\\"]
    ordered = pd.Categorical.from_codes(number % 3, ["low", "mid", "high"], ordered=True)
    return pd.DataFrame(
        {
            "y": np.sin(number),
            "flag": number % 2 == 0,
            "grade": ordered,
            "loose": pd.Categorical.from_codes(number // 2 % 2, ["z", "a", "never"]),
            # A list: NumPy's own texts lose a NUL at their end.
            "wörter": [words[i % 6] for i in number],
            "a": rng.permutation(number % 4),
            "b": np.array(["u:1", "v", "1"])[number // 8],
            "id": np.array(["007", "07", "7"])[rng.permutation(number % 3)],
            "../x/Y": number / 7,
            "x/y": number % 5,
            "whole": pd.Categorical((number % 3) * 10),
        },
        index=[f"row {i}" if i % 2 else i for i in number],
    )


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ flag + grade + loose + (1 | wörter) + (1 | a/b)",
        "y ~ `../x/Y` + `x/y` + (1 | id) + (1 | whole) + (1 | flag:wörter)",
        'y ~ C(a, ref = "2") + wörter + C(id) + (0 + grade | whole)',
        "y ~ 0 + (1 | grade)",
        'y ~ scale(`x/y`) + I(b == "u:1") + whole + (1 | a) + (0 + `x/y` | a)',
        "log(y + 2) ~ 1",
    ],
)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_labels_of_every_kind_survive_with_their_types_and_order(formula, tmp_path):
    fit = fit_of(gb.Model(formula, every_kind_of_label()))
    loaded = round_trip(fit, tmp_path)
    same_table(loaded.design.table, fit.design.table)
    assert loaded.design.table.rows.tolist() == fit.design.table.rows.tolist()
    assert repr(loaded.design.state) == repr(fit.design.state)
    assert loaded.draws.identical(fit.draws)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (np.arange(24, dtype=np.int32), list(range(24))),
        (np.arange(24) / 4, (np.arange(24) / 4).tolist()),
        (np.arange(24) % 2 == 0, (np.arange(24) % 2 == 0).tolist()),
        (pd.MultiIndex.from_product([["a", "b"], range(12)]), [(a, i) for a in "ab" for i in range(12)]),
        (
            pd.date_range("2020-01-01", periods=24, unit="ns"),
            [f"2020-01-{day:02}T00:00:00.000000000" for day in range(1, 25)],
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_row_labels_survive_numbers_texts_and_tuples_as_they_are_dates_as_text(index, expected, tmp_path):
    fit = fit_of(gb.Model("y ~ 1 + (1 | a)", every_kind_of_label().set_axis(index, axis=0)))
    assert round_trip(fit, tmp_path).design.table.rows.tolist() == expected


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_rows_that_were_dropped_stay_dropped(tmp_path):
    data = every_kind_of_label()
    data.loc[data.index[:5], "y"] = np.nan
    fit = fit_of(gb.Model("y ~ grade + (1 | a)", data, missing="drop"))
    assert len(round_trip(fit, tmp_path).design) == 19


def test_draws_made_elsewhere_may_be_few(tmp_path):
    model = MODELS["gaussian"]()
    fit = gb.Fit.from_draws(model, {"beta": [[[250.0, 10.0]]], "sd_Subject": [[[30.0, 1.0]]]})
    assert round_trip(fit, tmp_path).draws.identical(fit.draws)


@pytest.mark.parametrize(
    "value", [0.1, -0.0, float("inf"), 5e-324, 2**70, "float", (1, ("a",)), {"float": {"n": [1, True, None]}}]
)
def test_values_keep_their_type_and_bits(value):
    back = from_json(json.loads(canonical(to_json(value))))
    assert repr(back) == repr(value)


def test_the_fingerprint_of_sorted_rows_does_not_know_their_order(tmp_path):
    def prints(data):
        fit_of(gb.Model("Reaction ~ Days + (1 | Subject)", data)).save(tmp_path / "f", overwrite=True)
        return json.loads(members_of((tmp_path / "f").read_bytes())[MANIFEST])["fingerprint"]

    data = gb.load_dataset("sleepstudy")
    one, two = prints(data), prints(data.sample(frac=1, random_state=1))
    assert one["sorted_by_row"] == two["sorted_by_row"]
    assert one["in_row_order"] != two["in_row_order"]
    other = prints(data.assign(Days=data["Days"] + (data.index == 3)))
    assert other["sorted_by_row"] != one["sorted_by_row"]
