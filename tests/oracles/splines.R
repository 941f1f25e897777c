# Polynomials, splines and contrasts as R computes them on training rows and on new rows.
# Rscript tests/oracles/splines.R > tests/oracles/splines.json
library(splines)
library(jsonlite)

x <- c(0.31, 0.31, 0.52, 0.9, 1.1, 1.4, 1.4, 1.4, 1.95, 2.2, 2.6, 3.05, 3.3, 3.9, 4.6, 5.2, 5.2, 6.7, 7.1, 9.4)
new <- c(-2, 0, 0.31, 0.5, 1.4, 1.41, 2.75, 5.2, 8.8, 9.4, 9.5, 14)
bases <- list(
  "poly(x, 1)" = poly(x, 1), "poly(x, 2)" = poly(x, 2), "poly(x, 5)" = poly(x, 5),
  "poly(x, 8)" = poly(x, 8), "poly(x, 3, raw = TRUE)" = poly(x, 3, raw = TRUE),
  "bs(x)" = bs(x), "bs(x, df = 4)" = bs(x, df = 4), "bs(x, df = 7)" = bs(x, df = 7),
  "bs(x, df = 4, degree = 2)" = bs(x, df = 4, degree = 2), "bs(x, degree = 1)" = bs(x, degree = 1),
  "bs(x, df = 3, degree = 1)" = bs(x, df = 3, degree = 1),
  "bs(x, knots = c(1, 4))" = bs(x, knots = c(1, 4)),
  "bs(x, df = 5, lower = 0, upper = 10)" = bs(x, df = 5, Boundary.knots = c(0, 10)),
  "bs(x, df = 5, lower = 1, upper = 6)" = bs(x, df = 5, Boundary.knots = c(1, 6)),
  "ns(x)" = ns(x), "ns(x, df = 2)" = ns(x, df = 2), "ns(x, df = 4)" = ns(x, df = 4),
  "ns(x, df = 7)" = ns(x, df = 7), "ns(x, knots = c(1, 4))" = ns(x, knots = c(1, 4)),
  "ns(x, df = 4, lower = 0, upper = 10)" = ns(x, df = 4, Boundary.knots = c(0, 10)),
  "ns(x, df = 4, lower = 1, upper = 6)" = ns(x, df = 4, Boundary.knots = c(1, 6))
)
plain <- function(values) matrix(as.numeric(values), nrow(values))
of_basis <- lapply(names(bases), function(call) suppressWarnings(list(
  call = call, training = plain(bases[[call]]), new = plain(predict(bases[[call]], new))
)))
sizes <- c(2, 3, 4, 5, 8)
of_contrast <- lapply(c("treatment", "sum", "helmert", "poly"), function(name) list(
  contrast = name,
  matrices = lapply(sizes, function(size) plain(get(paste0("contr.", name))(size)))
))
cat(toJSON(
  list(x = x, new = new, bases = of_basis, sizes = sizes, contrasts = of_contrast),
  auto_unbox = TRUE, digits = NA
))
