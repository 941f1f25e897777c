"""Columns of the rows that are called like columns of our tables: each has a name of its own there."""

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

#: Names that some table of ours has, of either kind and any level.
CLASHING = (
    *("mean", "sd", "variable", "contrast", "eti89_lb", "hdi50_ub", "eti99.9_lb", "category"),
    *("quantile", "factor", "zla", "estimand", "answers", "event", "median", "hypothesis", "row"),
)


def fit_of(*names, family="bernoulli", **responses):
    rng = np.random.default_rng(5)
    data = pd.DataFrame({name: rng.normal(size=48).round(2) for name in names})
    data = data.assign(w=np.resize([0, 1, 1], 48), g=np.repeat(list("abcdef"), 8), **responses)
    model = gb.Model(f"y ~ {' + '.join(names)} + w + (1 + {names[0]} | g)", data, family=family)
    draws = {}
    for name, shape in model.definition.posterior.shapes.items():
        values = rng.normal(0.1, 0.2, (2, 20, *shape))
        if "corr" in name:
            values = np.broadcast_to(np.eye(2), values.shape).copy()
        draws[name] = np.sort(np.abs(values), axis=-1) if name.startswith(("sd", "thres")) else values
    return gb.Fit.from_draws(model, draws)


@cache
def fit(family="bernoulli"):
    y = np.resize([0, 1, 1, 0] if family == "bernoulli" else [1, 2, 3], 48)
    return fit_of(*CLASHING, family=family, y=y)


ROWS = pd.DataFrame({name: [0.0, 1.0] for name in CLASHING}).assign(w=0, g=["a", "b"])
VERBS = {
    "predictions": lambda **how: gb.predictions(fit(), ROWS, **how),
    "new group": lambda **how: gb.predictions(
        fit(), ROWS, estimand="new_subject", **{**how, "interval": "eti"}
    ),
    "averages": lambda **how: gb.predictions(fit(), ROWS, by=list(CLASHING), **how),
    "categories": lambda **how: gb.predictions(fit("cumulative"), ROWS, **how),
    "comparisons": lambda **how: gb.comparisons(fit(), "w", newdata=ROWS, by=False, **how),
    "number needed": lambda **how: gb.comparisons(
        fit(), "w", newdata=ROWS, by=list(CLASHING), measure="nnt", **how
    ),
    "compared by name": lambda **how: gb.comparisons(fit(), "mean", newdata=ROWS, by="eti89_lb", **how),
    "slopes": lambda **how: gb.slopes(fit(), "mean", newdata=ROWS, by=False, **how),
    "fan": lambda **how: gb.fan(fit(), ROWS, **how),
    "icc": lambda **how: gb.icc(fit(), ROWS, **how),
    "attenuation": lambda **how: gb.attenuation(fit(), ROWS, **how),
    "implied_correlation": lambda **how: gb.implied_correlation(fit(), ROWS, **how),
    "median_ratio": lambda **how: gb.median_ratio(fit(), ROWS, **how),
    "median_ratio of the data": lambda **how: gb.median_ratio(fit(), **how),
    "contrasts": lambda **how: gb.predictions(fit(), ROWS, hypothesis="pairwise", **how),
    "estimands": lambda **how: gb.estimands(fit(), newdata=ROWS, by=False, **{**how, "interval": "eti"}),
    "compared estimands": lambda **how: gb.estimands(
        fit(), "w", newdata=ROWS, by=["estimand", "answers"], **how
    ),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("probability", "kind"), [(0.89, "eti"), (0.5, "hdi"), (0.999, "eti")])
def test_every_column_of_a_table_has_a_name_of_its_own_and_is_printed_and_drawn(verb, probability, kind):
    result = VERBS[verb](probability=probability, interval=kind)
    table = result.summary()
    assert table.columns.is_unique
    assert str(result) and result.plot().alt
    if "estimand" not in verb and "new" not in verb:
        assert result.side_by_side(0.5, interval="hdi").columns.is_unique
        assert result._repr_html_() and result.plot(0.5, interval="hdi").alt


def test_the_values_of_a_renamed_column_stand_under_the_name_that_is_told():
    result = VERBS["predictions"]()
    table = result.summary()
    assert table["mean_"].tolist() == [0.0, 1.0] == table["hdi50_ub_"].tolist()
    np.testing.assert_allclose(table["mean"], result.flat.mean(axis=0))
    assert "column 'mean' of the rows is shown as 'mean_'" in " ".join(str(result).split())
    assert "column 'zla' of the rows is shown as 'zla_'" in " ".join(str(VERBS["attenuation"]()).split())
    assert "zla" in table.columns, "a name that no column of the table has is kept"


def test_another_name_is_one_that_no_column_has():
    other = fit_of("mean", "mean_", y=np.resize([0, 1, 1, 0], 48))
    rows = {"mean": [0.0, 2.0], "mean_": [1.0, 3.0], "w": [0, 0]}
    table = gb.predictions(other, rows).summary()
    assert table["mean_"].tolist() == [1.0, 3.0] and table["mean__"].tolist() == [0.0, 2.0]


def test_reports_and_curves_of_a_variable_that_is_called_like_a_column_are_whole(tmp_path):
    other = fit_of("mean", "eti89_lb", y=np.resize([0, 1, 1, 0], 48))
    assert gb.plot_curves(other, "mean").alt
    text = gb.report(other, tmp_path / "a.html").read_text()
    assert re.search(r"\bmean\b", text)
