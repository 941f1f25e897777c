"""Designs of the reference models equal R's: fixed-effect columns, offsets, and lme4's random effects.

``oracles/reference_designs.json`` holds, for each model that R fitted, the matrix of its first 20 rows as
it was written when the model was fitted (``first``), and matrix, offset and random effects on 30 rows
spread over the table.
"""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import glmm_bayes as gb
from glmm_bayes.core.errors import DataError, Findings
from glmm_bayes.design.design import build_design
from glmm_bayes.design.table import read_table

ORACLES = Path(__file__).parents[1] / "oracles"
ORACLE = json.loads((ORACLES / "reference_designs.json").read_text("utf-8"))
LEVELS = json.loads((ORACLES / "data" / "levels.json").read_text("utf-8"))
DESIGNS = ORACLE["designs"]

# Our formula and the models of a data set that have its design: name.json is DATASET__MODEL.json.
OURS = {
    "Contraception": """
        y ~ urban + age + livch : gee_exch gee_inde
        y ~ urban + age + livch + (1 | district) : glmer_agq25 glmer_laplace
        y ~ age10 + age10sq + urban + ch + (1 | district) : glmer_quadratic_agq25
        y ~ urban + age + livch + (urban | district) : glmer_slope_laplace post_slope""",
    "Dyestuff": "Yield ~ 1 + (1 | Batch) : lmer_intercept_ml lmer_intercept_reml",
    "Dyestuff2": "Yield ~ 1 + (1 | Batch) : lmer_intercept_ml lmer_intercept_reml",
    "Hsb82": "mAch ~ meanses * cses + sector * cses + (cses | school) : lmer_slope_ml lmer_slope_reml",
    "InstEval": "y ~ service + (1 | s) + (1 | d) + (1 | dept_service) : lmer_crossed_ml lmer_crossed_reml",
    "Orthodont": """
        distance ~ age + Sex + (1 | Subject) : lmer_intercept_ml lmer_intercept_reml
        distance ~ age_c * Sex + (age_c | Subject) : lmer_slope_ml lmer_slope_reml""",
    "Owls": """
        SiblingNegotiation ~ FoodTreatment * SexParent + offset(log_brood) + (1 | Nest) : \
            glmer_poisson_agq25 tmb_nbinom1 tmb_nbinom2 tmb_poisson tmb_zinb1 tmb_zinb2 tmb_zip""",
    "Pastes": "strength ~ 1 + (1 | batch) + (1 | sample) : lmer_nested_ml lmer_nested_reml",
    "Penicillin": "diameter ~ 1 + (1 | plate) + (1 | sample) : lmer_crossed_ml lmer_crossed_reml",
    "Salamanders": """
        count ~ mined + spp : gee_exch gee_inde
        count ~ mined + spp + (1 | site) : glmer_poisson_agq25 tmb_hurdle_nbinom2 tmb_nbinom1 tmb_nbinom2 \
            tmb_poisson tmb_zinb2_simple tmb_zip_simple
        count ~ spp * mined + (1 | site) : tmb_zip""",
    "VerbAgg": """
        resp ~ Anger + Gender + btype + situ + (1 | id) + (1 | item) : clmm_logit_crossed_laplace
        y ~ Anger + Gender + btype + situ + (1 | id) + (1 | item) : glmer_crossed_laplace post_crossed""",
    "bacteria": """
        y01 ~ trt + week_gt2 : gee_exch gee_inde
        y01 ~ trt + week_gt2 + (1 | ID) : glmer_agq25 post_ri""",
    "brms_epilepsy": """
        count ~ zAge + zBase * Trt + (1 | patient) : glmer_agq25
        count ~ zAge + zBase * Trt + (1 | patient) + (1 | obs) : glmer_olre_laplace""",
    "cake": """
        angle ~ recipe + temp + (1 | batch) : lmer_batch_ml lmer_batch_reml
        angle ~ recipe + temp10 + (1 | batch) : tmb_gamma_log post_gamma_log
        angle ~ recipe + temp10 + (1 | replicate) + (1 | batch) : tmb_gamma_log_nested""",
    "cbpp": """
        cbind(incidence, size - incidence) ~ period + (1 | herd) : glmer_agq25 glmer_laplace tmb_betabinomial
        cbind(incidence, size - incidence) ~ period + (1 | herd) + (1 | obs) : glmer_olre_laplace
        incidence | trials(size) ~ period + (1 | herd) : post_ri""",
    "dat.bcg_long": """
        cbind(cases, n - cases) ~ treated + (treated | trial) : glmer_slope_laplace
        cbind(cases, n - cases) ~ 0 + trial + treated + (0 + treated | trial) : glmer_trialfixed_agq25""",
    "epil": """
        y ~ lbase * trt + lage + V4 : gee_exch gee_inde
        y ~ lbase * trt + lage + V4 + (1 | subject) : glmer_agq25 tmb_nbinom2
        y ~ lbase * trt + lage + V4 + (1 | subject) + (1 | obs) : glmer_olre_laplace post_olre""",
    "geepack_respiratory": """
        outcome ~ center + treat + sex + age + baseline : gee_exch gee_inde
        outcome ~ center + treat + sex + age + baseline + (1 | subject) : glmer_agq25""",
    "grouseticks": """
        TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | INDEX) + (1 | LOCATION) : glmer_3re_laplace \
            tmb_poisson_3re post_3re
        TICKS ~ YEAR + cHEIGHT + (1 | BROOD) + (1 | LOCATION) : tmb_nbinom2""",
    "inhaler": "rating ~ treat + period + carry + (1 | subject) : clmm_logit_agq25 post_cumulative",
    "koch": """
        y ~ trt + dayf + (1 | id) : clmm_logit_agq25 post_cumulative
        y2 ~ trt + dayf : gee_y2_exch gee_y2_inde
        y3 ~ trt + dayf : gee_y3_exch gee_y3_inde
        y3 ~ trt + dayf + (1 | id) : glmer_y3_agq25""",
    "nc.sids": """
        SID74 ~ nw10 + offset(log_expected74) + (1 | county) : glmer_iid_agq25 post_iid
        SID74 ~ nw10 + offset(log_expected74) : tmb_nbinom2_none""",
    "ohio": """
        resp ~ age + smoke : gee_exch gee_inde
        resp ~ age * smoke : gee_interaction_ar1 gee_interaction_exch gee_interaction_inde
        resp ~ age + smoke + (1 | id) : glmer_agq100 glmer_agq25 glmer_cloglog_agq25 glmer_laplace \
            glmer_probit_agq25 post_ri
        resp ~ age * smoke + (1 | id) : glmer_interaction_agq25""",
    "radon": """
        log_radon ~ floor + log_uranium + (1 | county) : lmer_intercept_ml lmer_intercept_reml
        log_radon ~ floor + log_uranium + (floor | county) : lmer_slope_ml lmer_slope_reml""",
    "sleepstudy": """
        Reaction ~ Days + (1 | Subject) : lmer_intercept_ml lmer_intercept_reml
        Reaction ~ Days + (Days | Subject) : lmer_slope_ml lmer_slope_reml post_slope
        Reaction ~ Days + (1 | Subject) + (0 + Days | Subject) : \
            lmer_slope_uncorr_ml lmer_slope_uncorr_reml""",
    "toenail": """
        y ~ treatment * time : gee_exch gee_inde
        y ~ treatment * time + (1 | patientID) : glmer_agq100 glmer_agq25 glmer_laplace post_ri""",
    "wine": """
        rating ~ temp + contact + (1 | judge) : clmm_logit_agq25 clmm_logit_laplace clmm_probit_agq25 \
            post_cumulative
        rating ~ temp + contact + (1 | judge) + (1 | bottle) : clmm_logit_crossed_laplace""",
}
NO_DESIGN = {
    "dat.bcg__rma_fe": "metafor: estimates with known variances, no matrix written",
    "dat.bcg__rma_dl": "metafor",
    "dat.bcg__rma_ml": "metafor",
    "dat.bcg__rma_reml": "metafor",
    "dat.bcg__rma_ablat_ml": "metafor",
    "dat.bcg__rma_ablat_reml": "metafor",
    "dat.bcg__post_re": "known standard errors: se() is not in the language",
    "koch__ordgee_exch": "no matrix written: geepack stacks cumulative indicators",
    "koch__ordgee_inde": "no matrix written: geepack stacks cumulative indicators",
    "nc.sids__mgcv_icar_ml": "mgcv: s(county) is a Markov random field, no matrix written",
    "nc.sids__mgcv_icar_reml": "mgcv: s(county) is a Markov random field, no matrix written",
    "nc.sids__post_icar": "brms: car() is a Markov random field, not one of lme4's terms",
}


