"""What a fit takes is estimated before it is compiled, and refused where there is less."""

import time

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.infer.free_memory import free_memory
from glmm_bayes.infer.resources import check_disk, check_memory, estimate
from glmm_bayes.infer.settings import Settings
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


def test_what_is_advised_fits():
    free = free_memory()
    assert free is not None
    made = model()
    with pytest.raises(gb.ResourceError) as caught:
        check_memory(estimate(made.priors, 50, Settings(draws=10**9)), Settings(draws=10**9))
    advised = int(caught.value.hint.split("draws=")[1].split(",")[0])
    check_memory(
        estimate(made.priors, 50, Settings(draws=advised * 9 // 10)), Settings(draws=advised * 9 // 10)
    )


def test_the_estimate_grows_with_everything_that_is_kept():
    small = gb.Model("y ~ 1 + (1 | g)", {"y": np.arange(40.0), "g": np.resize(np.arange(5), 40)})
    large = gb.Model("y ~ 1 + (1 | g)", {"y": np.arange(40.0), "g": np.resize(np.arange(20), 40)})
    usual = Settings(draws=100_000)

    def total(made, settings=usual):
        return estimate(made.priors, len(made.design), settings).total

    of_draws = [estimate(made.priors, 40, usual).parts["draws"] for made in (small, large)]
    assert total(large) > total(small) and of_draws[1] > 1.5 * of_draws[0]
    for more in (
        Settings(draws=200_000),
        Settings(draws=100_000, chains=8),
        Settings(draws=100_000, tune=10**6),
    ):
        assert total(small, more) > total(small)


def test_a_full_disk_is_told_before_sampling(tmp_path):
    need = estimate(model().priors, 50, Settings(draws=10**15))
    with pytest.raises(gb.ResourceError, match="of disk"):
        check_disk(need, tmp_path / "not" / "there" / "a.glmm")
    check_disk(estimate(model().priors, 50, Settings()), tmp_path / "a.glmm")
