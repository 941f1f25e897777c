"""A graph in, a value out that tells whether its user has added to it or changed it since."""

from __future__ import annotations

import hashlib
from typing import Any


def signature_of(model: Any) -> tuple[str, ...]:
    """Return names of variables, potentials, starting values that were set, and hashes of the data."""
    starts = (f"{v.name} = {at}" for v, at in model.rvs_to_initial_values.items() if at is not None)
    data = (f"{v.name} is {_hash_of(v)}" for v in model.data_vars)
    return (*sorted(model.named_vars), *(str(p) for p in model.potentials), *starts, *data)


def _hash_of(variable: Any) -> str:
    return hashlib.sha256(variable.get_value(borrow=True).tobytes()).hexdigest()[:16]
