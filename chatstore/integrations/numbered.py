"""Conversations whose items are numbered, 0 being the first ever: any of them is found, read and
replaced by its number, at a cost that does not grow with what is before it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, cast

from chatstore.engine.cursor import MessagePosition, encode_message_cursor
from chatstore.errors import (
    InvalidInputError,
    MessageNotFoundError,
    MessageTooLargeError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.integrations.attempts import compare_and_set, resent
from chatstore.integrations.items import (
    Item,
    NewItem,
    items_of,
    json_text,
    messages_of,
)
from chatstore.integrations.numbered_messages import (
    is_last_part,
    number_of,
    replaced,
    window_length,
)
from chatstore.integrations.remembered import Remembered
from chatstore.integrations.writes import Write
from chatstore.models import Message, Session, SessionInfo, new_id
from chatstore.policy import MAX_HISTORY_WINDOW
from chatstore.protocol import MaintainedSessionStore, SessionStore, require_store
from chatstore.protocol.maintenance import Maintenance
from chatstore.record.limits import MAX_PAGE
from chatstore.store.message_pages import life_of

_REPLACING = "replacing"
_LONGEST_REPLACING = timedelta(minutes=10)
"""After that a copy was broken off: it left everything as it was, but for the mark."""


class _Tail(NamedTuple):
    """The end of a conversation: its version, and the number that the next item gets."""

    version: int
    following: int


class NumberedItems:
    """One user's conversations of numbered items: the id of each item is its number. An item whose
    write failed is written before the next one. Safe to share between threads."""

    def __init__(self, store: SessionStore, user_id: str) -> None:
        self._store = store
        self._user_id = user_id
        self._tails = Remembered[_Tail]()
        self._unsent = Remembered[dict[int, tuple[NewItem, Write]]]()

    def add(self, session_id: str, number: int, value: object, label: str) -> None:
        """Add the item that has the next number; one that is there already changes nothing.

        Raises `SessionNotFoundError`, and `InvalidInputError` if the number is another item's, or
        is none that can follow.
        """
        item = NewItem(value, label, str(number))
        write = Write(self._store, session_id, self._user_id, [item])
        former = self._unsent.get(session_id) or {}
        unsent = {key: former[key] for key in former if key < number} | {number: (item, write)}
        try:
            compare_and_set(lambda: self._send(session_id, unsent))
        except (SessionNotFoundError, InvalidInputError):
            self._unsent.take(session_id)
            raise
        except BaseException:
            self._unsent.put(session_id, unsent)
            raise
        self._unsent.take(session_id)

    def _send(self, session_id: str, unsent: dict[int, tuple[NewItem, Write]]) -> None:
        tail = self._tails.take(session_id)
        if tail is None or tail.following not in unsent:
            # Nobody knows it here, or another process has written meanwhile.
            tail = self._tail(self._to_write(session_id))
        for number, (item, write) in unsent.items():
            if number != tail.following:
                self._require_same(session_id, number, item, tail)
                continue
            try:
                info = write.send(if_version=tail.version, create=False)
            except InvalidInputError:
                now = self._tail(self._to_write(session_id))
                if number < now.following:
                    self._require_same(session_id, number, item, now)
                raise
            tail = _Tail(info.version, number + 1)
        self._tails.put(session_id, tail)

    def _require_same(self, session_id: str, number: int, item: NewItem, tail: _Tail) -> None:
        limit = f"{tail.following}, the next in the conversation"
        if number > tail.following:
            raise InvalidInputError("number", limit, number, "one was left out")
        found = self.item(session_id, number)
        if found is None or json_text("item", found.value) != json_text("item", item.value):
            advice = "another writer was faster: read the conversation again"
            raise InvalidInputError("number", limit, number, advice)

    def _to_write(self, session_id: str, mark: str | None = None) -> Session:
        """The session, with its newest message. Raises `VersionConflictError` while an earlier
        item is being replaced, unless that has this mark."""
        session = self._session(session_id, last=1)
        if is_being_replaced(session) and session.metadata[_REPLACING] != mark:
            raise VersionConflictError(session_id, session.version)
        return session

    def _tail(self, session: Session) -> _Tail:
        if not session.messages:
            return _Tail(session.version, 0)
        message = session.messages[-1]
        return _Tail(session.version, number_of(message) + is_last_part(message))

    def note(self, info: SessionInfo) -> None:
        """Learn of the session as a write of the caller's own, which added no item, has left it:
        the next item needs no question about that. If somebody else wrote too, nothing is known."""
        tail = self._tails.get(info.session_id)
        if tail is not None and info.version == tail.version + 1:
            self._tails.put(info.session_id, tail._replace(version=info.version))

    def items(self, session_id: str, start: int, count: int | None = None) -> list[Item]:
        """At most `count` items from number `start`, or all. Raises `SessionNotFoundError`."""
        session = self._session(session_id, last=MAX_HISTORY_WINDOW)
        found = list(items_of(session.messages))
        is_whole = session.message_count == len(session.messages)
        if not is_whole and not (found and int(found[0].item_id) <= start):
            position = self._position(session, start)
            walk = items_of(self._from(session, position, count))
            return list(islice(walk, count))
        return [item for item in found if int(item.item_id) >= start][:count]

    def item(self, session_id: str, number: int) -> Item | None:
        """One item; None if it is not there, or no such session."""
        try:
            found = [] if number < 0 else self.items(session_id, number, 1)
        except SessionNotFoundError:
            return None
        return found[0] if found and found[0].item_id == str(number) else None

    def replace(self, session_id: str, number: int, change: Callable[[Any], Any]) -> bool:
        """Put `change(value)` in the place of an item's value; whether there is such an item.
        Nothing of the former value stays.

        Raises `SessionNotFoundError`; and `ConfigurationError` if it is before the window and the
        store has no maintenance, which is what rewrites a conversation of any length in one step.
        """
        self._tails.take(session_id)
        mark = f"{datetime.now(UTC).isoformat()} {new_id()}"
        return compare_and_set(lambda: self._put(session_id, number, change, mark))

    def _put(self, session_id: str, number: int, change: Callable[[Any], Any], mark: str) -> bool:
        info = self._to_write(session_id, mark)
        old = self.item(session_id, number)
        if old is None:
            return False
        first = old.messages[0]
        item = NewItem(change(old.value), first.type, str(number))
        new = [
            each.model_copy(update={"timestamp": first.timestamp})
            for each in messages_of(item, self._store.policy)
        ]
        if len(new) == len(old.messages) == 1:
            try:
                self._store.amend(
                    session_id, new[0], user_id=self._user_id, if_version=info.version
                )
            except (MessageNotFoundError, MessageTooLargeError):
                pass  # It is before the window, or would make that too large.
            else:
                return True
        self._copy(info, number, new, mark)
        return True

    def _copy(self, info: SessionInfo, number: int, new: list[Message], mark: str) -> None:
        """Restore the conversation over itself, with an item replaced. A mark keeps other writers
        away meanwhile: what they wrote would be lost."""
        require_store("store", self._store, SessionStore, Maintenance)
        store = cast("MaintainedSessionStore", self._store)
        session_id = info.session_id
        if info.metadata.get(_REPLACING) != mark:
            marked = {_REPLACING: mark}
            info = store.update(
                session_id, metadata=marked, user_id=self._user_id, if_version=info.version
            )
        try:
            session = self._session(session_id, last=MAX_HISTORY_WINDOW)
            messages = replaced(self._from(session, 0, None), number, new)
            window = window_length(messages, session.history)
            restored = session.model_copy(
                update={
                    "messages": messages[len(messages) - window :],
                    "message_count": len(messages),
                    "metadata": {
                        key: value for key, value in session.metadata.items() if key != _REPLACING
                    },
                    "version": info.version + 1,
                }
            )
            before = messages[: len(messages) - window]
            resent(lambda: store.restore(restored, history=before, overwrite=True))
        except BaseException:
            store.update(session_id, metadata={_REPLACING: None}, user_id=self._user_id)
            raise

    def _session(self, session_id: str, *, last: int) -> Session:
        return resent(lambda: self._store.get(session_id, user_id=self._user_id, last=last))

    def _position(self, session: Session, number: int) -> int:
        """How many messages are before an item. It is its number, where none is in parts."""
        low, high = number, session.message_count
        middle = low
        while low < high:
            message = next(self._from(session, middle, 1), None)
            if message is None or number_of(message) >= number:
                high = middle
            else:
                low = middle + 1
            middle = (low + high) // 2
        return low

    def _from(self, session: Session, position: int, count: int | None) -> Iterator[Message]:
        """The messages from a position on, oldest first, read as they are asked for."""
        limit = MAX_PAGE if count is None else min(max(count, 1), MAX_PAGE)
        before = MessagePosition(session.session_id, life_of(session), position - 1)
        cursor = encode_message_cursor(before) if position else None
        while True:
            page = resent(
                partial(
                    self._store.list_messages,
                    session.session_id,
                    user_id=self._user_id,
                    newest_first=False,
                    limit=limit,
                    cursor=cursor,
                )
            )
            yield from page.items
            if (cursor := page.next_cursor) is None:
                return


def is_being_replaced(info: SessionInfo) -> bool:
    """Whether an item is being replaced just now, by somebody who would overwrite a write."""
    since = info.metadata.get(_REPLACING)
    return (
        isinstance(since, str)
        and datetime.now(UTC) - datetime.fromisoformat(since.partition(" ")[0]) < _LONGEST_REPLACING
    )
