"""Files whose hashes are right and whose content no release writes are refused when they are opened."""

import json

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.fit.draws import DRAWN_WITH, ELSEWHERE
from glmm_bayes.storage.manifest import MANIFEST, FingerprintEntry
from tests.storage.manifest_changes import (
    SHAPE,
    add_array,
    array_changed,
    array_left_out,
    array_named,
    both,
    entry_set,
    made_elsewhere,
    rewritten,
    setting,
)
from tests.storage.saved_fits import SETTINGS, members_of


def test_the_small_fit_is_read_as_it_is(tmp_path):
    assert gb.load(rewritten(tmp_path, lambda members, manifest: None)).settings == SETTINGS


def reordered(order):
    """Put the levels of a column that nobody declared in another order, with codes and states to match."""
    levels = [sorted("uvw")[k] for k in order]
    return both(
        entry_set(levels, "columns", 3, "levels"),
        entry_set([[level] for level in levels], "states", "mu", "groups", "g"),
        array_changed("data/column_3", lambda codes: np.argsort(order)[codes]),
    )


def retyped(name, dtype):
    def change(members, manifest):
        values = np.ones(manifest["arrays"][name]["shape"], dtype)
        add_array(members, manifest, name, values)

    return change


def levels_added(count):
    def change(members, manifest):
        column = next(column for column in manifest["columns"] if column["name"] == "f")
        column["levels"] += [f"u{k}" for k in range(count)]

    return change


