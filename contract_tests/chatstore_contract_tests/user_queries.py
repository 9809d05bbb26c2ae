"""A user's sessions: which ones, in which order, under which filters."""

from datetime import datetime, timedelta

from chatstore import MaintainedSessionStore, ManualClock, SessionInfo
from chatstore_contract_tests.behaviour import START, Behaviour, batch, message
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness


def listed(store: MaintainedSessionStore, user_id: str, **filters: object) -> list[str]:
    """The ids on the first page."""
    page = store.list_sessions(user_id, **filters)  # type: ignore[arg-type]  # each test names its own
    return [each.session_id for each in page.items]


def instant(microseconds: int) -> datetime:
    """So long after the beginning."""
    return START + timedelta(microseconds=microseconds)


class UserQueriesBehaviour(Behaviour):
    """list_sessions."""

    def test_newest_first_or_oldest_first(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Order is by `created_at`, newest first unless asked otherwise."""
        # Neither the order of the ids nor, after the append, that of the last use.
        for name in ("b", "c", "a"):
            store.create("ana", session_id=name)
            clock.advance(timedelta(microseconds=1))
        store.append("b", message())
        harness.settle()
        assert listed(store, "ana") == ["a", "c", "b"]
        assert listed(store, "ana", newest_first=False) == ["b", "c", "a"]

    def test_ties_go_by_id(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """Sessions of one instant are in the order of their ids, by code points, both ways."""
        ids = ["B", "a", "é", "z", "😀", "\uffee", "a b", "a|b", "a\x01"]
        for session_id in ids:
            store.create("ana", session_id=session_id)
        harness.settle()
        assert listed(store, "ana", newest_first=False) == sorted(ids)
        assert listed(store, "ana") == sorted(ids, reverse=True)

    def test_only_the_users_own(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """A listing shows one user's sessions, whatever the others' names look like."""
        users = ["ana", "ana ", "an", "ana|b", "ana:b", "Ana", "{ana}", "ana*", "a_a", "a%"]
        for user_id in users:
            store.create(user_id, session_id=f"of {user_id}")
        harness.settle()
        for user_id in users:
            assert listed(store, user_id) == [f"of {user_id}"]
        assert store.list_sessions("nobody").items == []
        assert store.list_sessions("nobody").next_cursor is None

    def test_a_listing_shows_sessions_without_messages(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Items are `SessionInfo`: all that `get` shows but the messages, as last written."""
        session = store.create(
            "ana", messages=batch(12), user_preferences={"a": [1]}, metadata={"title": "Friday"}
        )
        clock.advance(timedelta(seconds=1))
        store.append(session.session_id, message())
        store.update(session.session_id, user_preferences={"b": 2.5}, session_status="closed")
        harness.settle()
        (info,) = store.list_sessions("ana").items
        assert type(info) is SessionInfo
        shown = store.get(session.session_id).model_dump(exclude={"messages"})
        assert info.model_dump() == shown

    def test_a_status_filters(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`session_status` shows the sessions with that status only."""
        for number, status in enumerate(["active", "closed", "archived", "active", "Closed"]):
            store.create("ana", session_id=f"{number}", session_status=status)
        harness.settle()
        assert listed(store, "ana", session_status="closed") == ["1"]
        assert sorted(listed(store, "ana", session_status="active")) == ["0", "3"]
        assert listed(store, "ana", session_status="none such") == []
        store.update("0", session_status="closed")
        harness.settle()
        assert sorted(listed(store, "ana", session_status="closed")) == ["0", "1"]

    def test_a_range_of_time(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """`created_from` ≤ created < `created_before`, to the microsecond."""
        for number in range(5):
            clock.now = instant(number)
            store.create("ana", session_id=f"{number}")
        harness.settle()

        ranges: list[tuple[int | None, int | None, list[str]]] = [
            (1, 3, ["1", "2"]),
            (3, None, ["3", "4"]),
            (None, 2, ["0", "1"]),
            (2, 2, []),
            (3, 1, []),
            (-9, 9, ["0", "1", "2", "3", "4"]),
        ]
        with every_case() as case:
            for low, high, oldest_first in ranges:
                bounds = {
                    "created_from": None if low is None else instant(low),
                    "created_before": None if high is None else instant(high),
                }
                with case(low, high, "newest first"):
                    assert listed(store, "ana", **bounds) == oldest_first[::-1]
                with case(low, high, "oldest first"):
                    assert listed(store, "ana", newest_first=False, **bounds) == oldest_first

    def test_a_range_and_a_status_together(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """Filters combine, and pages fill through them."""
        for number in range(12):
            clock.advance(timedelta(seconds=1))
            status = "closed" if number % 3 == 0 else "active"
            store.create("ana", session_id=f"{number:02}", session_status=status)
        harness.settle()
        page = store.list_sessions(
            "ana",
            newest_first=False,
            limit=2,
            session_status="closed",
            created_from=START + timedelta(seconds=2),
            created_before=START + timedelta(seconds=12),
        )
        assert [each.session_id for each in page.items] == ["03", "06"]
        assert page.next_cursor is not None
        rest = store.list_sessions(
            "ana",
            newest_first=False,
            limit=2,
            session_status="closed",
            created_from=START + timedelta(seconds=2),
            created_before=START + timedelta(seconds=12),
            cursor=page.next_cursor,
        )
        assert [each.session_id for each in rest.items] == ["09"]
        assert rest.next_cursor is None

    def test_deleted_sessions_are_not_listed(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A deleted session leaves the list, and the order of the others stays."""
        for number in range(4):
            store.create("ana", session_id=f"{number}")
        store.delete("2")
        harness.settle()
        assert listed(store, "ana", newest_first=False) == ["0", "1", "3"]

    def test_a_new_life_is_listed_at_its_own_time(
        self, store: MaintainedSessionStore, clock: ManualClock, harness: Harness
    ) -> None:
        """A re-created id is listed once, for its new owner, at its new time."""
        store.create("ana", session_id="moving")
        store.delete("moving")
        clock.advance(timedelta(seconds=1))
        store.create("ana", session_id="between")
        clock.advance(timedelta(seconds=1))
        store.create("ana", session_id="moving")
        harness.settle()
        assert listed(store, "ana") == ["moving", "between"]
        store.delete("moving")
        store.create("ben", session_id="moving")
        harness.settle()
        assert listed(store, "ana") == ["between"]
        assert listed(store, "ben") == ["moving"]
