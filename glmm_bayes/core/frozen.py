"""Entries in, a mapping that nobody changes out: unlike ``MappingProxyType`` it can be pickled and copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class FrozenMapping[K, V](Mapping[K, V]):
    """A mapping that keeps its entries."""

    __slots__ = ("_entries",)

    def __init__(self, entries: Mapping[K, V]) -> None:
        self._entries = dict(entries)

    def __getitem__(self, key: K) -> V:
        return self._entries[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __hash__(self) -> int:
        return hash(frozenset(self._entries.items()))

    def __repr__(self) -> str:
        return repr(self._entries)
