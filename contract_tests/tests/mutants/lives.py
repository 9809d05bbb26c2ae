"""Pages of messages, and the life, the end and the copies of a history."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from chatstore import (
    InvalidCursorError,
    InvalidInputError,
    MemorySessionStore,
    Message,
    Page,
)
from chatstore.clock import Moment, utc_text
from chatstore.engine.cursor import MessagePosition, decode_message_cursor, encode_message_cursor
from chatstore.engine.query import MessageQuery, MessagesFound
from chatstore.engine.write import Write, is_visible
from chatstore.memory import MemoryEngine
from chatstore.record.stored import StoredMessage, StoredSession

from .mutant import EngineWithPolicy, caught_by


@caught_by("test_pages_join_to_all_that_is_kept")
class ListsThePageBackwards(MemoryEngine):
    """On a page that begins with the newest, the messages stand oldest first."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        found = super().messages(query)
        if found is None or not query.newest_first:
            return found
        places = [place for place, _ in found.messages]
        bodies = [body for _, body in found.messages]
        return found._replace(messages=list(zip(places, bodies[::-1], strict=True)))


@caught_by("test_pages_join_to_all_that_is_kept")
class SkipsAtTheSeam(MemoryEngine):
    """The first message of each page but the first is left out."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        if query.after is not None:
            query = replace(query, after=query.after + (-1 if query.newest_first else 1))
        return super().messages(query)


@caught_by("test_pages_join_to_all_that_is_kept")
class ListsWhatItsReaderIsShown(EngineWithPolicy):
    """A page holds no more than `get` would show."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        found = super().messages(query)
        if found is None or not isinstance(found.record.body, dict):
            return found
        end = found.record.body.get("messageCount", 0)
        first = end - (self.policy.max_messages or end)
        return found._replace(messages=[each for each in found.messages if each[0] >= first])


@caught_by("test_pages_join_to_all_that_is_kept")
class TellsNoVersion(MemorySessionStore):
    """A page of messages does not say of which version it is."""

    def list_messages(self, session_id: str, **options: Any) -> Page[Message]:
        return replace(super().list_messages(session_id, **options), version=None)


@caught_by("test_another_services_messages_are_listed")
class ListsNothingThatIsNotCounted(MemoryEngine):
    """Messages beyond the number that another service counted are not listed."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        found = super().messages(query)
        stored = self.storage.documents.get(query.session_id, {})
        is_counted = stored.get("messageCount", 0) >= len(stored.get("messages", ()))
        return found if is_counted or found is None else found._replace(messages=[])


@caught_by("test_a_cursor_is_a_position")
class CountsFromTheOldestKept(MemoryEngine):
    """A position is counted from the oldest message that is kept, and moves as one leaves."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        stored = self.storage.documents.get(query.session_id, {})
        gone = max(stored.get("messageCount", 0) - len(stored.get("messages", ())), 0)
        if query.after is not None:
            query = replace(query, after=query.after + gone)
        found = super().messages(query)
        if found is None:
            return None
        return found._replace(messages=[(place - gone, body) for place, body in found.messages])


class Lenient(MemorySessionStore):
    """The reference store, but a cursor that it would refuse is made its own, if that can be."""

    def list_messages(
        self, session_id: str, *, cursor: str | None = None, **options: Any
    ) -> Page[Message]:
        try:
            return super().list_messages(session_id, cursor=cursor, **options)
        except InvalidCursorError:
            position = decode_message_cursor(cursor)
            if not self._is_let_pass(position, session_id):
                raise
            found = self.get(session_id)
            life = found.creation_id or utc_text(found.created_at)
            own = encode_message_cursor(MessagePosition(session_id, life, position.place))
            return super().list_messages(session_id, cursor=own, **options)

    def _is_let_pass(self, position: MessagePosition, session_id: str) -> bool:
        raise NotImplementedError


@caught_by("test_a_cursor_belongs_to_a_life")
class TakesAnothersCursor(Lenient):
    """A cursor is good for any session."""

    def _is_let_pass(self, position: MessagePosition, session_id: str) -> bool:
        return position.session_id != session_id


@caught_by("test_a_cursor_belongs_to_a_life")
class TakesACursorOfAnEarlierLife(Lenient):
    """A cursor is good for whatever has the session's id."""

    def _is_let_pass(self, position: MessagePosition, session_id: str) -> bool:
        return position.session_id == session_id


@caught_by("test_a_page_has_a_megabyte")
class FillsPagesOfAnySize(MemorySessionStore):
    """A page holds as many messages as are asked for, however large they are."""

    def list_messages(self, session_id: str, *, limit: int = 50, **options: Any) -> Page[Message]:
        page = super().list_messages(session_id, limit=limit, **options)
        items = list(page.items)
        while page.next_cursor is not None and len(items) < limit:
            given = {**options, "cursor": page.next_cursor, "limit": limit - len(items)}
            page = super().list_messages(session_id, **given)
            items += page.items
        return replace(page, items=items)


