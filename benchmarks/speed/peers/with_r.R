# rstanarm, brms or lme4 by their formula: one call; draws go out as doubles, (chain, draw, number).
# Usage: Rscript with_r.R SETTINGS rstanarm|brms|lme4

started <- proc.time()[["elapsed"]]
words <- commandArgs(trailingOnly = TRUE)
settings <- jsonlite::fromJSON(words[[1]])
tool <- words[[2]]
suppressPackageStartupMessages(library(tool, character.only = TRUE))
imported <- proc.time()[["elapsed"]]

task <- jsonlite::fromJSON(file.path(settings$task, "task.json"), simplifyVector = FALSE)
frame <- read.csv(file.path(settings$task, "data.csv"), colClasses = "character", check.names = FALSE)
for (column in names(frame)) {
  levels <- task$levels[[column]]
  frame[[column]] <- if (is.null(levels)) as.numeric(frame[[column]]) else
    factor(frame[[column]], levels = unlist(levels))
}
cores <- min(settings$chains, parallel::detectCores())
options(mc.cores = cores)
accept <- if (is.null(settings$target_accept)) list() else list(adapt_delta = settings$target_accept)
# Treatment coding of our names: urban[Y] is urbanY, a column by its own name.
plain <- function(label) if (label == "Intercept") "(Intercept)" else gsub("[][]", "", label)
# Binomial responses, and effects without correlation, in R's words.
formula_of <- function(text) {
  if (startsWith(text, "p(")) text <- sub("p\\((\\w+), *(\\w+)\\)", "cbind(\\1, \\2 - \\1)", text)
  as.formula(text)
}
text <- task$others_formula
# Rows are (draw x chain) by number here; `shape` tells the order of the file.
hand_back <- function(values, divergences, steps) {
  done <- proc.time()[["elapsed"]]
  iterations <- nrow(values) / settings$chains
  stored <- aperm(array(values, c(iterations, settings$chains, ncol(values))), c(2, 1, 3))
  writeBin(as.vector(stored), file.path(settings$out, "draws.bin"))
  tell(done, list(divergences = divergences, gradients_per_draw = steps, shape = dim(stored)))
}
# Wall, CPU seconds and memory are those that the caller counted: this clock starts later.
tell <- function(done, more) {
  told <- c(list(import_s = imported - started, call_s = done - imported,
                 versions = list(R = as.character(getRversion()), tool = paste(tool, packageVersion(tool)))),
            more)
  writeLines(jsonlite::toJSON(told, auto_unbox = TRUE, null = "null", digits = 15),
             file.path(settings$out, "told.json"))
}

if (tool == "lme4") {
  data_formula <- formula_of(text)
  if (task$family == "gaussian") {
    fit <- lmer(data_formula, frame)
  } else if (task$family == "negative_binomial") {
    fit <- glmer.nb(data_formula, frame)
  } else {
    fit <- glmer(data_formula, frame, family = if (task$family == "poisson") poisson() else binomial())
  }
  invisible(fixef(fit)); invisible(ranef(fit, condVar = FALSE))
  tell(proc.time()[["elapsed"]], list(divergences = 0, gradients_per_draw = NULL))
  quit()
}

