# Log tail probabilities far beyond the underflow of the probabilities, in R's own log arithmetic.
# Rscript tests/oracles/far_tails.R > tests/oracles/far_tails.json
show <- function(x) paste0("[", paste(sprintf("%.15g", x), collapse = ", "), "]")
lower <- rbind(c(3, 1e-120), c(50, 1e-8), c(1000, 200), c(1e5, 8e4), c(1e4, 5e3), c(400, 20))
upper <- rbind(c(0.3, 800), c(1.4, 3000), c(50, 1200), c(1000, 3000), c(1e5, 1.3e5), c(0.01, 1e6))
beta <- rbind(c(3, 2, 1e-110), c(200, 0.5, 0.01), c(1000, 300, 0.3), c(40, 40, 1e-9), c(1e4, 1e4, 0.35),
              c(50, 0.1, 1e-7), c(1.75, 0.5, 1e-180))
student <- rbind(c(-1e100, 3.5), c(-1e4, 90), c(-60, 5000), c(-50, 1e6))
row <- function(name, table, value) {
  rows <- sapply(seq_len(nrow(table)), function(i) show(c(table[i, ], value(table[i, ]))))
  paste0('  "', name, '": [', paste(rows, collapse = ", "), "]")
}
cat("{\n", paste(c(
  row("gamma lower", lower, function(p) pgamma(p[2], p[1], log.p = TRUE)),
  row("gamma upper", upper, function(p) pgamma(p[2], p[1], lower.tail = FALSE, log.p = TRUE)),
  row("beta", beta, function(p) pbeta(p[3], p[1], p[2], log.p = TRUE)),
  row("student", student, function(p) pt(p[1], p[2], log.p = TRUE))
), collapse = ",\n"), "\n}\n", sep = "")
