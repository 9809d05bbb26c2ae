"""Writes a random program, a step at a time: what is worth calling depends on what is stored."""

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from chatstore import JsonObject, ManualClock, Message, Session
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.parity import conversing
from chatstore_contract_tests.parity.choices import Choices, is_outside
from chatstore_contract_tests.parity.material import MOVES, POLICIES, STATUSES
from chatstore_contract_tests.parity.steps import Step

_BAD: tuple[JsonObject, ...] = ({"x": 10**38}, {"x": "a\0b"}, {"": 1}, {"x": "x" * 32_768})


class Writer:
    """Chooses the steps of one program; see `Choices` for what it is given."""

    def __init__(
        self,
        chance: random.Random,
        label: str,
        documents: Mapping[str, JsonObject],
        clocks: list[ManualClock],
        *,
        clients: int = len(POLICIES),
    ) -> None:
        self._choices = Choices(chance, label, documents, clocks, clients=clients)
        self._chance = chance
        self._cursors: list[str] = []
        self._backups: list[tuple[Session, Sequence[Message]]] = []
        self._pending: list[Step] = []
        self._no_earlier = START - timedelta(days=1)
        self._kinds: dict[Callable[[], Step], int] = {
            self._converse: 62,
            self._create: 12,
            self._list: 12,
            self._update: 10,
            self._move: 6,
            self._delete: 4,
            self._get_many: 4,
            self._get_or_create: 3,
            self._restore: 4,
            self._scan: 2,
            self._raw_write: 2,
            self._corrupt: 1,
            self._purge: 1,
            self._delete_user: 1,
            self._odd: 4,
        }

    def next(self) -> Step:
        """The next step."""
        while self._pending:
            step = self._pending.pop(0)
            # What was sent before may have left the window by what was sent with it.
            if not is_outside(step, self._choices.documents):
                return step
        (kind,) = self._chance.choices(list(self._kinds), list(self._kinds.values()))
        return kind()

    def closing(self) -> list[Step]:
        """The steps that end a program: look at all there is, then clear it away."""
        choices = self._choices
        names = [*choices.sessions, *choices.foreign]
        clients = range(choices.clients)
        steps = [Step("call", (client, "get", name)) for client in clients for name in names]
        steps += [Step("list_messages", (0, name, None), {"limit": 1_000}) for name in names]
        steps += [Step("scan", (client, 3)) for client in clients]
        for user in self.users:
            steps.append(Step("call", (0, "list_sessions", user)))
            steps.append(Step("call", (0, "delete_user", user)))
        return steps

    def learn(self, step: Step, result: object) -> None:
        """Remember what later steps may use."""
        match result:
            case ([*_], str(cursor)) if step.arguments[1:2] == ("list_sessions",):
                self._cursors.append(cursor)

    def keep(self, session: Session, history: Sequence[Message]) -> None:
        """Remember a session as a backup that may be restored."""
        self._backups.append((session, history))

    @property
    def users(self) -> list[str]:
        """Every user of the program."""
        return self._choices.users

    def _converse(self) -> Step:
        """What is done to messages, or a look at them."""
        kinds = {
            conversing.append: 26,
            conversing.get: 13,
            conversing.list_messages: 9,
            conversing.rewrite: 8,
            conversing.amend: 6,
        }
        (kind,) = self._chance.choices(list(kinds), list(kinds.values()))
        first, *more = kind(self._choices)
        self._pending += more
        return first

    def _create(self) -> Step:
        choices = self._choices
        options: dict[str, Any] = {"session_id": choices.own_session()}
        options["messages"] = choices.material.batch(least=0)
        if choices.happens(0.5):
            options["metadata"] = choices.material.map()
            options["user_preferences"] = choices.material.map()
        if choices.happens(0.3):
            options["session_status"] = self._chance.choice(STATUSES)
        return Step("call", (choices.client(), "create", choices.user()), options)

    def _get_or_create(self) -> Step:
        choices = self._choices
        options = {"user_id": choices.user(), "messages": choices.material.batch(least=0)}
        return Step("call", (choices.client(), "get_or_create", choices.own_session()), options)

    def _get_many(self) -> Step:
        choices = self._choices
        sessions = [choices.session() for _ in range(self._chance.randint(0, 6))]
        return Step("call", (choices.client(), "get_many", sessions), choices.owner())

    def _update(self) -> Step:
        choices = self._choices
        session = choices.session()
        options = {**choices.owner(), **choices.condition(session), **conversing.state(choices)}
        return Step("call", (choices.client(), "update", session), options)

    def _delete(self) -> Step:
        choices = self._choices
        session = choices.session()
        options = {**choices.owner(), **choices.condition(session)}
        return Step("call", (choices.client(), "delete", session), options)

    def _list(self) -> Step:
        choices = self._choices
        options: dict[str, Any] = {"limit": self._chance.randint(1, 4)}
        options["newest_first"] = choices.happens(0.5)
        if self._cursors and choices.happens(0.5):
            options["cursor"] = self._chance.choice(self._cursors[-10:])
        if choices.happens(0.3):
            options["session_status"] = self._chance.choice(STATUSES)
        if choices.happens(0.3):
            bound = self._chance.choice(("created_from", "created_before"))
            options[bound] = START + timedelta(seconds=self._chance.choice((0, 1, 60, 7200)))
        return Step("call", (choices.client(), "list_sessions", choices.user()), options)

    def _move(self) -> Step:
        client = self._choices.client()
        now = self._choices.clocks[client].now
        moved = now + timedelta(seconds=self._chance.choice(MOVES))
        # What a purge has reclaimed is gone: no clock goes back behind it.
        return Step("set_clock", (client, max(moved, self._no_earlier)))

    def _scan(self) -> Step:
        return Step("scan", (self._choices.client(), self._chance.randint(1, 5)))

    def _purge(self) -> Step:
        client, clocks = self._choices.client(), self._choices.clocks
        now = clocks[client].now
        self._no_earlier = max(self._no_earlier, now)
        behind = [number for number, clock in enumerate(clocks) if clock.now < now]
        self._pending += [Step("set_clock", (number, now)) for number in behind]
        return Step("purge", (client,))

    def _delete_user(self) -> Step:
        return Step("call", (self._choices.client(), "delete_user", self._choices.user()))

    def _restore(self) -> Step:
        if not self._backups:
            return self._create()
        backup, history = self._chance.choice(self._backups[-20:])
        options: dict[str, Any] = {"overwrite": self._choices.happens(0.5)}
        if backup.keeps_history or self._choices.happens(0.05):
            options["history"] = list(history)
            if self._choices.happens(0.1):
                # One too few, if there is one, and otherwise one too many.
                options["history"] = options["history"][1:] or self._choices.material.batch(most=1)
        return Step("call", (self._choices.client(), "restore", backup), options)

    def _raw_write(self) -> Step:
        """Another service writes a session of its own."""
        choices = self._choices
        session_id = choices.id(f"foreign {len(choices.foreign)}")
        choices.foreign.append(session_id)
        return Step("raw_write", (choices.material.foreign(session_id, choices.user()),))

    def _corrupt(self) -> Step:
        """A live record becomes unreadable, is looked at by every reading call, and removed."""
        client, documents = self._choices.client(), self._choices.documents
        now = self._choices.clocks[client].now
        alive = [
            session_id
            for session_id, stored in documents.items()
            if stored.get("messages") and _is_alive(stored, now.timestamp())
        ]
        if not alive:
            return self._converse()
        session_id = self._chance.choice(alive)
        owner = documents[session_id]["userId"]
        reads = [
            Step("call", (client, "get", session_id)),
            Step("call", (client, "get_many", [session_id])),
            Step("call", (client, "list_sessions", owner)),
            Step("list_messages", (client, session_id, None)),
            Step("scan", (client, 100)),
            Step("call", (self._choices.client(), "get", session_id), self._choices.owner()),
        ]
        removals = [
            Step("call", (client, "delete", session_id)),
            Step("call", (client, "delete_user", owner)),
        ]
        self._chance.shuffle(reads)
        self._pending += [*reads, self._chance.choice(removals), reads[0]]
        return Step("corrupt", (session_id, self._chance.choice(("session", "message"))))

    def _odd(self) -> Step:
        """What is refused, or nearly."""
        session = self._choices.session()
        client = self._choices.client()
        many = {f"key {number}": number for number in range(self._chance.choice((255, 256, 257)))}
        big = Message(message_id="big", type="t", content="z" * 600, timestamp=START)
        some = self._choices.appended(session)
        twice = [self._choices.material.message(1), self._choices.material.message(1)]
        return self._chance.choice(
            [
                Step("call", (client, "append", session)),
                Step("call", (client, "append", session, big)),
                Step("call", (client, "append_and_get", session, *twice)),
                Step("call", (client, "update", session), {"metadata": many}),
                Step("call", (client, "update", session), {"metadata": dict.fromkeys(many)}),
                Step("call", (client, "update", session), {"metadata": self._chance.choice(_BAD)}),
                Step("call", (client, "update", session), {"if_version": -1}),
                Step("call", (client, "rewrite", session, [big]), {"if_version": None}),
                Step("call", (client, "delete", session), {"if_version": 2**53 + 1}),
                Step("call", (client, "append", session, *some), {"metadata": many}),
                Step(
                    "call",
                    (client, "append", session, *some),
                    {"metadata": self._chance.choice(_BAD)},
                ),
                Step("call", (client, "amend", session, big)),
                Step("call", (client, "get", session), {"last": -1}),
                Step("list_messages", (client, session, None), {"limit": 0}),
                Step("call", (client, "list_messages", session), {"cursor": "nonsense"}),
                Step("call", (client, "get", "")),
                Step("call", (client, "get", "a\0b")),
                Step("call", (client, "list_sessions", self._choices.user()), {"limit": 0}),
                Step(
                    "call", (client, "list_sessions", self._choices.user()), {"cursor": "nonsense"}
                ),
            ]
        )


def _is_alive(stored: JsonObject, now: float) -> bool:
    ttl = stored.get("ttl")
    return ttl is None or int(now) < ttl
