"""Whole conversations: whatever is done to a session, SQLite keeps what the reference keeps."""

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chatstore import (
    ChatStoreError,
    ManualClock,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
    Session,
    open_store,
)
from chatstore.store.base import BaseSessionStore
from chatstore_sql import chunks, erasing
from chatstore_sql.harness import is_whole

POLICIES = (
    RetentionPolicy(max_messages=3, keep_history=True),
    RetentionPolicy(max_messages=5, ttl=timedelta(hours=1)),
    RetentionPolicy(max_messages=None, max_message_bytes=900, max_window_bytes=1_500),
    RetentionPolicy(max_messages=50, keep_history=True, max_message_bytes=300_000),
    RetentionPolicy(max_messages=1),
)
IDS = ("one", "two")
CALLS = 60

Call = Callable[[BaseSessionStore], object]


class Pair:
    """A reference and a database, with a store for each policy on both."""

    def __init__(self, path: Path, stack: ExitStack, clock: ManualClock) -> None:
        storage = MemoryStorage()
        # The tables are made at once.
        path.touch()
        self.path = path
        self.pairs = [
            (
                stack.enter_context(MemorySessionStore(storage, policy=policy, clock=clock)),
                stack.enter_context(
                    open_store(f"sqlite:///{path}?synchronous=normal", policy=policy, clock=clock)
                ),
            )
            for policy in POLICIES
        ]

    def agree(self, number: int, call: Call) -> None:
        """Both answer alike, as the error's type and text do, and the file is whole."""
        reference, store = self.pairs[number]
        assert isinstance(store, BaseSessionStore)
        expected, found = answer(reference, call), answer(store, call)
        assert found == expected

    def agree_on_all(self) -> None:
        """Both hold the same, for whoever asks."""
        for number, session_id, newest_first in every_view():
            self.agree(number, lambda store, key=session_id: store.get(key))  # type: ignore[misc]
            self.agree(
                number,
                lambda store, key=session_id, order=newest_first: list(  # type: ignore[misc]
                    store.iter_messages(key, newest_first=order, page_size=7)
                ),
            )
        assert is_whole(self.path)


def every_view() -> Iterator[tuple[int, str, bool]]:
    for number in range(len(POLICIES)):
        for session_id in IDS:
            yield from ((number, session_id, order) for order in (True, False))


def answer(store: BaseSessionStore, call: Call) -> object:
    """What a call returns, without what each store mints for itself; or what it raises."""
    try:
        result = call(store)
    except ChatStoreError as error:
        return type(error), str(error)
    if isinstance(result, Session):
        return result.model_dump()
    return result


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pair(tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pair]:
    monkeypatch.setattr(erasing, "MESSAGES", 6)
    monkeypatch.setattr(chunks, "CHUNK", 4)
    with ExitStack() as stack:
        yield Pair(tmp_path / "chat.db", stack, clock)


def message(chance: random.Random, clock: ManualClock, ids: int = 8) -> Message:
    size = chance.choice([1, 10, 10, 300, 700])
    if chance.random() < 0.06:
        # Two of them are more than a window can hold.
        size = 170_000
    return Message(
        message_id=f"m{chance.randrange(ids)}",
        type="user",
        content=f"{chance.randrange(2)}" * size,
        timestamp=clock.now,
    )


def batch(chance: random.Random, clock: ManualClock, most: int) -> list[Message]:
    """Some messages with distinct ids."""
    ids = chance.choice([8, 8, 40])
    given = (message(chance, clock, ids) for _ in range(most))
    found = list({each.message_id: each for each in given}.values())
    return found[: chance.randint(0, most)]


def restored(chance: random.Random, clock: ManualClock, key: str) -> tuple[Session, list[Message]]:
    """A record as another backend kept it, with the messages before its window."""
    history = chance.choice([None, 3, 10])
    count = chance.choice([0, 3, 9])
    before = [] if history is None else [message(chance, clock, 10**6) for _ in range(count)]
    window = batch(chance, clock, history or 8)
    # Another program may have counted fewer than there are.
    miscounted = chance.choice([0, 0, 2]) if history is None else 0
    given: dict[str, Any] = {} if history is None else {"history": history}
    session = Session(
        session_id=key,
        user_id="ana",
        created_at=clock.now,
        updated_at=clock.now,
        creation_id=f"c{chance.randrange(10**9)}",
        messages=window,
        message_count=max(len(window) + len(before) - miscounted, 0),
        **given,
    )
    return session, before


def send_again(store: BaseSessionStore, key: str, new: list[Message], last: int) -> object:
    """Append what is kept already from some message on, and new ones behind it."""
    sent = list(store.iter_messages(key, newest_first=False))[-last - 2 :]
    known = {each.message_id for each in sent}
    behind = [each for each in new if each.message_id not in known]
    distinct = list({each.message_id: each for each in sent}.values())
    return store.append_and_get(key, *distinct, *behind)


