"""A text in, what it spells out: a number in one of many writings, or that there is no value."""

from __future__ import annotations

import re
import unicodedata

#: Words for a value that is missing, whatever stands beside them in the column.
LIKE_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "missing", "."})
#: Further ones where all else in the column is numbers.
_STAND_INS = LIKE_MISSING | {
    *("-", "--", "---", "?", "??", "*", "..", "...", "#n/a", "#na", "#null!", "<na>", "<null>", "(null)"),
    *("nil", "nat", "n.a.", "n.a", "na.", "nd", "n.d.", "unknown", "unk", "not available", "no data"),
    *("not applicable", "not known", "not recorded"),
}
_PLAIN = r"\d[\d_]*(?:[.,]\d*)?|[.,]\d+|\d{1,3}(?:,\d{3})+(?:\.\d*)?"
#: Thousands set apart by spaces or apostrophes; by points, with a decimal comma; as in India.
_GROUPED = (
    r"[1-9]\d{0,2}(?P<mark>[ '])\d{3}(?:(?P=mark)\d{3})*(?:[.,]\d*)?"
    r"|[1-9]\d{0,2}(?:\.\d{3})+,\d*|[1-9]\d{0,2}(?:\.\d{3}){2,}|[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d*)?"
)
#: With a decimal point or comma, thousands set apart, an exponent, per cent.
_NUMBER = re.compile(rf"[+\u2212-]?(?:{_PLAIN})(?:[eE][+\u2212-]?\d+)?\s?%?")
_WRITTEN = re.compile(rf"[+-]?\s?(?:{_PLAIN}|{_GROUPED})(?:[eE][+-]?\d+)?\s?%?")
_FORTRAN = re.compile(rf"[+-]?(?:{_PLAIN})[dD][+-]?\d+")
_CODES = "EUR|USD|GBP|CHF|CAD|AUD|NZD|JPY|CNY|INR|SEK|NOK|DKK|PLN|US[$]"
_UNITS = (
    "mm|cm|dm|m|km|in|ft|yd|mi|MM|CM|KM|g|mg|ng|pg|mcg|[µμ]g|ug|kg|KG|Kg|MG|t|lbs?|oz|ml|mL|ML|dl|dL|cl|l|L"
    "|s|secs?|seconds?|ms|min|mins|minutes?|h|hrs?|hours?|d|days?|wks?|weeks?|mo|mos|months?|y|yrs?|years?"
    "|mmHg|cmH2O|bpm|k?cal|kJ|kW|kWh|kHz|MHz|GHz|Hz|[hk]Pa|Pa|psi|mbar|[mµμu]?mol|mM|[µμ]M|IU|mIU|ppm|ppb"
    "|mph|points?|pts?|pct|percent|units?|times|years old|y/o|[kMG]B"
)
_AFFIXED = re.compile(
    rf"(?P<sign>[+-]?)\s?(?P<before>[<>]=?|[≤≥≦≧~≈≃∼±]|{_CODES}|[$¢£¤¥\u20a0-\u20cf]|)\s?"
    r"(?P<number>[+-]?\s?[\d.,][\d.,_ ']*(?:[eE][+-]?\d+)?)"
    rf"(?P<after>[$¢£¤¥\u20a0-\u20cf]|{_CODES}|[°º˚]\s?[CFK]?|‰|(?:{_UNITS})[23²³]?(?:/(?:{_UNITS})[23²³]?)?|)\.?"
)
_BOUNDS = frozenset("<>≤≥≦≧~≈≃∼±")
#: Dashes are minuses, spaces of any width spaces; Arabic and wide marks of decimals and thousands are ours.
_TRANSLATED = str.maketrans(
    dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u200a\u202f", " ")
    | dict.fromkeys("\u2018\u2019\u02bc`\u00b4", "'")
    | {"\u066b": ".", "\u066c": ",", "\uff0c": ",", "\uff0e": "."}
)
_UNSEEN = frozenset({"Cc", "Cf"})
_QUOTES = "\"'\u201c\u201d\u201e\u00ab\u00bb"


def is_plain_number(text: str) -> bool:
    """Tell whether a text is a number as most programs write it."""
    return _NUMBER.fullmatch(text.strip()) is not None


def is_number(text: str) -> bool:
    """Tell whether a text is a number in any writing, with quotes and what is not seen about it."""
    return is_plain_number(text) or _WRITTEN.fullmatch(_bare(text)) is not None


def affix(text: str) -> str:
    """Return what stands about the number that a text holds: a unit, a currency, a bound; empty if nothing.

    Letters in front of a number, and after it those that are no unit, make a label: ``week3``, ``1010 AB``.

    Examples
    --------
    >>> affix("34 kg"), affix("$1,034"), affix("<= 34"), affix("(34)"), affix("34D3"), affix("T1")
    ('kg', '$', '<', '()', 'D', '')
    """
    bare = _bare(text)
    if _FORTRAN.fullmatch(bare):
        return "D"
    in_brackets = bare.startswith("(") and bare.endswith(")")
    inner = bare[1:-1].strip() if in_brackets else bare
    match = _AFFIXED.fullmatch(inner)
    if match is None or not _WRITTEN.fullmatch(match["number"].strip()):
        return ""
    before = "<" if match["before"][:1] in _BOUNDS else match["before"]
    return f"{before}{match['after'].replace(' ', '')}" or ("()" if in_brackets else "")


def is_stand_in(text: str) -> bool:
    """Tell whether a text that stands among numbers is a word for a value that is missing."""
    return _bare(text).lower() in _STAND_INS or text.strip().lower() in _STAND_INS


def _bare(text: str) -> str:
    """Return a text without what is not seen and quotes about it, its marks written in one way."""
    seen = text if text.isprintable() else "".join(c for c in text if unicodedata.category(c) not in _UNSEEN)
    return seen.translate(_TRANSLATED).strip().removeprefix("=").strip(_QUOTES).strip()
