"""The list of checks, and the table of what they found: one place that says what is looked at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glmm_bayes.core.errors import DataError, Finding, Findings
from glmm_bayes.design.checks.collinearity import check_collinear, check_scales
from glmm_bayes.design.checks.groups import (
    check_by,
    check_few_groups,
    check_fixed_and_random,
    check_rows_a_level,
    check_varying,
)
from glmm_bayes.design.checks.nesting import check_nesting
from glmm_bayes.design.checks.response import check_degenerate, check_rows
from glmm_bayes.design.checks.separation import check_separation, check_unmixed_levels
from glmm_bayes.design.checks.subject import Subject

#: Distinct rows times columns up to which the costly checks run while a model is made.
CONSTRUCTION_LIMIT = 200_000


@dataclass(frozen=True)
class Check:
    """A check of data that a model can be made of: it warns and notes, and raises nothing.

    Attributes
    ----------
    code : str
        Of its findings.
    passed : str
        What holds if it finds nothing.
    run : callable
    is_costly : bool
        True if large data leave it to ``model.check()``.
    of_groups : bool
        True if it looks at the grouping factors of every linear predictor, not at the mean's alone.
    """

    code: str
    passed: str
    run: Callable[[Subject, Findings], None]
    is_costly: bool = False
    of_groups: bool = False

    def findings(self, subjects: Sequence[Subject]) -> list[Finding]:
        """Return what it finds, each once; the mean's subject comes first."""
        findings = Findings(DataError)
        for subject in subjects if self.of_groups else subjects[:1]:
            self.run(subject, findings)
        return list(dict.fromkeys(findings.collected))


CHECKS = (
    Check("degenerate_response", "the response varies.", check_degenerate),
    Check("few_rows", "there are more rows than coefficients.", check_rows),
    Check("scale", "sds of predictors are within a factor of 1000.", check_scales),
    Check("collinear", "no two columns nearly determine each other.", check_collinear, is_costly=True),
    Check("separation", "no fixed effect predicts the response completely.", check_separation, True),
    Check("separation", "each level of each grouping factor has different responses.", check_unmixed_levels),
    Check("few_groups", "each grouping factor has at least 5 levels.", check_few_groups, of_groups=True),
    Check(
        "group_identifiability",
        "there are more rows than random effects.",
        check_rows_a_level,
        of_groups=True,
    ),
    Check(
        "group_identifiability", "what varies over groups varies within each.", check_varying, of_groups=True
    ),
    Check("by_varies", "each level has one level of the factor in by.", check_by, of_groups=True),
    Check(
        "group_identifiability", "no factor is both fixed and random.", check_fixed_and_random, of_groups=True
    ),
    Check(
        "implicit_nesting",
        "grouping factors are crossed or nested as they are written.",
        check_nesting,
        of_groups=True,
    ),
)

#: What else has been found out when a model could be made: an error would have stopped it.
_BEFORE = (
    ("missing_values", "no value is missing in a used column."),
    ("non_finite", "all numbers are finite."),
    ("single_level", "each factor has several levels."),
    ("unused_levels", "each declared level occurs."),
    ("constant_column", "no predictor is constant."),
    ("rank_deficient", "no column depends on others."),
    ("response_support", "the response lies in the support of its family."),
    ("prior_scale", "priors that were set are not far from the data's scale."),
)
_ORDER = ("error", "warning", "note", "passed")

#: Severity, code, column and message.
Row = tuple[str, str, str | None, str]


def examine(subjects: Sequence[Subject], findings: Findings) -> None:
    """Run the checks that are quick on these data; say which are left to ``model.check()``."""
    subject = subjects[0]
    is_large = subject.size > CONSTRUCTION_LIMIT
    for check in CHECKS:
        if not (check.is_costly and is_large):
            findings.collected += check.findings(subjects)
    if is_large:
        message = (
            f"near dependence and separation were not looked for: {subject.size} distinct numbers "
            f"in the fixed part (limit {CONSTRUCTION_LIMIT})."
        )
        findings.note("not_checked", message, hint="model.check() looks for them.")


def check_table(subjects: Sequence[Subject], before: Sequence[Finding]) -> list[Row]:
    """List all findings, the severest first, and then what holds.

    Parameters
    ----------
    subjects : sequence of Subject
        Of each linear predictor, the mean's first.
    before : sequence of Finding
        What reading the data has found.
    """
    rows = [_row(finding) for finding in before]
    codes = {finding.code for finding in before}
    rows += [("passed", code, None, sentence) for code, sentence in _BEFORE if code not in codes]
    for check in CHECKS:
        passed: list[Row] = [("passed", check.code, None, check.passed)]
        rows += [_row(finding) for finding in check.findings(subjects)] or passed
    return sorted(rows, key=lambda row: _ORDER.index(row[0]))


def _row(finding: Finding) -> Row:
    return finding.severity, finding.code, finding.column, f"{finding.message} {finding.hint}".strip()
