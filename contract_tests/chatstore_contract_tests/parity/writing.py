"""Writes a random program, a step at a time: what is worth calling depends on what is stored."""

import random
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chatstore import JsonObject, ManualClock, Message, Session
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.parity.material import MOVES, NAMES, POLICIES, STATUSES, Material
from chatstore_contract_tests.parity.steps import Step

_BAD: tuple[JsonObject, ...] = ({"x": 10**38}, {"x": "a\0b"}, {"": 1}, {"x": "x" * 32_768})


class Writer:
    """Chooses the steps of one program.

    `documents` and `clocks` are the reference's: what is stored now, and what the clients' clocks
    say. `label` ends every id, so that programs on one storage keep apart. Only the first
    `clients` of the policies' clients are used.
    """

    def __init__(
        self,
        choice: random.Random,
        label: str,
        documents: Mapping[str, JsonObject],
        clocks: list[ManualClock],
        *,
        clients: int = len(POLICIES),
    ) -> None:
        self._choice = choice
        self._material = Material(choice)
        self._label = label
        # So few that most calls find what earlier ones left.
        self._sessions = choice.sample(NAMES, 4)
        self._users = choice.sample(NAMES, 2)
        self._clients = clients
        self._documents = documents
        self._clocks = clocks
        self._cursors: list[str] = []
        self._backups: list[Session] = []
        self._foreign = 0
        self._pending: list[Step] = []
        self._no_earlier = START - timedelta(days=1)
        self._kinds: dict[Callable[[], Step], int] = {
            self._append: 24,
            self._get: 12,
            self._create: 12,
            self._list: 12,
            self._update: 10,
            self._rewrite: 6,
            self._move: 6,
            self._delete: 4,
            self._get_many: 4,
            self._get_or_create: 3,
            self._restore: 3,
            self._scan: 2,
            self._raw_write: 2,
            self._corrupt: 1,
            self._purge: 1,
            self._delete_user: 1,
            self._odd: 3,
        }

    def next(self) -> Step:
        """The next step."""
        if self._pending:
            return self._pending.pop(0)
        (kind,) = self._choice.choices(list(self._kinds), list(self._kinds.values()))
        return kind()

    def closing(self) -> list[Step]:
        """The steps that end a program: look at all there is, then clear it away."""
        names = [self._id(name) for name in (*self._sessions, *self._foreign_names())]
        clients = range(self._clients)
        steps = [Step("call", (client, "get", name)) for client in clients for name in names]
        steps += [Step("scan", (client, 3)) for client in clients]
        for user in self.users:
            steps.append(Step("call", (0, "list_sessions", user)))
            steps.append(Step("call", (0, "delete_user", user)))
        return steps

    def learn(self, step: Step, result: object) -> None:
        """Remember what later steps may use: cursors, and sessions to restore."""
        match result:
            case ([*_], str(cursor)) if step.arguments[1:2] == ("list_sessions",):
                self._cursors.append(cursor)

    def keep(self, session: Session) -> None:
        """Remember a session as a backup that may be restored."""
        self._backups.append(session)

    @property
    def users(self) -> list[str]:
        """Every user of the program."""
        return [self._id(name) for name in self._users]

    def _id(self, name: str) -> str:
        return f"{name} {self._label}"

    def _foreign_names(self) -> list[str]:
        return [f"foreign {number}" for number in range(self._foreign)]

    def _client(self) -> int:
        return self._choice.randrange(self._clients)

    def _session(self) -> str:
        return self._id(self._choice.choice([*self._sessions, *self._foreign_names()[-3:]]))

    def _user(self) -> str:
        return self._id(self._choice.choice(self._users))

    def _owner(self) -> dict[str, Any]:
        return {} if self._choice.random() < 0.5 else {"user_id": self._user()}

    def _condition(self, session_id: str) -> dict[str, Any]:
        if self._choice.random() < 0.6:
            return {}
        return {"if_version": self._version(session_id)}

    def _version(self, session_id: str) -> int:
        stored: int = self._documents.get(session_id, {}).get("version", 0)
        return max(0, stored + self._choice.choice((0, 0, 0, 1, -1)))

    def _append(self) -> Step:
        session = self._session()
        method = self._choice.choice(("append", "append_and_get"))
        options = {**self._owner(), **self._condition(session)}
        step = Step("call", (self._client(), method, session, *self._material.batch()), options)
        if self._choice.random() < 0.15:
            # Sent again, as after a lost answer.
            self._pending.append(step)
        return step

    def _create(self) -> Step:
        options: dict[str, Any] = {"session_id": self._id(self._choice.choice(self._sessions))}
        options["messages"] = self._material.batch(least=0)
        if self._choice.random() < 0.5:
            options["metadata"] = self._material.map()
            options["user_preferences"] = self._material.map()
        if self._choice.random() < 0.3:
            options["session_status"] = self._choice.choice(STATUSES)
        return Step("call", (self._client(), "create", self._user()), options)

    def _get_or_create(self) -> Step:
        session = self._id(self._choice.choice(self._sessions))
        options = {"user_id": self._user(), "messages": self._material.batch(least=0)}
        return Step("call", (self._client(), "get_or_create", session), options)

    def _get(self) -> Step:
        return Step("call", (self._client(), "get", self._session()), self._owner())

    def _get_many(self) -> Step:
        sessions = [self._session() for _ in range(self._choice.randint(0, 6))]
        return Step("call", (self._client(), "get_many", sessions), self._owner())

    def _rewrite(self) -> Step:
        session = self._session()
        version = None if self._choice.random() < 0.4 else self._version(session)
        options = {"if_version": version, **self._owner()}
        step = Step(
            "call", (self._client(), "rewrite", session, self._material.batch(8, 0)), options
        )
        if self._choice.random() < 0.2:
            self._pending.append(step)
        return step

    def _update(self) -> Step:
        session = self._session()
        options = {**self._owner(), **self._condition(session)}
        if self._choice.random() < 0.7:
            options["metadata"] = self._material.map()
        if self._choice.random() < 0.5:
            options["user_preferences"] = self._material.map()
        if self._choice.random() < 0.3:
            options["session_status"] = self._choice.choice(STATUSES)
        return Step("call", (self._client(), "update", session), options)

    def _delete(self) -> Step:
        session = self._session()
        options = {**self._owner(), **self._condition(session)}
        return Step("call", (self._client(), "delete", session), options)

    def _list(self) -> Step:
        options: dict[str, Any] = {"limit": self._choice.randint(1, 4)}
        options["newest_first"] = self._choice.random() < 0.5
        if self._cursors and self._choice.random() < 0.5:
            options["cursor"] = self._choice.choice(self._cursors[-10:])
        if self._choice.random() < 0.3:
            options["session_status"] = self._choice.choice(STATUSES)
        if self._choice.random() < 0.3:
            bound = self._choice.choice(("created_from", "created_before"))
            options[bound] = START + timedelta(seconds=self._choice.choice((0, 1, 60, 7200)))
        return Step("call", (self._client(), "list_sessions", self._user()), options)

    def _move(self) -> Step:
        client = self._client()
        moved = self._clocks[client].now + timedelta(seconds=self._choice.choice(MOVES))
        # What a purge has reclaimed is gone: no clock goes back behind it.
        return Step("set_clock", (client, max(moved, self._no_earlier)))

    def _scan(self) -> Step:
        return Step("scan", (self._client(), self._choice.randint(1, 5)))

    def _purge(self) -> Step:
        client = self._client()
        now = self._clocks[client].now
        self._no_earlier = max(self._no_earlier, now)
        behind = [number for number, clock in enumerate(self._clocks) if clock.now < now]
        self._pending += [Step("set_clock", (number, now)) for number in behind]
        return Step("purge", (client,))

    def _delete_user(self) -> Step:
        return Step("call", (self._client(), "delete_user", self._user()))

    def _restore(self) -> Step:
        if not self._backups:
            return self._create()
        backup = self._choice.choice(self._backups[-20:])
        overwrite = self._choice.random() < 0.5
        return Step("call", (self._client(), "restore", backup), {"overwrite": overwrite})

    def _raw_write(self) -> Step:
        """Another service writes a session of its own."""
        session_id = self._id(f"foreign {self._foreign}")
        self._foreign += 1
        return Step("raw_write", (self._material.foreign(session_id, self._user()),))

    def _corrupt(self) -> Step:
        """A live record becomes unreadable, is looked at by every reading call, and removed."""
        client = self._client()
        now = self._clocks[client].now
        alive = [
            session_id
            for session_id, stored in self._documents.items()
            if stored.get("messages") and _is_alive(stored, now.timestamp())
        ]
        if not alive:
            return self._append()
        session_id = self._choice.choice(alive)
        owner = self._documents[session_id]["userId"]
        reads = [
            Step("call", (client, "get", session_id)),
            Step("call", (client, "get_many", [session_id])),
            Step("call", (client, "list_sessions", owner)),
            Step("scan", (client, 100)),
            Step("call", (self._client(), "get", session_id), self._owner()),
        ]
        removals = [
            Step("call", (client, "delete", session_id)),
            Step("call", (client, "delete_user", owner)),
        ]
        self._choice.shuffle(reads)
        self._pending += [*reads, self._choice.choice(removals), reads[0]]
        return Step("corrupt", (session_id, self._choice.choice(("session", "message"))))

    def _odd(self) -> Step:
        """What is refused, or nearly."""
        session = self._session()
        client = self._client()
        many = {f"key {number}": number for number in range(self._choice.choice((255, 256, 257)))}
        big = Message(message_id="big", type="t", content="z" * 600, timestamp=START)
        twice = [self._material.message(1), self._material.message(1)]
        return self._choice.choice(
            [
                Step("call", (client, "append", session)),
                Step("call", (client, "append", session, big)),
                Step("call", (client, "append_and_get", session, *twice)),
                Step("call", (client, "update", session), {"metadata": many}),
                Step("call", (client, "update", session), {"metadata": dict.fromkeys(many)}),
                Step("call", (client, "update", session), {"metadata": self._choice.choice(_BAD)}),
                Step("call", (client, "update", session), {"if_version": -1}),
                Step("call", (client, "rewrite", session, [big]), {"if_version": None}),
                Step("call", (client, "delete", session), {"if_version": 2**53 + 1}),
                Step("call", (client, "get", "")),
                Step("call", (client, "get", "a\0b")),
                Step("call", (client, "list_sessions", self._user()), {"limit": 0}),
                Step("call", (client, "list_sessions", self._user()), {"cursor": "nonsense"}),
            ]
        )


def _is_alive(stored: JsonObject, now: float) -> bool:
    ttl = stored.get("ttl")
    return ttl is None or int(now) < ttl