def formulas():
    """Give each reference file our formula."""
    found = {}
    for dataset, lines in OURS.items():
        for line in lines.strip().splitlines():
            formula, models = line.strip().rsplit(" : ", 1)
            found |= {f"{dataset}__{model}": formula for model in models.split()}
    return found


def case_name(case):
    return f"{case['dataset']}: {FORMULAS[case['files'][0]]}"


FORMULAS = formulas()
EMBEDDED = ("bacteria", "cbpp", "epil", "nc.sids", "sleepstudy", "toenail")


def table_of(dataset):
    if dataset in EMBEDDED:
        return gb.load_dataset(dataset.replace(".", "_"))
    (path,) = (ORACLES / "data").glob(f"{dataset}.csv*")
    types = {column: pd.CategoricalDtype(levels) for column, levels in LEVELS[dataset].items()}
    return pd.read_csv(path, dtype=types)


def design_of(case):
    spec = gb.ModelSpec.from_formula(FORMULAS[case["files"][0]])
    findings = Findings(DataError)
    return build_design(spec.mean, read_table(table_of(case["dataset"]), spec.names(), findings), findings)


def names_in_r(labels):
    """Write names as R does: Intercept is (Intercept), f[b] is fb.

    R puts the factors of a product in the order of the formula's variables, we as they are written: a
    name is the set of its factors.
    """
    plain = [
        "(Intercept)" if label == "Intercept" else re.sub(r"\[([^]]*)\]", r"\1", label) for label in labels
    ]
    return [frozenset(name.split(":")) for name in plain]


