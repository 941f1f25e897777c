"""Formulas that were printed elsewhere are read; what is not is answered with a place and a remedy."""

import csv
from pathlib import Path

import pytest

import glmm_bayes as gb

FOLDER = Path(__file__).parent / "published"


def rows_of(name):
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


PUBLISHED, BEYOND = rows_of("formulas.tsv"), rows_of("beyond.tsv")


def refusal_of(formula):
    try:
        gb.ModelSpec.from_formula(formula)
    except gb.FormulaError as error:
        return error
    return None


def test_there_are_at_least_three_hundred_different_ones_each_with_a_source():
    texts = {"".join(row["formula"].split()) for row in PUBLISHED}
    assert len(texts) == len(PUBLISHED) >= 300
    assert all(len(row["source"]) > 5 for row in PUBLISHED + BEYOND)


def test_ninety_nine_of_a_hundred_are_read():
    refused = {
        row["formula"]: str(refusal_of(row["formula"])) for row in PUBLISHED if refusal_of(row["formula"])
    }
    assert len(refused) <= 0.01 * len(PUBLISHED), refused


@pytest.mark.parametrize("formula", [row["formula"] for row in PUBLISHED + BEYOND])
def test_each_is_read_the_same_again_or_answered_with_a_place_and_a_remedy(formula):
    error = refusal_of(formula)
    if error is None:
        spec = gb.ModelSpec.from_formula(formula)
        assert gb.ModelSpec.from_formula(spec.to_formula()) == spec
        return
    assert "formula:1:" in str(error)
    assert error.hint.strip()
