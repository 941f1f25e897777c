"""Arrays and structures in, addresses for C out, alive as long as what holds them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.families.parameters import law_of
from glmm_bayes.kernels.factors import Factor
from glmm_bayes.kernels.laws import LawStruct, array_of, positive_law

REF, INT = ctypes.c_void_p, ctypes.c_int64


class FactorStruct(ctypes.Structure):
    """A factor, as the C sources declare it."""

    _fields_ = (
        *(("levels", INT), ("size", INT), ("first", INT), ("sds", INT), ("blocks", INT)),
        *(
            ("sd_of_effect", REF),
            ("block_start", REF),
            ("block_size", REF),
            ("eta", REF),
            ("laws", REF),
        ),
    )


@dataclass
class Memory:
    """Arrays and structures that C reads, kept as long as this is."""

    kept: list[Any] = field(default_factory=list)

    def array(self, values: NDArray[Any], dtype: type[np.generic] = np.float64) -> int:
        """Keep numbers; return their address."""
        values = np.ascontiguousarray(values, dtype)
        self.kept.append(values)
        return int(values.ctypes.data)

    def struct(self, value: Any) -> int:
        """Keep a structure; return its address."""
        self.kept.append(value)
        return ctypes.addressof(value)

    def factors(self, factors: list[Factor], places: list[int]) -> int:
        """Keep factors, each with the place where its units begin; return their address."""
        structs = [self._factor(factor, place) for factor, place in zip(factors, places, strict=True)]
        return self.struct((FactorStruct * max(1, len(structs)))(*structs))

    def laws(self, laws: list[LawStruct | None]) -> int:
        """Keep laws of single numbers, all of them known; return their address."""
        return self.struct(array_of([known(law) for law in laws]))

    def _factor(self, factor: Factor, place: int) -> FactorStruct:
        blocks, laws = factor.blocks, [positive_law(law_of(law)) for law in factor.prior.sd]
        whole = (
            factor.prior.sd_of_effect,
            [block.start for block in blocks],
            [block.size for block in blocks],
        )
        return FactorStruct(
            *(factor.levels, factor.size, place, len(laws), len(blocks)),
            *(self.array(np.asarray(values), np.int64) for values in whole),
            self.array(np.array([block.eta for block in blocks])),
            self.laws(laws),
        )


def known(law: LawStruct | None) -> LawStruct:
    """Return a law that the rules of what is eligible have let through."""
    assert law is not None, "only laws that kernels have are let through"
    return law
