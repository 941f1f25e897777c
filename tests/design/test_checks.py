"""What groups cannot carry is told by factor and count; check() lists all that was looked at."""

import time
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.pace import in_time

RNG = np.random.default_rng(5)
ROWS = 48
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "count": RNG.poisson(4, ROWS),
        "bit": np.resize([0, 1, 1, 0, 1], ROWS),
        "n": 9,
        "x": RNG.normal(size=ROWS),
        "site": np.repeat(list("ABCDEF"), 8),
        "plot": np.resize(list("pqrs"), ROWS),
        "plant": np.repeat([f"t{i}" for i in range(24)], 2),
        "same": np.repeat(list("abcdef"), 8),
        "obs": [f"r{i}" for i in range(ROWS)],
        "day": np.resize(np.arange(8), ROWS),
        "three": np.resize(list("uvw"), ROWS),
    }
)
DATA["late"] = np.where(DATA["site"].isin(["A", "B"]), DATA["x"], 1.0)
DATA["mostly"] = np.where(DATA["site"] == "A", 1.0, DATA["x"])
DATA["size"] = DATA["site"].map(dict(zip("ABCDEF", [3.0, 1.0, 4.0, 1.5, 9.0, 2.0], strict=True)))

FEW = "Consider three as a fixed effect, and see how the answer changes with the prior."
# formula, family, severity, code, column, message
CASES = [
    ("y ~ x + (1 | three)", "gaussian", "warning", "few_groups", "three",
     f"'three' has 3 levels: sd_three rests mostly on its prior ({{sd_three[Intercept]}}). {FEW}"),
    ("y ~ x + (1 | obs)", "gaussian", "warning", "group_identifiability", "obs",
     "(1 | obs): one row a level, so sd_obs and sigma are told apart by their priors only."),
    ("y ~ x + (1 + x | plant)", "gaussian", "warning", "group_identifiability", "plant",
     "(1 + x | plant): 48 effects for 48 rows, so sd_plant and sigma are told apart by their priors only."),
    ("bit ~ x + (1 | obs)", "bernoulli", "warning", "group_identifiability", "obs",
     "(1 | obs): one row a level of one trial, so sd_obs is known from its prior only."),
    ("count ~ x + (1 | obs)", "poisson", "note", "group_identifiability", "obs",
     "(1 | obs): one row a level: an observation-level effect; sd_obs is the overdispersion."),
    ("bit | trials(n) ~ x + (1 | obs)", "binomial", "note", "group_identifiability", "obs",
     "(1 | obs): one row a level: an observation-level effect; sd_obs is the overdispersion."),
    ("y ~ late + (late | site)", "gaussian", "warning", "group_identifiability", "site",
     "(late | site): 'late' varies within 2 of 6 levels only."),
    ("y ~ size + (size | site)", "gaussian", "warning", "group_identifiability", "site",
     "(size | site): 'size' varies within 0 of 6 levels only."),
    ("y ~ mostly + (mostly | site)", "gaussian", "note", "group_identifiability", "site",
     "(mostly | site): 'mostly' varies within 5 of 6 levels only."),
    ("y ~ site + (1 | site)", "gaussian", "warning", "group_identifiability", "site",
     "'site' is both a fixed and a random effect. Drop one."),
    ("y ~ C(day) + (1 | day)", "gaussian", "warning", "group_identifiability", "day",
     "'day' is both a fixed and a random effect. Drop one."),
    ("y ~ day + (1 | day)", "gaussian", "note", "number_as_factor", "day",
     "'day' is a number in the fixed part and the 8 levels of a factor in (1 | day)."),
    ("y ~ x + (1 | site) + (1 | same)", "gaussian", "warning", "group_identifiability", "same",
     "'site' and 'same' are the same groups under two names: sd_site and sd_same are told apart by their "
     "priors only. Drop one."),
    ("y ~ x + (1 | site/plot)", "gaussian", "note", "implicit_nesting", "plot",
     "(1 | site/plot): 'plot' has 4 labels, site:plot has 24 pairs; fitted (1 | site) + (1 | site:plot)."),
    ("y ~ x + (1 | site) + (1 | plant)", "gaussian", "warning", "implicit_nesting", "plant",
     "each 'plant' occurs in one 'site' only, yet (1 | site) + (1 | plant) is written: nested, not crossed; "
     "same model if labels are unique. Write (1 | site/plant)."),
    ("y ~ x + (1 | site) + (1 | day)", "gaussian", "note", "implicit_nesting", "day",
     "(1 | site) + (1 | day): 8 of 8 labels of 'day' occur in several 'site': crossed. If such labels mean "
     "different things, write (1 | site/day)."),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "family", "severity", "code", "column", "message"), CASES)
def test_what_groups_cannot_carry_is_told(formula, family, severity, code, column, message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model = gb.Model(formula, DATA, family=family)
    for row in model.priors.rows:
        message = message.replace(f"{{{row.parameter}}}", row.prior)
    found = [finding for finding in model.findings if finding.code not in ("separation",)]
    told = [(f.severity, f.code, f.column, f"{f.message} {f.hint}".strip()) for f in found]
    assert told == [(severity, code, column, message)]
    assert len(caught) == (severity == "warning")
    table = model.check()
    assert (severity, code, column, message) in list(table.itertuples(index=False, name=None))


def test_a_column_of_by_may_have_any_name_and_is_no_effect_that_hardly_varies():
    data = DATA.assign(**{"my arm": np.where(DATA["site"] < "D", "old", "new")})
    model = gb.Model("y ~ x + (1 | gr(site, by = `my arm`))", data)
    assert model.design.groups[0].effects == ("`my arm`[new]", "`my arm`[old]")
    assert model.findings == ()


REFERENCE = [
    ("Reaction ~ Days + (Days | Subject)", "sleepstudy", "gaussian", []),
    ("cbind(incidence, size - incidence) ~ period + (1 | herd)", "cbpp", "binomial", []),
    ("y ~ treatment * time + (1 | patientID)", "toenail", "bernoulli", ["separation"]),
    ("y ~ lbase * trt + lage + V4 + (1 | subject)", "epil", "poisson", ["separation"]),
    ("y ~ lbase * trt + lage + V4 + (1 | subject) + (1 | obs)", "epil", "poisson",
     ["separation", "group_identifiability"]),
    ("y01 ~ trt + week_gt2 + (1 | ID)", "bacteria", "bernoulli", ["separation"]),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "name", "family", "notes"), REFERENCE)
