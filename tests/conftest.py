"""Hypothesis: the same examples in each run of the tests; others, and twenty times as many, on demand.

``pytest --hypothesis-profile=explore tests/effects/test_hypothesis_laws.py`` looks for what the fixed
examples do not show.
"""

import gc
import os

import pytest
from hypothesis import settings

# PyTensor would note the place in the code of every variable of every graph, fold constants by compiling C
# (a second or more for each operation that a fresh machine meets first), and compile what is called a few
# times only. What nutpie samples is compiled as ever.
os.environ.setdefault("PYTENSOR_FLAGS", "traceback__limit=0,cxx=,mode=FAST_COMPILE")


def pytest_collection_finish():
    """Leave tests and modules, which stay, out of garbage collection: graphs are many objects."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, max_examples=2000, deadline=None)
settings.load_profile("default")


@pytest.fixture
def registries(monkeypatch):
    """Forget after a test what it registered."""
    from glmm_bayes.core import mean_rules
    from glmm_bayes.core.links import LINKS
    from glmm_bayes.covariances import COVARIANCES
    from glmm_bayes.effects.result.measures import MEASURES
    from glmm_bayes.families import FAMILIES
    from glmm_bayes.spec.several import REGISTERED
    from glmm_bayes.spec.transforms import TRANSFORMS

    for registry in (FAMILIES, LINKS, MEASURES, COVARIANCES):
        monkeypatch.setattr(registry, "_entries", dict(registry._entries))
        monkeypatch.setattr(registry, "_added", registry.added)
        monkeypatch.setattr(registry, "_aliases", dict(registry._aliases))
    monkeypatch.setattr(mean_rules, "_RULES", dict(mean_rules._RULES))
    known = [(words, dict(words)) for words in (TRANSFORMS, REGISTERED)]
    yield
    for words, before in known:
        words.clear()
        words.update(before)
