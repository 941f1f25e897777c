"""Write ``docs/speed.md`` and its picture from ``benchmarks/results/speed.json``.

``python -m benchmarks.speed.page`` for the page; ``--results FILE --folder FOLDER`` for others.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.peers import OURS, OWN, PEERS
from benchmarks.speed.runs import DRAWS
from benchmarks.speed.sets import ROOT, SETS
from benchmarks.speed.study import RESULT

Run = dict[str, Any]
DOCS = ROOT / "docs"
#: What the picture's axis may show.
TICKS = [digit * power for power in (0.01, 0.1, 1, 10, 100) for digit in (1, 2, 5)]
HEAD = """# Speed beside other tools

Written by `python -m benchmarks.speed.page` from `benchmarks/results/speed.json`; the protocol stands in
`benchmarks/README.md`. A rate is the least effective sample size (bulk, or tail) of all coefficients,
standard deviations, correlations, dispersion and group effects, over the seconds of the whole process: the
interpreter's start, imports, compiling, warm-up and four chains of 1,000 draws, on the scale that is
reported. A tool whose run is too short for the gates is run again with 4,000 draws, which are then named.

Every tool has the same likelihood and the same written-out priors (but rstanarm, whose standard deviations
have exponential ones). Models by hand are handed finished design matrices; formula tools read the data
file. Bambi has no correlated effects: it is measured on sets named `_independent`, where all tools leave the
correlation out. A tool in brackets fails a gate in some run: R-hat below 1.01, bulk and tail effective
sample sizes above 400.
"""


def runs_of(content: dict[str, Any], name: str, peer: str, caches: str) -> list[Run]:
    """List the finished runs of one tool on one set."""
    wanted = {"set": name, "peer": peer, "caches": caches, "outcome": "finished"}
    return [one for one in content["runs"] if all(one[key] == value for key, value in wanted.items())]


def median(runs: Iterable[Run], key: str) -> float:
    """Return the median over seeds; NaN where nothing was measured."""
    values = [one[key] for one in runs if one.get(key) is not None]
    return float(np.median(values)) if values else float("nan")


def best_peer(content: dict[str, Any], name: str, key: str, caches: str) -> tuple[str, float]:
    """Return the best exact peer on one set; one that passes its gates comes before one that does not."""
    rated = []
    for peer, told in PEERS.items():
        runs = runs_of(content, name, peer, caches)
        if peer not in OWN and told.is_exact and runs:
            rated.append((all(one["passes"] for one in runs), median(runs, key), peer))
    return (max(rated)[2], max(rated)[1]) if rated else ("", float("nan"))


def ratios(content: dict[str, Any], caches: str) -> dict[str, dict[str, Any]]:
    """Return, by set, how many times the best peer's rate ours is, bulk and tail."""
    found: dict[str, dict[str, Any]] = {}
    for name in SETS:
        own = runs_of(content, name, OURS, caches)
        bulk, tail = (best_peer(content, name, key, caches) for key in ("bulk_per_s", "tail_per_s"))
        if own and bulk[0]:
            found[name] = {
                "bulk": median(own, "bulk_per_s") / bulk[1],
                "tail": median(own, "tail_per_s") / tail[1],
                "best": bulk[0],
                "best_tail": tail[0],
                "passes": all(one["passes"] for one in own),
            }
    return found


def number(value: float) -> str:
    """Write three digits."""
    if not np.isfinite(value):
        return "—"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _cell(runs: list[Run], key: str, *, has_range: bool = False) -> str:
    values = [one[key] for one in runs if one.get(key) is not None]
    if has_range and len(values) > 1:
        return f"{number(float(np.median(values)))} ({number(min(values))} to {number(max(values))})"
    return number(median(runs, key))


def _agreement(found: list[dict[str, Any]]) -> str:
    """Write the largest z of all runs, and the share of z above 2: 4.6 % where all is chance."""
    if not found:
        return "—"
    share = np.mean([each["share_above_2"] for each in found])
    return f"{number(max(each['largest_z'] for each in found))} ({100 * share:.1f} %)"


def rows_of(content: dict[str, Any], name: str, caches: str) -> list[str]:
    """Write the rows of one set's table: one tool each."""
    rows = []
    for peer, told in PEERS.items():
        runs = runs_of(content, name, peer, caches)
        cut = [one for one in content["runs"] if one["set"] == name and one["peer"] == peer]
        cut = [one for one in cut if one["caches"] == caches and one["outcome"] != "finished"]
        if not runs:
            why = content["missing"].get(f"{name}, {peer}") or (cut[0]["outcome"] if cut else "")
            rows += [f"| {told.title} | {why} |" + " |" * 8] if why else []
            continue
        told_z = [one["agreement"] for one in runs if "agreement" in one]
        cells = [_cell(runs, key, has_range=True) for key in ("bulk_per_s", "tail_per_s")]
        cells += [_cell(runs, key) for key in ("wall_s", "import_s", "cpu_s", "ess_sd", "gradients_per_draw")]
        cells += [_cell(runs, "peak_mb"), _agreement(told_z)]
        is_good = all(one.get("passes", True) for one in runs)
        longest = max(one["draws"] for one in runs)
        title = told.title + (f", {longest:,} draws" if longest > DRAWS else "")
        title = title if is_good else f"({title})"
        rows.append("| " + " | ".join([title, *cells]) + " |")
    return rows


