"""Conversations in a cached store: parts of a window, pages, amended messages, state."""

from collections.abc import Callable
from typing import Any

import pytest

from chatstore import (
    CachedSessionStore,
    MemorySessionStore,
    MessageNotFoundError,
    RetentionPolicy,
    Session,
)

from .shared import Shared, said

HISTORY = RetentionPolicy(max_messages=3, keep_history=True)


@pytest.fixture
def shared() -> Shared:
    return Shared()


class Watched:
    """A primary that notes what it is asked."""

    def __init__(self, store: MemorySessionStore) -> None:
        self._store = store
        self.calls: list[tuple[str, object]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if not callable(method) or name == "clock":
            return method

        def call(*arguments: object, **options: object) -> object:
            self.calls.append((name, options))
            return method(*arguments, **options)

        return call


def watched(shared: Shared, policy: RetentionPolicy) -> tuple[CachedSessionStore, Watched]:
    """A client, and its primary."""
    primary = Watched(MemorySessionStore(shared.storage, policy=policy, clock=shared.clock))
    given: Any = primary
    return CachedSessionStore(given, shared.cache, monotonic=shared.time), primary


def test_a_part_of_the_window_is_read_from_the_cache(shared: Shared) -> None:
    """A snapshot that holds so many messages answers, also one that was cut to less than this
    reader's window; for more, only so many are asked of the primary, and the answer is not put."""
    store, primary = watched(shared, RetentionPolicy(max_messages=20))
    small = shared.client(policy=RetentionPolicy(max_messages=3))
    said_so_far = [said(str(number)) for number in range(8)]
    key = small.primary.create("ana").session_id
    store.primary.append(key, *said_so_far)
    small.get(key)
    primary.calls.clear()
    for last in range(4):
        assert store.get(key, last=last).messages == said_so_far[8 - last :]
    assert primary.calls == []
    snapshot = shared.cache.get([key])
    assert store.get(key, last=4).messages == said_so_far[4:]
    assert primary.calls == [("get", {"user_id": None, "last": 4})]
    assert shared.cache.get([key]) == snapshot
    assert (store.stats().hits, store.stats().misses) == (4, 1)


def test_messages_are_listed_by_the_primary_in_one_request(shared: Shared) -> None:
    """The cache holds windows, so it is not asked for a page, nor told of one."""
    store, primary = watched(shared, HISTORY)
    key = store.create("ana", messages=[said(str(number)) for number in range(8)]).session_id
    primary.calls.clear()
    reached = shared.cache.reached
    page = store.list_messages(key, limit=5, user_id="ana")
    assert [message.content for message in page.items] == ["7", "6", "5", "4", "3"]
    assert primary.calls == [("list_messages", {"user_id": "ana", "limit": 5})]
    assert shared.cache.reached == reached
    assert len(list(store.iter_messages(key, page_size=3))) == 8


def test_what_a_page_showed_is_not_taken_back(shared: Shared) -> None:
    """After a page of a version that the cache has missed, no snapshot of an earlier one counts;
    one of that version does."""
    store, other = shared.client(), shared.client()
    key = store.create("ana").session_id
    assert store.get(key).version == 1
    shared.cache.is_off = True
    other.append(key, said("unheard"))
    shared.cache.is_off = False
    assert store.list_messages(key).version == 2
    assert store.get(key).version == 2
    hits = store.stats().hits
    assert store.list_messages(key).version == store.get(key).version
    assert store.stats().hits == hits + 1


def test_a_page_of_an_unknown_life_is_doubt(shared: Shared) -> None:
    """Where another service wrote the record, the page tells no life, and the next read asks the
    primary."""
    store, other = shared.client(), shared.client()
    key = store.create("ana").session_id
    del shared.storage.documents[key]["creationId"]
    shared.cache.forget()
    assert store.get(key).creation_id is None
    shared.cache.is_off = True
    other.append(key, said("unheard"))
    shared.cache.is_off = False
    assert store.list_messages(key).version == 2
    assert store.get(key).version == 2


WRITES: list[Callable[[CachedSessionStore, Session], object]] = [
    lambda store, old: store.amend(old.session_id, _completed(old)),
    lambda store, old: store.append(old.session_id, said("new"), metadata={"state": 1}),
    lambda store, old: store.append_and_get(old.session_id, said("new"), session_status="done"),
    lambda store, old: store.rewrite(old.session_id, [said("all")], if_version=None, whole=True),
    lambda store, old: store.rewrite(old.session_id, [], if_version=old.version),
    lambda store, old: store.restore(old, history=[said("0")] * 7, overwrite=True),
]
KINDS = ["amend", "append with state", "append and get with state", "whole", "pop", "restore"]


def _completed(session: Session) -> Any:
    return session.messages[-1].model_copy(update={"content": "completed"})


@pytest.mark.parametrize("write", WRITES, ids=KINDS)
def test_others_see_each_kind_of_write(
    shared: Shared, write: Callable[[CachedSessionStore, Session], object]
) -> None:
    """After any write that one client made to a session with history, another one that had it from
    the cache is shown what the primary has, and then by the cache."""
    store, other = shared.client(policy=HISTORY), shared.client(policy=HISTORY)
    session = store.create("ana", messages=[said(str(number)) for number in range(10)])
    assert other.get(session.session_id) == session
    write(store, session)
    there = store.primary.get(session.session_id)
    shared.time.now += 1
    for _ in range(2):
        assert other.get(session.session_id) == there
        assert store.get(session.session_id) == there
    assert other.stats().hits >= 2


def test_a_refused_amendment_makes_the_next_read_ask_the_primary(shared: Shared) -> None:
    """Whoever took a message from a stale snapshot gets out of it by reading again."""
    store, other = shared.client(), shared.client()
    session = store.create("ana", messages=[said("old")])
    shared.cache.is_off = True
    other.rewrite(session.session_id, [said("other")], if_version=None)
    shared.cache.is_off = False
    stale = store.get(session.session_id)
    assert stale == session
    with pytest.raises(MessageNotFoundError):
        store.amend(session.session_id, _completed(stale))
    assert store.get(session.session_id).messages[0].content == "other"


def test_an_amendment_that_changes_nothing_writes_nothing(shared: Shared) -> None:
    """Equal content: the version stays, and the cache goes on answering."""
    store = shared.client()
    session = store.create("ana", messages=[said("as it is")])
    assert store.amend(session.session_id, session.messages[0]) == session
    assert store.get(session.session_id) == session
    assert store.stats().hits == 1
