"""Questions about new rows: wrong ones are refused in words, and columns of any container may be asked by."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from tests.effects.draws_of_new_groups import DATA, fit_of, near

LABELS = [str(level) for level in range(1, 11)]


REFUSED = [
    ("count ~ 1 + (1 | gr(g, cov = K))", {"beta": [0.2], "sd_g": [0.8]},
     "[new_group] levels of 'g' are correlated with each other (known): the place of a new level among "
     'them is not known. Ask for estimand="typical", or for "population" or "subject" at known levels.'),
    ('count ~ 1 + (1 | gr(g, dist = "student"))', {"beta": [0.2], "sd_g": [0.8], "df_g": 5.0},
     "[estimand_undefined] new groups have no mean: t effects of 'g' under the log link. "
     'Ask for estimand="typical" or "subject".'),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "draws", "message"), REFUSED)
def test_new_groups_that_have_no_distribution_or_no_mean_are_refused(formula, draws, message):
    kinship = pd.DataFrame(np.eye(10) + 0.1, index=LABELS, columns=LABELS)
    known = {"K": kinship} if "K" in formula else None
    model = gb.Model(formula, DATA, family="poisson", known=known)
    fit = gb.Fit.from_draws(model, {k: np.asarray(v, float)[None, None] for k, v in draws.items()})
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit, {"g": ["new"]}, estimand="new_subject", per="label")
    assert str(caught.value) == message


QUESTIONS = [
    ({"newdata": DATA.assign(g=np.repeat([99, 98, 1], 20)), "estimand": "subject"},
     "[new_group] 'g': 2 levels were not in the training data (99, 98; rows 0, 1, 2, 3, 4 (+35 more)). "
     'Ask for estimand="population" (average over groups), "typical" (effect 0) or "new_subject" (one new '
     "group)."),
    ({"newdata": DATA[:1].assign(g="x"), "estimand": "subject"},
     "[new_group] 'g': 1 level was not in the training data (x; row 0). "
     'Ask for estimand="population" (average over groups), "typical" (effect 0) or "new_subject" (one new '
     "group)."),
    ({"newdata": DATA.drop(columns="h"), "estimand": "subject"},
     "[newdata_schema] new data: column 'h' missing."),
    ({"seed": -1}, "[settings] seed must be a whole number from 0 to 2**63 - 1, found -1."),
    ({"seed": 1.5}, "[settings] seed must be a whole number from 0 to 2**63 - 1, found 1.5."),
    ({"newdata": DATA.assign(g=0.5), "per": "label"},
     "[column_type] column 'g' is float64 with fractions (rows 0, 1, 2, 3, 4 (+55 more): 0.5, 0.5, 0.5, 0.5, "
     "0.5, ...); levels must be whole numbers or labels. "
     'Write data["g"].astype(str) if labels are meant.'),
    ({"newdata": DATA[:2].assign(h=[None, "u"]), "per": "label"},
     "[missing_values] column 'h': 1 of 2 values missing (row 0). Fill them, or leave those rows out."),
    ({"by": []}, "[by] by must be the name of a column, a list of names, True or None, found []."),
    ({"by": 3}, "[by] by must be the name of a column, a list of names, True or None, found 3."),
    ({"by": "region"}, "[unknown_column] by: no column 'region' among those the model reads. "
     "Columns: bit, x, g, h. Others come with newdata=, as in newdata=data."),
    ({"newdata": DATA[["x", "g"]], "by": "region"},
     "[unknown_column] by: no column 'region' in newdata. Columns: x, g."),
    ({"newdata": DATA[:2].assign(region=["n", None]), "by": "region"},
     "[missing_values] column 'region': 1 of 2 values missing (row 1). Fill them, or leave those rows out."),
    ({"newdata": DATA[:2].assign(region=[1j, 2j]), "by": "region"},
     "[column_type] column 'region' holds complex; it must hold numbers or labels. "
     "Give its real and imaginary parts as two columns."),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), QUESTIONS, ids=range(len(QUESTIONS)))
def test_a_wrong_question_about_new_rows_is_refused_in_these_words(arguments, message):
    with pytest.raises(gb.PredictionError) as caught:
        gb.predictions(fit_of(), **{"estimand": "new_subject", **arguments})
    assert str(caught.value) == message


def test_a_comparison_is_not_made_within_the_compared_variable():
    with pytest.raises(gb.PredictionError) as caught:
        gb.comparisons(fit_of(), "x", by=["h", "x"])
    assert (caught.value.code, caught.value.column) == ("by", "x")
    assert "cannot be averaged within" in str(caught.value)


@pytest.mark.parametrize("container", ["dict", "polars", "pyarrow"])
def test_columns_of_any_container_may_be_averaged_within(container):
    rows = {"x": [0.0, 1.0, 2.0], "region": ["s", "n", "s"]}
    if container != "dict":
        library = pytest.importorskip(container)
        rows = library.DataFrame(rows) if container == "polars" else library.table(rows)
    table = gb.predictions(fit_of(), rows, by="region").summary()
    assert list(table["region"]) == ["n", "s"]
    apart = gb.predictions(fit_of(), rows).summary()["mean"]
    near(table["mean"], [apart[1], (apart[0] + apart[2]) / 2])


def test_columns_called_like_those_of_the_summary_are_shown_under_another_name():
    data = DATA.rename(columns={"x": "mean", "t": "eti89_lb", "h": "contrast"}).assign(mean_=1.0)
    model = gb.Model("y ~ mean + (1 | contrast) + eti89_lb", data)
    fit = gb.Fit.from_draws(model, {"beta": [[[0.0, 1.0, 2.0]]], "sd_contrast": [[[1.0]]], "sigma": [[1.0]]})
    effects = gb.predictions(fit, data[:3])
    table = effects.summary()
    assert table.columns.is_unique and list(table["mean_"]) == list(data["mean"][:3])
    assert "column 'mean' of the rows is shown as 'mean_'." in effects.attrs["notes"]
    assert "note: column 'mean' of the rows is shown as 'mean_'." in str(effects)
    compared = gb.comparisons(fit, "mean", by="contrast").summary()
    assert list(compared.columns[:3]) == ["variable", "contrast", "contrast_"]
