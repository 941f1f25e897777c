"""What a user's labels and names hold is shown, never obeyed: by terminals, pages and spreadsheets."""

import csv
import io
import re
import unicodedata
import warnings

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.escapes import defused, visible
from glmm_bayes.fit.captioned import PrintedFrame

HIDDEN = {
    "colour": "\x1b[31mRED",
    "clear": "\x1b[2J",
    "one byte CSI": "\x9b2J",
    "title": "\x1b]0;owned\x07",
    "backspace": "a\x08b",
    "carriage return": "good\rbad",
    "new line": "a\n[error] b",
    "tab": "\tcmd",
    "null": "a\x00b",
    "delete": "a\x7fb",
    "right to left": "\u202ecba",
    "isolate": "\u2066abc\u2069",
    "mark": "a\u200fb",
    "zero width": "a\u200bb",
    "byte order": "\ufeffa",
    "line separator": "a\u2028b",
    "tag": "a\U000e0041b",
}
FORMULAS = ["=cmd", "+1+cmd", "-1+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1+1", "=1+1", "-x", "+"]
#: What lines of a message are made of.
KEPT = "\n\t"
LABELS = [*HIDDEN.values(), "".join(HIDDEN.values())]


def fit_of(labels, column="f"):
    """A model whose predictor and group have the labels as levels, and draws of it."""
    levels = [*labels, *(f"level {at}" for at in range(max(0, 6 - len(labels))))]
    data = pd.DataFrame({"g": np.repeat(levels, 3)})
    data[column] = np.resize(["a", labels[-1]], len(data))
    data["y"] = np.random.default_rng(2).normal(size=len(data))
    name = column if column.isidentifier() else f"`{column}`"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", gb.GlmmWarning)
        model = gb.Model(f"y ~ {name} + (1 | g)", data)
    rng = np.random.default_rng(3)
    draws = {"beta": rng.normal(0, 1, (2, 50, 2)), "sigma": rng.uniform(1, 2, (2, 50))}
    draws |= {"sd_g": rng.uniform(1, 2, (2, 50, 1)), "b_g": rng.normal(0, 1, (2, 50, len(levels), 1))}
    return model, gb.Fit.from_draws(model, draws)


def tables_of(model, fit):
    """Every table that a fit with one predictor gives."""
    yield from (model.check(), gb.summary(fit), gb.coefficients(fit), gb.random_effects(fit))
    yield from (gb.variance_components(fit), gb.ranks(fit, "g"), gb.grid(fit), gb.grid(fit, "observed"))
    for effects in effects_of(fit):
        yield from (effects.summary(), effects.grid, effects.summary().head(2))
    yield gb.estimands(fit, "f").summary()
    yield gb.random_effects(fit).summary().set_index(["factor", "level"])


def effects_of(fit):
    yield gb.predictions(fit, estimand="subject")
    yield gb.predictions(fit, by="f")
    yield gb.comparisons(fit, "f")
    yield gb.comparisons(fit, "f", by="g", hypothesis="pairwise")


def is_shown(text):
    return not [
        c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in KEPT
    ]


def test_no_print_holds_a_hidden_character():
    model, fit = fit_of(LABELS)
    texts = [
        str(model),
        repr(model.explain()),
        model.explain()._repr_latex_(),
        str(fit),
        str(gb.diagnose(fit)),
    ]
    texts += [str(gb.estimands(fit, "f"))]
    for table in tables_of(model, fit):
        texts += [repr(table), str(table), table.to_string(), table.to_html(), table._repr_html_()]
        texts += [repr(table[name]) for name in table.columns]
    for effects in effects_of(fit):
        texts += [repr(effects), effects._repr_html_()]
    texts += [gb.comparisons(fit, "f").plot().alt]
    assert all(map(is_shown, texts))
    told = "".join(texts)
    assert all(f"<U+{ord(c):04X}>" in told for c in "".join(LABELS) if not c.isprintable() and c not in KEPT)


@pytest.mark.parametrize("kind", HIDDEN)
def test_no_error_holds_one_and_all_say_what_it_is(kind):
    label = HIDDEN[kind]
    _, fit = fit_of(["z"])
    data = pd.DataFrame({"y": [1.0, 2.0, 4.0], "f": ["a", label, "c"]})
    calls = [
        lambda: gb.predictions(fit, {"f": ["a", label]}),
        lambda: gb.comparisons(fit, "f", values=["a", label]),
        lambda: gb.predictions(fit, by=label),
        lambda: gb.Model("y ~ nosuch", data.rename(columns={"f": label})),
        lambda: gb.Model('y ~ C(f, ref = "z")', data),
        lambda: gb.Model("f ~ 1", data),
        lambda: gb.Model("y ~ x", data.assign(x=[1.0, np.nan, 2.0]).set_index("f")),
        lambda: gb.Model("y ~ f", data, family=label),
        lambda: gb.Prior(label),
    ]
    for call in calls:
        with pytest.raises(gb.GlmmError) as caught:
            call()
        error = caught.value
        texts = [str(error), error.hint, *(finding.message for finding in error.findings)]
        assert all(map(is_shown, texts)), repr(str(error))


def test_no_report_holds_one(tmp_path):
    label = LABELS[-1] + "<b>"
    _, fit = fit_of([label])
    text = gb.report(fit, tmp_path / "r.html").read_text("utf-8")
    assert is_shown(text) and "&lt;U+202E&gt;" in text and label not in text


def cells_of(table, **how):
    return [cell for row in csv.reader(io.StringIO(table.to_csv(**how))) for cell in row]


def test_no_cell_of_a_csv_is_a_formula():
    model, fit = fit_of(FORMULAS)
    for table in tables_of(model, fit):
        for how in ({}, {"index": False}):
            for cell in cells_of(table, **how):
                number = re.fullmatch(r"-?\d.*", cell)
                assert (number and np.isfinite(float(cell))) or not re.match(r"\s*[=+\-@＝]|\t|\r", cell), (
                    cell
                )
    series = gb.random_effects(fit).summary()["level"]
    assert not re.search(r"(^|,)[=+@]", series.to_csv(index=False), re.MULTILINE)


def test_names_of_columns_are_defused_too():
    column = "=cmd()"
    _, fit = fit_of(["b"], column)
    header = next(csv.reader(io.StringIO(gb.predictions(fit).summary().to_csv(index=False))))
    assert "'=cmd()" in header and column not in header


def test_numbers_stay_numbers_and_values_stay_what_they_are():
    table = PrintedFrame({"x": [-1.5, 2.0], "label": ["-1.5", "=1"], "flag": [True, False]})
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert again["x"].tolist() == [-1.5, 2.0] and again["flag"].tolist() == [True, False]
    assert again["label"].tolist() == ["-1.5", "'=1"]
    assert table["label"].tolist() == ["-1.5", "=1"]
    assert table.to_dict("list")["label"] == ["-1.5", "=1"]


@pytest.mark.parametrize("text", ["", "placebo", "Straße 7", "日本", "a b", "é", "🦉", "-1", "1e-5", "+.5"])
def test_plain_text_is_left_as_it_is(text):
    assert visible(text) == text and defused(text) == text
