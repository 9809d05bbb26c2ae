"""One schedule of calls on a session with history, on DynamoDB and on the reference store alike."""

import random
from collections.abc import Callable
from typing import Any

from chatstore import (
    ChatStoreError,
    MaintainedSessionStore,
    ManualClock,
    Message,
    MessageNotFoundError,
    RetentionPolicy,
)

Outcome = tuple[object, ...]


class Schedule:
    """Random calls, the same for every store that is given them."""

    def __init__(self, seed: int, *, largest: int = 200) -> None:
        self._random = random.Random(seed)  # noqa: S311  no secret
        self._largest = largest
        self._count = 0
        self._ids: list[str] = []

    def call(self) -> tuple[str, Callable[[MaintainedSessionStore], Outcome]]:
        """One more call, and its name."""
        chance = self._random
        name = chance.choices(
            ["append", "again", "rewrite", "whole", "amend", "update", "page", "get"],
            [40, 5, 12, 1, 15, 5, 12, 10],
        )[0]
        made: Callable[[MaintainedSessionStore], Outcome] = getattr(self, f"_{name}")()
        return name, made

    def _append(self) -> Callable[[MaintainedSessionStore], Outcome]:
        sent = [self._message() for _ in range(self._random.choice([1, 1, 1, 2, 5, 12, 60]))]
        number = self._random.randrange(9)

        def call(store: MaintainedSessionStore) -> Outcome:
            return shown(store.append_and_get("s", *sent, metadata={f"k{number}": len(sent)}))

        return call

    def _again(self) -> Callable[[MaintainedSessionStore], Outcome]:
        picked = self._random.random()

        def call(store: MaintainedSessionStore) -> Outcome:
            window = store.get("s").messages
            if not window:
                return ()
            return shown(store.append_and_get("s", window[int(picked * len(window))]))

        return call

    def _rewrite(self) -> Callable[[MaintainedSessionStore], Outcome]:
        chance = self._random
        kept, new = chance.randrange(6), [self._message() for _ in range(chance.randrange(4))]

        def call(store: MaintainedSessionStore) -> Outcome:
            window = store.get("s").messages
            given = [*window[: max(len(window) - kept, 0)], *new]
            return shown(store.rewrite("s", given, if_version=None))

        return call

    def _whole(self) -> Callable[[MaintainedSessionStore], Outcome]:
        given = [self._message() for _ in range(self._random.choice([0, 3, 30, 120]))]
        return lambda store: shown(store.rewrite("s", given, if_version=None, whole=True))

    def _amend(self) -> Callable[[MaintainedSessionStore], Outcome]:
        picked, content = self._random.random(), self._content()

        def call(store: MaintainedSessionStore) -> Outcome:
            window = store.get("s").messages
            if not window:
                return ()
            old = window[int(picked * len(window))]
            return shown(store.amend("s", old.model_copy(update={"content": content})))

        return call

    def _update(self) -> Callable[[MaintainedSessionStore], Outcome]:
        entries = {f"k{self._random.randrange(9)}": "x" * self._random.choice([1, 500, 9_000])}
        return lambda store: shown(store.update("s", metadata=entries))

    def _page(self) -> Callable[[MaintainedSessionStore], Outcome]:
        limit, newest_first = self._random.choice([1, 3, 17, 200]), self._random.random() < 0.5

        def call(store: MaintainedSessionStore) -> Outcome:
            walked = store.iter_messages("s", newest_first=newest_first, page_size=limit)
            return tuple(message.content for message in walked)

        return call

    def _get(self) -> Callable[[MaintainedSessionStore], Outcome]:
        return lambda store: shown(store.get("s"))

    def _message(self) -> Message:
        self._count += 1
        return Message(message_id=f"m{self._count}", type="user_query", content=self._content())

    def _content(self) -> str:
        size = self._random.choice([1, 50, self._largest])
        return f"{self._count}.{self._random.randrange(1_000_000)}.".ljust(size, "x")


def outcome(call: Callable[[MaintainedSessionStore], Outcome], store: Any) -> Outcome:
    """What a call returns or raises."""
    try:
        return call(store)
    except (ChatStoreError, MessageNotFoundError) as error:
        return (type(error).__name__,)


def shown(session: Any) -> Outcome:
    """What is compared of a session."""
    messages = [message.content for message in getattr(session, "messages", ())]
    return (
        session.message_count,
        session.version,
        session.metadata,
        session.keeps_history,
        messages,
    )


def stores(table: Any, clock: ManualClock, policy: RetentionPolicy) -> tuple[Any, Any]:
    """A store on the table, and the reference store."""
    from chatstore import MemorySessionStore

    return table.open(policy=policy, clock=clock), MemorySessionStore(policy=policy, clock=clock)