every_design = pytest.mark.parametrize("case", DESIGNS, ids=case_name)


def test_each_reference_model_has_our_formula_or_a_reason():
    assert sorted([*FORMULAS, *NO_DESIGN]) == sorted(ORACLE["files"])
    assert sorted(FORMULAS) == sorted(file for case in DESIGNS for file in case["files"])
    for case in DESIGNS:
        assert len({FORMULAS[file] for file in case["files"]}) == 1
        # Posteriors were written without a matrix.
        assert case["first"] or all("__post_" in file for file in case["files"])


@pytest.mark.parametrize("case", [case for case in DESIGNS if case["first"]], ids=case_name)
def test_columns_of_the_first_rows_are_those_of_the_fitted_model(case):
    design = design_of(case)
    names, x = names_in_r(design.coefficients), design.x[: len(case["first"]["x"])]
    theirs = names_in_r(case["first"]["names"])
    if all("__clmm_" in file for file in case["files"]):
        # Thresholds stand for the intercept.
        assert names[0] == frozenset(["(Intercept)"]) and (x[:, 0] == 1).all()
        names, x = names[1:], x[:, 1:]
    assert names == theirs
    np.testing.assert_allclose(x, case["first"]["x"], rtol=1e-12, atol=0)


@every_design
def test_columns_and_offset_of_rows_all_over_the_table_are_model_matrixs(case):
    design = design_of(case)
    assert len(design) == case["n_rows"]
    assert names_in_r(design.coefficients) == names_in_r(case["names"])
    np.testing.assert_allclose(design.x[case["rows"]], case["x"], rtol=1e-12, atol=0)
    offset = np.zeros(len(case["rows"])) if case["offset"] is None else case["offset"]
    np.testing.assert_allclose(design.offset[case["rows"]], offset, rtol=1e-12, atol=0)


@every_design
def test_random_effects_are_lme4s(case):
    design = design_of(case)
    blocks = {
        (group.factor, *names_in_r(group.effects[i] for i in block.positions)): (group, block)
        for group in design.groups
        for block in group.blocks
    }
    theirs = {(term["group"], *names_in_r(term["effects"])): term for term in case["groups"]}
    assert set(blocks) == set(theirs) and len(theirs) == len(case["groups"])
    for key, expected in theirs.items():
        group, block = blocks[key]
        codes = group.codes[case["rows"]]
        assert len(group.levels) == expected["n_levels"]
        assert codes.tolist() == expected["codes"]
        assert [str(group.labels[code]) for code in codes] == expected["levels"]
        z = group.z[np.ix_(case["rows"], block.positions)]
        np.testing.assert_allclose(z, expected["values"], rtol=1e-12, atol=0)
