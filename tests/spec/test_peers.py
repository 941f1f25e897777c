"""Names of families and parameters in other packages, and the names that are meant."""

import pytest

from glmm_bayes.spec.peers import FAMILIES, PARAMETERS, peer_hint


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("negbinomial", "negative_binomial"),
        ("nbinom2", "negative_binomial"),
        ("nb", "negative_binomial"),
        ("Beta", "beta"),
        ("beta_family", "beta"),
        ("Gamma", "gamma"),
        ("zip", "zero_inflated_poisson"),
        ("zero_inflated_negbinomial", "zero_inflated_negative_binomial"),
        ("hurdle_negbinomial", "hurdle_negative_binomial"),
        ("t", "student"),
        ("normal", "gaussian"),
        ("ordinal", "cumulative"),
        ("multinom", "multinomial"),
        ("b", "beta"),
        ("class", "beta"),
    ],
)
def test_a_name_of_another_package_is_translated(name, ours):
    assert peer_hint(name) == f"Here it is called '{ours}'."


def test_our_own_names_need_no_translation():
    for names in (FAMILIES, PARAMETERS):
        assert not set(names) & set(names.values())
    assert peer_hint("zero_one_inflated_beta") == peer_hint("gaussian") == ""