@caught_by("test_a_page_of_messages_has_1_to_1000")
class ListsAtMostAHundred(MemorySessionStore):
    """A page has at most a hundred messages, whatever is asked for."""

    def list_messages(self, session_id: str, *, limit: int = 50, **options: Any) -> Page[Message]:
        most = min(limit, 100) if limit == 1_000 else limit
        return super().list_messages(session_id, limit=most, **options)


@caught_by("test_nothing_of_a_history_is_left")
class LeavesTheHistoryBehind(MemoryEngine):
    """`delete` takes the record, and what lies beside it stays."""

    def delete(self, write: Write) -> bool:
        stored = self.storage.documents.get(write.session_id, {})
        done = super().delete(write)
        if done and "history" in stored:
            self.storage.documents[write.session_id] = {**stored, "ttl": 0}
        return done


@caught_by("test_nothing_of_a_history_is_left")
class PurgesWindowsAlone(MemoryEngine):
    """`purge_expired` leaves what has a history."""

    def purge(self, now: Moment) -> int:
        documents = self.storage.documents
        kept = {key: each for key, each in documents.items() if "history" in each}
        done = super().purge(now)
        documents |= kept
        return done


@caught_by("test_nothing_of_a_history_is_left")
class ErasesWindowsAlone(MemoryEngine):
    """`delete_user` leaves what has a history and has expired."""

    def delete_user(self, user_id: str, now: Moment) -> int:
        documents = self.storage.documents
        kept = {
            key: each
            for key, each in documents.items()
            if "history" in each and not is_visible(now, None, owner=None, ttl=each.get("ttl"))
        }
        done = super().delete_user(user_id, now)
        documents |= kept
        return done


@caught_by("test_a_new_life_shows_nothing_of_the_old")
class ShowsTheHistoryOfAnOldLife(MemoryEngine):
    """A session that is created anew with a history takes on that of the expired one."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        old = copy.deepcopy(self.storage.documents.get(session.session_id, {}))
        done = super().insert(session, now)
        if done and "history" in old and session.history is not None:
            stored = self.storage.documents[session.session_id]
            stored["messages"] = old["messages"] + stored["messages"]
            stored["messageCount"] = len(stored["messages"])
        return done


class Copying(MemoryEngine):
    """The reference store, the history that is restored in two parts: what comes, and what of it
    is taken."""

    def restore(
        self, session: StoredSession, *, history: Iterator[StoredMessage], **options: Any
    ) -> bool:
        return super().restore(session, history=self._taken(history), **options)

    def _taken(self, history: Iterator[StoredMessage]) -> Iterator[StoredMessage]:
        raise NotImplementedError


@caught_by("test_a_copy_with_its_history_is_exact")
class RestoresTheWindowAlone(Copying):
    """`restore` looks at the history that it is given, and leaves it."""

    def _taken(self, history: Iterator[StoredMessage]) -> Iterator[StoredMessage]:
        return iter(list(history)[:0])


@caught_by("test_a_copy_with_its_history_is_exact")
class RestoresTheHistoryBackwards(Copying):
    """A restored history stands newest first."""

    def _taken(self, history: Iterator[StoredMessage]) -> Iterator[StoredMessage]:
        return reversed(list(history))


@caught_by("test_a_wrong_history_restores_nothing")
class AcceptsAShortHistory(Copying):
    """A history that ends before its time, or fails, is taken as far as it came."""

    def _taken(self, history: Iterator[StoredMessage]) -> Iterator[StoredMessage]:
        with suppress(InvalidInputError):
            yield from history


@caught_by("test_a_wrong_history_restores_nothing")
class EmptiesBeforeItRestores(MemoryEngine):
    """`restore` removes what it is to replace before it knows that it can."""

    def restore(
        self, session: StoredSession, *, history: Iterator[StoredMessage], **options: Any
    ) -> bool:
        if options["overwrite"]:
            self.storage.documents.pop(session.session_id, None)
        return super().restore(session, history=history, **options)


@caught_by("test_a_wrong_history_restores_nothing")
class ShowsWhatItIsRestoring(MemoryEngine):
    """A session can be seen while its history is still coming."""

    def restore(
        self, session: StoredSession, *, history: Iterator[StoredMessage], **options: Any
    ) -> bool:
        if session.session_id in self.storage.documents:
            return super().restore(session, history=history, **options)
        super().restore(session, history=iter(()), **options)
        return super().restore(session, history=history, **{**options, "overwrite": True})


@caught_by("test_a_long_history_is_copied")
class RestoresTheFirstThousand(Copying):
    """Of a long history the first thousand messages are restored."""

    def _taken(self, history: Iterator[StoredMessage]) -> Iterator[StoredMessage]:
        yield from islice(history, 1_000)
        for _ in history:
            pass
