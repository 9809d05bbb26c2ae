"""Listings: which sessions, in which order, page by page."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chatstore import (
    InvalidCursorError,
    MemorySessionStore,
    Page,
    SessionInfo,
)
from chatstore.engine.cursor import Position
from chatstore.engine.query import PageQuery
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body
from chatstore.store.engine_calls import EngineCalls

from .mutant import caught_by

Found = Sequence[tuple[Position, Body]]


@caught_by("test_newest_first_or_oldest_first")
class SortsByLastUse(MemoryEngine):
    """Sessions are listed by `updated_at`."""

    def page(self, query: PageQuery) -> Found:
        found = super().page(query)
        return sorted(found, key=_last_use, reverse=query.newest_first)


def _last_use(found: tuple[Position, Body]) -> str:
    return str(_attributes(found[1])["updatedAt"])


def _attributes(body: Body) -> Mapping[str, Any]:
    assert isinstance(body, Mapping)
    return body


@caught_by("test_newest_first_or_oldest_first")
class SortsToTheSecond(MemoryEngine):
    """The order within a second is that of the ids."""

    def page(self, query: PageQuery) -> Found:
        found = super().page(query)
        return sorted(
            found,
            key=lambda each: (each[0].created_at[:19], each[0].session_id),
            reverse=query.newest_first,
        )


@caught_by("test_ties_go_by_id")
class LeavesTiesAsTheyCome(MemoryEngine):
    """Sessions of one instant come in the order of their creation."""

    def page(self, query: PageQuery) -> Found:
        order = list(self.storage.documents)
        found = sorted(super().page(query), key=lambda each: order.index(each[0].session_id))
        return sorted(found, key=lambda each: each[0].created_at, reverse=query.newest_first)


@caught_by("test_ties_go_by_id")
class SortsTiesOneWay(MemoryEngine):
    """Sessions of one instant come in ascending order in both directions."""

    def page(self, query: PageQuery) -> Found:
        found = sorted(super().page(query), key=lambda each: each[0].session_id)
        return sorted(found, key=lambda each: each[0].created_at, reverse=query.newest_first)


@caught_by("test_ties_go_by_id")
class SortsByLetter(MemoryEngine):
    """Ids are compared without regard to case."""

    def page(self, query: PageQuery) -> Found:
        return sorted(
            super().page(query),
            key=lambda each: (each[0].created_at, each[0].session_id.casefold()),
            reverse=query.newest_first,
        )


@caught_by("test_ties_go_by_id")
class SortsByUtf16(MemoryEngine):
    """Ids are compared by UTF-16 units, as some engines' collations do."""

    def page(self, query: PageQuery) -> Found:
        return sorted(
            super().page(query),
            key=lambda each: (each[0].created_at, each[0].session_id.encode("utf-16-be")),
            reverse=query.newest_first,
        )


@caught_by("test_only_the_users_own")
class ListsByPrefix(MemoryEngine):
    """A user's sessions are those whose owner's id begins with the user's."""

    def page(self, query: PageQuery) -> Found:
        owners = {str(stored["userId"]) for stored in self.storage.documents.values()}
        return [
            each
            for owner in sorted(owners)
            if owner.startswith(query.user_id)
            for each in super(ListsByPrefix, self).page(replace(query, user_id=owner))
        ]


@caught_by("test_a_listing_shows_sessions_without_messages")
class ListsAStalePicture(EngineCalls):
    """A listing shows sessions as they were created."""

    def decode(self, model: Any, body: Body, session_id: str) -> Any:
        if model is SessionInfo and isinstance(body, dict) and "messages" not in body:
            body = {**body, "userPreferences": {"a": [1]}} if body["version"] == 3 else body
        return super().decode(model, body, session_id)


@caught_by("test_a_status_filters")
class FiltersWithoutRegardToCase(MemoryEngine):
    """`session_status="closed"` shows `Closed` as well."""

    def page(self, query: PageQuery) -> Found:
        found = super().page(replace(query, session_status=None))
        wanted = query.session_status
        return [each for each in found if wanted is None or _status(each[1]) == wanted.lower()]


def _status(body: Body) -> str:
    return str(_attributes(body).get("sessionStatus", "active")).lower()


@caught_by("test_a_range_of_time")
class IncludesTheEnd(MemoryEngine):
    """`created_before` is included in the range."""

    def page(self, query: PageQuery) -> Found:
        end = query.created_before
        return super().page(replace(query, created_before=None if end is None else end + "~"))


@caught_by("test_a_range_of_time")
class ExcludesTheStart(MemoryEngine):
    """`created_from` is left out of the range."""

    def page(self, query: PageQuery) -> Found:
        start = query.created_from
        return super().page(replace(query, created_from=None if start is None else start + "~"))


@caught_by("test_a_range_of_time")
class RangesToTheSecond(MemoryEngine):
    """A range goes by whole seconds."""

    def page(self, query: PageQuery) -> Found:
        start = query.created_from
        return super().page(replace(query, created_from=None if start is None else start[:19]))


