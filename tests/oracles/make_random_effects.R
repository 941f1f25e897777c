# Writes random_effects.json: the levels and effect columns that lme4 gives to a table of formulas.
# Run from tests/oracles: Rscript make_random_effects.R
suppressMessages({library(lme4); library(jsonlite)})

small <- expand.grid(g = c("g1", "g2", "g3"), h = c("u", "v"), f = c("p", "q", "r"),
                     stringsAsFactors = TRUE)
small <- rbind(small, small[c(1, 5, 9, 14), ])
small <- small[-c(4, 10), ]
row.names(small) <- NULL
n <- nrow(small)
small$k <- factor(c("no", "yes")[1 + (seq_len(n) * 3) %% 2], levels = c("no", "yes"))
small$x <- round(cos(seq_len(n)) * 2, 3)
small$z <- round(sin(2 * seq_len(n)), 3)
small$y <- round(sin(seq_len(n)^2) * 3, 3)

random <- c(
  "(1 | g)", "(x | g)", "(1 + x | g)", "(0 + x | g)", "(x - 1 | g)", "(x || g)", "(1 + x || g)",
  "(x + z | g)", "(x + z || g)", "(0 + x + z | g)", "(0 + x + z || g)", "(x * z | g)",
  "(x:z | g)", "(x * z || g)", "(f | g)", "(0 + f | g)", "(f || g)", "(0 + f || g)",
  "(x + f | g)", "(x + f || g)", "(0 + x + f | g)", "(f + k | g)", "(0 + f + k | g)",
  "(f * k | g)", "(x * k | g)", "(0 + x:k | g)", "(x:k | g)", "(f:k | g)", "(0 + f:k | g)",
  "(1 | g) + (1 | h)", "(x | g) + (1 | h)", "(1 | g) + (0 + x | g)", "(1 | g) + (0 + x + z | g)",
  "(1 | g:h)", "(x | g:h)", "(1 | g/h)", "(x | g/h)", "(1 | g/h/f)", "(1 | g) + (1 | g:h)",
  "(1 | g:h:f)", "(x || g/h)", "(x || g) + (1 | h)", "(1 | h:g)", "(k || g)", "(0 + k | h)",
  "(I(x^2) | g)", "(x + I(x^2) || g)", "(1 | g) + (0 + k | h)"
)

one <- function(text) {
  parsed <- lFormula(as.formula(paste("y ~ 1 +", text)), small,
    control = lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore",
                          check.nlev.gtr.1 = "ignore", check.nobs.vs.rankZ = "ignore"))
  trms <- parsed$reTrms
  # names(cnms) gives the factor of each term; Ztlist holds each term's transposed columns.
  terms <- lapply(seq_along(trms$cnms), function(i) {
    group <- names(trms$cnms)[i]
    base <- names(trms$flist)[attr(trms$flist, "assign")[i]]
    levels <- levels(trms$flist[[base]])
    effects <- trms$cnms[[i]]
    z <- as.matrix(trms$Ztlist[[i]])
    code <- as.integer(trms$flist[[base]])
    rows <- t(vapply(seq_len(n), function(j) {
      own <- (code[j] - 1) * length(effects) + seq_along(effects)
      stopifnot(all(z[-own, j] == 0))
      z[own, j]
    }, numeric(length(effects))))
    if (length(effects) == 1) rows <- t(rows)
    list(group = base, levels = I(levels), effects = I(effects), code = code - 1L, values = rows)
  })
  list(formula = paste("y ~ 1 +", text), terms = terms)
}

factors <- names(small)[vapply(small, is.factor, logical(1))]
write_json(list(
  software = list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4"))),
  levels = lapply(small[factors], levels),
  data = lapply(small, function(v) if (is.factor(v)) as.character(v) else v),
  models = lapply(random, one)
), "random_effects.json", auto_unbox = TRUE, digits = NA)
cat(length(random), "formulas\n")
