"""What random programs are made of: policies, names, messages and values."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from chatstore import ExtractedFilters, JsonObject, Message, RetentionPolicy, YearRange
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.hostile import IDS, NUMBERS, TEXTS

# Clients that share sessions have one max_message_bytes; in all else they differ.
POLICIES = (
    RetentionPolicy(max_messages=3, ttl=timedelta(minutes=1), max_message_bytes=500),
    RetentionPolicy(max_messages=None, max_message_bytes=500, max_window_bytes=1_100),
    RetentionPolicy(max_messages=12, ttl=None, max_message_bytes=500),
    RetentionPolicy(
        max_messages=5,
        ttl=timedelta(minutes=1),
        renew_on_write=False,
        max_message_bytes=500,
        max_window_bytes=900,
    ),
    RetentionPolicy(
        max_messages=4, ttl=timedelta(minutes=1), max_message_bytes=500, keep_history=True
    ),
    RetentionPolicy(
        max_messages=2, ttl=None, max_message_bytes=500, max_window_bytes=700, keep_history=True
    ),
)

# A program makes ids its own by adding to them; the longest have no room for that.
NAMES = ("a", "b", "{c}:|", "é\n", *(each for each in IDS.values() if len(each.encode()) < 900))
NUMBERED = range(40)
"""The numbers that messages usually have: so few that ids are met again."""
MOVES = (0.000001, 0.5, 1, 1, 10, 30, 59, 60, 7200, -1, -30, -3600)
"""Seconds by which a client's clock is moved."""
STATUSES = ("active", "closed", "\u00e9")

_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "0", "\u00e9\U0001f600", [], {}, [1.0, {"b": None}], {"a": [[]]}),
    *(written for written, _ in NUMBERS.values()),
)
_PARTS: tuple[Any, ...] = ([], [{"type": "text", "text": "é"}, {"n": [7.0, None]}])
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
            return Material(chance).any_message(number)
        return self.any_message(number)

    def any_message(self, number: int) -> Message:
        """A message with this number's id and any content."""
        fields: dict[str, Any] = {
            "message_id": f"m{number}",
            "type": self._choice.choice(("user_query", "trini_response", "tool")),
            "content": self._choice.choice((*_CONTENTS, None, *_PARTS)),
            "timestamp": START + timedelta(microseconds=self._choice.choice((0, 1, 500_000))),
        }
        if self._choice.random() < 0.3:
            fields["extra"] = self._choice.choice(_VALUES)
        if self._choice.random() < 0.2:
            fields["tool_calls"] = self._choice.choice(
                ([], [{"name": "é", "arguments": {"n": 7.0}}])
            )
            fields["name"] = self._choice.choice(("", "bot"))
        if self._choice.random() < 0.2:
            fields["metadata"] = self.map()
            fields["tool_call_id"] = self._choice.choice(("", "call 1"))
        if self._choice.random() < 0.2:
            fields["confidence"] = self._choice.choice((0, 1, 0.5, 1 / 3))
            fields["recommendations"] = self._choice.choice(([], ["tt0317705", ""]))
        if self._choice.random() < 0.2:
            years = YearRange(min=self._choice.choice((None, 1999)), max=2004)
            fields["extracted_filters"] = ExtractedFilters(
                genres=["drama"], year_range=years, rating=self._choice.choice((None, 7, 7.5))
            )
        return Message(**fields)

    def foreign(self, session_id: str, user_id: str) -> JsonObject:
        """A record of another service, which leaves out what it likes."""
        document: JsonObject = {
            "sessionId": session_id,
            "userId": user_id,
            "createdAt": f"2026-03-01T12:00:0{self._choice.randint(0, 9)}.000001Z",
        }
        optional: JsonObject = {
            "ttl": int(START.timestamp()) + self._choice.choice((-1, 0, 1, 60, 7200)),
            "userPreferences": {"x": 1},
            "metadata": {},
            "messages": [
                {"messageId": f"m{number}", "type": "user_query", "content": "", "timestamp": text}
                for number, text in enumerate(("2026-03-01T12:00:00Z", "2026-03-01T13:00:00+01:00"))
            ],
            "sessionStatus": "closed",
            "campaign": {"name": "spring", "nothing": None},
        }
        for name, value in optional.items():
            if self._choice.random() < 0.5:
                document[name] = value
        if "messages" in document and self._choice.random() < 0.7:
            document["messageCount"] = self._choice.choice((2, 7))
        return document

    def batch(
        self, numbers: Sequence[int] = NUMBERED, *, most: int = 6, least: int = 1
    ) -> list[Message]:
        """Messages with distinct ids, which are some of these numbers'."""
        length = min(self._choice.randint(least, most), len(numbers))
        numbers = self._choice.sample(numbers, length)
        return [self.message(number) for number in numbers]
