"""Named choices: a wrong name is answered with a suggestion and the list of choices."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from glmm_bayes.core.errors import Finding, GlmmError, shown_value
from glmm_bayes.core.trial import Trial

#: What users may call an entry of theirs, and what files name.
NAME = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)
#: What YAML reads as something else than a text.
_NO_TEXTS = frozenset(["true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf", "y", "n"])
#: Shorter words begin too much, or are one slip from too many.
_SHORTEST = 4
#: Words of this length may have two slips.
_LONG = 7


def suggestion(name: object, choices: Iterable[str], cutoff: float = 0.6) -> str:
    """Return ``Did you mean 'x'?`` for the nearest choice, or an empty string; what is no text is near none.

    For names of the user's own, as columns are: any that looks alike. Case is ignored in the comparison,
    since the commonest slip is a capital letter.
    """
    if not isinstance(name, str):
        return ""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=cutoff)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""


def misspelt(name: object, choices: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for a choice that was misspelt, or an empty string.

    For terms of the field, where another word is another quantity: word by word no more than a letter wrong,
    missing, doubled or exchanged (in long words one more is wrong), or a last word cut short. Where two
    choices are as near, none is meant.
    """
    if not isinstance(name, str) or not name.strip():
        return ""
    known = list(choices)
    slips = {
        choice: _slips(_plain(name), _plain(choice)) for choice in known if _is_misspelt(name.strip(), choice)
    }
    near = [choice for choice, count in slips.items() if count == min(slips.values())]
    if not near:
        near = [choice for choice in known if _is_begun(name.strip(), choice)]
    return f"Did you mean '{near[0]}'?" if len({_plain(choice) for choice in near}) == 1 else ""


def _is_begun(name: str, choice: str) -> bool:
    """Tell whether a name is a choice whose last word is cut short."""
    same_words = len(re.split(r"[ _.-]+", name)) == len(re.split(r"[ _.-]+", choice))
    return same_words and len(_plain(name)) >= _SHORTEST and _plain(choice).startswith(_plain(name))


def _is_misspelt(name: str, choice: str) -> bool:
    if _plain(name) == _plain(choice):
        return True
    tokens, others = (re.split(r"[ _.-]+", text.lower()) for text in (name, choice))
    if len(tokens) != len(others):
        return False
    return all(map(_is_slip, tokens, others))


def _is_slip(word: str, other: str) -> bool:
    """Tell whether one word is the other with a slip; the first letter is right, or exchanged."""
    if len(other) < _SHORTEST:
        is_exchanged = sorted(word) == sorted(other) and _slips(word, other) == 1
        once = re.sub(r"(.)\1", r"\1", word) if len(other) > 2 else word
        return other in (word, once) or is_exchanged
    starts = {other[:1], other[1:2] if word[1:2] == other[:1] else other[:1]}
    # Two letters more or fewer make another word: logitnormal, exgaussian.
    is_near = abs(len(word) - len(other)) <= 1
    return is_near and word[:1] in starts and _slips(word, other) <= (1 if len(other) < _LONG else 2)


