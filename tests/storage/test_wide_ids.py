"""Identifiers and dates as groups: exact through fit, save, load and predict."""

import datetime as dt
import uuid

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb

ROWS, GROUPS = 24, 6
RNG = np.random.default_rng(5)
IDS = {
    "wide integers": [2**62 + i for i in range(GROUPS)],
    "beyond 64 bits": [2**63 + i for i in range(GROUPS)],
    "uuids": [uuid.UUID(int=2**100 + i) for i in range(GROUPS)],
    "bytes": [b"\xff%d" % i for i in range(GROUPS)],
    "dates": [dt.date(2020, 1, 1 + i) for i in range(GROUPS)],
    "moments": [pd.Timestamp("2020-01-01 12:00:00.000000001") + pd.Timedelta(i, "ns") for i in range(GROUPS)],
}


@pytest.mark.parametrize("kind", IDS)
def test_identifiers_are_exact_through_fit_save_load_and_predict(kind, tmp_path):
    ids = IDS[kind]
    data = pd.DataFrame({"y": RNG.normal(size=ROWS), "g": pd.Series(ids * (ROWS // GROUPS))})
    model = gb.Model("y ~ 1 + (1 | g)", data)
    effects = RNG.normal(size=(2, 30, GROUPS, 1))
    draws = {
        "beta": RNG.normal(size=(2, 30, 1)),
        "sd_g": RNG.uniform(0.5, 2, (2, 30, 1)),
        "b_g": effects,
        "sigma": RNG.uniform(0.5, 1, (2, 30)),
    }
    fit = gb.Fit.from_draws(model, draws)
    fit.save(tmp_path / "fit.glmm")
    loaded = gb.load(tmp_path / "fit.glmm")
    assert loaded.design.groups[0].levels == fit.design.groups[0].levels
    assert loaded.design.table["g"].identifier == (kind not in ("dates", "moments"))
    for which in (fit, loaded):
        # The rows of the third and of the first group, in this order.
        result = gb.predictions(which, {"g": [ids[2], ids[0]]}, estimand="subject")
        expected = (draws["beta"] + effects[:, :, [2, 0], 0]).mean(axis=(0, 1))
        np.testing.assert_allclose(result.summary()["mean"], expected, rtol=1e-12)
