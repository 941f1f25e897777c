"""Named choices: a wrong name is answered with a suggestion and the list of choices."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping

from glmm_bayes.core.errors import Finding, GlmmError, shown_value


def suggestion(name: object, choices: Iterable[str]) -> str:
    """Return ``Did you mean 'x'?`` for the nearest choice, or an empty string; what is no text is near none.

    Case is ignored in the comparison, since the commonest slip is a capital letter.
    """
    if not isinstance(name, str):
        return ""
    by_lower = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(name.lower(), list(by_lower), n=1, cutoff=0.6)
    return f"Did you mean '{by_lower[near[0]]}'?" if near else ""


def _plain(name: str) -> str:
    return name.lower().translate({ord(mark): None for mark in " -_"})


class Registry[T]:
    """Named strategies of one kind.

    Parameters
    ----------
    kind : str
        What the entries are, in one word ("family", "link").
    entries : dict
        Name to strategy, in the order in which choices are listed.
    error : type of GlmmError
        What a wrong name raises.
    translation : callable, optional
        Takes a wrong name to a sentence, empty if no other package has the name.
    aliases : mapping, optional
        Other names of entries; in them, case, blanks, hyphens and underscores are one.
    """

    def __init__(
        self,
        kind: str,
        entries: dict[str, T],
        error: type[GlmmError],
        translation: Callable[[str], str] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = kind
        self._entries = dict(entries)
        self._error = error
        self._translation = translation
        self._further = tuple(aliases or ())
        # Where there are aliases, entries too may be written in another way.
        names = {name: name for name in entries} | dict(aliases) if aliases else {}
        self._aliases = {_plain(alias): name for alias, name in names.items()}

    def __getitem__(self, name: str) -> T:
        if isinstance(name, str) and name not in self._entries:
            name = self._aliases.get(_plain(name), name)
        if not isinstance(name, str) or name not in self._entries:
            choices = ", ".join(self._entries)
            translated = self._translation(name) if self._translation and isinstance(name, str) else ""
            near = translated or suggestion(name, [*self._entries, *self._further])
            hint = " ".join(filter(None, (near, f"Choices: {choices}.")))
            message = f"no {self.kind} {shown_value(name)}."
            raise self._error(Finding(f"unknown_{self.kind}", message, hint=hint))
        return self._entries[name]

    def add(self, name: str, entry: T) -> None:
        """Add a strategy of a user's; whether the name is free, the caller has seen."""
        self._entries[name] = entry

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)
