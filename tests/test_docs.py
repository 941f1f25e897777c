"""What the pages show is what the package does."""

import re
import runpy
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln

import glmm_bayes as gb
from glmm_bayes.core.links import LINKS
from glmm_bayes.covariances import COVARIANCES
from glmm_bayes.effects.result.measures import MEASURES
from glmm_bayes.families import FAMILIES
from tests.examples import Example
from tests.families import test_families as laws

ROOT = Path(__file__).parents[1]
FAMILY = re.search(
    r"## Adding a family.*?```python\n(.*?)```", (ROOT / "CONTRIBUTING.md").read_text(), re.DOTALL
)


class Reference:
    """The law of outbreak sizes from its branching process, summed over the whole support that matters."""

    SUPPORT = np.arange(20_000.0)

    def __init__(self, mu):
        self.mu = np.asarray(mu)

    def logpmf(self, y):
        r = self.mu / (1 + self.mu)
        return -r * (y + 1) + y * np.log(r * (y + 1)) - gammaln(y + 2)

    def _moment(self, power):
        y = self.SUPPORT
        r = (self.mu / (1 + self.mu)).ravel()[:, None]
        pmf = np.exp(-r * (y + 1) + y * np.log(r * (y + 1)) - gammaln(y + 2))
        return (pmf * y**power).sum(axis=1).reshape(self.mu.shape)

    def mean(self):
        return self._moment(1)

    def var(self):
        return self._moment(2) - self._moment(1) ** 2

    def rvs(self, random_state):
        new, total = np.ones(self.mu.shape), np.zeros(self.mu.shape)
        while new.any():
            new = random_state.poisson(new * self.mu / (1 + self.mu)).astype(float)
            total += new
        return total


@pytest.fixture
def outbreak(monkeypatch, tmp_path):
    """Register the example of the page for one test."""
    file = tmp_path / "outbreak.py"
    file.write_text(FAMILY.group(1), encoding="utf-8")
    family = runpy.run_path(str(file))["Outbreak"]()
    monkeypatch.setitem(FAMILIES._entries, family.name, family)
    monkeypatch.setitem(laws.ROWS, family.name, Example("", (0.0, np.inf), lambda p, n: Reference(p["mu"])))
    return family


@pytest.mark.parametrize("link", ["log", "identity", "sqrt", "softplus"])
def test_the_density_of_the_family_of_the_page_is_the_reference(outbreak, link):
    assert link in outbreak.links
    laws.test_log_density_equals_the_reference(outbreak.name, link)


def test_the_family_of_the_page_keeps_the_laws_of_families(outbreak):
    laws.test_mean_and_variance_equal_the_reference(outbreak.name)
    assert set(gb.check_family(outbreak.name)["result"]) == {"passed"}


def test_the_example_is_a_short_file():
    assert len(FAMILY.group(1).strip().splitlines()) <= 50


def test_the_page_of_families_is_that_of_the_registries():
    script = runpy.run_path(str(ROOT / "docs" / "make_families.py"))
    assert (ROOT / "docs" / "families.md").read_text(encoding="utf-8") == script["page"]()


def test_the_page_of_features_names_every_family():
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    row = text[text.index("| Families |") : text.index("| Links |")]
    named = set(re.findall(r"[a-z]+(?:_[a-z0-9]+)*", row))
    named |= {
        f"{part}_{rest}" for part in ("zero_inflated", "hurdle") for rest in ("poisson", "negative_binomial")
    }
    assert set(FAMILIES) <= named and f"| Families | {len(set(FAMILIES))}," in text


@pytest.mark.parametrize(
    ("row", "registry"), [("Links", LINKS), ("Structures", COVARIANCES), ("Measures", MEASURES)]
)
def test_the_page_of_features_lists_what_is_registered(row, registry):
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    assert re.search(rf"\| {row} \| `([^`]*)`", text).group(1).split() == list(registry)


def test_the_page_of_features_writes_every_structure():
    text = (ROOT / "docs" / "features.md").read_text(encoding="utf-8")
    table = text[text.index("## Random effects") : text.index("## Spec files")]
    plain = {"unstructured": "correlated", "independent": "independent", "known": "cov = K"}
    for name in COVARIANCES:
        assert plain.get(name, f'"{name}"') in table, name
