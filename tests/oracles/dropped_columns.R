# Which columns R's lm() leaves out because they depend on earlier ones: positions from 0.
# Rscript tests/oracles/dropped_columns.R > tests/oracles/dropped_columns.json
data <- expand.grid(f = c("a", "b", "c"), g = c("p", "q", "r"), i = 1:4)
data <- subset(data, !(f == "b" & g == "q"))
n <- nrow(data)
data$x <- round(sin(seq_len(n)), 3)
data$z <- round(cos(3 * seq_len(n)), 3)
data$x2 <- 2 * data$x
data$w <- 32 + 1.8 * data$z
data$s <- data$x - 3 * data$z
data$one <- 7
data$F <- toupper(data$f)
data$k <- match(data$f, c("a", "b", "c"))
data$y <- round(sin(7 * seq_len(n)), 3)
formulas <- c("x + x2", "x2 + x", "x + z + s", "z + w", "x + one", "f + F", "F + f", "f*g", "0 + f + g",
              "k + f", "0 + k + f", "f + k", "x*f + x2", "z*f + w*f", "f*g*x", "0 + x + one + f", "f + g + f:g:x")
quote_all <- function(values) paste0("[", paste(values, collapse = ","), "]")
column <- function(name) {
  values <- data[[name]]
  if (!is.numeric(values)) values <- paste0('"', values, '"')
  paste0('"', name, '":', quote_all(values))
}
dropped <- sapply(formulas, function(text) {
  fit <- lm(as.formula(paste("y ~", text)), data)
  paste0('"', text, '":', quote_all(which(is.na(coef(fit))) - 1))
})
names <- c("f", "g", "x", "z", "x2", "w", "s", "one", "F", "k", "y")
cat('{"data":{', paste(sapply(names, column), collapse = ",\n"), '},\n"dropped":{', paste(dropped, collapse = ",\n"), "}}\n", sep = "")
