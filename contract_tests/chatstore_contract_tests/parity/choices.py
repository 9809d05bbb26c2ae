"""What the steps of one program are about: its clients, sessions and users, and what is stored."""

import random
from collections.abc import Mapping
from typing import Any

from chatstore import JsonObject, ManualClock, Message
from chatstore.record.stored import document_weights
from chatstore.record.window import shown_count, window_policy
from chatstore_contract_tests.parity.material import NAMES, NUMBERED, POLICIES, Material

_MANY = range(160)


class Choices:
    """Chooses what a step is about, by one source of chance.

    `documents` and `clocks` are the reference's: what is stored now, and what the clients' clocks
    say. `label` ends every id, so that programs on one storage keep apart. Only the first
    `clients` of the policies' clients are used.
    """

    def __init__(
        self,
        chance: random.Random,
        label: str,
        documents: Mapping[str, JsonObject],
        clocks: list[ManualClock],
        *,
        clients: int,
    ) -> None:
        self.chance = chance
        self.material = Material(chance)
        self.documents = documents
        self.clocks = clocks
        self.clients = clients
        self._label = label
        # So few that most calls find what earlier ones left.
        self.sessions = [self.id(name) for name in chance.sample(NAMES, 4)]
        self.users = [self.id(name) for name in chance.sample(NAMES, 2)]
        self.foreign: list[str] = []

    def id(self, name: str) -> str:
        """An id of this program's own."""
        return f"{name} {self._label}"

    def happens(self, probability: float) -> bool:
        """Whether something happens that does so often."""
        return self.chance.random() < probability

    def client(self) -> int:
        """One of the clients."""
        return self.chance.randrange(self.clients)

    def own_session(self) -> str:
        """An id that `create` may be given."""
        return self.chance.choice(self.sessions)

    def session(self) -> str:
        """An id that may be a session's."""
        return self.chance.choice([*self.sessions, *self.foreign[-3:]])

    def user(self) -> str:
        """One of the users."""
        return self.chance.choice(self.users)

    def owner(self) -> dict[str, Any]:
        """The check of the owner, or none."""
        return {} if self.happens(0.5) else {"user_id": self.user()}

    def condition(self, session_id: str) -> dict[str, Any]:
        """A condition on the version, or none."""
        return {} if self.happens(0.6) else {"if_version": self.version(session_id)}

    def version(self, session_id: str) -> int:
        """The session's version, or nearly."""
        stored: int = self.documents.get(session_id, {}).get("version", 0)
        return max(0, stored + self.chance.choice((0, 0, 0, 1, -1)))

    def keeps_history(self, session_id: str) -> bool:
        """Whether the session, if there is one, has a history."""
        return "history" in self.documents.get(session_id, {})

    def window(self, session_id: str) -> list[str]:
        """The ids of the messages in a session's window."""
        stored = self.documents.get(session_id, {})
        kept: list[JsonObject] = stored.get("messages", [])
        count = len(kept)
        if "history" in stored:
            policy = window_policy(stored["history"])
            count = policy.window(count, lambda: document_weights(kept))
        return [message["messageId"] for message in kept[len(kept) - count :]]

    def appended(self, session_id: str) -> list[Message]:
        """Messages to append. An older id of a history that is met may be a retry or a new
        message: each backend as it likes, and so there are none."""
        return self._batch(session_id, len(self.window(session_id)), most=6, least=1)

    def given(self, session_id: str, client: int) -> list[Message]:
        """Messages to put in the place of what the client is shown. An id that stays before them in
        a history is not given again."""
        stored = self.documents.get(session_id, {})
        kept: list[JsonObject] = stored.get("messages", [])
        shown = shown_count(
            POLICIES[client], stored.get("history"), len(kept), lambda: document_weights(kept)
        )
        return self._batch(session_id, shown, most=8, least=0)

    def _batch(self, session_id: str, newest: int, *, most: int, least: int) -> list[Message]:
        """Messages of which no id is one of a history, but for its `newest` messages'."""
        if not self.keeps_history(session_id):
            return self.material.batch(NUMBERED, most=most, least=least)
        kept = [message["messageId"] for message in self.documents[session_id]["messages"]]
        older = {*kept[: len(kept) - newest]}
        known = [number for number in _MANY if f"m{number}" in {*kept} - older]
        fresh = [number for number in _MANY if f"m{number}" not in kept]
        # As many of both, so that both are met.
        some = self.chance.sample(fresh, min(len(known) + 3, len(fresh)))
        return self.material.batch([*known, *some], most=most, least=least)
