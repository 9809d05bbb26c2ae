"""Messages and values for random programs."""

import random
from datetime import timedelta
from typing import Any

from chatstore import ExtractedFilters, JsonObject, Message, YearRange
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.hostile import NUMBERS, TEXTS

_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "0", "\u00e9\U0001f600", [], {}, [1.0, {"b": None}], {"a": [[]]}),
    *(written for written, _ in NUMBERS.values()),
)
_CONTENTS = ("", "abc", "x" * 100, "y" * 300, *(text[:60] for text in TEXTS.values()))


class Material:
    """Makes what calls are given, from one source of chance."""

    def __init__(self, choice: random.Random) -> None:
        self._choice = choice

    def map(self, most: int = 3) -> JsonObject:
        """Preferences or metadata."""
        names = self._choice.sample(
            ("x", "y", "\u00e9 z", "a.b", "#:[0]"), self._choice.randint(0, most)
        )
        return {name: self._choice.choice(_VALUES) for name in names}

    def message(self, number: int) -> Message:
        """A message of one of forty ids. Each has one content, but for the few times when it is
        given another, which is refused while the first one is stored."""
        if self._choice.random() < 0.95:
            chance = random.Random(number)  # noqa: S311 - test data, not a secret
            return Material(chance)._any_message(number)
        return self._any_message(number)

    def _any_message(self, number: int) -> Message:
        fields: dict[str, Any] = {
            "message_id": f"m{number}",
            "type": self._choice.choice(("user_query", "trini_response", "tool")),
            "content": self._choice.choice(_CONTENTS),
            "timestamp": START + timedelta(microseconds=self._choice.choice((0, 1, 500_000))),
        }
        if self._choice.random() < 0.3:
            fields["extra"] = self._choice.choice(_VALUES)
        if self._choice.random() < 0.2:
            fields["confidence"] = self._choice.choice((0, 1, 0.5, 1 / 3))
            fields["recommendations"] = self._choice.choice(([], ["tt0317705", ""]))
        if self._choice.random() < 0.2:
            years = YearRange(min=self._choice.choice((None, 1999)), max=2004)
            fields["extracted_filters"] = ExtractedFilters(
                genres=["drama"], year_range=years, rating=self._choice.choice((None, 7, 7.5))
            )
        return Message(**fields)

    def batch(self, most: int = 6, least: int = 1) -> list[Message]:
        """Messages with distinct ids."""
        numbers = self._choice.sample(range(40), self._choice.randint(least, most))
        return [self.message(number) for number in numbers]
