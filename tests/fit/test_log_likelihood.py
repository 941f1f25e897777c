"""The pointwise log likelihood is computed when it is read, what is read of it, and gives SciPy's numbers."""

import copy
import pickle

import arviz as az
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats

import glmm_bayes as gb
from glmm_bayes.fit import log_likelihood

RNG = np.random.default_rng(17)
CHAINS, DRAWS, ROWS, LEVELS = 2, 30, 24, 6
DATA = pd.DataFrame({
    "x": RNG.normal(size=ROWS),
    "g": np.repeat(list("abcdef"), 4),
    "h": np.tile(list("pqr"), 8),
    "w": RNG.uniform(0.5, 2, ROWS),
    "c": np.resize(["none", "right", "none", "left", "none"], ROWS),
    "e": RNG.uniform(0.5, 2, ROWS),
    "choice": np.resize(["bus", "car", "train", "car"], ROWS),
    "y": RNG.normal(5, 1, ROWS),
    "y1": RNG.normal(5, 1, ROWS),
    "y2": RNG.normal(5, 1, ROWS),
    "count": RNG.poisson(3, ROWS),
})  # fmt: skip
MODELS = {
    "gaussian": ("y ~ x + (1 + x | g)", "gaussian"),
    "weights, censored": ("y | weights(w) + cens(c) ~ x + (1 | g)", "gaussian"),
    "truncated": ("y | trunc(lb = 0, ub = 12) ~ x + (1 | g)", "gaussian"),
    "rate": ("count | rate(e) ~ x + (1 | g)", "poisson"),
    "membership": ("y ~ x + (1 | mm(h, g))", "gaussian"),
    "categories": ("choice ~ x + (1 | g)", "categorical"),
    "two predictors": (gb.Formula("y ~ x + (1 | g)", sigma="~ x"), "gaussian"),
}


def draws_of(model):
    """Return draws with the shapes of the model, all positive where a scale needs it."""
    shapes = {name: variable.shape[2:] for name, variable in rehearsed(model).items()}
    draws = {}
    for name, shape in shapes.items():
        size = (CHAINS, DRAWS, *shape)
        draws[name] = (
            RNG.normal(0.3, 0.2, size) if "beta" in name or "b_" in name else RNG.uniform(0.5, 1, size)
        )
        if "corr" in name:
            draws[name] = np.broadcast_to(0.4 + 0.6 * np.eye(shape[0]), size)
    return draws


def rehearsed(model):
    from glmm_bayes.sampling.rehearsal import rehearsal

    return rehearsal(model.definition).draws["posterior"].data_vars


def fit_of(name):
    formula, family = MODELS[name]
    model = gb.Model(formula, DATA, family=family)
    return gb.Fit.from_draws(model, draws_of(model))


@pytest.fixture(scope="module", params=MODELS)
def fit(request):
    return fit_of(request.param)


@pytest.fixture
def reads(monkeypatch):
    """Numbers of draws and of rows of each read."""
    seen = []
    compute = log_likelihood.LogLikelihood._computed

    def counting(self, key):
        result = compute(self, key)
        seen.append(result.shape)
        return result

    monkeypatch.setattr(log_likelihood.LogLikelihood, "_computed", counting)
    return seen


BLOCKS = {
    "a row": np.s_[:, :, 5],
    "rows": np.s_[..., 3:20:4],
    "rows backwards": np.s_[..., ::-3],
    "a list of rows": np.s_[..., [7, 2, 2, 11]],
    "no rows": np.s_[..., 5:5],
    "a chain": np.s_[1],
    "draws of a chain": np.s_[0, 4:9, -3:],
    "lists of all": np.s_[[1, 0], [3, 1], [4, 2]],
    "one number": np.s_[1, 7, 9],
}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_is_that_block_of_the_whole(fit, block):
    lazy = fit.draws["log_likelihood"]["y"]
    np.testing.assert_allclose(lazy[BLOCKS[block]], lazy.compute()[BLOCKS[block]], rtol=1e-12, atol=1e-12)


def test_rows_at_draws_chosen_in_pairs_are_those_of_the_whole(fit):
    lazy = fit.draws["log_likelihood"]["y"]
    at = {dim: xr.DataArray(where, dims="pair") for dim, where in (("draw", [4, 1, 4]), ("row", [2, 9, 0]))}
    np.testing.assert_allclose(lazy.isel(at), lazy.compute().isel(at), rtol=1e-12, atol=1e-12)


def test_the_density_is_that_of_the_rows_own_parameters():
    fit = fit_of("gaussian")
    x, codes = np.column_stack([np.ones(ROWS), DATA["x"]]), np.repeat(np.arange(LEVELS), 4)
    draws = {name: values.to_numpy() for name, values in fit.draws["posterior"].data_vars.items()}
    mean = np.einsum("cdk,rk->cdr", draws["beta"], x)
    mean = mean + np.einsum("cdrk,rk->cdr", draws["b_g"][:, :, codes], x)
    expected = stats.norm.logpdf(DATA["y"].to_numpy(), mean, draws["sigma"][..., None])
    np.testing.assert_allclose(fit.draws["log_likelihood"]["y"], expected, rtol=1e-12)