if (tool == "rstanarm") {
  # No half-normal prior of a standard deviation under decov: gamma(1, scale) of each, which the page states.
  family <- switch(task$family, gaussian = gaussian(), poisson = poisson(),
                   negative_binomial = neg_binomial_2(), binomial())
  scales <- unlist(task$groups[[1]]$sd_scales)
  call <- list(formula = formula_of(text), data = frame, family = family,
               prior_intercept = normal(task$intercept[[1]], task$intercept[[2]]),
               prior = normal(0, task$slope),
               prior_covariance = decov(regularization = if (is.null(task$eta)) 1 else task$eta,
                                        shape = 1, scale = scales[[1]]),
               chains = settings$chains, iter = 1000 + settings$draws, warmup = 1000,
               seed = settings$seed, cores = cores, refresh = 0)
  if (!is.null(task$dispersion)) call$prior_aux <- normal(0, task$dispersion$scale)
  if (length(task$coefficients) == 1) call$prior <- NULL
  fit <- do.call(stan_glmer, c(call, accept))
  raw <- as.array(fit)
  stan <- fit$stanfit
} else {
  prior <- c(set_prior(sprintf("normal(%g, %g)", task$intercept[[1]], task$intercept[[2]]), class = "Intercept"))
  if (length(task$coefficients) > 1)
    prior <- c(prior, set_prior(sprintf("normal(0, %g)", task$slope), class = "b"))
  for (group in task$groups) for (i in seq_along(group$effects))
    prior <- c(prior, set_prior(sprintf("normal(0, %g)", group$sd_scales[[i]]), class = "sd",
                                group = group$factor,
                                coef = gsub("[()]", "", plain(group$effects[[i]]))))
  if (!is.null(task$eta)) prior <- c(prior, set_prior(sprintf("lkj(%g)", task$eta), class = "cor"))
  if (!is.null(task$dispersion))
    prior <- c(prior, set_prior(sprintf("normal(0, %g)", task$dispersion$scale), class = task$dispersion$name))
  family <- switch(task$family, gaussian = gaussian(), poisson = poisson(), binomial = binomial(),
                   negative_binomial = negbinomial(), bernoulli())
  if (startsWith(text, "p(")) text <- sub("p\\((\\w+), *(\\w+)\\)", "\\1 | trials(\\2)", text)
  fit <- brm(as.formula(text), frame, family = family, prior = prior, chains = settings$chains,
             iter = 1000 + settings$draws, warmup = 1000, seed = settings$seed, cores = cores, refresh = 0,
             control = accept, backend = "rstan")
  raw <- as.array(fit)
  stan <- fit$fit
}

# Numbers in the order of the task, by the names that each tool gives them.
column <- function(name) as.vector(raw[, , name])
numbers <- list()
for (label in task$coefficients) {
  name <- if (tool == "brms") paste0("b_", gsub("[()]", "", plain(label))) else plain(label)
  if (!name %in% dimnames(raw)[[3]]) {  # an interaction whose parts stand the other way round
    name <- paste(rev(strsplit(name, ":")[[1]]), collapse = ":")
    if (tool == "brms") name <- paste0("b_", sub("b_", "", name, fixed = TRUE))
  }
  numbers[[length(numbers) + 1]] <- column(name)
}
sd_of <- function(group, effect) {
  if (tool == "brms")
    return(column(sprintf("sd_%s__%s", group$factor, gsub("[()]", "", plain(effect)))))
  at <- sprintf("Sigma[%s:%s,%s]", group$factor, plain(effect), plain(effect))
  sqrt(column(at))
}
for (group in task$groups) for (effect in group$effects) numbers[[length(numbers) + 1]] <- sd_of(group, effect)
for (group in task$groups) if (group$is_correlated) {
  pair <- unlist(group$effects)
  if (tool == "brms") {
    name <- sprintf("cor_%s__%s__%s", group$factor, gsub("[()]", "", plain(pair[[1]])), plain(pair[[2]]))
    numbers[[length(numbers) + 1]] <- column(name)
  } else {
    covariance <- column(sprintf("Sigma[%s:%s,%s]", group$factor, plain(pair[[2]]), plain(pair[[1]])))
    numbers[[length(numbers) + 1]] <- covariance / (sd_of(group, pair[[1]]) * sd_of(group, pair[[2]]))
  }
}
if (!is.null(task$dispersion)) {
  name <- if (tool == "brms") task$dispersion$name else if (task$family == "gaussian") "sigma" else "reciprocal_dispersion"
  numbers[[length(numbers) + 1]] <- column(name)
}
for (group in task$groups) {
  for (level in unlist(task$levels[[group$factor]])) for (effect in group$effects) {
    name <- if (tool == "brms") sprintf("r_%s[%s,%s]", group$factor, level, gsub("[()]", "", plain(effect))) else
      sprintf("b[%s %s:%s]", plain(effect), group$factor, level)
    numbers[[length(numbers) + 1]] <- column(name)
  }
}
told <- rstan::get_sampler_params(stan, inc_warmup = FALSE)
hand_back(do.call(cbind, numbers),
          sum(sapply(told, function(one) sum(one[, "divergent__"]))),
          mean(sapply(told, function(one) mean(one[, "n_leapfrog__"]))))
