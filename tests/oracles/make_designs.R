# Writes reference_designs.json: fixed-effect columns, offsets and random effects of each reference model.
# Run from tests/oracles: Rscript make_designs.R REFERENCE
# REFERENCE holds ml/*.json and posteriors/*.json. The fixed-effect columns of the first 20 rows are copied
# from there (x_first_rows). The rest is made here from data/ and the package's data sets, on rows spread
# over the whole table, by model.matrix and lme4::lFormula.
suppressMessages({library(lme4); library(jsonlite)})
reference <- commandArgs(trailingOnly = TRUE)[1]
package <- "../../glmm_bayes/datasets"
embedded <- c("bacteria", "cbpp", "epil", "nc.sids", "sleepstudy", "toenail")
sources <- fromJSON(file.path(package, "sources.json"))
own_levels <- fromJSON("data/levels.json")

read_table <- function(name) {
  here <- gsub(".", "_", name, fixed = TRUE)
  if (name %in% embedded) {
    path <- file.path(package, paste0(here, ".csv"))
    levels <- sources[[here]]$levels
  } else {
    path <- paste0("data/", name, c(".csv", ".csv.gz"))
    path <- path[file.exists(path)]
    levels <- own_levels[[name]]
  }
  header <- names(read.csv(path, nrows = 1, check.names = FALSE))
  classes <- setNames(ifelse(header %in% names(levels), "character", NA), header)
  table <- read.csv(path, check.names = FALSE, colClasses = classes)
  for (column in names(levels)) table[[column]] <- factor(table[[column]], levels = levels[[column]])
  stopifnot(!anyNA(table))
  table
}

# The right side as model.matrix reads it: brms writes the intercept as a column.
as_formula <- function(text) {
  text <- gsub("0 + Intercept + ", "", sub("^.*~", "response ~", text), fixed = TRUE)
  as.formula(text)
}

random_effects <- function(formula, table, rows) {
  if (is.null(findbars(formula))) return(list())
  control <- lmerControl(check.nobs.vs.nlev = "ignore", check.nobs.vs.nRE = "ignore",
                         check.nobs.vs.rankZ = "ignore", check.rankX = "ignore")
  trms <- lFormula(formula, table, control = control)$reTrms
  lapply(seq_along(trms$cnms), function(i) {
    factor <- trms$flist[[attr(trms$flist, "assign")[i]]]
    effects <- trms$cnms[[i]]
    z <- trms$Ztlist[[i]]
    values <- vapply(rows, function(j) {
      z[(as.integer(factor)[j] - 1) * length(effects) + seq_along(effects), j]
    }, numeric(length(effects)))
    list(group = names(trms$cnms)[i], n_levels = nlevels(factor), effects = I(effects),
         levels = as.character(factor)[rows], codes = as.integer(factor)[rows] - 1L,
         values = t(matrix(values, length(effects))))
  })
}

design <- function(name, text, first) {
  table <- read_table(name)
  table$response <- seq_len(nrow(table))
  formula <- as_formula(text)
  rows <- unique(round(seq(1, nrow(table), length.out = 30)))
  fixed <- nobars(formula)
  x <- model.matrix(fixed, table)
  offset <- model.offset(model.frame(fixed, table))
  list(dataset = name, formula = text, first = first, n_rows = nrow(table), rows = rows - 1L,
       names = I(colnames(x)), x = unname(x[rows, , drop = FALSE]),
       offset = if (is.null(offset)) NULL else offset[rows],
       groups = random_effects(formula, table, rows))
}

paths <- c(Sys.glob(file.path(reference, "ml", "*.json")), Sys.glob(file.path(reference, "posteriors", "*.json")))
files <- sub("\\.json$", "", basename(paths))
contents <- lapply(paths, fromJSON, simplifyVector = TRUE)
# What lFormula cannot read: known variances, ICAR. Where nothing of R's is written: ordgee.
is_read <- vapply(contents, function(content) {
  !grepl("known vi|se\\(sei\\)|s\\(county|car\\(W", content$formula)
}, logical(1)) & !grepl("ordgee", files)
key <- vapply(contents, function(content) {
  first <- content$x_first_rows
  paste(content$dataset, content$formula, if (is.null(first)) "" else first$columns[1])
}, character(1))
designs <- lapply(unique(key[is_read]), function(one) {
  same <- contents[is_read & key == one]
  first <- same[[1]]$x_first_rows
  # Models that differ in family or method only have the same matrix.
  for (other in same) stopifnot(identical(other$x_first_rows, first))
  if (!is.null(first)) {
    for (other in same) stopifnot(identical(as.integer(other$fitted$csv_row_1based), 1:20))
    first <- list(names = I(first$columns), x = first$rows)
  }
  c(design(same[[1]]$dataset, same[[1]]$formula, first), list(files = I(files[is_read & key == one])))
})
lines <- vapply(designs, toJSON, character(1), auto_unbox = TRUE, digits = NA, null = "null")
software <- list(R = as.character(getRversion()), lme4 = as.character(packageVersion("lme4")))
writeLines(c(
  paste0("{\"software\": ", toJSON(software, auto_unbox = TRUE), ","),
  paste0("\"files\": ", toJSON(files), ","),
  "\"designs\": [", paste(lines, collapse = ",\n"), "]}"
), "reference_designs.json")
cat(length(files), "files,", sum(is_read), "of them with one of", length(designs), "designs\n")
