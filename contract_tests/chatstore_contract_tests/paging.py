"""Pages: full ones, whatever was filtered out, and cursors that stay good."""

from datetime import timedelta
from functools import partial

import pytest

from chatstore import (
    InvalidCursorError,
    InvalidInputError,
    MaintainedSessionStore,
    ManualClock,
    RetentionPolicy,
    SessionInfo,
)
from chatstore_contract_tests.behaviour import START, Behaviour
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.hostile import BAD_CURSORS, BAD_LIMITS

DAY = RetentionPolicy(ttl=timedelta(days=1))


def walk(
    store: MaintainedSessionStore, limit: int, *, newest_first: bool = True
) -> list[list[SessionInfo]]:
    """All pages of ana's list; each must be full but the last, and the last not empty."""
    pages: list[list[SessionInfo]] = []
    cursor = None
    while True:
        page = store.list_sessions("ana", limit=limit, cursor=cursor, newest_first=newest_first)
        pages.append(page.items)
        cursor = page.next_cursor
        if cursor is None:
            assert page.items or len(pages) == 1, "a cursor led to nothing"
            return pages
        assert len(page.items) == limit, "a page before the last one is not full"


class PagingBehaviour(Behaviour):
    """limit and cursor."""

    def test_pages_join_to_the_list(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Each session is on one page, in order, ties across a page's end included."""
        for number in range(12):
            store.create("ana", session_id=f"{number:02}")
            if number % 4 == 3:
                clock.advance(timedelta(seconds=1))
        harness.settle()
        oldest_first = [f"{number:02}" for number in range(12)]
        with every_case() as case:
            for newest_first, expected in ((True, oldest_first[::-1]), (False, oldest_first)):
                for limit in (1, 3, 6, 7, 12, 13):
                    with case("newest first" if newest_first else "oldest first", limit):
                        pages = walk(store, limit, newest_first=newest_first)
                        assert [each.session_id for page in pages for each in page] == expected

    def test_expired_sessions_take_no_place(self, harness: Harness, clock: ManualClock) -> None:
        """A page holds exactly `limit` live sessions; `next_cursor` is None if and only if nothing
        live follows."""
        with harness.open(policy=DAY, clock=clock) as brief, harness.open(clock=clock) as store:
            for number in range(24):
                (store if number % 4 == 1 else brief).create("ana", session_id=f"{number:02}")
                clock.advance(timedelta(milliseconds=1))
            clock.advance(timedelta(days=2))
            harness.settle()
            alive = [f"{number:02}" for number in range(1, 24, 4)]
            for newest_first, expected in ((True, alive[::-1]), (False, alive)):
                pages = walk(store, 2, newest_first=newest_first)
                assert [len(page) for page in pages] == [2, 2, 2]
                assert [each.session_id for page in pages for each in page] == expected

    def test_filtered_sessions_take_no_place(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Sessions of another status take no place on a page, nor a cursor after the last."""
        for number in range(9):
            status = "closed" if number in (0, 4, 5) else "active"
            store.create("ana", session_id=f"{number}", session_status=status)
            clock.advance(timedelta(seconds=1))
        harness.settle()
        page = store.list_sessions("ana", limit=2, session_status="closed")
        assert [each.session_id for each in page.items] == ["5", "4"]
        rest = store.list_sessions("ana", limit=1, session_status="closed", cursor=page.next_cursor)
        assert [each.session_id for each in rest.items] == ["0"]
        assert rest.next_cursor is None

    def test_a_cursor_outlives_its_session(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """A cursor is a position: still good when the session it points at is deleted."""
        for number in range(6):
            store.create("ana", session_id=f"{number}")
        harness.settle()
        page = store.list_sessions("ana", limit=3)
        store.delete(page.items[-1].session_id)
        store.delete("1")
        harness.settle()
        rest = store.list_sessions("ana", limit=3, cursor=page.next_cursor)
        assert [each.session_id for each in rest.items] == ["2", "0"]

    def test_a_cursor_is_good_both_ways_and_under_any_filter(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """A position serves either direction, and any filter."""
        for number in range(7):
            status = "closed" if number % 2 else "active"
            store.create("ana", session_id=f"{number}", session_status=status)
            clock.advance(timedelta(seconds=1))
        harness.settle()
        cursor = store.list_sessions("ana", limit=3).next_cursor  # at session 4
        back = store.list_sessions("ana", cursor=cursor, newest_first=False)
        assert [each.session_id for each in back.items] == ["5", "6"]
        closed = store.list_sessions("ana", cursor=cursor, session_status="closed")
        assert [each.session_id for each in closed.items] == ["3", "1"]
        ranged = store.list_sessions(
            "ana", cursor=cursor, created_from=START + timedelta(seconds=2)
        )
        assert [each.session_id for each in ranged.items] == ["3", "2"]

    def test_a_cursor_holds_for_every_client(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A cursor is stateless: any client can go on with it, on any user's list."""
        for number in range(4):
            store.create("ana", session_id=f"{number}")
            store.create("ben", session_id=f"ben {number}")
        harness.settle()
        cursor = store.list_sessions("ana", limit=2).next_cursor
        with harness.open(clock=clock) as other:
            rest = other.list_sessions("ana", limit=2, cursor=cursor)
            assert [each.session_id for each in rest.items] == ["1", "0"]
            theirs = other.list_sessions("ben", limit=9, cursor=cursor, newest_first=False)
            assert {each.user_id for each in theirs.items} == {"ben"}

    def test_a_cursor_is_the_same_text_everywhere(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """The cursor's text depends on the position alone: no backend, no user id."""
        for number in range(2):
            store.create("ana@example.org", session_id=f"é|{number}")
        harness.settle()
        page = store.list_sessions("ana@example.org", limit=1)
        assert page.next_cursor == (
            "WyJwb3NpdGlvbiIsIjIwMjYtMDMtMDFUMTI6MDA6MDAuMjUwMDAwWiIsIsOpfDEiXQ"
        )

    def test_a_bad_cursor_is_refused(self, store: MaintainedSessionStore) -> None:
        """Text that no listing returned is `InvalidCursorError`."""
        store.create("ana")
        with every_case() as case:
            for name, cursor in BAD_CURSORS.items():
                with case("list_sessions", name), pytest.raises(InvalidCursorError):
                    store.list_sessions("ana", cursor=cursor)
                with case("scan", name), pytest.raises(InvalidCursorError):
                    store.scan(cursor=cursor)

    def test_a_limit_is_1_to_1000(self, store: MaintainedSessionStore) -> None:
        """A limit is 1 to 1,000: anything else is `InvalidInputError`, not "all"."""
        store.create("ana")
        with every_case() as case:
            for limit in BAD_LIMITS:
                for name, listing in (
                    ("list_sessions", partial(store.list_sessions, "ana")),
                    ("scan", store.scan),
                ):
                    with case(name, limit):
                        with pytest.raises(InvalidInputError) as raised:
                            listing(limit=limit)
                        assert raised.value.field == "limit"

    def test_a_page_may_hold_1000(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """A limit of 1,000 is good, and a page then shows all that there is."""
        for number in range(30):
            store.create("ana", session_id=f"{number}")
        harness.settle()
        page = store.list_sessions("ana", limit=1_000)
        assert len(page.items) == 30
        assert page.next_cursor is None

    def test_iter_sessions_walks_all_pages(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """`iter_sessions` walks all pages, in either direction, under the same filters."""
        for number in range(7):
            store.create("ana", session_id=f"{number}")
            clock.advance(timedelta(seconds=1))
        harness.settle()
        walked = [each.session_id for each in store.iter_sessions("ana", page_size=2)]
        assert walked == ["6", "5", "4", "3", "2", "1", "0"]
        some = store.iter_sessions(
            "ana", page_size=1, newest_first=False, created_before=START + timedelta(seconds=2)
        )
        assert [each.session_id for each in some] == ["0", "1"]