def floor_of_time(content: dict[str, Any], caches: str) -> list[str]:
    """Write whole processes beside that of lme4, a point estimate; nothing where there is no R."""
    rows = []
    for name in SETS:
        own, theirs = (median(runs_of(content, name, peer, caches), "process_s") for peer in (OURS, "lme4"))
        if np.isfinite(own) and np.isfinite(theirs):
            rows.append(f"| {name} | {number(own)} | {number(theirs)} | {number(own / theirs)} |")
    if not rows:
        return []
    head = ("set", "this package, s", "lme4, s", "ratio")
    return ["Whole processes beside the point estimate of lme4:", "", *_table(head, rows), ""]


COLUMNS = ("tool", "bulk ESS/s", "tail ESS/s", "wall s", "import s", "CPU s", "ESS of the sd",
           "gradients a draw", "peak MB", "largest z (above 2)")  # fmt: skip


def _table(head: Iterable[str], rows: list[str]) -> list[str]:
    names = list(head)
    return ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names), *rows]


def verdict(found: dict[str, dict[str, Any]]) -> str:
    """Say where this package wins, where it loses, and by how much."""
    if not found:
        return "Nothing has been measured yet."
    words = []
    for key in ("bulk", "tail"):
        large = [each[key] for name, each in found.items() if not SETS[name].is_tiny]
        mean = number(float(np.exp(np.mean(np.log(large))))) if large else "—"
        lost = [f"{name} ({number(each[key])})" for name, each in found.items() if each[key] < 1]
        lost_words = f"slower than the best exact peer on {', '.join(lost)}" if lost else "slower on no set"
        words.append(
            f"By {key} effective draws a second this package is {lost_words}; the geometric mean of the "
            f"ratios over the sets that are not tiny is {mean}."
        )
    failing = [name for name, each in found.items() if not each["passes"]]
    words += [f"Its own runs fail a gate on {', '.join(failing)}."] if failing else []
    return " ".join(words)


def page(content: dict[str, Any], picture: str) -> str:
    """Write the whole page."""
    lines = [HEAD]
    for caches in ("warm", "cold"):
        found = ratios(content, caches)
        if caches == "cold" and not found:
            continue
        lines += [f"## {caches.capitalize()} caches", "", verdict(found), ""]
        if caches == "warm" and found:
            told = "; ".join(f"{name} {number(each['bulk'])}" for name, each in found.items())
            lines += [
                f"![Times the best exact peer's bulk effective draws a second, by set: {told}.]({picture})",
                "",
            ]
        rows = [
            f"| {name} | {number(each['bulk'])} | {PEERS[each['best']].title} | {number(each['tail'])} | "
            f"{PEERS[each['best_tail']].title} |"
            for name, each in found.items()
        ]
        lines += [*_table(("set", "bulk ratio", "best peer", "tail ratio", "best peer, tail"), rows), ""]
        lines += floor_of_time(content, caches)
        for name in SETS:
            rows = rows_of(content, name, caches)
            if any(one["set"] == name and one["caches"] == caches for one in content["runs"]):
                lines += [f"### {name}", "", f"`{SETS[name].formula}`", "", *_table(COLUMNS, rows), ""]
    return "\n".join([*lines, *_foot(content), ""])


def _foot(content: dict[str, Any]) -> list[str]:
    told = content["machine"]
    versions: dict[str, str] = {}
    for one in content["runs"]:
        versions |= one.get("versions", {})
    dates = sorted({one["date"] for one in content["runs"]})
    seeds = sorted({one["seed"] for one in content["runs"]})
    listed = ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))
    return [
        "## Conditions",
        "",
        f"{told['cpu']}, {told['cores']} cores, {told['system']}, Python {told['python']}; "
        f"{' to '.join(dict.fromkeys(dates[:1] + dates[-1:]))}; seeds {', '.join(map(str, seeds))}.",
        f"{listed}. Warm: the same call was made before in another process, with another seed.",
        "Largest z: of means, sds, 5 % and 95 % quantiles of all numbers, the largest gap to the reference",
        "(the long run where there is one, else another tool) in combined Monte Carlo errors; in brackets",
        "how many of these gaps are above 2: 4.6 % by chance alone.",
    ]


def draw(found: dict[str, dict[str, Any]], file: Path) -> None:
    """Draw the ratios of all sets, told apart by shape and not by colour."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams |= {"svg.hashsalt": "speed", "svg.fonttype": "none", "font.size": 9}
    figure, axes = plt.subplots(figsize=(7, 1 + 0.3 * len(found)), layout="constrained")
    places = np.arange(len(found))[::-1]
    for key, marker, colour in (("bulk", "o", "black"), ("tail", "s", "white")):
        values = [each[key] for each in found.values()]
        axes.plot(values, places, marker, color=colour, markeredgecolor="black", label=key, markersize=6)
    axes.axvline(1, color="0.3", linewidth=1)
    values = [each[key] for each in found.values() for key in ("bulk", "tail")]
    low, high = min([0.5, *values]) / 1.3, max([2.0, *values]) * 1.3
    ticks = [tick for tick in TICKS if low <= tick <= high]
    axes.set(xscale="log", xlim=(low, high), ylim=(-0.6, len(found) - 0.4))
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_yticks(places, list(found))
    axes.set_xlabel(
        "times the best exact peer's effective draws a second (right of 1: this package is faster)"
    )
    axes.grid(axis="x", color="0.85")
    axes.set_axisbelow(True)
    axes.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Write page and picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULT)
    parser.add_argument("--folder", type=Path, default=DOCS)
    asked = parser.parse_args()
    content = json.loads(asked.results.read_text(encoding="utf-8"))
    found = ratios(content, "warm")
    if found:
        draw(found, asked.folder / "speed.svg")
    (asked.folder / "speed.md").write_text(page(content, "speed.svg"), encoding="utf-8")


if __name__ == "__main__":
    main()
