"""What new rows may lack and may not: each refusal is a PredictionError with its column and rows."""

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import Findings
from glmm_bayes.design.design import replay_design

ROWS = 24
RNG = np.random.default_rng(4)
DATA = pd.DataFrame(
    {
        "y": RNG.normal(size=ROWS),
        "x": RNG.normal(size=ROWS),
        "z": RNG.uniform(1, 3, ROWS),
        "f": np.resize(list("abc"), ROWS),
        "u": pd.Categorical(np.resize(["lo", "hi"], ROWS), ["lo", "never", "hi"]),
        "g": np.repeat(np.arange(8), 3),
        "yes": RNG.permutation(np.resize([False, True, True], ROWS)),
        "k": RNG.permutation(np.resize([0, 1, 2, 5], ROWS)),
    }
)
DESIGN = gb.Model("y ~ scale(x) + f + u + yes + C(k) + offset(log(z)) + (1 | g)", DATA).design
NEW = DATA.head(4)

REFUSED = {
    "no offset": (NEW.drop(columns="z"), "newdata_schema", "z", (), "column 'z' missing"),
    "no predictor": (NEW.drop(columns="x"), "newdata_schema", "x", (), "column 'x' missing"),
    "no group": (NEW.drop(columns="g"), "newdata_schema", "g", (), "column 'g' missing"),
    "label for number": (NEW.assign(x="a"), "newdata_schema", "x", (), "trained as number, got label"),
    "boolean for number": (NEW.assign(x=True), "newdata_schema", "x", (), "trained as number, got boolean"),
    "number for boolean": (NEW.assign(yes=1), "newdata_schema", "yes", (), "trained as boolean, got number"),
    "unseen level": (NEW.assign(f=list("abbq")), "new_level", "f", (3,), "known: a, b, c"),
    "declared, never seen": (
        NEW.assign(u=["lo", "never", "hi", "lo"]), "new_level", "u", (1,),
        "known: lo, hi. never: declared but never observed, no effect could be learnt.",
    ),
    "unseen number": (NEW.assign(k=[0, 1, 2, 77]), "new_level", "k", (3,), "known: 0, 1, 2, 5"),
    "missing predictor": (NEW.assign(x=[1, 2, np.nan, 4]), "missing_values", "x", (2,), "1 of 4 values"),
    "missing group": (NEW.assign(g=[1, 2, np.nan, 4]), "missing_values", "g", (2,), "1 of 4 values"),
    "infinite": (NEW.assign(x=[1, 2, np.inf, 4]), "non_finite", "x", (2,), "1 infinite values"),
    "no exposure": (NEW.assign(z=[1.0, 0, 2, 3]), "offset_domain", "z", (1,), "exposure must be positive"),
    "column twice": (pd.concat([NEW, NEW[["x"]]], axis=1), "duplicate_column", "x", (), "occurs 2 times"),
    "no rows": (NEW.head(0), "empty_data", None, (), "no rows"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_new_rows_that_do_not_fit_are_refused_by_column_and_row(case):
    data, code, column, rows, sentence = REFUSED[case]
    with pytest.raises(gb.PredictionError) as caught:
        replay_design(DESIGN, data, with_groups=True)
    error = caught.value
    assert (error.code, error.column, error.rows) == (code, column, rows)
    assert sentence in str(error)


@pytest.mark.parametrize(
    ("column", "value"), [("f", [0.5, 1.5, 2.5, 0.5]), ("g", [1.5, 1, 2, 3]), ("k", [1.5, 1, 2, 5])]
)
def test_fractions_where_labels_were_learnt_are_a_prediction_error(column, value):
    with pytest.raises(gb.PredictionError):
        replay_design(DESIGN, NEW.assign(**{column: value}), with_groups=True)


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([0, 7, 99, -1], [0, 7, -1, -1]),
        ([0.0, 7.0, 50.0, 3.0], [0, 7, -1, 3]),
        (["0", "7", "x", "07"], [0, 7, -1, -1]),
        (pd.Categorical([3, 1, 2, 9], [9, 3, 2, 1]), [3, 1, 2, -1]),
    ],
    ids=["integers", "floats", "texts", "categories"],
)
def test_group_levels_match_by_label_whatever_their_type(values, codes):
    new = replay_design(DESIGN, NEW.assign(g=values), with_groups=True)
    assert new.groups[0].codes.tolist() == codes


def test_without_groups_their_columns_may_be_absent_and_no_row_has_a_level():
    new = replay_design(DESIGN, NEW.drop(columns=["g", "y"]), with_groups=False)
    assert new.groups[0].codes.tolist() == [-1] * 4
    np.testing.assert_array_equal(new.x, DESIGN.x[:4])
    np.testing.assert_array_equal(new.offset, DESIGN.offset[:4])


@pytest.mark.parametrize("row", [0, 5, 23])
def test_a_mapping_of_one_row_has_the_bits_of_that_row(row):
    single = {name: [DATA[name].iloc[row]] for name in DATA}
    new = replay_design(DESIGN, single, with_groups=True)
    np.testing.assert_array_equal(new.x[0], DESIGN.x[row])
    assert new.groups[0].codes[0] == DESIGN.groups[0].codes[row]


def test_what_was_learnt_does_not_move_with_the_new_rows():
    moved = replay_design(DESIGN, DATA.assign(x=DATA["x"] * 10 + 3), with_groups=False)
    assert moved.state == DESIGN.state
    scaled = (DATA["x"] * 10 + 3 - DATA["x"].mean()) / DATA["x"].std()
    np.testing.assert_allclose(moved.x[:, 1], scaled, rtol=1e-12)


def test_levels_in_another_order_are_matched_by_label_and_noted():
    findings = Findings(gb.PredictionError)
    rows = NEW.assign(u=pd.Categorical(NEW["u"].astype(str), ["hi", "lo"]))
    new = replay_design(DESIGN, rows, False, findings=findings)
    np.testing.assert_array_equal(new.x, DESIGN.x[:4])
    notes = [str(finding) for finding in findings.collected]
    assert notes == ["[newdata_schema] levels of 'u' in another order: matched by label, not by position."]
    assert all(finding.severity == "note" for finding in findings.collected)
    same = Findings(gb.PredictionError)
    replay_design(DESIGN, NEW, False, findings=same)
    assert not same.collected


def test_data_that_is_no_table_is_a_prediction_error():
    with pytest.raises(gb.PredictionError) as caught:
        replay_design(DESIGN, [1, 2], with_groups=False)
    assert caught.value.code == "data_container"
