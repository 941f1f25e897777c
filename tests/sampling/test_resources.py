"""What a fit takes is estimated before it is compiled, and refused where there is less."""

import re
import time

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.settings import Settings
from glmm_bayes.sampling.resources import check_disk, check_memory, estimate
from tests.pace import in_time

ROWS = pd.DataFrame({"x": np.arange(50.0), "y": np.arange(50.0) ** 0.5 + np.resize([0, 0.1, 0.3], 50)})
HUGE = [{"draws": 10**9}, {"chains": 10**5}, {"tune": 10**12}, {"draws": 10**18}, {"chains": 10**9},
        {"draws": 10**8, "chains": 10**4}]  # fmt: skip


def model():
    return gb.Model("y ~ x", ROWS)


def models():
    return {
        "one response": model(),
        "two responses": gb.Model(gb.Formulas("y ~ x", "x ~ 1"), ROWS),
    }


@pytest.mark.parametrize("which", ["one response", "two responses"])
@pytest.mark.parametrize("asked", HUGE, ids=str)
def test_what_no_machine_holds_is_refused_at_once_with_the_number(which, asked):
    one = models()[which]
    for engine in ("nutpie", "pymc"):
        start = time.perf_counter()
        with pytest.raises(gb.ResourceError) as caught:
            one.fit(**asked, engine=engine)
        assert in_time(time.perf_counter() - start, 1.0)
        assert caught.value.code == "resources"
        assert any(character.isdigit() for character in caught.value.findings[0].message)


def test_prior_draws_that_no_machine_holds_are_refused_too():
    with pytest.raises(gb.ResourceError, match="Try draws="):
        model().prior_predictive(draws=10**12)


def wide():
    """A model whose every draw takes much memory: an effect of each of many levels."""
    return gb.Model("y ~ 1 + (1 | g)", {"y": np.resize([0.0, 1.0, 3.0], 40_000), "g": np.arange(40_000) // 2})


TOO_MUCH = [
    *({name: 10**power} for name in ("draws", "tune", "chains") for power in (8, 9, 15)),
    {"draws": 10**9, "chains": 9000},
    {"tune": 10**9, "chains": 9000},
    {"draws": 10**9, "tune": 10**9},
    {"draws": 10**9, "tune": 10**9, "chains": 10**9},
    {"draws": 10**7, "tune": 100},
]


@pytest.mark.parametrize("asked", TOO_MUCH, ids=str)
@pytest.mark.parametrize("which", ["small", "wide"])
def test_what_is_advised_fits(which, asked, monkeypatch):
    # As much on every machine.
    monkeypatch.setattr("glmm_bayes.sampling.resources.free_memory", lambda: 8e9)
    made = {"small": model, "wide": wide}[which]()

    def check(settings):
        check_memory(estimate(made.definition, settings), settings)

    with pytest.raises(gb.ResourceError, match=r"Try (draws|tune|chains)=") as caught:
        check(Settings(**asked))
    advised = {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", caught.value.hint)}
    check(Settings(**{**asked, **advised}))
    assert all(value >= {"chains": 1}.get(name, 100) for name, value in advised.items())
    # What is not the matter stays as it was asked for.
    assert set(advised) <= set(asked) | {"chains"} or len(advised) == 3
    assert all(value <= asked.get(name, value) for name, value in advised.items())


def test_where_nothing_fits_no_settings_are_advised(monkeypatch):
    monkeypatch.setattr("glmm_bayes.sampling.resources.free_memory", lambda: 1e8)
    with pytest.raises(gb.ResourceError, match="Take fewer rows"):
        check_memory(estimate(model().definition, Settings()), Settings())
    with pytest.raises(gb.ResourceError, match="Take fewer rows"):
        monkeypatch.setattr("glmm_bayes.sampling.resources.free_memory", lambda: 100.0)
        model().prior_predictive()


def test_the_estimate_grows_with_everything_that_is_kept():
    small = gb.Model("y ~ 1 + (1 | g)", {"y": np.arange(40.0), "g": np.resize(np.arange(5), 40)})
    large = gb.Model("y ~ 1 + (1 | g)", {"y": np.arange(40.0), "g": np.resize(np.arange(20), 40)})
    usual = Settings(draws=100_000)

    def total(made, settings=usual):
        return estimate(made.definition, settings).total

    of_draws = [estimate(made.definition, usual).memory["draws"] for made in (small, large)]
    assert total(large) > total(small) and of_draws[1] > 1.5 * of_draws[0]
    for more in (
        Settings(draws=200_000),
        Settings(draws=100_000, chains=8),
        Settings(draws=100_000, tune=10**6),
    ):
        assert total(small, more) > total(small)


def test_a_full_disk_is_told_before_sampling(tmp_path):
    need = estimate(model().definition, Settings(draws=10**15))
    with pytest.raises(gb.ResourceError, match="of disk"):
        check_disk(need, tmp_path / "not" / "there" / "a.glmm")
    check_disk(estimate(model().definition, Settings()), tmp_path / "a.glmm")
