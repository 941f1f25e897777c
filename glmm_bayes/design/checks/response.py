"""Response and numbers of rows in, findings out: all rows at one end, and as many coefficients as rows."""

from __future__ import annotations

from glmm_bayes.core.errors import Findings
from glmm_bayes.design.checks.subject import Subject


def check_degenerate(subject: Subject, findings: Findings) -> None:
    """Find a response that is 0, or all successes, in every row."""
    outcome = subject.outcome
    if not outcome.constant_end:
        return
    rows = int(outcome.informative.sum())
    intercept = "Intercept" if "Intercept" in subject.priors else "beta[Intercept]"
    what = (
        f"the intercept is set by its prior {subject.priors[intercept]}."
        if intercept in subject.priors
        else "the coefficients are set by their priors."
    )
    message = f"'{outcome.label}' is {outcome.end_text(outcome.constant_end)} in all {rows} rows: {what}"
    findings.warning("degenerate_response", message, column=outcome.column)


def check_rows(subject: Subject, findings: Findings) -> None:
    """Find fixed parts with as many coefficients as there are rows, or more."""
    rows, coefficients = subject.design.x.shape
    if coefficients >= rows:
        message = f"{coefficients} coefficients for {rows} rows: what the rows do not tell, the priors do."
        findings.note("few_rows", message)