def _slips(word: str, other: str) -> int:
    """Count letters that are wrong, missing, too many or exchanged with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(word, start=1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and word[i - 2] == wanted:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]


def _plain(name: str) -> str:
    return name.lower().translate({ord(mark): None for mark in " -_"})


class Registry[T]:
    """Named strategies of one kind: the listed ones, and those that users register.

    Parameters
    ----------
    noun : str
        What the entries are, in one word ("family", "link").
    entries : dict
        Name to strategy, in the order in which choices are listed.
    error : type of GlmmError
        What a wrong name raises, and what cannot be registered.
    translation : callable, optional
        Takes a wrong name to a sentence, empty if no other package has the name.
    aliases : mapping, optional
        Other names of entries; in them, case, blanks, hyphens and underscores are one.
    code : str, optional
        That of errors of registration; default: ``custom_`` and the noun.
    reserved : mapping, optional
        Further names that mean an entry elsewhere (in formulas), and which.
    """

    def __init__(
        self,
        noun: str,
        entries: dict[str, T],
        error: type[GlmmError],
        translation: Callable[[str], str] | None = None,
        aliases: Mapping[str, str] | None = None,
        code: str = "",
        reserved: Mapping[str, str] | None = None,
    ) -> None:
        self.noun = noun
        self._entries = dict(entries)
        self._added: tuple[str, ...] = ()
        self._error = error
        self._code = code or f"custom_{noun}"
        self._translation = translation
        self._further = tuple(aliases or ())
        # Where there are aliases, entries too may be written in another way.
        names = {name: name for name in entries} | dict(aliases) if aliases else {}
        self._aliases = {_plain(alias): name for alias, name in names.items()}
        self._reserved = dict(reserved or {})

    def __getitem__(self, name: str) -> T:
        if isinstance(name, str) and name not in self._entries:
            name = self._aliases.get(_plain(name), name)
        if not isinstance(name, str) or name not in self._entries:
            choices = ", ".join(self._entries)
            translated = self._translation(name) if self._translation and isinstance(name, str) else ""
            near = translated or misspelt(name, [*self._entries, *self._further])
            hint = " ".join(filter(None, (near, f"Choices: {choices}.")))
            message = f"no {self.noun} {shown_value(name)}."
            raise self._error(Finding(f"unknown_{self.noun}", message, hint=hint))
        return self._entries[name]

    def register(self, entry: T, is_same: Callable[[T, T], bool] | None = None) -> None:
        """Add a strategy of a user's by its ``name``, or put it in the place of the same one run before.

        Parameters
        ----------
        entry : object
            A class, or one that is made.
        is_same : callable, optional
            Tells whether the strategy of that name is this one; default: by module and name of its class.

        Raises
        ------
        GlmmError
            If the name is no name, or means a listed strategy, or another one that was registered.
        """
        name = self.free_name(entry, is_same)
        self._entries[name] = entry
        self._added = (*(other for other in self._added if other != name), name)
        if self._aliases:
            self._aliases[_plain(name)] = name

    def free_name(self, entry: T, is_same: Callable[[T, T], bool] | None = None) -> str:
        """Return the name of a strategy that may be registered; refuse any other."""
        name = getattr(entry, "name", None)
        if not isinstance(name, str) or not NAME.match(name) or name in _NO_TEXTS:
            message = f"a {self.noun}'s name is small letters, digits and underscores, found "
            raise self.refusal(f"{message}{shown_value(name)}.", f'Example: name = "my_{self.noun}".')
        meant = self._aliases.get(_plain(name), self._reserved.get(name, name))
        other_name = f'Give it another name: "my_{name}".'
        if name in self._entries and name not in self._added:
            raise self.refusal(f"'{name}' is a listed {self.noun}.", other_name)
        if meant != name and meant in self._entries:
            raise self.refusal(f"'{name}' is another name of the {self.noun} '{meant}'.", other_name)
        if name in self._entries and not (is_same or is_same_class)(self._entries[name], entry):
            message = f"another {self.noun} is registered as '{name}': models that call it would change."
            raise self.refusal(message, "Give this one another name.")
        return name

    def trial(self, entry: T) -> Trial:
        """Return the trial of a strategy whose name is free."""
        return Trial(entry, self._error, self._code)

    def refusal(self, sentence: str, hint: str = "") -> GlmmError:
        """Return the error of what cannot be registered."""
        return self._error(Finding(self._code, sentence, hint=hint))

    @property
    def added(self) -> tuple[str, ...]:
        """Names of the strategies that were added."""
        return tuple(name for name in self._added if name in self._entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)


def is_same_class(known: object, entry: object) -> bool:
    """Tell whether two classes, or the classes of two objects, are one text, run again as in a notebook."""
    first, second = (one if isinstance(one, type) else type(one) for one in (known, entry))
    return (first.__module__, first.__qualname__) == (second.__module__, second.__qualname__)