HOSTILE = {
    # Arrays that nothing reads, or that stand in the way of others.
    "a statistic called chain": array_named("sample_stats/chain", np.ones(SHAPE)),
    "a statistic called draw": array_named("sample_stats/draw", np.ones(SHAPE)),
    "a statistic in capitals": array_named("sample_stats/Lp", np.ones(SHAPE)),
    "another group": array_named("a/b", np.ones(3)),
    "no group": array_named("a", np.ones(3)),
    "a group of a group": array_named("posterior/a/b", np.ones(3)),
    "another variable": array_named("posterior/gamma", np.ones(SHAPE)),
    "another column": array_named("data/column_99", np.ones(6)),
    "numbers beside texts of rows": array_named("data/row_labels", np.arange(6)),
    "log likelihood": array_named("log_likelihood/y", np.ones((*SHAPE, 6))),
    # Numbers of another type.
    "draws as booleans": retyped("posterior/beta", bool),
    "draws as whole numbers": retyped("posterior/beta", np.int64),
    "divergences as numbers": retyped("sample_stats/diverging", np.float64),
    # Formulas of further parameters.
    "no formula": entry_set("junk", "further", "sigma"),
    "self": entry_set({"self": "~ x"}, "further"),
    "text": entry_set({"text": "~ x"}, "further"),
    "no parameter": entry_set({"phi": "~ x", "sigma": "~ x"}, "further"),
    "another spelling": entry_set("~  x", "further", "sigma"),
    # Settings.
    "no settings": entry_set({"map": []}, "settings"),
    "no engine": setting("engine", None),
    "an engine that is a number": setting("engine", 1),
    "no draws": setting("draws", None),
    "no chains": setting("chains", None),
    "interrupted without draws": entry_set(
        {"map": [["engine", "nutpie"], ["interrupted", True]]}, "settings"
    ),
    "a seed that is a text": setting("seed", "1"),
    "a seed below zero": setting("seed", -1),
    "a seed of many bits": setting("seed", 2**70),
    "a seed that is true": setting("seed", True),
    "notes that are a number": setting("notes", 7),
    "notes of numbers": setting("notes", [7]),
    "an empty note": setting("notes", [""]),
    "versions that are a list": setting("versions", ["1"]),
    "a number of draws that is a text": setting("draws", "20"),
    "more draws than there are": setting("draws", 40),
    "fewer draws than there are": setting("draws", 10),
    "no chain asked for": setting("chains", 0),
    "interrupted by a word": setting("interrupted", "no"),
    "an acceptance above one": setting("target_accept", {"float": (1.5).hex()}),
    "crashed by a word": setting("crashed", "chain 1"),
    "an engine that there is not": setting("engine", "stan"),
    "an engine of a million characters": setting("engine", "nutpie" * 200_000),
    "an engine of draws made elsewhere": setting("engine", ELSEWHERE),
    **{f"no setting {name}": setting(name, None) for name in SETTINGS},
    "a setting of another name": setting("sampler", "nutpie"),
    "an interval in words": setting("interval", "89% equal-tailed interval"),
    "an interval of no level": setting("interval", {"map": [["kind", "eti"]]}),
    "an interval of no kind": setting("interval", {"map": [["probability", {"float": (0.5).hex()}]]}),
    **{
        f"an interval of {probability} {kind}": setting(
            "interval", {"map": [["probability", {"float": probability.hex()}], ["kind", kind]]}
        )
        for probability, kind in ((1.0, "eti"), (0.0, "hdi"), (89.0, "eti"), (0.5, "quantile"))
    },
    "no warm-up": setting("tune", 0),
    "interrupted, and whole": setting("interrupted", True),
    "crashed, and whole": setting("crashed", ["chain 1 died"]),
    "no crash": setting("crashed", []),
    "a crash without words": setting("crashed", [""]),
    "interrupted, with fewer draws than are kept": both(setting("interrupted", True), setting("draws", 200)),
    "a chain less, of no crash": setting("chains", 3),
    "more crashes than chains": both(setting("chains", 3), setting("crashed", list("abcd"))),
    "no versions": setting("versions", {"map": []}),
    "versions of numbers": setting("versions", {"map": [[name, 1] for name in DRAWN_WITH]}),
    "a version too many": setting("versions", {"map": [[name, "1"] for name in (*DRAWN_WITH, "stan")]}),
    "a version of words": setting("versions", {"map": [[name, "<b>"] for name in DRAWN_WITH]}),
    "no versions of the writer": entry_set({}, "versions"),
    "a version of the writer too many": entry_set(lambda found: found | {"stan": "2"}, "versions"),
    "a version of the writer of a million characters": entry_set("1" * 10**6, "versions", "numpy"),
    "a version of the writer with escapes": entry_set("1\x1b[2J", "versions", "glmm-bayes"),
    "no platform": entry_set({}, "platform"),
    "more of a platform": entry_set(lambda found: found | {"junk": "x"}, "platform"),
    "a platform of a million characters": entry_set("x" * 10**6, "platform", "machine"),
    # What a sampler gives.
    **{f"no draws of {name}": array_left_out(f"posterior/{name}") for name in ("b_g", "sd_g", "sigma_beta")},
    **{f"no {name}": array_left_out(f"sample_stats/{name}") for name in ("diverging", "energy")},
    "a statistic of another name": array_named("sample_stats/evil", np.ones(SHAPE)),
    "a statistic called row": array_named("sample_stats/row", np.ones(SHAPE)),
    "tree depths that are missing": array_named("sample_stats/tree_depth", np.full(SHAPE, np.nan)),
    "tree depths below 0": array_named("sample_stats/tree_depth", np.full(SHAPE, -1)),
    "steps as booleans": array_named("sample_stats/n_steps", np.ones(SHAPE, bool)),
    "step sizes below 0": array_named("sample_stats/step_size", np.full(SHAPE, -0.1)),
    "limits that are missing": array_named("sample_stats/reached_max_treedepth", np.full(SHAPE, np.nan)),
    **{
        f"energies as {np.asarray(value).dtype} {value}": array_named(
            "sample_stats/energy", np.full(SHAPE, value)
        )
        for value in (True, 1, np.nan, np.inf, -np.inf)
    },
    "one energy that is missing": array_named("sample_stats/energy", [[np.nan, *range(1, 20)], range(20)]),
    "statistics of another shape": array_named("sample_stats/energy", np.ones((20, 2))),
    # Levels that no container has.
    **{f"levels in the order {order}": reordered(order) for order in ([1, 0, 2], [2, 1, 0])},
    "an order that nobody declared": entry_set(True, "columns", 3, "ordered"),
    "declared identifiers": entry_set(True, "columns", 2, "identifier"),
    "levels of numbers": entry_set(["a"], "columns", 1, "levels"),
    "declared numbers": entry_set(True, "columns", 1, "declared"),
    "whole numbers as levels": entry_set([1, 2, 3], "columns", 3, "levels"),
    "levels that are spelled alike": entry_set(["a", "b", 1, "1"], "columns", 2, "levels"),
    "a setting twice": entry_set(lambda value: {"map": value["map"] + [["seed", 2]]}, "settings"),
    # The format.
    "format true": entry_set(True, "format"),
    "format 1.0": entry_set(1.0, "format"),
    "format 0": entry_set(0, "format"),
    # What is there twice, or for nothing.
    "a prior twice": entry_set(lambda priors: priors + priors[:1], "priors"),
    "a prior of nothing": entry_set(lambda priors: [*priors, priors[0] | {"parameter": "zz"}], "priors"),
    "a column twice": entry_set(lambda columns: columns + columns[:1], "columns"),
    "a matrix twice": entry_set(lambda known: known + known[:1], "known"),
    "a level twice": entry_set(lambda levels: [*levels[:-1], levels[0]], "columns", 3, "levels"),
    "a million unused levels": levels_added(10**6),
    "two columns in one array": entry_set("data/column_0", "columns", 1, "array"),
    "a column that is the draws": entry_set("posterior/sigma_beta", "columns", 1, "array"),
    "a matrix that is a column": entry_set("data/column_0", "known", 0, "array"),
    "other labels of a matrix": entry_set(["u", "v", "z"], "known", 0, "labels"),
    "an unused state": entry_set(lambda states: states | {"zi": states["mu"]}, "states"),
    "a state of nothing": entry_set(
        lambda learnt: learnt | {"scale(z)": {"center": (1.0).hex()}}, "states", "mu", "transforms"
    ),
    "a dropped column": entry_set([0], "states", "mu", "dropped"),
    # Other words.
    "a link of no kind": entry_set("os.system", "link_used"),
    "another link": entry_set("log", "link_used"),
    "a prior's scale": entry_set("variance", "priors", 0, "of"),
    "labels that are missing": entry_set(lambda labels: labels[:-1], "row_labels"),
    "labels that are lists": entry_set(lambda labels: [[label] for label in labels], "row_labels"),
    "other dims": entry_set(["draw", "chain", "coef"], "arrays", "posterior/beta", "dims"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_no_release_writes_is_refused_on_opening(kind, tmp_path):
    with pytest.raises(gb.StorageError) as caught:
        gb.load(rewritten(tmp_path, HOSTILE[kind]))
    assert caught.value.code in {"load_unsafe", "load_corrupt"}, caught.value
    assert "changed.glmm" in str(caught.value)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e200])
