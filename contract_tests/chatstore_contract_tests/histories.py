"""Tools for tests of what a session keeps: policies with history, all that is kept, backups."""

from collections.abc import Sequence
from dataclasses import replace

from chatstore import MaintainedSessionStore, Message, Page, RetentionPolicy, Session
from chatstore.record.encode import raw_document
from chatstore.record.equality import canonical

NARROW = RetentionPolicy(max_messages=3)
"""A policy without history, as of a process that knows none."""


def keeping(most: int, **options: object) -> RetentionPolicy:
    """A policy under which a session that is created keeps all, with a window of `most`."""
    return replace(RetentionPolicy(max_messages=most, keep_history=True), **options)  # type: ignore[arg-type]


def told(messages: Sequence[Message]) -> object:
    """The messages in a form in which only what is the same to the last type and name is equal."""
    return canonical(raw_document(message) for message in messages)


def pages_of(
    store: MaintainedSessionStore, session_id: str, *, newest_first: bool, limit: int
) -> list[Page[Message]]:
    """All pages of a session's messages. The last one, and no other, has no cursor."""
    pages: list[Page[Message]] = []
    cursor = None
    for _ in range(10_000):
        page = store.list_messages(
            session_id, newest_first=newest_first, limit=limit, cursor=cursor
        )
        pages.append(page)
        if (cursor := page.next_cursor) is None:
            assert page.items or len(pages) == 1, "a cursor led to nothing"
            return pages
        assert page.items, "a page before the last one is empty"
    raise AssertionError("the pages do not end")


def all_of(store: MaintainedSessionStore, session_id: str) -> list[Message]:
    """All messages that are kept, oldest first; both directions must show the same."""
    oldest_first = list(store.iter_messages(session_id, newest_first=False, page_size=1_000))
    newest_first = list(store.iter_messages(session_id, page_size=70))
    assert told(newest_first[::-1]) == told(oldest_first), "the two directions differ"
    return oldest_first


def backed_up(store: MaintainedSessionStore, session_id: str) -> tuple[Session, Sequence[Message]]:
    """A session as `restore` takes it: what `get` shows, and the history before that."""
    session = store.get(session_id)
    if not session.keeps_history:
        return session, ()
    kept = all_of(store, session_id)
    return session, kept[: len(kept) - len(session.messages)]
