"""What is to know of draws (an early end, a crash, a draw that is not finite) stands wherever numbers do."""

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import glmm_bayes as gb
from glmm_bayes.cli import app
from glmm_bayes.effects.verbs.estimands import SideBySide
from tests.storage.saved_fits import SETTINGS

SHAPE = (2, 300)
RNG = np.random.default_rng(1)
DATA = pd.DataFrame({
    "x": RNG.normal(size=60),
    "t": RNG.choice(list("ab"), 60),
    "c": np.repeat(["u", "v"], 30),
    "g": np.repeat(np.arange(12), 5),
    "y": RNG.integers(0, 2, 60),
})  # fmt: skip
ROWS = {"x": [0.0, 1.0, 2.0], "t": ["a", "a", "b"], "c": ["u", "u", "v"]}
WHOLE = SETTINGS | {"draws": SHAPE[1], "chains": SHAPE[0], "notes": []}
INTERRUPTED = {"interrupted": True, "draws": 1000, "chains": 4}
CRASHED = {**INTERRUPTED, "interrupted": False, "crashed": ["chain 1 (from 0) ended by itself: signal 9"]}
WORDS = {"interrupted": "interrupted: 300 of 1,000 draws", "crashed": "chain_crashed: chain 1"}

#: Every public verb on a fit.
VERBS = {
    "attenuation": gb.attenuation,
    "coefficients": gb.coefficients,
    "comparisons": lambda fit: gb.comparisons(fit, "t"),
    "diagnose": gb.diagnose,
    "estimands": lambda fit: gb.estimands(fit, "t"),
    "fan": lambda fit: gb.fan(fit, ROWS),
    "gee_check": lambda fit: gb.gee_check(fit, draws=20),
    "hypotheses": lambda fit: gb.comparisons(fit, "t", hypothesis="b1 = 0"),
    "icc": gb.icc,
    "implied_correlation": lambda fit: gb.implied_correlation(fit, ROWS),
    "interval_ratio": lambda fit: gb.interval_ratio(fit, "c"),
    "median_ratio": gb.median_ratio,
    "pit": gb.pit,
    "plot_curves": gb.plot_curves,
    "plot_random_effects": gb.plot_random_effects,
    "plot_shrinkage": gb.plot_shrinkage,
    "posterior_predictive": lambda fit: gb.posterior_predictive(fit, seed=1),
    "pp_check": gb.pp_check,
    "predictions": gb.predictions,
    "r2": gb.r2,
    "random_effects": gb.random_effects,
    "ranks": lambda fit: gb.ranks(fit, "g"),
    "slopes": lambda fit: gb.slopes(fit, "x"),
    "summary": gb.summary,
    "variance_components": gb.variance_components,
}
#: Public names that take no fit, or give back what has its own test below.
NO_VERBS = {
    "gee", "grid", "load", "load_dataset", "register_covariance",
    "register_family", "register_link", "register_measure", "register_transform", "report",
    "spec_schema", "check_family",
}  # fmt: skip


@cache
def fit_of(kind="interrupted"):
    model = gb.Model("y ~ x + t + c + (1 | g)", DATA, family="bernoulli")
    rng = np.random.default_rng(2)
    draws = {
        "beta": rng.normal(0, 0.3, (*SHAPE, 4)),
        "sd_g": np.abs(rng.normal(0.5, 0.1, (*SHAPE, 1))),
        "b_g": rng.normal(0, 0.5, (*SHAPE, 12, 1)),
    }
    fit = gb.Fit.from_draws(model, draws)
    tree = fit.draws.copy()
    none, energy = (("chain", "draw"), np.zeros(SHAPE, bool)), (("chain", "draw"), rng.normal(size=SHAPE))
    statistics = {"diverging": none, "reached_max_treedepth": none, "energy": energy}
    tree["sample_stats"] = xr.DataTree(xr.Dataset(statistics))
    settings = {"interrupted": INTERRUPTED, "crashed": CRASHED}.get(kind, {})
    return replace(fit, draws=tree, settings=WHOLE | settings)


def said(result):
    """Return what a result says of itself: its text, its attrs, and the words of its picture."""
    texts = [str(getattr(result, "alt", "") or result), json.dumps(getattr(result, "attrs", {}), default=str)]
    if isinstance(result, gb.Effects | SideBySide):
        texts.append(result.plot().alt)
    return [" ".join(text.split()) for text in texts]