@caught_by("test_a_new_life_is_listed_at_its_own_time")
class ListsTheFirstLifesTime(MemoryEngine):
    """A session created anew is listed where the first one stood."""

    def insert(self, session: Any, now: Any) -> bool:
        first: dict[str, str] = vars(self.storage).setdefault("first", {})
        created = first.setdefault(session.session_id, now.text)
        info = {**session.info, "createdAt": created}
        return super().insert(replace(session, info=info), now)


@caught_by("test_pages_join_to_the_list")
class SkipsAtThePagesEnd(MemoryEngine):
    """A page begins one session too late."""

    def page(self, query: PageQuery) -> Found:
        found = super().page(query)
        return found if query.after is None else found[1:]


@caught_by("test_pages_join_to_the_list")
class ResumesByTimeAlone(MemoryEngine):
    """A cursor goes on after its instant: the rest of a tie is lost."""

    def page(self, query: PageQuery) -> Found:
        if query.after is None:
            return super().page(query)
        found = super().page(replace(query, limit=1_001))
        instant = query.after.created_at
        return [each for each in found if each[0].created_at != instant][: query.limit]


@caught_by("test_pages_join_to_the_list")
class PointsBehindTheLast(MemorySessionStore):
    """A page that is full has a cursor, even if nothing follows."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        page = super().list_sessions(user_id, **options)
        if page.next_cursor is None and len(page.items) == options.get("limit", 20):
            last = page.items[-1]
            moment = self.engine.storage.documents[last.session_id]["createdAt"]
            text = json.dumps(["position", moment, last.session_id], separators=(",", ":"))
            cursor = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
            return Page(page.items, cursor)
        return page


@caught_by("test_a_cursor_outlives_its_session")
class LooksForTheCursorsSession(MemoryEngine):
    """A cursor whose session is deleted leads back to the start."""

    def page(self, query: PageQuery) -> Found:
        lost = query.after and query.after.session_id not in self.storage.documents
        return super().page(replace(query, after=None) if lost else query)


@caught_by("test_a_cursor_is_good_both_ways_and_under_any_filter")
class ForgetsToTurnRound(MemoryEngine):
    """A cursor goes on in the direction in which it was made."""

    def page(self, query: PageQuery) -> Found:
        return super().page(replace(query, newest_first=True) if query.after else query)


@caught_by("test_a_cursor_is_the_same_text_everywhere")
class PutsTheUserIntoTheCursor(MemorySessionStore):
    """The cursor carries the user's id, for everybody to read."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        suffix = "." + base64.urlsafe_b64encode(user_id.encode()).decode()
        if options.get("cursor"):
            options["cursor"] = options["cursor"].removesuffix(suffix)
        page = super().list_sessions(user_id, **options)
        return Page(page.items, page.next_cursor and page.next_cursor + suffix)


@caught_by("test_a_cursor_holds_for_every_client")
class RemembersItsCursors(MemorySessionStore):
    """A cursor is good only at the client that gave it."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        own: set[object] = vars(self).setdefault("cursors", {None})
        if options.get("cursor") not in own:
            raise InvalidCursorError
        page = super().list_sessions(user_id, **options)
        own.add(page.next_cursor)
        return page


@caught_by("test_a_bad_cursor_is_refused")
class StartsOverAtABadCursor(MemorySessionStore):
    """A cursor that can't be read is taken for none."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        try:
            return super().list_sessions(user_id, **options)
        except InvalidCursorError:
            options["cursor"] = None
            return super().list_sessions(user_id, **options)


@caught_by("test_a_page_may_hold_1000")
class CapsThePage(MemorySessionStore):
    """A page holds 25 at most, whatever was asked for."""

    def list_sessions(self, user_id: str, **options: Any) -> Page[SessionInfo]:
        options["limit"] = min(options.get("limit", 20), 25)
        return super().list_sessions(user_id, **options)


@caught_by("test_it_is_listed")
class ListsItsOwnRecordsAlone(MemoryEngine):
    """Records that other services wrote are left out of listings."""

    def page(self, query: PageQuery) -> Found:
        return [each for each in super().page(query) if "creationId" in _attributes(each[1])]


@caught_by("test_what_is_missing_is_completed")
class FiltersByTheStoredStatus(MemoryEngine):
    """A record without a status is not found under `active`."""

    def page(self, query: PageQuery) -> Found:
        found = super().page(query)
        wanted = query.session_status
        return [each for each in found if not wanted or "sessionStatus" in _attributes(each[1])]


@caught_by("test_iter_sessions_walks_all_pages")
class WalksOnePage(MemorySessionStore):
    """`iter_sessions` ends with the first page."""

    def iter_sessions(self, user_id: str, **options: Any) -> Any:
        options["limit"] = options.pop("page_size", 100)
        yield from self.list_sessions(user_id, **options).items
