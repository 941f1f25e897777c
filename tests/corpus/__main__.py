"""Give every bad input in a process that cannot import a sampler; write what came of each as JSON."""

import json
import sys
import time
import warnings
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

for library in ("pymc", "pytensor", "nutpie"):
    sys.modules[library] = None  # type: ignore[assignment]

from glmm_bayes.core.errors import GlmmError  # noqa: E402
from tests.corpus import effects, formulas, frames, groups, older, priors, responses, runs, spec_files  # noqa: E402
from tests.corpus.case import Case  # noqa: E402

TABLES = (formulas, frames, responses, groups, priors, spec_files, effects, runs, older)


def outcome(case: Case) -> dict[str, Any]:
    """Give one bad input: what was raised, what the error does not name, and how long it took."""
    start = time.process_time()
    kind, text = "accepted", ""
    try:
        with redirect_stdout(StringIO()):
            case.call()
    except GlmmError as error:
        kind, text = "typed", f"{error.column} {error}"
    except BaseException as error:  # noqa: BLE001 - whatever comes out bare is what is looked for
        kind, text = type(error).__name__, str(error)
    seconds = time.process_time() - start
    missing = [word for word in case.names.split() if word not in text]
    return {
        "area": case.area,
        "names": case.names,
        "kind": kind,
        "missing": missing,
        "text": text[:300],
        "seconds": seconds,
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    cases = [case for part in TABLES for case in part.CASES]
    for case in cases[:1]:
        outcome(case)
    print(json.dumps([outcome(case) for case in cases]))