def test_nothing_is_computed_before_it_is_read(reads, tmp_path):
    fit = fit_of("gaussian")
    fit.save(tmp_path / "one.glmm")
    for one in (fit, gb.load(tmp_path / "one.glmm")):
        tree = one.draws
        for node in (tree, tree["log_likelihood"], tree["log_likelihood"]["y"]):
            assert repr(node) and node._repr_html_()
        az.summary(tree)
        gb.summary(one), gb.diagnose(one)
        tree.copy(), copy.deepcopy(tree), tree.sel(chain=[0]), tree["log_likelihood"].to_dataset()
        assert tree.nbytes > CHAINS * DRAWS * ROWS * 8
        tree["log_likelihood"]["y"].transpose("row", ...).isel(row=slice(3))
    assert reads == []


def test_a_slice_reads_that_slice(reads):
    tree = fit_of("gaussian").draws
    tree["log_likelihood"]["y"][..., 3:5].to_numpy()
    tree.isel(draw=slice(4)).sel(chain=1)["log_likelihood"]["y"].to_numpy()
    tree["log_likelihood"].to_dataset().isel(row=0)["y"].to_numpy()
    assert reads == [(CHAINS, DRAWS, 2), (4, ROWS), (CHAINS, DRAWS)]


def test_nothing_that_was_read_is_kept_unless_it_is_loaded(reads):
    tree = fit_of("gaussian").draws
    for _ in range(2):
        tree["log_likelihood"]["y"].to_numpy()
    assert len(reads) == 2
    tree["log_likelihood"].load()
    tree["log_likelihood"]["y"].to_numpy()
    assert len(reads) == 3


def pickled(tree):
    return pickle.loads(pickle.dumps(tree))  # noqa: S301


@pytest.mark.parametrize("through", [copy.deepcopy, pickled])
def test_copies_give_the_same_numbers(fit, through):
    again = through(fit.draws)
    np.testing.assert_array_equal(again["log_likelihood"]["y"], fit.draws["log_likelihood"]["y"])


def test_loo_is_that_of_the_matrix():
    tree = fit_of("gaussian").draws
    matrix = xr.DataTree.from_dict({
        "posterior": tree["posterior"].to_dataset(),
        "log_likelihood": tree["log_likelihood"].to_dataset().compute(),
    })  # fmt: skip
    lazy, eager = az.loo(tree, pointwise=True), az.loo(matrix, pointwise=True)
    assert (lazy.elpd, lazy.se, lazy.p) == (eager.elpd, eager.se, eager.p)
    np.testing.assert_array_equal(lazy.elpd_i, eager.elpd_i)


def test_what_has_no_room_in_memory_is_refused_and_the_advised_block_is_not(monkeypatch):
    lazy = fit_of("gaussian").draws["log_likelihood"]["y"]
    monkeypatch.setattr(log_likelihood, "free_memory", lambda: 30_000)
    with pytest.raises(
        gb.ResourceError, match=r"24 rows at 60 draws needs about .* GB .*, free are"
    ) as caught:
        lazy.to_numpy()
    assert caught.value.code == "resources"
    advised = caught.value.hint.rpartition("[..., ")[2].removesuffix("].")
    assert caught.value.hint.startswith('Read it in blocks of rows: fit.draws["log_likelihood"]["y"]')
    assert lazy[..., : int(advised.removeprefix(":"))].to_numpy().size
    monkeypatch.setattr(log_likelihood, "free_memory", lambda: 100)
    with pytest.raises(gb.ResourceError, match="Read fewer draws"):
        lazy.to_numpy()


def test_where_the_system_does_not_say_what_is_free_it_is_computed(monkeypatch):
    monkeypatch.setattr(log_likelihood, "free_memory", lambda: None)
    assert fit_of("gaussian").draws["log_likelihood"]["y"].to_numpy().shape == (CHAINS, DRAWS, ROWS)


def test_it_stands_in_no_file(tmp_path):
    from zipfile import ZipFile

    fit_of("gaussian").save(tmp_path / "one.glmm")
    assert not any("likelihood" in name for name in ZipFile(tmp_path / "one.glmm").namelist())


def test_without_the_draws_that_it_needs_there_is_none():
    model = gb.Model("y ~ x + (1 | g)", DATA)
    draws = {name: values for name, values in draws_of(model).items() if name != "b_g"}
    assert "log_likelihood" not in gb.Fit.from_draws(model, draws).draws.children


@pytest.mark.parametrize("rescor", [False, True])
def test_several_responses_have_one_each_or_one_of_the_row(rescor, reads, monkeypatch):
    formulas = {"y1": "y1 ~ x + (1 | g)", "y2": "y2 ~ x"}
    model = gb.Model(gb.Formulas(*formulas.values(), rescor=rescor), DATA)
    own = {name: draws_of(gb.Model(formula, DATA)) for name, formula in formulas.items()}
    draws = {f"{name}_{key}": values for name, each in own.items() for key, values in each.items()}
    corr = np.broadcast_to(np.array([[1.0, 0.3], [0.3, 1.0]]), (CHAINS, DRAWS, 2, 2))
    tree = gb.Fit.from_draws(model, draws | ({"rescor": corr} if rescor else {})).draws
    assert repr(tree) and reads == []
    assert set(tree["log_likelihood"].data_vars) == ({"y"} if rescor else {"y1", "y2"})
    last = list(tree["log_likelihood"].data_vars)[-1]
    lazy = tree["log_likelihood"][last]
    np.testing.assert_allclose(lazy[..., 2:9], lazy.to_numpy()[..., 2:9], rtol=1e-12)
    assert sorted(reads) == [(CHAINS, DRAWS, 7), (CHAINS, DRAWS, ROWS)]
    monkeypatch.setattr(log_likelihood, "free_memory", lambda: 30_000)
    with pytest.raises(gb.ResourceError, match=rf'\["{last}"\]\[\.\.\., :\d+\]'):
        lazy.to_numpy()