def test_rows_that_a_model_refuses_are_refused_on_opening(position, value, tmp_path, monkeypatch):
    name = f"data/column_{position}"
    change = array_changed(name, lambda values: np.where(np.arange(len(values)) == 2, value, values))
    # Whoever changes rows makes their hashes right.
    monkeypatch.setattr("glmm_bayes.storage.restore.fingerprint", lambda table: of_manifest)
    of_manifest = FingerprintEntry(**json.loads(members_of(made_elsewhere())[MANIFEST])["fingerprint"])
    with pytest.raises(gb.StorageError, match="row 2") as caught:
        gb.load(rewritten(tmp_path, change, made_elsewhere()))
    assert caught.value.code == "load_corrupt"


SAMPLED = {name: [name, value] for name, value in SETTINGS.items() if isinstance(value, bool | int)}
ELSEWHERE_HOSTILE = {
    "a sampler's engine": setting("engine", "nutpie"),
    "an engine that there is not": setting("engine", "x"),
    "no notes": setting("notes", None),
    "a setting of another name": setting("sampler", "x"),
    **{f"the setting {name}": setting(*pair) for name, pair in SAMPLED.items()},
    "a crash": setting("crashed", ["chain 1 died"]),
    "sizes that are not those of the draws": both(
        setting("engine", "nutpie"), setting("draws", 10**9), setting("chains", 7)
    ),
    "interrupted": both(
        setting("engine", "x"), setting("interrupted", True), setting("draws", 3), setting("chains", 1)
    ),
    **{
        f"{name} {value}": array_named(f"sample_stats/{name}", np.full(SHAPE, value))
        for name, value in [
            ("diverging", False), ("diverging", np.nan), ("reached_max_treedepth", np.nan),
            ("lp", 1.0), ("energy", True), ("evil", 1.0),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", ELSEWHERE_HOSTILE)
def test_draws_made_elsewhere_have_nothing_of_a_sampler(kind, tmp_path):
    assert gb.load(rewritten(tmp_path, both(), made_elsewhere())).shape == SHAPE
    with pytest.raises(gb.StorageError) as caught:
        gb.load(rewritten(tmp_path, ELSEWHERE_HOSTILE[kind], made_elsewhere()))
    assert caught.value.code == "load_unsafe", caught.value


def test_draws_made_elsewhere_may_leave_variables_out(tmp_path):
    path = rewritten(tmp_path, array_left_out("posterior/sigma"), made_elsewhere())
    assert "sigma" not in gb.load(path).draws["posterior"]
