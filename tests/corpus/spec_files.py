"""Spec files that are hostile, broken, or ask for what there is not."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from glmm_bayes.spec.spec_file import read_spec_file
from tests.corpus.case import Case
from tests.spec.test_spec_file_hostile import HOSTILE

HEAD = '[model]\nformula = "y ~ x"\n'


def read(suffix: str, content: str | bytes) -> Callable[[], Any]:
    """Read a file of this content."""

    def call() -> Any:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model.{suffix}"
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            return read_spec_file(path)

    return call


# words, content of a TOML file
MORE = [
    ("formula", '[model]\nformula = "y ~ (x"\n'),
    ("formula", "[model]\nformula = 3\n"),
    ("family", HEAD + 'family = ["poisson"]\n'),
    ("formul", '[model]\nformul = "y ~ x"\n'),
    ("response", '[model]\nfamily = "poisson"\n'),
    ("link", HEAD + "link = 1\n"),
    ("modl", '[modl]\nformula = "y ~ x"\n'),
    ("draws", HEAD + "[sampler]\ndraws = 0\n"),
    ("draws", HEAD + "[sampler]\ndraws = 1.5\n"),
    ("draws", HEAD + '[sampler]\ndraws = "100"\n'),
    ("chains", HEAD + "[sampler]\nchains = -1\n"),
    ("chains", HEAD + "[sampler]\nchains = true\n"),
    ("seed", HEAD + "[sampler]\nseed = -1\n"),
    ("target_accept", HEAD + "[sampler]\ntarget_accept = 1.0\n"),
    ("target_accept", HEAD + "[sampler]\ntarget_accept = nan\n"),
    ("cores", HEAD + "[sampler]\ncores = 0\n"),
    ("nuts", HEAD + "[sampler]\nnuts = 1\n"),
    ("distribution", HEAD + "[priors]\nbeta = {sigma = 1}\n"),
    ("Norml", HEAD + '[priors]\nbeta = {distribution = "Norml", sigma = 1}\n'),
    ("sigma", HEAD + '[priors]\nbeta = {distribution = "Normal", sigma = -1}\n'),
    ("sigma", HEAD + '[priors]\nbeta = {distribution = "Normal", sigma = 1e-320}\n'),
    ("mu", HEAD + '[priors]\nbeta = {distribution = "Normal", mu = "0", sigma = 1}\n'),
    ("mu", HEAD + '[priors]\nbeta = {distribution = "Normal", mu = true, sigma = 1}\n'),
    ("beta", HEAD + '[priors]\nbeta = "Normal(0, 1)"\n'),
    ("verb", HEAD + '[[effects]]\nverb = "predict"\n'),
    ("verb", HEAD + '[[effects]]\nvariable = "x"\n'),
    ("variable", HEAD + '[[effects]]\nverb = "comparisons"\n'),
    ("measure", HEAD + '[[effects]]\nverb = "comparisons"\nvariable = "x"\nmeasure = 3\n'),
    ("per", HEAD + '[[effects]]\nverb = "predictions"\nper = "row"\n'),
    ("missing", HEAD + '[data]\nmissing = "ignore"\n'),
    ("path", HEAD + "[data]\npath = 3\n"),
    ("path", HEAD + '[data]\npath = "https://example.org/d.csv"\n'),
    ("path", HEAD + '[data]\npath = "*.csv"\n'),
    ("known", HEAD + "[known]\nK = 3\n"),
]
CASES = [
    *[Case("spec files", f"model.{suffix}", read(suffix, content)) for _, suffix, content in HOSTILE],
    *[Case("spec files", f"model.toml {words}", read("toml", content)) for words, content in MORE],
    Case("spec files", "nosuch.toml", lambda: read_spec_file("nosuch.toml")),
    Case("spec files", "model.json", read("json", "{}")),
]