def test_every_public_verb_is_in_the_table():
    functions = {name for name in gb.__all__ if name[0].islower()}
    assert functions - NO_VERBS == set(VERBS) - {"hypotheses"}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", WORDS)
def test_every_table_picture_and_result_says_that_a_run_ended_early(kind, verb):
    result = VERBS[verb](fit_of(kind))
    texts = said(result)
    assert WORDS[kind] in texts[0]
    assert all(WORDS[kind] in text for text in texts[2:])
    if hasattr(result, "_repr_html_") and not hasattr(result, "alt") and not hasattr(result, "data_vars"):
        html = result._repr_html_()
        assert html is None or WORDS[kind] in html or "<caption>" not in html
    if getattr(result, "attrs", None):
        assert WORDS[kind] in texts[1]


@pytest.mark.parametrize("verb", VERBS)
def test_a_whole_run_has_no_caveats(verb):
    assert not any(
        re.search("interrupted|caveats|chain_crashed", text) for text in said(VERBS[verb](fit_of("")))
    )


@pytest.mark.parametrize("kind", WORDS)
def test_the_report_says_it_on_top_and_under_every_table_of_draws(kind, tmp_path):
    page = gb.report(fit_of(kind), tmp_path / "r.html").read_text(encoding="utf-8")
    head = page.partition("<nav")[0]
    assert WORDS[kind].partition(": ")[2] in head
    captions = re.findall(r"<(?:caption|figcaption)[^>]*>(.*?)</", page)
    own = ("Columns that", "Grouping factors", "Priors of", "What gave")
    assert all((WORDS[kind] in caption) != caption.startswith(own) for caption in captions)
    assert len(captions) > 6
    assert all(WORDS[kind] in alt for alt in re.findall(r'<img [^>]*alt="([^"]*)"', page))


@pytest.mark.parametrize("kind", WORDS)
def test_files_and_the_command_line_keep_it(kind, tmp_path):
    fit_of(kind).save(tmp_path / "f.glmm")
    assert gb.load(tmp_path / "f.glmm").caveats == fit_of(kind).caveats
    result = CliRunner().invoke(app, ["effects", str(tmp_path / "f.glmm"), "t", "--json"])
    assert WORDS[kind] in " ".join(json.loads(result.output)["caveats"])
    assert WORDS[kind] in " ".join(
        CliRunner().invoke(app, ["effects", str(tmp_path / "f.glmm"), "t"]).output.split()
    )


# --- draws that are not finite --------------------------------------------------------------------------


def spoiled(name, where, value):
    """Put a number that is not finite into a whole run."""
    fit = fit_of("")
    draws = fit.draws.copy(deep=True)
    draws["posterior"][name].values[where] = value
    return replace(fit, draws=draws)


PLACES = [
    ("beta", (1, 250, 1), "beta[x]"),
    ("sd_g", (0, 0, 0), "sd_g[Intercept]"),
    ("b_g", (0, 299, 11, 0), "b_g[11, Intercept]"),
]


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("name", "where", "label"), PLACES)
def test_a_draw_that_is_not_finite_is_named_by_tables_or_refused_by_name(name, where, label, value):
    fit = spoiled(name, where, value)
    words = f"{label} is {value:g} at chain {where[0]}, draw {where[1]} (from 0)"
    assert fit.shape == SHAPE
    for verb, ask in VERBS.items():
        try:
            text = " ".join(said(ask(fit))[:2])
        except gb.DataError as error:
            assert error.code == "draws_not_finite" and verb not in ("summary", "diagnose")
            text = str(error)
        assert words in text, verb
    assert not gb.diagnose(fit).passed


def test_the_report_of_draws_that_are_not_finite_is_written(tmp_path):
    page = gb.report(spoiled(*PLACES[0][:2], np.inf), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "beta[x] is inf at chain 1, draw 250" in page.partition("<nav")[0]


def test_several_draws_are_counted():
    fit = spoiled("beta", (slice(None), slice(10, 13), 1), np.nan)
    assert fit.caveats == ("not finite: beta[x] is nan at chain 0, draw 10 (from 0) and in 5 further draws",)