def some_call(chance: random.Random, clock: ManualClock) -> Call:
    """One call with its arguments chosen: the same for both stores."""
    key, most = chance.choice(IDS), chance.choice([1, 1, 1, 3, 8])
    given = batch(chance, clock, most)
    changes: dict[str, Any] = {}
    if chance.random() < 0.3:
        changes["metadata"] = {f"k{chance.randrange(3)}": chance.choice([None, 1, "text"])}
    if chance.random() < 0.2:
        changes["session_status"] = chance.choice(["open", "closed"])
    session, before = restored(chance, clock, key)
    overwrite = chance.random() < 0.5
    whole, order = chance.random() < 0.4, chance.random() < 0.5
    last, limit = chance.randrange(6), chance.choice([1, 2, 5, 50])
    changed = message(chance, clock)
    version = chance.choice([None, None, None, 2])
    calls: list[tuple[int, Call]] = [
        (8, lambda store: store.append(key, *given, if_version=version, **changes)),
        (4, lambda store: send_again(store, key, given, last)),
        (5, lambda store: store.append_and_get(key, *given, **changes)),
        (5, lambda store: store.amend(key, changed, if_version=version)),
        (6, lambda store: store.rewrite(key, given, if_version=version, whole=whole)),
        (3, lambda store: store.list_messages(key, newest_first=order, limit=limit)),
        (3, lambda store: store.get(key, last=last)),
        (2, lambda store: store.restore(session, history=before, overwrite=overwrite)),
        (1, lambda store: store.update(key, **changes)),
        (1, lambda store: store.delete(key)),
        (1, lambda store: store.scan()),
        (1, lambda store: store.purge_expired()),
        (1, lambda store: store.delete_user("ben")),
    ]
    return chance.choices([call for _, call in calls], [weight for weight, _ in calls])[0]


@pytest.mark.parametrize("seed", range(30))
def test_it_keeps_what_the_reference_keeps(pair: Pair, clock: ManualClock, seed: int) -> None:
    """Appends with state, retries, rewrites, amended messages, restored histories, pages and
    erasing: by whatever policy, each answer is the reference's, and so is what is kept."""
    chance = random.Random(seed)  # noqa: S311 - chance, not secrecy
    for _ in range(CALLS):
        clock.advance(timedelta(seconds=chance.choice([0, 1, 1, 1, 2_000])))
        number = chance.randrange(len(POLICIES))
        if chance.random() < 0.1:
            session, before = restored(chance, clock, chance.choice(IDS))
            pair.agree(
                number,
                lambda store, given=session, history=before: store.restore(  # type: ignore[misc]
                    given, history=history, overwrite=True
                ),
            )
        pair.agree(number, some_call(chance, clock))
        if chance.random() < 0.2:
            pair.agree_on_all()
    pair.agree_on_all()


def said(message_id: str, content: str, size: int = 1) -> Message:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    return Message(message_id=message_id, type="user", content=content * size, timestamp=long_ago)


def test_bytes_bound_the_window_of_a_history_too(pair: Pair) -> None:
    """What is among the newest by count, but not by bytes, is no part of the window: its id is a
    new message's, and it can't be amended. A batch that no window could hold is refused."""
    heavy = [said(f"m{number}", "x", 170_000) for number in range(4)]
    calls: list[Call] = [
        lambda store: store.append("one", *heavy[:2]),
        *(lambda store, each=each: store.append("one", each) for each in heavy[:3]),
        lambda store: store.amend("one", said("m0", "y")),
        lambda store: store.append("one", said("m0", "y")),
        lambda store: store.get("one"),
        lambda store: store.append("one", *heavy[:1], *heavy[3:]),
    ]
    pair.agree(3, lambda store: store.restore(empty(store, history=50)))
    for call in calls:
        pair.agree(3, call)
        pair.agree_on_all()


def test_an_id_that_is_twice_in_the_window(pair: Pair) -> None:
    """An id that had left the window is a new message's; once a rewrite has brought the old one
    back into view, both are there, and a retry and an amendment have one meaning everywhere."""
    pair.agree(0, lambda store: store.restore(empty(store, history=3)))
    calls: list[Call] = [
        *(lambda store, key=key: store.append("one", said(key, key)) for key in "xyzwx"),
        lambda store: store.rewrite("one", [said("x", "third")], if_version=None),
        lambda store: store.get("one"),
        lambda store: store.append("one", said("x", "third")),
        lambda store: store.append("one", said("x", "x")),
        lambda store: store.amend("one", said("x", "amended")),
        lambda store: store.append("one", said("x", "anything"), said("v", "new")),
    ]
    for call in calls:
        pair.agree(0, call)
        pair.agree_on_all()
    # It is the newer one that was amended, and so it was met whatever it says.
    found = list(pair.pairs[0][1].iter_messages("one"))
    assert [each.content for each in found] == ["new", "amended", "y", "x"]


def empty(store: BaseSessionStore, history: int) -> Session:
    """A session without messages that keeps its history."""
    now = store.clock()
    given: dict[str, Any] = {"history": history, "creation_id": "c"}
    return Session(session_id="one", user_id="ana", created_at=now, updated_at=now, **given)
