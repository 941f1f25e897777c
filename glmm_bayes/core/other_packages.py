"""The words of other packages for arguments, functions and choices, and what is meant by them here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: How an argument is written, where its name alone would not help.
WRITTEN = {
    "by": 'by="group"',
    "estimand": 'estimand="population", "typical", "subject", "new_subject" or "sample"',
    "measure": 'measure="ratio"',
    "interval": 'interval="hdi" (the narrowest) or interval="eti" (equal-tailed)',
    "probability": "probability=0.95",
    "scale": 'scale="response" or scale="link" (of ordered categories also "at_least" and "score")',
    "values": 'values="pairwise"',
}
_LEVEL = "The level belongs to the summary: result.summary(probability=0.95)."
LEVELS = (
    *("conf_level", "conf_int", "ci_level", "ci", "ci_prob", "hdi_prob", "prob", "probs", "level", "alpha"),
    *("cred_mass", "credible_mass", "interval_level", "prob_outer"),
)
_EVERY_DRAW = "Every draw of the fit is used."

#: Arguments of lme4, brms, rstanarm, Bambi, PyMC, ArviZ, marginaleffects, emmeans: what they are called
#: here, the first that a function has; else a sentence.
ARGUMENTS: Mapping[str, tuple[tuple[str, ...], str]] = MappingProxyType(
    {
        # to sample
        **dict.fromkeys(("random_seed", "random_state", "rng"), (("seed",), "")),
        **dict.fromkeys(
            ("iter", "samples", "num_samples", "iter_sampling", "nitt", "n_draws"),
            (("draws",), "Write model.fit(draws=...)."),
        ),
        **dict.fromkeys(
            ("warmup", "num_warmup", "iter_warmup", "burnin"), (("tune",), "Write model.fit(tune=...).")
        ),
        **dict.fromkeys(("num_chains", "nchains"), (("chains",), "Write model.fit(chains=...).")),
        **dict.fromkeys(("njobs", "num_cores", "parallel_chains"), (("cores",), "")),
        "adapt_delta": (("target_accept",), ""),
        **dict.fromkeys(
            ("nuts_sampler", "sampler", "backend", "inference_method", "algorithm", "method"),
            (("engine", "projection"), ""),
        ),
        **dict.fromkeys(("progressbar", "progress_bar", "refresh"), (("progress",), "")),
        **dict.fromkeys(
            ("control", "max_treedepth"),
            ((), "Write fit(target_accept=0.95); the tree depth is the sampler's own."),
        ),
        "thin": ((), "Every draw is kept; draws=1000 asks for fewer."),
        "sample_prior": ((), "Write model.prior_predictive()."),
        **dict.fromkeys(
            ("init", "inits", "initvals", "start", "starting_values"),
            ((), "Starts are computed from the model; no argument sets them."),
        ),
        **dict.fromkeys(("return_inferencedata", "idata_kwargs", "save_pars"), ((), "fit.draws has them.")),
        # a model
        **dict.fromkeys(("prior", "prior_intercept", "prior_aux", "prior_covariance"), (("priors",), "")),
        **dict.fromkeys(("na_action", "na", "dropna"), (("missing",), "")),
        **dict.fromkeys(
            ("random", "groups", "vc_formula"),
            ((), 'Random effects are terms of the formula: "y ~ x + (1 | g)".'),
        ),
        "offset": ((), 'An offset is a term of the formula: "y ~ x + offset(log(time))".'),
        "exposure": ((), 'An exposure is a term of the formula: "y ~ x + offset(log(exposure))".'),
        **dict.fromkeys(
            ("trials", "n_trials", "size"), ((), 'Trials belong to the response: "k | trials(n) ~ x".')
        ),
        **dict.fromkeys(("cens", "censored"), ((), 'Censoring belongs to the response: "y | cens(c) ~ x".')),
        "ziformula": ((), 'Write gb.Formula("y ~ x", zi="~ z"), with a zero-inflated family.'),
        **dict.fromkeys(
            ("dispformula", "disp_formula", "dispersion"), ((), 'Write gb.Formula("y ~ x", sigma="~ z").')
        ),
        **dict.fromkeys(("cov", "data2", "cov_ranef", "adjacency", "W"), (("known",), "")),
        **dict.fromkeys(
            ("REML", "nAGQ", "optimizer"), ((), "All parameters are sampled; nothing is profiled.")
        ),
        **dict.fromkeys(("noncentered", "center", "centered"), ((), "The parametrization is chosen.")),
        "auto_scale": ((), "Default priors have the scale of the data; print(model) lists them."),
        "fixed": (("formula",), ""),
        "correlation": (
            (),
            'Write (0 + time | gr(g, structure = "ar1")) in the formula, with time as levels.',
        ),
        "threshold": ((), "Thresholds are free: no restriction of them is offered."),
        "nominal": ((), 'Write cs(x) in the formula, with family="acat", "sratio" or "cratio".'),
        "contrasts": ((), 'A coding is a term of the formula: C(f, "sum").'),
        "categorical": ((), "Write C(x) in the formula."),
        "subset": ((), "Take the rows first: data[data.x > 0]."),
        # an effect
        **dict.fromkeys(LEVELS, (("probability", "probabilities"), _LEVEL)),
        **dict.fromkeys(
            ("ci_kind", "ci_method", "interval_type", "interval_kind", "hdi"),
            (("interval",), ""),
        ),
        **dict.fromkeys(("new_data", "newX", "data", "exog"), (("newdata",), "")),
        **dict.fromkeys(("model", "object", "idata", "results", "trace"), (("fit",), "")),
        **dict.fromkeys(
            (
                *("re_formula", "re_form", "marginal", "allow_new_levels", "sample_new_levels"),
                *("sample_new_groups", "include_group_specific", "group_effects", "random_effects"),
            ),
            (("estimand",), ""),
        ),
        **dict.fromkeys(
            ("variables", "var", "focal", "wrt", "focal_predictor", "term", "terms", "effect", "pred"),
            (("variable", "by"), ""),
        ),
        **dict.fromkeys(("comparison", "transform", "transform_post", "trans", "eform"), (("measure",), "")),
        "exponentiate": (("measure",), "Coefficients come with their ratios."),
        **dict.fromkeys(
            ("contrast", "pairwise"), (("values",), 'Write gb.comparisons(fit, "f", values="pairwise").')
        ),
        "slope": ((), 'Write measure="dydx", "eyex", "eydx" or "dyex".'),
        **dict.fromkeys(
            ("average_by", "condition", "conditional", "effects", "specs", "group"), (("by",), "")
        ),
        **dict.fromkeys(
            ("type", "what", "kind", "response_scale", "linear"),
            (("scale",), 'Means are on the response scale; gb.predictions(fit, scale="link") has the other.'),
        ),
        **dict.fromkeys(("dpar", "nlpar", "component", "which"), (("parameter", "factor"), "")),
        **dict.fromkeys(
            ("wts", "weights", "freq_weights", "var_weights"),
            (("weights",), 'Weights of the likelihood belong to the response: "y | weights(w) ~ x".'),
        ),
        **dict.fromkeys(("resp", "response", "outcome"), ((), 'Take one response: fit["y1"].')),
        **dict.fromkeys(
            ("vcov", "se_fit", "se", "robust", "bootstrap"), ((), "The draws carry the uncertainty.")
        ),
        **dict.fromkeys(
            ("ndraws", "nsamples", "draw_ids", "num_draws", "n"), (("draws", "top"), _EVERY_DRAW)
        ),
        **dict.fromkeys(("eps", "step", "h", "numderiv"), ((), "Derivatives are exact; there is no step.")),
        **dict.fromkeys(("at", "datagrid"), (("newdata",), "Write gb.grid(fit, x=[0, 1]).")),
        **dict.fromkeys(
            ("var_names", "pars", "variable_names", "parameters"), ((), "Select rows of the table.")
        ),
        **dict.fromkeys(("filename", "file", "output", "out", "fname"), (("path",), "")),
        **dict.fromkeys(("groupvar", "grouping", "group_by", "re"), (("factor", "by"), "")),
    }
)

#: Those whose sentence is of an effect at rows, and of nothing else.
OF_EFFECTS = frozenset(("type", "what", "kind", "response_scale", "linear", "eps", "step", "h", "numderiv"))

#: What they call functions, and what to write here.
NAMES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "glmer",
                "lmer",
                "glmmTMB",
                "brm",
                "stan_glmer",
                "stan_lmer",
                "mixed_model",
                "glmm",
                "lm",
                "glm",
                *("clmm", "MCMCglmm", "MixedLM", "GLM", "fitme", "lme", "glmmPQL", "GLMMadaptive"),
            ),
            'gb.Model("y ~ x + (1 | g)", data, family="bernoulli").fit()',
        ),
        **dict.fromkeys(("sample", "run", "mcmc"), "model.fit()"),
        **dict.fromkeys(
            ("build", "graph", "backend", "stancode", "make_stancode", "components"), "model.pymc_model"
        ),
        **dict.fromkeys(("prior_summary", "get_prior", "default_prior", "plot_priors"), "model.explain()"),
        **dict.fromkeys(("sample_prior_predictive", "prior_predict"), "model.prior_predictive()"),
        **dict.fromkeys(
            ("set_prior", "prior", "set_priors", "normal", "Normal"), 'gb.Prior("Normal", mu=0, sigma=1)'
        ),
        "HalfNormal": 'gb.Prior("HalfNormal", sigma=1)',
        **dict.fromkeys(("bf", "bformula", "brmsformula"), 'gb.Formula("y ~ x", sigma="~ z")'),
        **dict.fromkeys(("mvbf", "mvbrmsformula", "mvbind"), 'gb.Formulas("y1 ~ x", "y2 ~ x")'),
        **dict.fromkeys(
            (
                *("predict", "fitted", "epred", "posterior_epred", "add_epred_draws", "fittedvalues"),
                *("avg_predictions", "emmeans", "ref_grid", "marginal_means", "lsmeans"),
            ),
            "gb.predictions(fit)",
        ),
        **dict.fromkeys(("posterior_linpred", "linpred"), 'gb.predictions(fit, scale="link")'),
        **dict.fromkeys(("posterior_draws", "get_draws"), "gb.predictions(fit).draws"),
        **dict.fromkeys(
            ("posterior_predict", "sample_posterior_predictive", "add_predicted_draws", "simulate"),
            "gb.posterior_predictive(fit)",
        ),
        **dict.fromkeys(
            ("avg_comparisons", "contrast", "contrasts", "pairs", "marginal_contrasts", "comparison"),
            'gb.comparisons(fit, "x")',
        ),
        **dict.fromkeys(
            (
                "avg_slopes",
                "marginaleffects",
                "margins",
                "emtrends",
                "marginal_effects",
                "estimate_slopes",
                "ame",
                *("marginal_effect", "dydx", "elasticities"),
            ),
            'gb.slopes(fit, "x")',
        ),
        **dict.fromkeys(
            ("hypothesis", "hypotheses", "glht"), 'gb.predictions(fit, by="f", hypothesis="pairwise")'
        ),
        **dict.fromkeys(("datagrid", "data_grid", "expand_grid"), "gb.grid(fit, x=[0, 1])"),
        **dict.fromkeys(("ranef", "params_by_group", "lmList"), "gb.random_effects(fit)"),
        "coef": "gb.coefficients(fit) and gb.random_effects(fit)",
        **dict.fromkeys(
            ("odds_ratio", "odds_ratios", "OR"), 'gb.comparisons(fit, "x", measure="odds_ratio")'
        ),
        **dict.fromkeys(
            ("risk_ratio", "rate_ratio", "relative_risk", "RR"), 'gb.comparisons(fit, "x", measure="ratio")'
        ),
        **dict.fromkeys(("risk_difference", "RD"), 'gb.comparisons(fit, "x")'),
        **dict.fromkeys(("common_effects", "fixed_effects"), "gb.coefficients(fit)"),
        **dict.fromkeys(("fixef", "fe_params", "marginal_coefs", "exp_coef"), "gb.coefficients(fit)"),
        **dict.fromkeys(
            ("VarCorr", "varcorr", "cov_re", "vc", "random_effects_cov"), "gb.variance_components(fit)"
        ),
        **dict.fromkeys(
            ("bayes_R2", "r2_nakagawa", "r_squared", "r2_score", "loo_R2", "rsquared"), "gb.r2(fit)"
        ),
        **dict.fromkeys(
            (
                "tidy",
                "broom",
                "posterior_summary",
                "confint",
                "posterior_interval",
                "conf_int",
                "params",
                "fixef_table",
            ),
            "gb.summary(fit)",
        ),
        **dict.fromkeys(
            (
                *("conditional_effects", "plot_predictions", "ggpredict", "plot_model", "interplot"),
                *("effect", "Effect", "allEffects", "predictorEffect", "predictorEffects", "emmip"),
            ),
            'gb.plot_curves(fit, "x")',
        ),
        **dict.fromkeys(("plot", "plot_comparisons", "plot_slopes"), 'gb.comparisons(fit, "x").plot()'),
        **dict.fromkeys(
            (
                *("rhat", "ess", "check_hmc_diagnostics", "neff_ratio", "nuts_params", "launch_shinystan"),
                "check_convergence",
            ),
            "gb.diagnose(fit)",
        ),
        **dict.fromkeys(("ppc", "plot_ppc", "bayesplot", "check_model"), "gb.pp_check(fit)"),
        "MultivariateModel": "gb.Model(gb.Formulas(...), data)",
        "MultivariateFit": "gb.Fit",
        **dict.fromkeys(("loo", "waic", "LOO", "kfold", "AIC", "BIC", "aic", "bic"), "az.loo(fit.draws)"),
        "loo_compare": 'az.compare({"a": fit_a.draws, "b": fit_b.draws})',
        **dict.fromkeys(("plot_trace", "mcmc_plot", "traceplot"), "az.plot_trace(fit.draws)"),
        **dict.fromkeys(("hdi", "eti"), "az.hdi(fit.draws)"),
        **dict.fromkeys(
            ("posterior", "as_draws", "as_draws_df", "extract", "get_samples"), 'fit.draws["posterior"]'
        ),
        **dict.fromkeys(("log_lik", "log_likelihood"), 'fit.draws["log_likelihood"]'),
        **dict.fromkeys(("idata", "trace", "inference_data", "to_inferencedata", "results"), "fit.draws"),
        **dict.fromkeys(("to_netcdf", "saveRDS", "to_pickle"), 'fit.save("model.glmm")'),
        **dict.fromkeys(("readRDS", "from_netcdf", "read_pickle"), 'gb.load("model.glmm")'),
        **dict.fromkeys(("describe", "print_summary"), "print(fit)"),
        **dict.fromkeys(
            (
                *("check_overdispersion", "dispersion_test", "DHARMa", "simulateResiduals"),
                *("testDispersion", "residuals", "resid"),
            ),
            "gb.pp_check(fit)",
        ),
        **dict.fromkeys(("GEE", "geeglm", "geepack"), "gb.gee(fit)"),
        **dict.fromkeys(("performance", "icc_adjusted", "ICC"), "gb.icc(fit)"),
        **dict.fromkeys(("dotplot", "plot_ranef", "plot_forest", "forest"), "gb.plot_random_effects(fit)"),
    }
)


#: Words for a choice, by argument, and the word that is meant here.
CHOICES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{
            ("estimand", word): "population"
            for word in (
                "marginal",
                "population_averaged",
                "pa",
                "average",
                "integrated",
                "averaged",
                "overall",
            )
        },
        **{
            ("estimand", word): "typical"
            for word in (
                "conditional",
                "fixed",
                "fixed_effects",
                "zero",
                "na",
                "median",
                "reference",
                "central",
            )
        },
        **{
            ("estimand", word): "subject"
            for word in (
                "subject_specific",
                "ss",
                "cluster",
                "cluster_specific",
                "group",
                "group_specific",
                "specific",
            )
        },
        **{
            ("estimand", word): "new_subject"
            for word in (
                "new",
                "new_group",
                "new_groups",
                "new_level",
                "new_levels",
                "prediction",
                "predictive",
            )
        },
        **{("target", word): "ATT" for word in ("treated", "treatment", "att")},
        **{("target", word): "ATC" for word in ("atu", "untreated", "controls", "control", "atc")},
        **{("target", word): "ATE" for word in ("all", "everyone", "ate", "population")},
        **{("estimand", word): "sample" for word in ("empirical", "observed", "in_sample", "known_groups")},
        **{("scale", word): "at_least" for word in ("exc_prob", "exceedance", "exceed")},
        **{("scale", word): "score" for word in ("mean_class", "expected_score", "mean_score")},
        **{
            ("scale", word): "link"
            for word in (
                "linear",
                "lp",
                "eta",
                "linear_predictor",
                "linpred",
                "predictor",
            )
        },
        **{
            ("scale", word): "response"
            for word in (
                "mean",
                "mu",
                "epred",
                "probability",
                "prob",
                "probs",
                "expected",
                "fitted",
                "natural",
            )
        },
    }
)