def test_reference_models_raise_no_alarm(formula, name, family, notes):
    with warnings.catch_warnings():
        warnings.simplefilter("error", gb.GlmmWarning)
        model = gb.Model(formula, gb.load_dataset(name), family=family)
    assert [(finding.severity, finding.code) for finding in model.findings] == [
        ("note", code) for code in notes
    ]


def test_check_lists_findings_by_severity_and_then_what_holds():
    with pytest.warns(gb.GlmmWarning):
        model = gb.Model("y ~ x + mostly + (mostly | site) + (1 | three)", DATA)
    table = model.check()
    assert list(table.columns) == ["severity", "code", "column", "message"]
    order = ["error", "warning", "note", "passed"]
    ranks = [order.index(severity) for severity in table["severity"]]
    assert ranks == sorted(ranks)
    told = table[table["severity"] != "passed"]
    assert sorted(told["code"]) == sorted(finding.code for finding in model.findings)
    passed = table[table["severity"] == "passed"]
    assert {"missing_values", "rank_deficient", "collinear", "separation"} <= set(passed["code"])
    assert "few_groups" not in set(passed["code"])
    assert passed["column"].isna().all() and (passed["message"].str.len() > 0).all()


def test_check_passes_on_what_reading_the_data_found():
    model = gb.Model("y ~ x + (1 | site)", DATA.assign(x=DATA["x"].mask(DATA["obs"] == "r3")), missing="drop")
    table = model.check()
    assert table.loc[0, ["severity", "code"]].tolist() == ["note", "missing_values"]
    assert "missing_values" not in set(table["code"][1:])


def test_as_many_coefficients_as_rows_are_noted():
    model = gb.Model("y ~ 0 + obs", DATA)
    assert [(f.severity, f.message) for f in model.findings if f.code == "few_rows"] == [
        ("note", "48 coefficients for 48 rows: what the rows do not tell, the priors do.")
    ]


@pytest.mark.slow
def test_a_hundred_thousand_rows_take_seconds():
    rows = 100_000
    data = pd.DataFrame(RNG.normal(size=(rows, 10)), columns=[f"x{i}" for i in range(10)])
    data["g"], data["h"] = RNG.integers(0, 2000, rows), RNG.integers(0, 50, rows)
    data["f"] = np.resize(list("abcd"), rows)
    data["y"] = RNG.integers(0, 2, rows)
    numbers = " + ".join(f"x{i}" for i in range(10))
    model = gb.Model(f"y ~ {numbers} + f + (1 + x0 | g) + (1 | h)", data, family="bernoulli")
    start = time.process_time()
    table = model.check()
    seconds = time.process_time() - start
    print(f"{seconds:.2f} s")
    assert len(table) > 15 and in_time(seconds, 10)


FEW = pd.DataFrame(
    {
        "x": np.linspace(-1.0, 1.0, 60),
        "h": np.resize(list("pqrs"), 60),
        "k": np.resize(list("uvw"), 60),
        "y": np.sin(np.arange(60.0)),
        "count": np.arange(60) % 4,
    }
)
EVERY_PREDICTOR = {
    "categories": ("k ~ x + (1 | h)", {}, "categorical", ["mu_v_sd_h"]),
    "sigma": ("y ~ x", {"sigma": "~ 1 + (1 | h)"}, "gaussian", ["sigma_sd_h"]),
    "both": ("y ~ x + (1 | h)", {"sigma": "~ 1 + (1 | h)"}, "gaussian", ["sd_h", "sigma_sd_h"]),
    "zeros": ("count ~ x", {"zi": "~ (1 | h)"}, "zero_inflated_poisson", ["zi_sd_h"]),
}


@pytest.mark.parametrize("name", EVERY_PREDICTOR)
def test_few_levels_are_told_of_every_linear_predictor(name):
    """A categorical response with four levels of a factor was a KeyError; sigma's and zi's went unseen."""
    formula, further, family, parameters = EVERY_PREDICTOR[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        model = gb.Model(gb.Formula(formula, **further), FEW, family)
    told = [finding.message for finding in model.findings if finding.code == "few_groups"]
    assert len(told) == len(parameters)
    for parameter, message in zip(parameters, told, strict=True):
        assert f"'h' has 4 levels: {parameter} rests mostly on its prior (HalfNormal(" in message
    table = pd.DataFrame(model.check())
    assert (table["code"] == "few_groups").sum() == len(parameters)


def test_a_factor_of_many_levels_is_checked_at_once():
    data = pd.DataFrame({"f": np.resize([f"l{i}" for i in range(300)], 6000), "y": RNG.normal(size=6000)})
    start = time.process_time()
    gb.Model("y ~ f", data)
    assert in_time(time.process_time() - start, 5.0)
