"""A file of a fit in: what it names of a user's families, links and structures, missing or registered, told.

Files hold names and no functions: what a name means is what is registered where the file is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glmm_bayes.core.errors import Finding, FormulaError, GlmmWarning, StorageError
from glmm_bayes.core.links import LINKS
from glmm_bayes.core.registry import NAME, Registry
from glmm_bayes.covariances import COVARIANCES
from glmm_bayes.families import FAMILIES
from glmm_bayes.fit.fit import Fit
from glmm_bayes.spec.model_spec import ModelSpec
from glmm_bayes.spec.registered_calls import registered_in
from glmm_bayes.storage.archive import Archive
from glmm_bayes.storage.manifest import Manifest, ResponseEntry

#: Warnings point to where the package is called from.
_PACKAGE = str(Path(__file__).parents[1])


@dataclass(frozen=True)
class _Registered:
    """A registry whose names files hold, the word of its entries and the call that adds to it."""

    registry: Registry[Any]
    noun: str
    call: str

    def check(self, archive: Archive, names: Iterable[str]) -> None:
        """Refuse a file that names an entry which is not registered here, by a name that one may have."""
        for name in names:
            if name not in self.registry and NAME.match(name):
                message = f"{archive.path}: its {self.noun} '{name}' is not registered here; "
                message += "files hold no functions."
                hint = f"Call gb.{self.call}(...) with the {self.noun} that the fit was made with, "
                hint += "then load again."
                raise StorageError(Finding(f"load_{self.noun}", message, hint=hint))

    def warn(self, archive: Archive, names: Iterable[str]) -> None:
        """Tell which entries that a fit needs are the user's own."""
        for name in dict.fromkeys(names):
            if name in self.registry.added:
                message = f"{archive.path}: its {self.noun} is one that you have registered: {name}."
                hint = "It must be the one that the fit was made with; files hold no functions."
                _warn(Finding(f"load_{self.noun}", message, hint=hint, severity="warning"))


_FAMILY = _Registered(FAMILIES, "family", "register_family")
_LINK = _Registered(LINKS, "link", "register_link")
_STRUCTURE = _Registered(COVARIANCES, "structure", "register_covariance")


def check_families_and_links(archive: Archive, manifest: Manifest) -> None:
    """Refuse a file whose families or links are a user's and not registered here.

    Raises
    ------
    StorageError
        ``load_family`` or ``load_link``.
    """
    entries: list[Manifest | ResponseEntry] = [manifest, *manifest.others]
    _FAMILY.check(archive, [entry.family for entry in entries])
    _LINK.check(archive, [name for entry in entries for name in (entry.link, entry.link_used) if name])


def check_structures(archive: Archive, specs: Mapping[str, ModelSpec]) -> None:
    """Refuse a file whose covariance structures are a user's and not registered here.

    Raises
    ------
    StorageError
        ``load_structure``.
    """
    _STRUCTURE.check(archive, [name for spec in specs.values() for name in _structures(spec)])


def missing_function(archive: Archive, error: FormulaError) -> StorageError:
    """Say that a formula of a file calls a user's function that is not registered here."""
    message = f"{archive.path}: its formula calls a function that is not registered here; files hold no "
    message += f"functions. {error.findings[0].message}"
    hint = "Call gb.register_transform(...) with the function that the fit was made with, then load again."
    return StorageError(Finding("load_transform", message, hint=hint))


def warn_of_registered(archive: Archive, fit: Fit) -> None:
    """Tell which functions, families, links and structures of a fit are the user's own."""
    responses = list(fit.definition.responses.values())
    calls = dict.fromkeys(name for one in responses for name in registered_in(one.spec))
    if calls:
        message = f"{archive.path}: its formula calls functions that you have registered: {', '.join(calls)}."
        hint = "They must be those that the fit was made with; files hold no functions."
        _warn(Finding("load_transform", message, hint=hint, severity="warning"))
    _FAMILY.warn(archive, [one.family.name for one in responses])
    _LINK.warn(archive, [one.link.name for one in responses])
    _STRUCTURE.warn(archive, [name for one in responses for name in _structures(one.spec)])


def _structures(spec: ModelSpec) -> list[str]:
    """List the structures of a model's random effects, by predictor."""
    groups = [group for predictor in spec.linear_predictors.values() for group in predictor.groups]
    return [block.structure.name for group in groups for block in group.blocks]


def _warn(finding: Finding) -> None:
    """Warn where ``gb.load`` is called."""
    warnings.warn(str(finding), GlmmWarning, skip_file_prefixes=(_PACKAGE,))
