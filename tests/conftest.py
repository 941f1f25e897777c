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
def registries():
    """Forget after a test what it registered."""
    from tests.outside import forgotten

    with forgotten():
        yield
