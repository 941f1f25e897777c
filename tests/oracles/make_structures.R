# Maximum-likelihood estimates of models with structured covariances, by nlme and lme4: an oracle for ours.
# Run: Rscript make_structures.R data-folder out.json   (the folder holds sleepstudy.csv, Orthodont.csv, nc.sids.csv)
library(nlme)
arguments <- commandArgs(trailingOnly = TRUE)
folder <- arguments[1]
read <- function(name) {
  packed <- file.path(folder, paste0(name, ".csv.gz"))
  read.csv(if (file.exists(packed)) gzfile(packed) else file.path(folder, paste0(name, ".csv")))
}
number <- function(x) paste0("[", paste(sprintf("%.12g", x), collapse = ", "), "]")
text <- function(x) paste0("[", paste(sprintf('"%s"', x), collapse = ", "), "]")
entries <- character(0)
add <- function(name, call, fit, extra) {
  fixed <- if (inherits(fit, "lme")) fixef(fit) else coef(fit)
  body <- c(
    sprintf('"call": "%s"', gsub('"', "'", call)),
    sprintf('"names": %s', text(names(fixed))),
    sprintf('"fixed": %s', number(fixed)),
    sprintf('"se": %s', number(sqrt(diag(as.matrix(vcov(fit)))))),
    sprintf('"loglik": %.12g', as.numeric(logLik(fit))),
    sprintf('"%s": %s', names(extra), sapply(extra, number))
  )
  entries <<- c(entries, sprintf('  "%s": {\n    %s\n  }', name, paste(body, collapse = ",\n    ")))
}
sleep <- read("sleepstudy")
ortho <- read("Orthodont")
ortho$Sex <- factor(ortho$Sex, levels = c("Female", "Male"))
sids <- read("nc.sids")
sids$rate <- log((sids$SID74 + 0.5) / sids$BIR74 * 1000)

fit <- gls(Reaction ~ Days, sleep, corExp(form = ~ Days | Subject, nugget = TRUE), method = "ML")
own <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
add("ar1", "gls(Reaction ~ Days, corExp(form = ~ Days | Subject, nugget = TRUE), ML)", fit,
    list(rho = exp(-1 / own[1]), sd = fit$sigma * sqrt(1 - own[2]), sigma = fit$sigma * sqrt(own[2])))
fit <- gls(distance ~ age * Sex, ortho, corCompSymm(form = ~ 1 | Subject), method = "ML")
rho <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
add("compound_symmetry", "gls(distance ~ age * Sex, corCompSymm(form = ~ 1 | Subject), ML)", fit,
    list(total_sd = fit$sigma, covariance = rho * fit$sigma^2))
fit <- gls(distance ~ age * Sex, ortho, corARMA(form = ~ 1 | Subject, p = 3), method = "ML")
lags <- corMatrix(fit$modelStruct$corStruct)[[1]][1, 2:4]
add("toeplitz", "gls(distance ~ age * Sex, corARMA(form = ~ 1 | Subject, p = 3), ML)", fit,
    list(total_sd = fit$sigma, covariance = lags * fit$sigma^2))
fit <- lme(distance ~ age * Sex, ortho, list(Subject = pdDiag(~ Sex - 1)), method = "ML")
add("by", "lme(distance ~ age * Sex, list(Subject = pdDiag(~ Sex - 1)), ML)", fit,
    list(sd = as.numeric(VarCorr(fit)[1:2, "StdDev"]), sigma = fit$sigma))
fit <- gls(rate ~ nw10, sids, corExp(form = ~ x + y, nugget = TRUE), method = "ML")
own <- coef(fit$modelStruct$corStruct, unconstrained = FALSE)
add("matern", "gls(log((SID74 + 0.5)/BIR74*1000) ~ nw10, corExp(form = ~ x + y, nugget = TRUE), ML)", fit,
    list(range = own[1], sd = fit$sigma * sqrt(1 - own[2]), sigma = fit$sigma * sqrt(own[2])))
fit <- gls(rate ~ nw10, sids, corExp(50, form = ~ x + y, nugget = TRUE, fixed = FALSE), method = "ML")
known <- gls(rate ~ nw10, sids, corExp(c(50, 0.2), form = ~ x + y, nugget = TRUE, fixed = TRUE), method = "ML")
best <- optimize(function(n) as.numeric(logLik(update(known, correlation = corExp(c(50, n), form = ~ x + y,
                 nugget = TRUE, fixed = TRUE)))), c(0.001, 0.999), maximum = TRUE)$maximum
fit <- update(known, correlation = corExp(c(50, best), form = ~ x + y, nugget = TRUE, fixed = TRUE))
add("known", "the same with the range held at 50 km", fit,
    list(sd = fit$sigma * sqrt(1 - best), sigma = fit$sigma * sqrt(best)))
# The two plain structures, by lme4.
for (entry in list(c("unstructured", "Reaction ~ Days + (Days | Subject)"),
                   c("diagonal", "Reaction ~ Days + (Days || Subject)"))) {
  fit <- lme4::lmer(as.formula(entry[2]), sleep, REML = FALSE)
  parts <- as.data.frame(lme4::VarCorr(fit))
  own <- parts[is.na(parts$var2), "sdcor"]
  extra <- list(sd = own[1:2], sigma = own[3])
  if (entry[1] == "unstructured") extra$rho <- parts[!is.na(parts$var2), "sdcor"]
  names(entry) <- NULL
  fixed <- lme4::fixef(fit)
  body <- c(
    sprintf('"call": "lmer(%s, ML)"', entry[2]), sprintf('"names": %s', text(names(fixed))),
    sprintf('"fixed": %s', number(fixed)), sprintf('"se": %s', number(sqrt(diag(as.matrix(vcov(fit)))))),
    sprintf('"loglik": %.12g', as.numeric(logLik(fit))),
    sprintf('"%s": %s', names(extra), sapply(extra, number))
  )
  entries <- c(entries, sprintf('  "%s": {\n    %s\n  }', entry[1], paste(body, collapse = ",\n    ")))
}
versions <- sprintf('  "versions": {"R": "%s", "nlme": "%s", "lme4": "%s"}',
                    getRversion(), packageVersion("nlme"), packageVersion("lme4"))
writeLines(c("{", paste(c(versions, entries), collapse = ",\n"), "}"), arguments[2])
