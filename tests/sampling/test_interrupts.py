"""Runs that end early: what came is counted, kept where it is enough, and never taken for a whole run."""

import multiprocessing
import os
import signal
import tempfile
import threading
import time
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.draws import FEWEST_DRAWS
from glmm_bayes.sampling.chains import Chains, cut, kept
from glmm_bayes.sampling.interrupts import Interrupts
from glmm_bayes.sampling.pymc_engine import _end
from tests.sampling.small_model import model

#: More than any test waits for, and enough to be kept.
ENDLESS, DRAWS = 200_000, FEWEST_DRAWS + 20


def chains_of(lengths, crashed=None):
    arrays = [np.arange(float(length)) for length in lengths]
    return Chains({"beta": arrays}, {"energy": arrays}, lengths, crashed or {})


# --- what is kept ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("lengths", list(product((0, 99, 100, 350, 1000), repeat=3)))
def test_the_chains_that_together_have_most_draws_are_kept(lengths):
    enough = [length for length in lengths if length >= FEWEST_DRAWS]
    if not enough:
        with pytest.raises(gb.SamplingError) as caught:
            kept(chains_of(lengths), 3, 1000)
        assert caught.value.code == "interrupted"
        return
    chains, length = kept(chains_of(lengths), 3, 1000)
    most = max(least * sum(other >= least for other in enough) for least in enough)
    assert len(chains) * length == most
    assert all(lengths[chain] >= length for chain in chains)


@pytest.mark.parametrize("name", ["beta", "sd_g", "energy"])
def test_every_variable_is_counted(name):
    arrays = {key: [np.zeros(1000), np.zeros(1000)] for key in ("beta", "sd_g", "energy")}
    arrays[name][1] = np.zeros(400)
    found = Chains({k: arrays[k] for k in ("beta", "sd_g")}, {"energy": arrays["energy"]}, (1000, 1000))
    assert kept(found, 2, 1000) == ([0], 1000)


def test_few_draws_that_were_asked_for_are_a_whole_run():
    assert kept(chains_of((20, 20)), 2, 20) == ([0, 1], 20)


def test_a_chain_that_is_missing_is_an_early_end():
    assert kept(chains_of((1000,)), 2, 1000) == ([0], 1000)


def test_too_few_draws_after_a_crash_name_it():
    with pytest.raises(gb.SamplingError, match=r"chain 1 .* 20 draws: signal 9") as caught:
        kept(chains_of((60, 20), {1: "signal 9"}), 2, 1000)
    assert caught.value.code == "chain_crashed"


def test_draws_that_are_not_finite_are_draws():
    values = np.ones((2, 1000))
    values[0, 500], values[1, 3] = np.inf, np.nan
    found = Chains({"beta": values}, {}, (1000, 1000))
    chains, length = kept(found, 2, 1000)
    np.testing.assert_array_equal(cut(values, chains, length), values)


# --- Ctrl-C ---------------------------------------------------------------------------------------------


def test_an_interrupt_that_a_library_swallows_is_noted_and_the_handler_comes_back():
    before = signal.getsignal(signal.SIGINT)
    with Interrupts() as interrupts:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(5)
        except KeyboardInterrupt:
            pass
        assert interrupts.count == 1
        with pytest.raises(KeyboardInterrupt):
            interrupts.raise_pending()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("error", [KeyboardInterrupt, EOFError, BrokenPipeError, ValueError])
def test_what_an_interrupt_becomes_leaves_as_one_typed_error(error):
    with pytest.raises(gb.SamplingError) as caught, Interrupts() as interrupts:
        interrupts.count = 1
        raise error
    assert caught.value.code == "interrupted"


def test_errors_without_an_interrupt_stay_what_they_are():
    with pytest.raises(EOFError), Interrupts():
        raise EOFError


def test_an_interrupt_after_the_last_draw_loses_none(monkeypatch):
    """Ctrl-C while the draws are put together: the fit is whole and says that it is."""
    of_draws = gb.Fit.of_draws

    def interrupting(*given):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        return of_draws(*given)

    monkeypatch.setattr(gb.Fit, "of_draws", staticmethod(interrupting))
    with pytest.warns(gb.GlmmWarning, match="all draws had been made"):
        fit = model().fit(draws=120, tune=100, chains=1, seed=1)
    assert fit.shape == (1, 120) and fit.settings["interrupted"] is False and fit.caveats == ()


def test_a_second_interrupt_ends_what_the_first_one_left():
    with pytest.raises(gb.SamplingError) as caught, Interrupts() as interrupts:
        interrupts.hold()
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    assert caught.value.code == "interrupted"


