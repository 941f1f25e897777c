"""Rows of the error table of the design documents: what is written, and the sentence that answers it."""

from uuid import UUID

import numpy as np
import pandas as pd

from tests.design.spoiled_data import (
    AREAS,
    BERNOULLI,
    BINOMIAL,
    DATA,
    DROP,
    GAUSSIAN,
    MANY,
    POISSON,
    ROWS,
    new,
    ordered,
    put,
)

# row, formula, data, further arguments, code, message
TABLE = [
    (1, "y ~ x + anser", DATA, GAUSSIAN, "unknown_column",
     "formula:1:9: no column 'anser' in the data.\n"
     "    y ~ x + anser\n"
     "            ^^^^^\n"
     "Did you mean 'answer'? Columns: y, x, z, f, g, plot, three, bit, k, n, answer, day, plant."),
    (1, "y ~ x + (1 | gg)", DATA, GAUSSIAN, "unknown_column",
     "formula:1:14: no column 'gg' in the data.\n"
     "    y ~ x + (1 | gg)\n"
     "                 ^^\n"
     "Did you mean 'g'? Columns: y, x, z, f, g, plot, three, bit, k, n, answer, day, plant."),
    (1, "y | trials(m) ~ x", DATA, BINOMIAL, "unknown_column",
     "formula:1:12: no column 'm' in the data.\n"
     "    y | trials(m) ~ x\n"
     "               ^\n"
     "Columns: y, x, z, f, g, plot, three, bit, k, n, answer, day, plant."),
    (2, "y ~ x + (1 | g", DATA, GAUSSIAN, "formula_syntax",
     "formula:1:15: expected an operator or ')', found the end of the formula.\n"
     "    y ~ x + (1 | g\n"
     "                  ^\n"
     "Example: y ~ x + (1 | g)."),
    (2, "y ~ x | g", DATA, GAUSSIAN, "formula_misread",
     "formula:1:7: a bar outside brackets: some packages ignore it and what follows.\n"
     "    y ~ x | g\n"
     "          ^\n"
     "Write (1 | g) or (x | g)."),
    (2, "y ~ x^2", DATA, GAUSSIAN, "formula_misread",
     "formula:1:5: a power outside I() is no arithmetic: other packages read the term itself.\n"
     "    y ~ x^2\n"
     "        ^^^\n"
     "Write I(x^2). Or poly(x, 2), which holds the lower powers too."),
    (2, "y ~ x %in% g", DATA, GAUSSIAN, "formula_misread",
     "formula:1:7: '%in%' is ignored by some packages and a product in others.\n"
     "    y ~ x %in% g\n"
     "          ^^^^\n"
     "Write g:x, or (1 | g/x) for nested groups."),
    (2, "y ~ np.log(z)", DATA, GAUSSIAN, "formula_misread",
     "formula:1:5: 'np.log' reaches into an object; a formula calls listed functions only.\n"
     "    y ~ np.log(z)\n"
     "        ^^^^^^\n"
     "Write log(z)."),
    (2, "y ~ x + y", DATA, GAUSSIAN, "formula_misread",
     "formula:1:9: 'y' reads the response: the response cannot predict itself.\n"
     "    y ~ x + y\n"
     "            ^\n"
     "Remove it from the right side."),
    (2, "y ~ x - z", DATA, GAUSSIAN, "formula_misread",
     "formula:1:9: 'z' cannot be taken away: it is not among the terms.\n"
     "    y ~ x - z\n"
     "            ^\n"
     "Terms before it: x."),
    (2, "y ~ 2 + x", DATA, GAUSSIAN, "formula_misread",
     "formula:1:5: the number '2' is not a term.\n"
     "    y ~ 2 + x\n"
     "        ^\n"
     "Only 1 (intercept) and 0 (none) are; for a known coefficient write offset(I(2 * x))."),
    (2, "y ~ x*(1 | g)", DATA, GAUSSIAN, "formula_misread",
     "formula:1:7: a random effect cannot be multiplied or nested.\n"
     "    y ~ x*(1 | g)\n"
     "          ^^^^^^^\n"
     "Write x + (1 | g), or x + (x | g) if the effect of x varies over g."),
    (2, "y ~ (1 | f + g)", DATA, GAUSSIAN, "formula_misread",
     "formula:1:10: a sum of grouping factors after one bar.\n"
     "    y ~ (1 | f + g)\n"
     "             ^^^^^\n"
     "Write (1 | f) + (1 | g)."),
    (2, "y ~ x; sigma ~ z", DATA, GAUSSIAN, "formula_misread",
     "formula:1:6: a second formula: one text holds one formula.\n"
     "    y ~ x; sigma ~ z\n"
     "         ^\n"
     'Write gb.Formula("y ~ x", sigma="~ z").'),
    (2, "y ~ .", DATA, GAUSSIAN, "formula_misread",
     "formula:1:5: '.' does not stand for all other columns.\n"
     "    y ~ .\n"
     "        ^\n"
     "List the columns, as in y ~ a + b."),
    (2, "y ~ (1 | g) + (x | g)", DATA, GAUSSIAN, "duplicate_effect",
     "formula:1:15: the intercept varies by 'g' in two terms.\n"
     "    y ~ (1 | g) + (x | g)\n"
     "                  ^^^^^^^\n"
     "Write one term; (0 + x | g) leaves the implied intercept out."),
    (3, "y ~ sqroot(z)", DATA, GAUSSIAN, "formula_function",
     "formula:1:5: 'sqroot' is not a formula function.\n"
     "    y ~ sqroot(z)\n"
     "        ^^^^^^\n"
     "Did you mean 'sqrt'? Allowed: log, log1p, log2, log10, exp, expm1, sqrt, abs, sin, cos, asin, abs2, "
     "as.integer, pmin, pmax, I, ifelse, days_since, days_between, center, scale, standardize, ave, between, "
     "within, poly, bs, ns, cr, rcs, C, ordered, mo, cs, offset, "
     'cbind, success. Compute the column first, or gb.register_transform("sqroot", f).'),
    (4, "y ~ x", put("x", np.nan, 2, 5), GAUSSIAN, "missing_values",
     "column 'x': 2 of 24 values missing (rows r2, r5). Nothing was dropped. Fill them, or use "
     'missing="drop".'),
    (4, "y ~ x + (1 | g)", put("g", None, 7), GAUSSIAN, "missing_values",
     "column 'g': 1 of 24 values missing (row r7). Nothing was dropped. Fill them, or use "
     'missing="drop".'),
    (4, "k | trials(n) ~ x", put("n", np.nan, 3), BINOMIAL, "missing_values",
     "column 'n': 1 of 24 values missing (row r3). Nothing was dropped. Fill them, or use "
     'missing="drop".'),
    (4, "y ~ x", put("x", np.nan, 2, 5), DROP, "missing_values",
     "dropped 2 of 24 rows with missing values: x 2 (rows r2, r5)."),
    (5, "y ~ x", put("x", np.inf, 2), GAUSSIAN, "non_finite",
     "column 'x': 1 infinite values (row r2). Correct them; missing=\"drop\" does not remove them."),
    (5, "y ~ log(z)", put("z", 0.0, 0, 7), GAUSSIAN, "non_finite",
     "log(z) is not finite in 2 rows (rows r0, r7: z = 0, 0). Correct them."),
    (5, "log(z) ~ x", put("z", -1.0, 4), GAUSSIAN, "non_finite",
     "log(z) is not finite in 1 rows (row r4: z = -1). Correct them."),
    (6, "y ~ x", DATA.head(0), GAUSSIAN, "empty_data",
     "no rows to fit: 0 read. Check the filter."),
    (6, "y ~ x", new(x=np.nan), DROP, "empty_data",
     "no rows to fit: 24 read, 24 dropped for x. Check the filter, or fill 'x'."),
    # 7, bernoulli: 0 and 1, booleans and ordered pairs; all else is asked for
    (7, "b ~ x", new(b=DATA["bit"] + 1), BERNOULLI, "response_coding",
     "'b' has the values 1, 2: which is the success? Write success(b, \"2\") ~ ... or success(b, \"1\") "
     "~ ...."),
    (7, "b ~ x", new(b=2 * DATA["bit"] - 1), BERNOULLI, "response_coding",
     "'b' has the values -1, 1: which is the success? Write success(b, \"1\") ~ ... or success(b, "
     '"-1") ~ ....'),
    (7, "answer ~ x", DATA, BERNOULLI, "response_coding",
     "'answer' has the values no, yes: which is the success? Write success(answer, \"yes\") ~ ... or "
     'success(answer, "no") ~ ....'),
    (7, "b ~ x", new(b=pd.Categorical(DATA["answer"])), BERNOULLI, "response_coding",
     "'b' has the values no, yes: which is the success? Write success(b, \"yes\") ~ ... or success(b, "
     '"no") ~ ....'),
    (7, "b ~ x", new(b=ordered("no", "perhaps", "yes")), BERNOULLI, "response_coding",
     "'b' has the values no, yes: which is the success? Write success(b, \"yes\") ~ ... or success(b, "
     '"no") ~ ....'),
    (7, "b ~ x", new(b=ordered("no", "yes")), BERNOULLI, "response_coding",
     "'b': yes counts as success, the higher of no < yes."),
    (7, "f ~ x", DATA, BERNOULLI, "response_coding",
     "bernoulli needs two values: column 'f' has 3 (a, b, c). Write success(f, \"a\") ~ ... for one "
     "of them against the rest."),
    (7, 'success(answer, "Yes") ~ x', DATA, BERNOULLI, "response_coding",
     "'answer' has no level 'Yes'; known: no, yes."),
    (7, "k ~ x", DATA, BERNOULLI, "response_support",
     "bernoulli needs 0 or 1: column 'k' has 10 values outside it (rows r2, r3, r7, r8, r12 (+5 "
     'more): 2, 3, 2, 3, 2, ...). Counts are family="poisson"; numbers are family="gaussian".'),
    (7, "b ~ x", new(b=DATA["bit"] / 2), BERNOULLI, "response_support",
     "bernoulli needs 0 or 1: column 'b' has 14 values outside it (rows r1, r2, r4, r6, r7 (+9 more): "
     "0.5, 0.5, 0.5, 0.5, 0.5, ...). Proportions need their trials: write k | trials(n) with "
     'family="binomial".'),
    # 7, binomial
    (7, "k | trials(n) ~ x", put("k", 1.5, 2), BINOMIAL, "response_support",
     "binomial needs whole numbers of successes of at least 0: column 'k' has 1 values outside it "
     "(row r2: 1.5)."),
    (7, "k | trials(n) ~ x", put("k", -1, 2), BINOMIAL, "response_support",
     "binomial needs whole numbers of successes of at least 0: column 'k' has 1 values outside it "
     "(row r2: -1)."),
    (7, "p | trials(n) ~ x", new(p=DATA["k"] / 5), BINOMIAL, "response_support",
     "binomial needs whole numbers of successes of at least 0: column 'p' has 19 values outside it "
     "(rows r1, r2, r3, r4, r6 (+14 more): 0.2, 0.4, 0.6, 0.2, 0.2, ...). Proportions: 'p' times its "
     "trials is whole in all rows; write that number instead."),
    (7, "p | trials(n) ~ x", new(p=DATA["k"] / 7), BINOMIAL, "response_support",
     "binomial needs whole numbers of successes of at least 0: column 'p' has 19 values outside it "
     "(rows r1, r2, r3, r4, r6 (+14 more): 0.142857, 0.285714, 0.428571, 0.142857, 0.142857, ...). "
     "Proportions: 'p' times its trials is whole in 5 of 24 rows only, so these are not its trials; "
     "write k | trials(n) with the number of successes k."),
    (7, "answer | trials(n) ~ x", DATA, BINOMIAL, "column_type",
     "binomial needs whole numbers of successes of at least 0: column 'answer' holds labels (no, "
     'yes). A two-valued response is family="bernoulli".'),
    (7, "b | trials(n) ~ x", new(b=DATA["bit"] == 1), BINOMIAL, "column_type",
     "binomial needs whole numbers of successes of at least 0: column 'b' holds booleans. A "
     'two-valued response is family="bernoulli".'),
    # 7, poisson
    (7, "k ~ x", put("k", 1.5, 2), POISSON, "response_support",
     "poisson needs whole numbers of at least 0: column 'k' has 1 values outside it (row r2: 1.5). "
     "Did you mean a rate? Write count ~ ... + offset(log(exposure))."),
    (7, "k ~ x", put("k", -1, 2), POISSON, "response_support",
     "poisson needs whole numbers of at least 0: column 'k' has 1 values outside it (row r2: -1). "
     'Numbers below 0 are family="gaussian".'),
    (7, "k ~ x", put("k", 2.0**53, 2), POISSON, "response_support",
     "poisson needs whole numbers of at least 0: column 'k' has 1 values outside it (row r2: "
     "9.0072e+15). From 2**53 on neighbouring counts cannot be told apart: count in larger units."),
    (7, "b ~ x", new(b=DATA["bit"] == 1), POISSON, "column_type",
     "poisson needs whole numbers of at least 0: column 'b' holds booleans. A two-valued response is "
     'family="bernoulli".'),
    (7, "f ~ x", DATA, POISSON, "column_type",
     "poisson needs whole numbers of at least 0: column 'f' holds labels (a, b, c)."),
    # 7, gaussian
    (7, "b ~ x", new(b=DATA["bit"] == 1), GAUSSIAN, "column_type",
     "gaussian needs numbers: column 'b' holds booleans. A two-valued response is "
     'family="bernoulli".'),
    (7, "f ~ x", DATA, GAUSSIAN, "column_type",
     "gaussian needs numbers: column 'f' holds labels (a, b, c)."),
    (7, "b ~ x", new(b=DATA["k"].astype(str)), GAUSSIAN, "column_type",
     "gaussian needs numbers: column 'b' holds labels (0, 1, 2, 3). They look like numbers: write "
     'data["b"].astype(float) if they are.'),
    (7, "bit ~ x", DATA, GAUSSIAN, "response_support",
     "response 'bit' holds only 0 and 1. Did you mean family=\"bernoulli\"?"),
    (7, "day ~ x", DATA, GAUSSIAN, "column_type",
     "the response 'day' holds dates; numbers, booleans or labels can be modelled. Write "
     'days_since(day, "2020-01-01") ~ ...'),
    (8, "k | trials(n) ~ x", put("k", 12, 4), BINOMIAL, "trials",
     "successes exceed trials in 1 rows (row r4: 'k' = 12, 'n' = 5)."),
    (8, "k | trials(2) ~ x", DATA, BINOMIAL, "trials",
     "successes exceed trials in 5 rows (rows r3, r8, r13, r18, r23: 'k' = 3, trials = 2)."),
    (8, "k | trials(n) ~ x", put("n", 4.5, 4), BINOMIAL, "trials",
     "trials(n) must be whole numbers of at least 0 (row r4: 4.5)."),
    (8, "cbind(k, n - k) ~ x", put("k", 7, 4), BINOMIAL, "trials",
     "n - k must be whole numbers of at least 0 (row r4: -2)."),
    (8, "cbind(k, n - k) | trials(n) ~ x", DATA, BINOMIAL, "trials",
     "cbind(k, n - k) says the trials of 'k'; trials(n) says them again. Leave one of the two out."),
    (8, "k ~ x", DATA, BINOMIAL, "trials",
     "binomial needs numbers of trials beside 'k'. Write k | trials(n) ~ ... or cbind(successes, "
     "failures) ~ ...."),
    (8, "I(k / n) ~ x", DATA, BINOMIAL, "trials",
     "binomial needs numbers of trials beside 'I(k / n)'. Write k | trials(n) ~ ... or "
     "cbind(successes, failures) ~ ...."),
    (8, "p ~ x", new(p=DATA["k"] / 5), BINOMIAL, "trials",
     "binomial needs numbers of trials beside 'p'. Proportions: write k | trials(n) ~ ... with the "
     "number of successes k."),
    (8, "bit | trials(n) ~ x", DATA, BERNOULLI, "trials",
     "bernoulli has no trials, but the formula gives them for 'bit'. Use family=\"binomial\"."),
    (8, "k | trials(m) ~ x", new(m=np.where(DATA["k"] > 0, 5, 0)), BINOMIAL, "trials",
     "5 rows have 0 trials (rows r0, r5, r10, r15, r20): kept, they carry no information."),
    (9, "k ~ x + offset(log(z))", put("z", 0.0, 6), POISSON, "offset_domain",
     "offset(log(z)): z is 0 in row r6; exposure must be positive. Remove the rows or correct 'z'."),
    (9, "k ~ x + offset(f)", DATA, POISSON, "column_type",
     "column 'f' holds labels (a, b, c); a number is needed. Compare it, as in I(f == \"a\"), or use "
     "it as it is."),
    (9, "k | rate(z) ~ x", put("z", 0.0, 6), POISSON, "offset_domain",
     "rate(z): z is 0 in row r6; exposure must be positive. Remove the rows or correct 'z'."),
    (10, "y | weights(z) ~ x", put("z", -1.0, 2, 5), GAUSSIAN, "weights",
     "weights(z): 2 negative values (rows r2, r5). Weights are powers, at least 0."),
    (10, "y | weights(z) ~ x", new(z=0), GAUSSIAN, "weights",
     "weights(z): all zero: no row counts. Weights are powers, at least 0."),
    (10, "y | se(z) ~ x", put("z", 0.0, 3), GAUSSIAN, "weights",
     "se(z) must be positive (row r3: 0). A standard error of 0 would fix the mean at the response."),
    (10, "y | weights(f) ~ x", DATA, GAUSSIAN, "column_type",
     "column 'f' holds labels (a, b, c); a number is needed. Compare it, as in I(f == \"a\"), or use "
     "it as it is."),
    (4, "y | weights(z) ~ x", put("z", np.nan, 3), GAUSSIAN, "missing_values",
     "column 'z': 1 of 24 values missing (row r3). Nothing was dropped. Fill them, or use "
     'missing="drop".'),
    (10, "z | cens(answer) ~ x", new(answer=DATA["k"] > 1), GAUSSIAN, "censoring",
     "cens(answer): 'answer' is boolean: True means \"event seen\" in some software, \"censored\" in "
     "other. Write cens(I(answer)) if True means right-censored, cens(I(1 - answer)) if it means that "
     "the event was seen."),
    (10, "z | cens(k) ~ x", DATA, GAUSSIAN, "censoring",
     "cens(k) must be \"none\", \"left\", \"right\" or \"interval\" (or 0, -1, 1, 2), found 3 "
     "(rows r3, r8, r13, r18, r23)."),
    (10, "z | cens(answer) ~ x", put("answer", "interval", 4).replace({"no": "none", "yes": "left"}),
     GAUSSIAN, "censoring",
     "cens(answer): 1 rows are interval-censored (row r4); their upper ends are missing. "
     "Write cens(answer, y2), with a column of upper ends."),
    (10, "z | cens(k, n) ~ x", new(k=2, n=np.where(DATA.index == "r4", 0.5, 9)), GAUSSIAN, "censoring",
     "cens(k, n): 'n' must be above 'z' in interval-censored rows (row r4: 0.5). It is the upper end "
     "of the interval."),
    (10, "z | cens(bit, n) ~ x", DATA, GAUSSIAN, "censoring",
     "cens(bit, n): no row is interval-censored, so that 'n' is not used."),
    (10, "z | trunc(ub = 5) ~ x", put("z", 7.5, 8), GAUSSIAN, "truncation",
     "trunc(ub = 5): 'z' is outside its bounds in 1 rows (row r8: 7.5). Correct the rows or the "
     "bounds: a truncated sample holds no such values."),
    (10, "y | trunc(z, k) ~ x", new(z=1.0, k=np.where(DATA.index == "r4", 0, 9)), GAUSSIAN, "truncation",
     "trunc(lb = z, ub = k): lb must be below ub (row r4)."),
    (11, "y ~ x + f", new(f="a"), GAUSSIAN, "single_level",
     "'f' has one level ('a'): its effect cannot be learnt. Remove f."),
    (11, "y ~ x + (1 | g)", new(g="a"), GAUSSIAN, "single_level",
     "'g' has one level ('a'): its variance cannot be learnt. Remove (1 | g)."),
    (12, "y ~ x + (1 | three)", DATA, GAUSSIAN, "few_groups",
     "'three' has 3 levels: sd_three rests mostly on its prior (HalfNormal(sigma=0.8439)). Consider "
     "three as a fixed effect, and see how the answer changes with the prior."),
    (13, "y ~ x + (1 | plant)", DATA, GAUSSIAN, "group_identifiability",
     "(1 | plant): one row a level, so sd_plant and sigma are told apart by their priors only."),
    (13, "y ~ w + (w | g)", new(w=np.where(DATA["g"] < "s2", DATA["x"], 1.0)), GAUSSIAN,
     "group_identifiability",
     "(w | g): 'w' varies within 2 of 8 levels only."),
    (13, "y ~ g + (1 | g)", DATA, GAUSSIAN, "group_identifiability",
     "'g' is both a fixed and a random effect. Drop one."),
    (14, "y ~ x + x2", new(x2=2 * DATA["x"]), GAUSSIAN, "rank_deficient",
     "columns x, x2 are linearly dependent: x2 = 2*x. Remove one; or rank=\"drop\" removes 'x2' and "
     'says so; or rank="keep" keeps all, told apart by their priors alone.'),
    (14, "y ~ x + x2", new(x2=2 * DATA["x"]), {"rank": "drop"}, "rank_deficient",
     "removed 'x2', for x2 = 2*x."),
    (14, "y ~ poly(bit, 2)", DATA, GAUSSIAN, "rank_deficient",
     "poly(bit, 2): 'bit' has 2 distinct values; at least 3 are needed. Choose fewer columns, or "
     "other knots."),
    (15, "y ~ x + near", new(near=DATA["x"] + 1e-3 * DATA["z"]), GAUSSIAN, "collinear",
     "'x' and 'near' nearly determine each other (condition index 2668): their effects are known as a "
     "sum better than apart."),
    (16, "y ~ x + n", DATA, GAUSSIAN, "constant_column",
     "predictor 'n' is 5 in all 24 rows: inseparable from the intercept. Remove it."),
    (16, "y ~ scale(n)", DATA, GAUSSIAN, "constant_column",
     "scale(n): 'n' is constant and cannot be scaled. Remove it."),
    (16, "n ~ x", DATA, GAUSSIAN, "constant_column",
     "response 'n' is constant (5): nothing to model."),
    (17, "y ~ x + far", new(far=1e6 * DATA["z"]), GAUSSIAN, "scale",
     "sd of 'far' is 7.51e+05 times that of 'x': standardised inside, reported on your scale."),
    (17, "y ~ exp(w)", new(w=put("z", 1000.0, 3)["z"]), GAUSSIAN, "scale",
     "exp(w) overflows in row r3: w = 1000. Rescale 'w'."),
    (17, "y ~ x", put("x", 1e308, 3), GAUSSIAN, "scale",
     "column 'x': 1 values beyond 1e+150, whose squares overflow (row r3: 1e+308). Correct them, or "
     "rescale 'x'."),
    (18, "b ~ f", new(b=np.where(DATA["f"] == "c", 1, DATA["bit"])), BERNOULLI, "separation",
     "f[c] predicts 'b' completely (8 of 8 rows are 1): its coefficient is set by the prior "
     "Normal(mu=0, sigma=2.5). Merge levels, or state a prior."),
    (19, "b ~ x", new(b=1), BERNOULLI, "degenerate_response",
     "'b' is 1 in all 24 rows: the intercept is set by its prior Normal(mu=0, sigma=2.5)."),
    (19, "b ~ x", new(b=0), POISSON, "degenerate_response",
     "'b' is 0 in all 24 rows: the intercept is set by its prior Normal(mu=-3.871, sigma=2.5)."),
    (19, "n | trials(n) ~ x", DATA, BINOMIAL, "degenerate_response",
     "'n' is all successes in all 24 rows: the intercept is set by its prior Normal(mu=0, sigma=2.5)."),
    (26, "y ~ x", pd.concat([DATA, DATA[["x"]]], axis=1), GAUSSIAN, "duplicate_column",
     "column 'x' occurs 2 times (positions [1, 13]). Rename one."),
    (26, "y ~ `7`", DATA.rename(columns={"x": 7}), GAUSSIAN, "column_type",
     "the name of column 7 is of type int; names must be text. Rename it to a text."),
    (27, "y ~ u", new(u=pd.Categorical(DATA["f"], list("abcd"))), GAUSSIAN, "unused_levels",
     "'u': levels d never occur; dropped, kept in the schema."),
    (27, "y ~ x + (1 | u)", new(u=pd.Categorical(DATA["g"], [*AREAS, "s8"])), GAUSSIAN, "unused_levels",
     "'u': levels s8 never occur; dropped, kept in the schema."),
    (27, "y ~ u", new(u=DATA["f"].replace("c", "a ")), GAUSSIAN, "unused_levels",
     "column 'u': levels 'a' and 'a ' differ by spaces only. Make them one if they are."),
    (29, "y ~ day", DATA, GAUSSIAN, "column_type",
     "column 'day' is a date; a predictor must be numbers or labels. Write days_since(day, "
     '"2020-01-01") or C(day).'),
    (29, "y ~ m", new(m=[["a"], ["b"]] * 12), GAUSSIAN, "column_type",
     "column 'm' holds list; it must hold numbers or labels. Give each part a column of its own."),
    (29, "y ~ m", new(m=["a", "b", 3] * 8), GAUSSIAN, "column_type",
     "column 'm' is mixed: int in rows r2, r5, r8, r11, r14 (+3 more). "
     'Write data["m"].astype(str) if labels are meant.'),
    (29, "y ~ m", new(m=DATA["plot"].astype(str)), GAUSSIAN, "column_type",
     "column 'm' holds numbers as text (1, 2, 3); a predictor must be numbers or labels. Write C(m) "
     "if levels are meant, else convert it to numbers."),
    (29, "y ~ x + (1 | z)", DATA, GAUSSIAN, "column_type",
     "column 'z' is float64 with fractions (rows r0, r1, r2, r3, r4 (+19 more): 1.31965, 2.99287, "
     "1.91943, 2.38208, 1.10934, ...); levels must be whole numbers or labels. Write "
     'data["z"].astype(str) if labels are meant.'),
    (29, "y ~ x + (1 | gr(g, by = z))", DATA, GAUSSIAN, "column_type",
     "column 'z' holds numbers; by = z needs levels. Write data[\"z\"].astype(\"category\") if levels "
     "are meant."),
    (30, "y ~ u", new(u=np.arange(ROWS) + 2**60), GAUSSIAN, "column_type",
     "column 'u' holds identifiers; a predictor must be numbers or labels. Write C(u) if levels are "
     "meant."),
    (30, "y ~ u", new(u=[UUID(int=i) for i in range(ROWS)]), GAUSSIAN, "column_type",
     "column 'u' holds identifiers; a predictor must be numbers or labels. Write C(u) if levels are "
     "meant."),
    (31, "y ~ x + (1 | g/plot)", DATA, GAUSSIAN, "implicit_nesting",
     "(1 | g/plot): 'plot' has 3 labels, g:plot has 24 pairs; fitted (1 | g) + (1 | g:plot)."),
    (31, "y ~ x + (1 | g) + (1 | plant)", pd.concat([DATA, DATA]), GAUSSIAN, "implicit_nesting",
     "each 'plant' occurs in one 'g' only, yet (1 | g) + (1 | plant) is written: nested, not crossed; "
     "same model if labels are unique. Write (1 | g/plant)."),
    (45, "y ~ x*z*f*g*plot*three*bit*k*n*answer", DATA, GAUSSIAN, "formula_too_large",
     "formula:1:5: 'x*z*f*g*plot*three*bit*k*n*answer' expands to 1023 terms (limit 1000).\n"
     "    y ~ x*z*f*g*plot*three*bit*k*n*answer\n"
     "        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
     "Write the terms that are meant one by one."),
    (45, "y ~ g1*g2", MANY, GAUSSIAN, "formula_too_large",
     "g1:g2 makes 6,241 columns ('g1' has 80 levels; limit 5000). Use (1 | g1)."),
]  # fmt: skip
