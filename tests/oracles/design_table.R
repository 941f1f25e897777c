# Fixed-effect columns of many formulas on one small data frame, as R's model.matrix makes them.
# Rscript tests/oracles/design_table.R > tests/oracles/design_table.json
library(splines)
library(jsonlite)

data <- data.frame(
  x = c(2.1, 3.7, 0.4, 5.2, 4.4, 1.3, 2.9, 6.1, 3.3, 0.9, 4.9, 5.6),
  z = c(1.2, 0.7, 2.4, 1.9, 0.5, 3.1, 2.2, 1.6, 0.9, 2.7, 1.1, 3.4),
  k = c(1, 2, 3, 3, 1, 2, 5, 5, 2, 1, 3, 5),
  b = c(TRUE, FALSE, FALSE, TRUE, TRUE, FALSE, TRUE, FALSE, FALSE, TRUE, FALSE, TRUE),
  h = c("p", "q", "p", "q", "q", "p", "p", "q", "q", "p", "p", "q"),
  f = c("a", "b", "c", "a", "b", "c", "b", "a", "c", "c", "a", "b"),
  g = c("s", "t", "u", "v", "s", "t", "u", "v", "t", "s", "v", "u"),
  stringsAsFactors = TRUE
)
center <- function(x) x - mean(x)
standardize <- function(x) (x - mean(x)) / sd(x)

