"""Compile what a first fit would compile, once a machine: ``python -m glmm_bayes.precompile``."""

from __future__ import annotations

import sys
import time

from glmm_bayes.kernels.library import NoCompilerError, library


def main() -> int:
    """Compile the kernels and say so; return 0, also without a compiler, for then the graph is sampled."""
    start = time.perf_counter()
    try:
        library()
    except NoCompilerError as error:
        sys.stdout.write(f"No kernels: {error}. Models are sampled by their PyMC graphs.\n")
        return 0
    sys.stdout.write(f"Kernels are ready after {time.perf_counter() - start:.1f} seconds.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
