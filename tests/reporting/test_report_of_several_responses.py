"""The report of several responses: each response as in a report of its own, then what joins them."""

import re

import numpy as np
import pytest

import glmm_bayes as gb
from tests.fit.test_multivariate_fit import fit_of


@pytest.fixture(scope="module", params=[False, True])
def reported(request, tmp_path_factory):
    fit, draws = fit_of(request.param)
    path = gb.report(fit, tmp_path_factory.mktemp("reports") / "both.html")
    return fit, draws, path.read_text(encoding="utf-8")


def titles(text):
    return re.findall(r"<h2[^>]*>(.*?)</h2>", text)


def test_every_response_has_the_sections_of_a_report_of_its_own(reported, tmp_path):
    fit, _, text = reported
    own = gb.report(fit["a"], tmp_path / "a.html").read_text(encoding="utf-8")
    common = ("Diagnostics", "Settings, versions and data", "How to reproduce this report")
    alone = [title for title in titles(own) if title not in common]
    assert titles(text) == [
        *(f"{title}: a" for title in alone),
        *(f"{title}: b" for title in alone),
        "Between responses",
        *common,
    ]
    anchors = re.findall(r'id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors))


def test_correlations_between_responses_stand_with_level_and_kind(reported, tmp_path):
    fit, draws, text = reported
    assert "Correlations between responses. Posterior mean and 89% equal-tailed interval" in text
    assert "joint_corr_i[a_Intercept, b_Intercept]" in text
    assert ("rescor[a, b]" in text) == ("rescor" in draws)
    other = gb.report(fit, tmp_path / "b.html", probability=0.5, interval="hdi").read_text(encoding="utf-8")
    assert "Correlations between responses. Posterior mean and 50% highest-density interval" in other


def test_the_code_of_the_report_makes_the_model_again(reported):
    fit, draws, text = reported
    (code,) = re.findall(r"gb.Formulas\((.*?)\n    \),", text, re.S)
    assert ("rescor=True" in code) == ("rescor" in draws)
    assert "&#39;a ~ x + (1 |i| g)&#39;" in code and "(&#39;gaussian&#39;, &#39;gaussian&#39;)" in code
    assert np.isfinite(fit["b"].flat["beta"]).all()
