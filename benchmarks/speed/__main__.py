"""Run the protocol: ``python -m benchmarks.speed``; ``--quick`` for three sets and three tools.

Results go to ``benchmarks/results/speed.json`` after each run, so that an interrupted study goes on with
what is missing; ``python -m benchmarks.speed.page`` writes ``docs/speed.md`` from them. Nothing else may run
on the machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.speed.environments import WORK
from benchmarks.speed.peers import PEERS
from benchmarks.speed.peers import QUICK as QUICK_PEERS
from benchmarks.speed.sets import CORE, QUICK, SETS
from benchmarks.speed.study import RESULT, Study


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.speed", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="three sets, three tools, one seed")
    parser.add_argument("--sets", nargs="+", choices=[*SETS, "core", "all"], default=None, metavar="SET")
    parser.add_argument("--peers", nargs="+", choices=[*PEERS], default=None, metavar="PEER")
    parser.add_argument("--seeds", type=int, default=None, help="5; of sets that are not core 1")
    parser.add_argument("--cold", action="store_true", help="empty caches before each run")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds after which a run is cut")
    parser.add_argument("--reference", type=int, default=0, metavar="DRAWS", help=REFERENCE)
    parser.add_argument("--again", action="store_true", help="measure also what has a result")
    parser.add_argument("--out", type=Path, default=None, help="results; with --quick under build/")
    parser.add_argument("--list", action="store_true", help="list sets and peers, run nothing")
    return parser.parse_args()


REFERENCE = "first draw so many times in each chain by NumPyro,\nwhich every tool is then held against"


def main() -> None:
    """Run what is asked for."""
    asked = arguments()
    if asked.list:
        print("sets: ", " ".join(SETS), "\ncore: ", " ".join(CORE), "\npeers:", " ".join(PEERS))
        return
    sets = asked.sets or (QUICK if asked.quick else ["core"])
    sets = [name for each in sets for name in {"core": CORE, "all": tuple(SETS)}.get(each, (each,))]
    peers = asked.peers or (QUICK_PEERS if asked.quick else [*PEERS])
    out = asked.out or (WORK / "speed-quick.json" if asked.quick else RESULT)
    study = Study(out, asked.limit, "cold" if asked.cold else "warm", asked.again)
    for name in dict.fromkeys(sets):
        seeds = asked.seeds or (1 if asked.quick or name not in CORE else 5)
        study.measure(name, list(peers), seeds, asked.reference)


if __name__ == "__main__":
    main()
