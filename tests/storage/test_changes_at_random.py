"""Words and bytes of a file that are changed at random are refused, or give a fit that works."""

import json
from copy import deepcopy

import numpy as np
import pytest

import glmm_bayes as gb
from glmm_bayes.storage.manifest import MANIFEST
from tests.storage.manifest_changes import entry_set, rewritten, small
from tests.storage.saved_fits import members_of

LEAVES = [None, True, False, 0, -1, 1.5, 2**70, "", "x", "\ud800", [], {}, [[]], {"float": "0x1p+3"}]


def leaves(value, place=()):
    """List the places of all values that hold no others."""
    if isinstance(value, dict | list) and value:
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        return [leaf for key, inner in pairs for leaf in leaves(inner, (*place, key))]
    return [place]


def use(fit, path):
    str(fit)
    gb.summary(fit)
    str(gb.diagnose(fit))
    gb.predictions(fit, by=True).summary()
    gb.random_effects(fit)
    fit.save(path, overwrite=True)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_changed_word_is_refused_or_gives_a_fit_that_works(tmp_path):
    manifest = json.loads(members_of(small())[MANIFEST])
    places = [place for place in leaves(manifest) if place[0] != "members"]
    rng = np.random.default_rng(8)
    read = 0
    for _ in range(400):
        place, value = places[rng.integers(len(places))], LEAVES[rng.integers(len(LEAVES))]
        path = rewritten(tmp_path, entry_set(deepcopy(value), *place))
        try:
            fit = gb.load(path)
        except gb.StorageError as error:
            assert error.code.startswith("load_"), (place, value)
            continue
        read += 1
        use(fit, tmp_path / "again.glmm")
    # Settings of other names, and equal values, are kept.
    assert read < 40


@pytest.mark.slow
def test_four_thousand_damages_are_detected(tmp_path):
    data, path = small(), tmp_path / "damaged.glmm"
    rng = np.random.default_rng(9)

    def flipped(at, bit):
        return data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :]

    kinds = [
        lambda at, to: flipped(at, to % 8),
        lambda at, to: data[:at],
        lambda at, to: data[: min(at, to)] + data[max(at, to) + 1 :],
        lambda at, to: data[:at] + bytes([to % 256]) + data[at:],
        lambda at, to: data[:at] + bytes(min(64, len(data) - at)) + data[at + 64 :],
        lambda at, to: data[:at] + data[to : to + 16] + data[at + 16 :],
    ]
    for number in range(4000):
        at, to = (int(one) for one in rng.integers(0, len(data), 2))
        damaged = kinds[number % len(kinds)](at, to)
        if damaged == data:
            continue
        path.write_bytes(damaged)
        with pytest.raises(gb.StorageError) as caught:
            gb.load(path)
        assert caught.value.code in {"load_corrupt", "load_unsafe", "load_version"}
