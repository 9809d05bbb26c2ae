"""What the steps of one program are about: its clients, sessions and users, and what is stored."""

import random
from collections.abc import Mapping
from typing import Any

from chatstore import JsonObject, ManualClock, Message
from chatstore.record.stored import document_weights
from chatstore.record.window import shown_count, window_policy
from chatstore_contract_tests.parity.material import NAMES, NUMBERED, POLICIES, Material
from chatstore_contract_tests.parity.steps import Step

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
        kept = _kept(self.documents, session_id)
        return kept[len(kept) - _window(self.documents, session_id) :]

    def appended(self, session_id: str) -> list[Message]:
        """Messages to append."""
        newest = _window(self.documents, session_id)
        return self._batch(session_id, newest, most=6, least=1)

    def given(self, session_id: str, client: int) -> list[Message]:
        """Messages to put in the place of what the client is shown."""
        newest = _shown(self.documents, session_id, client)
        return self._batch(session_id, newest, most=8, least=0)

    def _batch(self, session_id: str, newest: int, *, most: int, least: int) -> list[Message]:
        """Messages of which no id is one of a history, but for its `newest` messages'."""
        if not self.keeps_history(session_id):
            return self.material.batch(NUMBERED, most=most, least=least)
        kept = _kept(self.documents, session_id)
        known = {*kept[len(kept) - newest :]} - {*kept[: len(kept) - newest]}
        numbers = [number for number in _MANY if f"m{number}" in known]
        fresh = [number for number in _MANY if f"m{number}" not in kept]
        # As many of both, so that both are met.
        some = self.chance.sample(fresh, min(len(numbers) + 3, len(fresh)))
        return self.material.batch([*numbers, *some], most=most, least=least)


def is_outside(step: Step, documents: Mapping[str, JsonObject]) -> bool:
    """Whether backends may answer a step as they like: it gives an id of a history again that is
    older than what the call is held against, which may be a retry or a new message."""
    match step.arguments, step.options:
        case (int(client), "rewrite", str(session_id), given), options if not options.get("whole"):
            messages, newest = given, _shown(documents, session_id, client)
        case (int(), "append" | "append_and_get", str(session_id), *given), _:
            messages, newest = given, _window(documents, session_id)
        case _:
            return False
    if "history" not in documents.get(session_id, {}):
        return False
    kept = _kept(documents, session_id)
    older = {*kept[: len(kept) - newest]}
    return any(message.message_id in older for message in messages)


def _kept(documents: Mapping[str, JsonObject], session_id: str) -> list[str]:
    """The ids of all messages that are kept, oldest first."""
    kept: list[JsonObject] = documents.get(session_id, {}).get("messages", [])
    return [message["messageId"] for message in kept]


def _window(documents: Mapping[str, JsonObject], session_id: str) -> int:
    """How many messages are in the session's window."""
    stored = documents.get(session_id, {})
    kept: list[JsonObject] = stored.get("messages", [])
    if "history" not in stored:
        return len(kept)
    return window_policy(stored["history"]).window(len(kept), lambda: document_weights(kept))


def _shown(documents: Mapping[str, JsonObject], session_id: str, client: int) -> int:
    """How many messages a client is shown."""
    stored = documents.get(session_id, {})
    kept: list[JsonObject] = stored.get("messages", [])
    return shown_count(
        POLICIES[client], stored.get("history"), len(kept), lambda: document_weights(kept)
    )
