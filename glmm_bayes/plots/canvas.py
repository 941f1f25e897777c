"""What all pictures share: a figure that carries its own description, colours, literal labels, numbers."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from io import BytesIO
from math import floor, isfinite, log10
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from glmm_bayes.core.escapes import visible
from glmm_bayes.core.maths import Array

_LABEL_LENGTH = 40
_CHARACTERS = 108
_MINUS = "−"


@dataclass(frozen=True)
class Stroke:
    """How one series is drawn: line style and marker repeat what the colour says."""

    color: str
    line: str | tuple[int, tuple[int, ...]]
    marker: str


#: Okabe and Ito (2008), the colours that are dark enough on white; told apart in grey by line and marker.
STROKES: tuple[Stroke, ...] = (
    Stroke("#0072B2", "-", "o"),
    Stroke("#D55E00", "--", "s"),
    Stroke("#009E73", "-.", "^"),
    Stroke("#000000", ":", "D"),
    Stroke("#CC79A7", (0, (5, 1, 1, 1, 1, 1)), "v"),
    Stroke("#56B4E9", (0, (8, 2)), "P"),
)
POPULATION, TYPICAL = STROKES[0], STROKES[1]
GREY, DARK = "#8a8a8a", "#404040"

_STYLE: Any = {
    # From the defaults up, so that a user's style sheet changes neither reading nor bytes.
    **{key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")},
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": DARK,
    "axes.grid": False,
    "axes.unicode_minus": True,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "legend.frameon": False,
    "text.usetex": False,
    "text.parse_math": True,
    "lines.linewidth": 1.6,
    "svg.fonttype": "path",
    # Element ids made from content, not from chance: the same figure is the same file.
    "svg.hashsalt": "glmm_bayes",
}


class Picture(Figure):
    """A figure of matplotlib that says in words what it shows.

    Attributes
    ----------
    alt : str
        What is shown, range, main reading, estimand and interval: made from the data.
    verdict : str
        The reading in one sentence; empty where the picture has none.
    estimands : tuple of str
        The words of the estimands that are drawn, where a picture may leave some out.
    """

    verdict: str = ""
    estimands: tuple[str, ...] = ()
    _alt: str = ""

    @property
    def alt(self) -> str:
        """What is shown, in words; as in the attributes."""
        return self._alt

    @alt.setter
    def alt(self, text: str) -> None:
        self._alt = visible(text)

    def to_svg(self) -> str:
        """Return the picture as SVG with the description in its metadata; the same bytes each time."""
        with style():
            buffer = BytesIO()
            self.savefig(buffer, format="svg", metadata={"Date": None, "Description": self.alt})
        return buffer.getvalue().decode("utf-8")

    def to_data_uri(self) -> str:
        """Return the picture as an address that holds it whole, for ``<img src=...>``."""
        return "data:image/svg+xml;base64," + b64encode(self.to_svg().encode("utf-8")).decode("ascii")

    def _repr_html_(self) -> str:
        return f'<img src="{self.to_data_uri()}" alt="{escape(self.alt)}">'


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style; the user's settings come back at the end."""
    with mpl.rc_context(_STYLE):
        yield


def new_picture(width: float, height: float) -> Picture:
    """Open an empty picture, in inches."""
    return Picture(figsize=(width, height), layout="constrained")


def literal(text: object, length: int = _LABEL_LENGTH) -> str:
    """Return a label that matplotlib shows as it was written: no mathematics, one line, not endless."""
    plain = " ".join(visible(str(text)).split()) or "(empty)"
    short = plain if len(plain) <= length else f"{plain[: length - 1].rstrip()}…"
    return short.replace("$", r"\$")


def head(picture: Figure, text: str) -> None:
    """Write what is estimated above the axes."""
    picture.suptitle(_wrapped(text), fontsize=8.5, color=DARK, x=0.01, ha="left")


def note(picture: Figure, text: str) -> None:
    """Write a caption below the axes."""
    picture.supxlabel(_wrapped(text), fontsize=8, color=DARK, x=0.01, ha="left")


def describe(picture: Picture, alt: str, caveats: Sequence[str]) -> None:
    """Give a picture its description; what is to know of the draws stands in it and above the axes."""
    picture.alt = " ".join([alt, *(f"{sentence}." for sentence in caveats)])
    if caveats:
        with style():
            above = "\n".join([picture.get_suptitle(), *map(_wrapped, caveats)])
            picture.suptitle(above, fontsize=8.5, color=DARK, x=0.01, ha="left")


def _wrapped(text: str) -> str:
    return fill(literal(text, 1000), _CHARACTERS, break_on_hyphens=False)


def band(axes: Axes, x: Array, lower: Array, upper: Array, stroke: Stroke) -> None:
    """Fill an interval along a curve; its edges carry the curve's line style, to be told apart in grey."""
    axes.fill_between(x, lower, upper, color=stroke.color, alpha=0.15, linewidth=0)
    for edge in (lower, upper):
        axes.plot(x, edge, color=stroke.color, linestyle=stroke.line, linewidth=0.6, alpha=0.8)


def legend(axes: Axes, handles: list[Any], labels: list[str], **options: Any) -> None:
    """Add a legend; labels go in explicitly, since those that start with ``_`` are dropped otherwise."""
    axes.legend(handles, [literal(label) for label in labels], fontsize=8, **options)


def decimals(spread: float, most: int = 6) -> int:
    """Return the number of decimals that shows two digits of a spread: more would be noise."""
    if not isfinite(spread) or spread <= 0:
        return 3
    return min(most, max(0, 1 - floor(log10(spread))))


def number(value: float, places: int) -> str:
    """Write a number with a real minus sign; words for what is no finite number."""
    if not isfinite(value):
        return "" if value != value else (f"{_MINUS}∞" if value < 0 else "∞")
    text = f"{value:,.{places}f}"
    # A value that rounds to zero has no sign.
    if text.startswith("-") and any(digit in text for digit in "123456789"):
        return _MINUS + text[1:]
    return text.removeprefix("-")


def compact(value: float) -> str:
    """Write a number of the data in brief: three digits, a real minus sign."""
    return f"{value:.3g}".replace("-", _MINUS)


def estimate(mean: float, lower: float, upper: float, spread: float) -> str:
    """Write ``mean (lower to upper)`` with the digits that the spread allows."""
    places = decimals(spread)
    return f"{number(mean, places)} ({number(lower, places)} to {number(upper, places)})"