def interrupted_fit(engine, cores, seconds):
    """Fit, and press Ctrl-C after some time; return the fit or the typed error."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        return model().fit(draws=ENDLESS, tune=150, chains=2, seed=1, cores=cores, engine=engine)
    except gb.SamplingError as error:
        return error
    finally:
        timer.cancel()
        timer.join()


def check_interrupted(result):
    """Hold what an interrupt gave to the promise: a typed error, or a fit that says so."""
    if isinstance(result, gb.SamplingError):
        assert result.code == "interrupted"
        return
    chains, draws = result.shape
    assert 1 <= chains <= 2 and FEWEST_DRAWS <= draws < ENDLESS
    assert result.settings["interrupted"] is True
    for text in (str(result), str(gb.summary(result)), str(gb.diagnose(result))):
        assert f"interrupted: {draws:,} of {ENDLESS:,} draws" in " ".join(text.split())
    assert all(np.isfinite(values).all() for values in result.flat.values())
    assert not gb.diagnose(result).passed
    check_file(result)


def check_file(fit):
    """See that a run that ended early is read from a file again."""
    with tempfile.TemporaryDirectory() as folder:
        fit.save(Path(folder) / "a.glmm")
        assert gb.load(Path(folder) / "a.glmm").caveats == fit.caveats


@pytest.mark.sampling
@pytest.mark.filterwarnings("ignore")
def test_nutpie_interrupted_early_and_late():
    model().fit(draws=10, tune=10, chains=1, seed=1)  # compiles
    results = [interrupted_fit("nutpie", cores, t) for cores in (1, 2) for t in (0.01, 0.2, 1.0)]
    for result in results:
        check_interrupted(result)
    assert isinstance(results[0], gb.SamplingError) and isinstance(results[-1], gb.Fit)


@pytest.mark.study
@pytest.mark.sampling
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("engine", "cores"), list(product(("nutpie", "pymc"), (1, 2))))
def test_interrupts_at_random_moments(engine, cores):
    moments = np.random.default_rng([len(engine), cores]).uniform(0, {"nutpie": 1.5, "pymc": 9}[engine], 8)
    for moment in moments:
        check_interrupted(interrupted_fit(engine, cores, moment))
        assert multiprocessing.active_children() == []


# --- workers that end -----------------------------------------------------------------------------------


def test_a_worker_that_does_not_hear_is_ended():
    deaf = multiprocessing.get_context("fork").Process(target=deaf_worker, daemon=True)
    deaf.start()
    time.sleep(0.2)
    _end([deaf])
    assert not deaf.is_alive()


def deaf_worker():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


def killed_fit(which, after):
    """Fit with PyMC's workers, and kill one of them after some time of their being there."""

    def kill():
        deadline = time.monotonic() + 60
        while len(workers := multiprocessing.active_children()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(after)
        os.kill(sorted(worker.pid for worker in workers)[which], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        return model().fit(draws=DRAWS, tune=30, chains=2, seed=1, cores=2, engine="pymc")
    finally:
        killer.join()


@pytest.mark.slow
@pytest.mark.sampling
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("which", "after"), [(0, 0.0), (1, 0.0), (0, 0.4), (1, 1.0)])
def test_a_killed_worker_leaves_the_other_chain_as_it_would_have_been(which, after):
    fit, whole = killed_fit(which, after), whole_fit()
    assert fit.shape[0] == 1 and fit.shape[1] >= DRAWS - 1
    other = whole.draws["posterior"]["beta"].to_numpy()[1 - which, : fit.shape[1]]
    np.testing.assert_array_equal(fit.draws["posterior"]["beta"].to_numpy()[0], other)
    assert fit.settings["interrupted"] is False
    for text in (str(fit), str(gb.diagnose(fit)), str(gb.summary(fit))):
        assert "chain_crashed" in text and f"chain {which}" in " ".join(text.split())
    assert not gb.diagnose(fit).passed
    check_file(fit)


@cache
def whole_fit():
    return model().fit(draws=DRAWS, tune=30, chains=2, seed=1, cores=1, engine="pymc")


@pytest.mark.slow
@pytest.mark.sampling
def test_when_all_workers_are_killed_the_error_says_so():
    def kill():
        deadline = time.monotonic() + 60
        while len(workers := multiprocessing.active_children()) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        for worker in workers:
            os.kill(worker.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(gb.SamplingError, match="signal 9") as caught:
        model().fit(draws=ENDLESS, tune=200, chains=2, seed=1, cores=2, engine="pymc")
    killer.join()
    assert caught.value.code == "chain_crashed"