same <- c(
  # numbers
  "1", "x", "0 + x", "x - 1", "x + z", "x:z", "x*z", "x + x:z", "z + x:z", "0 + x:z", "x/z", "x*z - z",
  "x*z - x:z", "(x + z)^2", "(x + z + k)^2", "(x + z + k)^3", "(x + z + k)^2 - x:z", "x + x", "x*z*k",
  "log(x)", "log1p(x)", "log2(x)", "log10(x)", "exp(x)", "expm1(x)", "sqrt(x)", "abs(x)", "sin(x)",
  "cos(x)", "asin(I(x/10))", "pmin(x, 3)", "pmax(x, 3)", "pmin(x, z, 2)", "pmax(x, z)", "I(x^2)",
  "x + I(x^2)", "I(x*z)", "I(x/z)", "I(x - z)", "I(-x)", "I((x + z)^2)", "I(x > 3)", "I(x >= 3.3)",
  "center(x)", "scale(x)", "standardize(x)", "scale(x):z", "center(log(x))", "scale(x)*center(z)",
  "log(x)*z", "log(x) + sqrt(z) + I(k^2)",
  # one factor
  "h", "f", "g", "b", "0 + h", "0 + f", "0 + g", "0 + b", "f - 1", "x + f", "f + x", "0 + x + f",
  "x*f", "f*x", "f:x", "0 + f:x", "x + f:x", "f + f:x", "0 + f + f:x", "f/x", "f/x - 1", "x/f", "x*b",
  "b:x", "x*z*f", "x:z:f", "x*z + f:x", "(x + f)^2", "(x + z + f)^2", "log(z):f", "log(z)*f",
  "scale(x)*f", "I(x^2):f", "x*f - x:f", "x*f - f", "x*f - x", "0 + x*f", "0 + x:f + z",
  # several factors
  "h + f", "f + h", "h + f + g", "0 + h + f", "0 + f + h", "h*f", "f*h", "h*b", "0 + h*f", "h:f",
  "0 + h:f", "h + h:f", "f + h:f", "h/f", "f/h", "f/h - f:h", "0 + h/f", "h*f - h", "h*f - f",
  "h*f - h:f", "h*f*b", "(h + f + b)^2", "(h + f)^2", "(h + f + x)^2", "h*f*x", "x*h*f", "h:f:x",
  "h + f:x", "f + h:x", "h*x + f*x", "b + f + h", "h:b",
  "h:x + f:x", "0 + h + f:x", "0 + h:x + f:x", "g*h", "g + g:h", "g:x + h",
  # levels of numbers
  "factor(k)", "factor(k)*x", "0 + factor(k)", "factor(k):f", "factor(k) + f", "factor(b)",
  # contrasts
  "C(f)", "C(f, contr.sum)", "C(f, contr.helmert)", "C(f, contr.poly)",
  "C(g, contr.sum)", "C(g, contr.helmert)", "C(g, contr.poly)", "C(h, contr.sum)", "C(h, contr.helmert)",
  "C(h, contr.poly)", "0 + C(f, contr.sum)", "0 + C(g, contr.poly)", "C(f, contr.sum)*x",
  "x + C(f, contr.sum):x", "C(f, contr.sum):x", "0 + C(f, contr.sum):x", "C(f, contr.helmert)*x",
  "C(f, contr.poly)*x", "C(f, contr.sum)*h", "C(f, contr.sum)*C(h, contr.sum)",
  "C(f, contr.sum):C(h, contr.sum)", "C(g, contr.poly)*C(h, contr.helmert)", "h + C(f, contr.sum)",
  "0 + h + C(f, contr.sum)", "0 + C(f, contr.sum) + C(h, contr.helmert)", "C(f, contr.sum)/x", "C(f, contr.sum)*h - h",
  # polynomials and splines
  "poly(x, 1)", "poly(x, 2)", "poly(x, 3)", "poly(x, 5)", "poly(x, 2, raw = TRUE)",
  "poly(x, 3, raw = TRUE)", "0 + poly(x, 2)", "poly(x, 2)*f", "poly(x, 2):f", "poly(x, 2)*z",
  "poly(x, 2):poly(z, 2)", "poly(x, 2)*C(f, contr.sum)", "poly(log(x), 2)", "poly(x, 2) + poly(z, 2)",
  "bs(x)", "bs(x, df = 4)", "bs(x, df = 6)", "bs(x, df = 3, degree = 2)", "bs(x, degree = 1)",
  "bs(x, knots = c(2, 4))", "bs(x, df = 5)*h", "bs(x, df = 4):f", "bs(x, df = 4) + poly(z, 2)",
  "0 + bs(x, df = 4)", "bs(sqrt(x), df = 4)", "ns(x)", "ns(x, df = 2)", "ns(x, df = 4)",
  "ns(x, knots = c(2, 4))", "ns(x, df = 3)*f", "ns(x, df = 3):h", "0 + ns(x, df = 3) + f",
  "ns(log(x), df = 3) + C(f, contr.sum)"
)
# Ours, and R's where the words differ.
other <- list(
  c('C(f, ref = "b")', 'relevel(factor(f), ref = "b")'),
  c('C(f, ref = "c")*x', 'relevel(factor(f), ref = "c")*x'),
  c('C(k, ref = "3")', 'relevel(factor(k), ref = "3")'),
  c('C(f, "sum", ref = "a")', 'C(factor(f, c("b", "c", "a")), contr.sum)'),
  c('C(g, "sum", ref = "t")*x', 'C(factor(g, c("s", "u", "v", "t")), contr.sum)*x'),
  c('C(k, contr.sum)', 'C(factor(k), contr.sum)'),
  c('C(k, contr.poly)*h', 'C(factor(k), contr.poly)*h'),
  c('C(b, contr.sum) + x', 'C(factor(b), contr.sum) + x'),
  c('ordered(f, "c", "a", "b")', 'factor(f, c("c", "a", "b"))'),
  c('x*ordered(g, "v", "u", "t", "s")', 'x*factor(g, c("v", "u", "t", "s"))'),
  c('I(f == "b")', 'I((f == "b")*1)'),
  c('I(f != "b")*x', 'I((f != "b")*1)*x'),
  c('bs(x, df = 4, lower = 0, upper = 7)', 'bs(x, df = 4, Boundary.knots = c(0, 7))'),
  c('ns(x, df = 3, lower = 0, upper = 7)', 'ns(x, df = 3, Boundary.knots = c(0, 7))'),
  c('bs(x, df = 4, lower = 1, upper = 5)', 'bs(x, df = 4, Boundary.knots = c(1, 5))'),
  c('ns(x, df = 3, lower = 1, upper = 5)', 'ns(x, df = 3, Boundary.knots = c(1, 5))')
)
pairs <- c(lapply(same, function(text) c(text, text)), other)
cases <- lapply(pairs, function(pair) {
  matrix <- suppressWarnings(model.matrix(as.formula(paste("~", pair[2])), data))
  list(ours = pair[1], r = pair[2], names = I(colnames(matrix)), x = signif(unname(unclass(t(matrix))), 13))
})
for (case in seq_along(cases)) attributes(cases[[case]]$x) <- list(dim = dim(cases[[case]]$x))
cat('{"data": ', toJSON(data, dataframe = "columns"), ', "cases": [\n', sep = "")
cat(vapply(cases, toJSON, "", auto_unbox = TRUE, digits = NA), sep = ",\n")
cat("]}\n")
