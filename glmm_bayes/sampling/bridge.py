"""A compiled log density in, the draws of each chain out: NUTS by nutpie's extension, called directly.

The extension is loaded by its file: the package around it imports ArviZ, which takes longer than most
models of this path take to sample. What is used of it is private, and a test holds it to what is asked here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from glmm_bayes.core.maths import Array
from glmm_bayes.fit.draws import STATISTICS
from glmm_bayes.fit.settings import Settings
from glmm_bayes.sampling.chains import Chains

#: The only variable: a point.
POINT = "point"
#: What the sampler calls the statistics that are kept.
_STATISTICS = frozenset(name for statistic in STATISTICS.values() for name in statistic.names)
#: Of a step along the trajectory of a normal density; near half a turn only signs would change.
_LONGEST = 0.8
_RATE = 100  # milliseconds between two looks at the progress


@dataclass(frozen=True)
class SampledDensity:
    """A density as the sampler takes it.

    Attributes
    ----------
    numbers, width : int
        Of a point, and of what is kept of it.
    logp, expand : int
        Addresses of functions in C.
    user : int
        Address of what they are given.
    keep : object
        What must live as long.
    """

    numbers: int
    width: int
    logp: int
    expand: int
    user: int
    keep: object
    is_near_normal: bool = False


def sample_points(target: SampledDensity, starts: Sequence[Array], settings: Settings, seed: int) -> Chains:
    """Draw by NUTS: what is kept of points, the variable ``point`` of shape (draw, number) in each chain."""
    known = dict(zip(_chain_seeds(target, starts, seed), starts, strict=False))

    def start(chain_seed: int) -> Array:
        return known.get(chain_seed, starts[chain_seed % len(starts)]).copy()

    # An interrupt of the wait leaves the sampler with what it has.
    sampler = _started(target, start, settings, seed, settings.at_once, _progress(settings))
    with panics_are_errors():
        try:
            sampler.wait(None)
        except KeyboardInterrupt:
            sampler.abort()
    return _chains(sampler.take_results())


@contextmanager
def panics_are_errors() -> Iterator[None]:
    """Raise what the extension cannot mend as an error: it raises that beside all exceptions."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise RuntimeError(str(error)) from error


def _started(
    target: SampledDensity,
    start: Callable[[int], Array],
    settings: Settings,
    seed: int,
    cores: int,
    progress: Any,
    **further: Any,
) -> Any:
    """Start the sampler in the background."""
    lib = extension()
    logp = lib.LogpFunc(target.logp, target.user, target.keep)
    expand = lib.ExpandFunc(target.numbers, target.width, target.expand, target.user, target.keep)
    sizes = {"number": target.width}
    variables = lib.PyVariable.new_variables(
        [POINT], ["float64"], [[target.width]], sizes, {POINT: ["number"]}
    )
    model = lib.PyMcModel(logp, expand, variables, target.numbers, sizes, {}, start, _no_adapter)
    options = lib.PyNutsSettings.Diag(seed)
    asked: dict[str, Any] = {
        "num_tune": settings.tune,
        "num_draws": settings.draws,
        "num_chains": settings.chains,
        "target_accept": settings.target_accept,
    }
    if target.is_near_normal:
        asked |= {"exact_normal_trajectory": True, "max_step_size": _LONGEST}
    options.update(asked | further)
    return lib.PySampler.from_pymc(options, cores, model, progress, None, _RATE, lib.PyStorage.arrow())


def _no_adapter(*_: object, **__: object) -> None:
    """Stand where a learnt map of the space would."""


def _chain_seeds(target: SampledDensity, starts: Sequence[Array], seed: int) -> list[int]:
    """Return the seeds by which the sampler asks for the start of each chain.

    It names no chain when it asks, and chains ask in any order. On one core they ask in theirs, whatever
    they do afterwards: so the shortest run there is lists the seeds.
    """
    seeds: list[int] = []

    def listen(chain_seed: int) -> Array:
        seeds.append(chain_seed)
        return starts[min(len(seeds), len(starts)) - 1].copy()

    shortest = Settings(draws=1, tune=1, chains=len(starts), progress=False)
    # Whatever stops it, the long run tells.
    with suppress(RuntimeError), panics_are_errors():
        sampler = _started(target, listen, shortest, seed, 1, extension().ProgressType.none(), maxdepth=1)
        sampler.wait(None)
        sampler.take_results()
    return list(dict.fromkeys(seeds))


def _progress(settings: Settings) -> Any:
    """Return what shows progress: a bar at a terminal, a display in a notebook."""
    kinds = extension().ProgressType
    if not settings.shows_progress:
        return kinds.none()
    ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    if ipython is None or getattr(ipython(), "kernel", None) is None:
        return kinds.indicatif(_RATE)
    shown_in: Any = import_module("IPython.display")
    handle = shown_in.display(shown_in.HTML(""), display_id=True)

    def update(html: str) -> None:
        handle.update(shown_in.HTML(html))

    return kinds.template_callback(_RATE, _TEMPLATE, settings.at_once, update)


_TEMPLATE = """<p>{{ finished_chains }} of {{ num_chains }} chains are done, {{ time_sampling }}
<progress max="{{ total_draws }}" value="{{ total_finished_draws }}"></progress></p>"""


def _chains(results: Any) -> Chains:
    """Read the draws after the warm-up of each chain, and their statistics."""
    import pyarrow

    points, statistics = [], []
    for drawn, told in zip(*results.get_arrow_trace(), strict=True):
        batch, stats = pyarrow.record_batch(drawn), pyarrow.record_batch(told)
        is_kept = ~_flat(stats.column("tuning")).astype(bool)
        values = _flat(batch.column(POINT).values)
        points.append(values.reshape(len(is_kept), -1)[is_kept])
        names = [name for name in stats.schema.names if name in _STATISTICS]
        statistics.append({name: _flat(stats.column(name))[is_kept] for name in names})
    names = [name for name in statistics[0] if all(name in one for one in statistics)] if statistics else []
    by_name = {name: [one[name] for one in statistics] for name in names}
    return Chains({POINT: points}, by_name, [len(values) for values in points])


def _flat(column: Any) -> NDArray[Any]:
    """Return a column without gaps as an array; pyarrow's own way may import pandas."""
    if str(column.type) != "bool":
        return np.from_dlpack(column)
    # Eight to a byte.
    bits = np.frombuffer(column.buffers()[1], np.uint8)
    return np.unpackbits(bits, bitorder="little")[column.offset :][: len(column)].astype(np.bool_)


@cache
def extension() -> Any:
    """Return nutpie's extension, without the package around it."""
    if "nutpie._lib" in sys.modules:
        return sys.modules["nutpie._lib"]
    found = find_spec("nutpie")
    folders = list(found.submodule_search_locations or ()) if found else []
    for file in (Path(folder) / f"_lib{suffix}" for folder in folders for suffix in EXTENSION_SUFFIXES):
        if file.is_file():
            loader = ExtensionFileLoader("nutpie._lib", str(file))
            spec = spec_from_loader("nutpie._lib", loader)
            assert spec is not None
            module = module_from_spec(spec)
            loader.exec_module(module)
            return sys.modules.setdefault("nutpie._lib", module)
    from nutpie import _lib

    return _lib
