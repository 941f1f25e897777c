"""The README's example: what it shows is of a committed fit, and a fresh one agrees with it."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE, SHOWN = re.search(r"```python\n(.*?)```\n\n```\n(.*?)```", README, re.DOTALL).groups()
NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
#: Beta and the standard deviation of a run of the example.
SAVED = ROOT / "docs" / "readme" / "toenail.glmm"


def questions():
    """Return the lines of the example that ask the fit."""
    lines = EXAMPLE.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("year ="))
    return "\n".join(lines[first:])


@pytest.mark.filterwarnings("ignore::glmm_bayes.GlmmWarning")
def test_what_is_shown_is_what_the_committed_fit_answers_digit_by_digit():
    code = f"import glmm_bayes as gb\nfit = gb.load({str(SAVED)!r})\n{questions()}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == SHOWN


def monte_carlo_errors():
    """Return the error of each mean that is shown, from the draws of the committed fit: batches of 100."""
    fit = gb.load(SAVED)
    year = {"treatment": ["itraconazole", "terbinafine"], "time": [12, 12]}
    asked = [
        *(gb.predictions(fit, year, estimand=word).draws for word in ("typical", "population")),
        gb.comparisons(fit, "treatment", newdata=year).draws,
    ]
    draws = np.concatenate([np.asarray(one).reshape(4, 1000, -1) for one in asked], axis=2)
    return draws.reshape(4, 10, 100, -1).mean(axis=2).std(axis=(0, 1), ddof=1) / np.sqrt(40)


def same_words_and_means(told, shown):
    """Words are the same everywhere, and means within three Monte Carlo errors of two runs."""
    words = [" ".join(NUMBER.sub("#", text).split()) for text in (told, shown)]
    assert words[0] == words[1]
    is_row = re.compile(r" *(?:itraconazole|terbinafine|treatment terbinafine)")
    rows = [[line for line in text.splitlines() if is_row.match(line)] for text in (told, shown)]
    errors = monte_carlo_errors()
    assert len(errors) == len(rows[0])
    for new, old, error in zip(*rows, errors, strict=True):
        again, before = (float(NUMBER.findall(row)[0]) for row in (new, old))
        assert abs(again - before) < 3 * np.sqrt(2) * error


@pytest.mark.sampling
@pytest.mark.slow
def test_the_example_gives_what_the_readme_shows_within_three_monte_carlo_errors():
    done = subprocess.run([sys.executable, "-c", EXAMPLE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    same_words_and_means(done.stdout, SHOWN)


def test_the_example_is_ten_lines():
    assert len([line for line in EXAMPLE.splitlines() if line.strip()]) <= 10
