"""Pages of messages: what is asked of an engine, and how what comes is cut."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import ManualClock, MemorySessionStore, MemoryStorage, Message, Page, RetentionPolicy
from chatstore.clock import Moment
from chatstore.engine import PAGE_BYTES, MessageQuery
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.encode import stored_message
from chatstore_contract_tests.behaviour import START, batch, message
from sweeps import sweep

KEPT_WHOLE = RetentionPolicy(
    max_messages=3, keep_history=True, max_message_bytes=MAX_WINDOW_BYTES - 100
)
SIZES = st.lists(st.sampled_from([10, 1_000, 150_000, 300_000]), min_size=1, max_size=9)


@sweep(300)
@given(
    st.integers(0, 5),
    st.integers(0, 12),
    st.none() | st.integers(0, 20),
    st.integers(1, 9),
    st.booleans(),
)
def test_positions_are_those_beyond_the_cursor(
    first: int, number: int, after: int | None, limit: int, newest_first: bool
) -> None:
    """Of the positions that are kept those beyond `after`, in the page's order, `limit` of them."""
    query = MessageQuery("s", Moment(START), newest_first, limit, after)
    kept = range(first, first + number)
    beyond = [
        place
        for place in kept
        if after is None or (place < after if newest_first else place > after)
    ]
    expected = sorted(beyond, reverse=newest_first)[:limit]
    assert list(query.positions(first, first + number)) == expected


def weighed(messages: Sequence[Message]) -> int:
    """What the messages of a page have together."""
    return sum(stored_message(each).size for each in messages)


@given(SIZES, st.integers(1, 10), st.booleans())
def test_a_page_is_full_or_heavy(sizes: list[int], limit: int, newest_first: bool) -> None:
    """The pages have every message once and in order. A page has `limit` of them if so many follow
    and they are not heavier than a page may be; it has one at least; and a cursor if and only if
    something follows."""
    store = MemorySessionStore(policy=KEPT_WHOLE)
    session_id = store.create("ana").session_id
    sent = [message(f"{number}" + "x" * size) for number, size in enumerate(sizes)]
    for each in sent:
        store.append(session_id, each)
    rest = sent[::-1] if newest_first else sent
    cursor = None
    while rest:
        page: Page[Message] = store.list_messages(
            session_id, newest_first=newest_first, limit=limit, cursor=cursor
        )
        number = len(page.items)
        assert page.items == rest[:number]
        assert 1 <= number <= limit
        assert number == 1 or weighed(page.items) <= PAGE_BYTES
        if number < min(limit, len(rest)):
            assert weighed(rest[: number + 1]) > PAGE_BYTES
        rest, cursor = rest[number:], page.next_cursor
        assert (cursor is None) == (not rest)
        assert page.version == len(sent) + 1


def test_a_page_has_one_message_at_least() -> None:
    """However large another service made it: whoever goes on comes past it."""
    storage = MemoryStorage()
    store = MemorySessionStore(storage)
    session_id = store.create("ana", messages=batch(3)).session_id
    storage.documents[session_id]["messages"][1]["content"] = "x" * (PAGE_BYTES + 1)
    cursor, lengths = None, []
    for _ in range(3):
        page = store.list_messages(session_id, cursor=cursor)
        lengths.append(len(page.items))
        cursor = page.next_cursor
    assert (lengths, cursor) == ([1, 1, 1], None)


@given(st.lists(st.integers(1, 4), max_size=6), st.integers(1, 3), st.booleans())
def test_a_cursor_is_good_while_messages_arrive(
    batches: list[int], limit: int, newest_first: bool
) -> None:
    """Whoever goes on while others write sees each message once: towards the oldest those that
    were there at the beginning, towards the newest those that have come as well."""
    store = MemorySessionStore(policy=KEPT_WHOLE)
    sent = [message(f"{number}") for number in range(5)]
    session_id = store.create("ana", messages=sent).session_id
    there = len(sent)
    page = store.list_messages(session_id, newest_first=newest_first, limit=limit)
    seen = [*page.items]
    for number in batches:
        more = [message("more") for _ in range(number)]
        store.append(session_id, *more)
        sent += more
        if page.next_cursor is not None:
            page = store.list_messages(
                session_id, newest_first=newest_first, limit=limit, cursor=page.next_cursor
            )
            seen += page.items
    expected = sent[:there][::-1] if newest_first else sent
    assert seen == expected[: len(seen)]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_window_is_listed_by_its_places(newest_first: bool) -> None:
    """Without history what is stored is listed, and a position counts what was pruned: a cursor
    that points at what has gone since goes on with what is left."""
    store = MemorySessionStore(policy=RetentionPolicy(max_messages=4), clock=ManualClock(START))
    session_id = store.create("ana", messages=[message(f"{n}") for n in range(4)]).session_id
    first = store.list_messages(session_id, newest_first=newest_first, limit=2)
    store.append(session_id, message("4"), message("5"))
    rest = store.list_messages(session_id, newest_first=newest_first, cursor=first.next_cursor)
    told = [each.content for each in (*first.items, *rest.items)]
    assert told == (["3", "2"] if newest_first else ["0", "1", "2", "3", "4", "5"])
    assert rest.next_cursor is None
