"""The words for estimands, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Meaning:
    """What an estimand means: what it is called, and what is done with the random effects."""

    name: str
    effects: str

    def __str__(self) -> str:
        return f"{self.name} ({self.effects})"


MEANINGS: Mapping[str, Meaning] = {
    "population": Meaning("population-averaged", "random effects integrated over their distribution"),
    "typical": Meaning("typical group", "random effects at zero"),
    "subject": Meaning("subject-specific", "each known group with its own random effects"),
    "new_subject": Meaning(
        "one new group", "not yet seen, the same in all rows; random effects drawn from their distribution"
    ),
    "sample": Meaning(
        "average over the groups in the data", "each with its own random effects, equally weighted"
    ),
}
#: What each estimand means, in words that stand on every table and figure.
ESTIMANDS: dict[str, str] = {word: str(meaning) for word, meaning in MEANINGS.items()}

#: What is done with the random effects of new groups where each label in the rows is one.
NEW_PER_LABEL = (
    "one for each label in the rows, also for one that the data had; "
    "random effects drawn from their distribution"
)
