# Writes insteval.json: the maximum-likelihood estimates of lectures' ratings by some students of InstEval
# (R package lme4): those whose number is divisible by 20, each with all their ratings.
# Run from tests/oracles: Rscript make_insteval.R
suppressMessages({library(lme4); library(jsonlite)})

rows <- read.csv(gzfile("data/InstEval_students.csv.gz"), colClasses = "character")
rows$y <- as.numeric(rows$y)
in_package <- subset(InstEval, as.integer(as.character(s)) %% 20 == 0)
stopifnot(nrow(rows) == nrow(in_package), rows$y == in_package$y,
          rows$s == in_package$s, rows$d == in_package$d, rows$service == in_package$service)

formula <- y ~ service + (1 | s) + (1 | d) + (1 | dept_service)
control <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9))
model <- lmer(formula, rows, REML = FALSE, control = control)
stopifnot(is.null(model@optinfo$conv$lme4$messages))
fixed <- fixef(model)
names(fixed) <- paste0("b[", names(fixed), "]")
sds <- as.data.frame(VarCorr(model))
random <- sds[sds$grp != "Residual", ]
estimates <- c(
  as.list(fixed),
  setNames(as.list(random$sdcor), sprintf("sd[%s, %s]", random$grp, random$var1)),
  sigma = sigma(model)
)
result <- list(insteval = list(
  call = paste0("lmer(", paste(deparse(formula), collapse = ""), ", REML = FALSE)"),
  software = list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4"))),
  n_obs = nobs(model), n_groups = as.list(ngrps(model)), loglik = as.numeric(logLik(model)),
  singular = isSingular(model), estimates = estimates
))
writeLines(sub("\\n$", "", toJSON(result, auto_unbox = TRUE, digits = NA, pretty = 1, null = "list")), "insteval.json")
