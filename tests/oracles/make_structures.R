# Maximum-likelihood estimates of models with structured covariances, by nlme, lme4 and glmmTMB: an oracle for ours.
# Run: Rscript make_structures.R data-folder out.json   (the folder holds sleepstudy, epil, Orthodont, nc.sids as .csv)
library(nlme)
suppressWarnings(library(glmmTMB))
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
  fixed <- if (inherits(fit, "lme")) nlme::fixef(fit) else coef(fit)
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
epil <- read("epil")
epil$subject <- factor(epil$subject)
epil$period <- factor(epil$period)
epil$trt <- factor(epil$trt, levels = c("placebo", "progabide"))
ortho <- read("Orthodont")
ortho$Sex <- factor(ortho$Sex, levels = c("Female", "Male"))
sids <- read("nc.sids")
sids$rate <- log((sids$SID74 + 0.5) / sids$BIR74 * 1000)

for (entry in list(c("ar1", "ar1"), c("compound_symmetry", "cs"), c("toeplitz", "toep"))) {
  call <- sprintf("y ~ lbase + trt + %s(0 + period | subject)", entry[2])
  fit <- glmmTMB(as.formula(call), epil, family = poisson)
  found <- VarCorr(fit)$cond$subject
  own <- attr(found, "stddev")
  names(own) <- NULL
  correlation <- attr(found, "correlation")[1, 2:4]
  extra <- if (entry[1] == "ar1") list(sd = own[1], rho = correlation[1]) else
    list(sd = own, rho = if (entry[1] == "toeplitz") correlation else correlation[1])
  fixed <- fixef(fit)$cond
  body <- c(
    sprintf('"call": "glmmTMB(%s, poisson)"', call), sprintf('"names": %s', text(names(fixed))),
    sprintf('"fixed": %s', number(fixed)), sprintf('"se": %s', number(sqrt(diag(vcov(fit)$cond)))),
    sprintf('"loglik": %.12g', as.numeric(logLik(fit))),
    sprintf('"%s": %s', names(extra), sapply(extra, number))
  )
  entries <- c(entries, sprintf('  "%s": {\n    %s\n  }', entry[1], paste(body, collapse = ",\n    ")))
}
fit <- lme(distance ~ age * Sex, ortho, list(Subject = pdDiag(~ Sex - 1)), method = "ML")
add("by", "lme(distance ~ age * Sex, list(Subject = pdDiag(~ Sex - 1)), ML)", fit,
    list(sd = as.numeric(nlme::VarCorr(fit)[1:2, "StdDev"]), sigma = fit$sigma))
known <- gls(rate ~ nw10, sids, corExp(c(50, 0.2), form = ~ x + y, nugget = TRUE, fixed = TRUE), method = "ML")
best <- optimize(function(n) as.numeric(logLik(update(known, correlation = corExp(c(50, n), form = ~ x + y,
                 nugget = TRUE, fixed = TRUE)))), c(0.001, 0.999), maximum = TRUE)$maximum
fit <- update(known, correlation = corExp(c(50, best), form = ~ x + y, nugget = TRUE, fixed = TRUE))
add("known", "gls(log((SID74 + 0.5)/BIR74*1000) ~ nw10, corExp(50, form = ~ x + y, nugget = TRUE), range held, ML)", fit,
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
versions <- sprintf('  "versions": {"R": "%s", "nlme": "%s", "lme4": "%s", "glmmTMB": "%s"}',
                    getRversion(), packageVersion("nlme"), packageVersion("lme4"), packageVersion("glmmTMB"))
writeLines(c("{", paste(c(versions, entries), collapse = ",\n"), "}"), arguments[2])
