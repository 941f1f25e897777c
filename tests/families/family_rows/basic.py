"""Families that SciPy has."""

from scipy import stats

from tests.families.family_laws import OF_PROBABILITIES, Row

ROWS = {
    "gaussian": Row(lambda p, n: stats.norm(p["mu"], p["sigma"]), {"sigma": 1.7}),
    "bernoulli": Row(lambda p, n: stats.bernoulli(p["mu"]), etas=OF_PROBABILITIES),
    "binomial": Row(lambda p, n: stats.binom(n.astype(int), p["mu"]), has_trials=True, etas=OF_PROBABILITIES),
    "poisson": Row(lambda p, n: stats.poisson(p["mu"])),
    "negative_binomial": Row(
        lambda p, n: stats.nbinom(p["shape"], p["shape"] / (p["shape"] + p["mu"])), {"shape": 1.4}
    ),
}
