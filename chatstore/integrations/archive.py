"""Conversations whose oldest items are archived: out of use, and kept.

To archive is to move one mark in the session's metadata, and no message: everything up to the item
that it names is archived. So what is in use is read from the newest message back to the mark,
however much is archived. A mark whose item is gone, because everything was replaced, counts for
nothing.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Generic

from chatstore.errors import (
    ChatStoreError,
    InvalidInputError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.integrations.attempts import compare_and_set
from chatstore.integrations.conversations import Conversations, fits_window
from chatstore.integrations.entries import (
    ACTIVE,
    Entry,
    Kind,
    Snapshot,
    Value,
    settled,
    without,
)
from chatstore.integrations.items import Item, NewItem, items_of, messages_of
from chatstore.models import Message, Session, new_id
from chatstore.record.limits import MAX_MESSAGES, MAX_PAGE

MARK = "chatstore_archive"
"""The name of the mark in a session's metadata, which is the application's otherwise."""

Choice = Callable[[Snapshot[Value]], Sequence[Entry[Value]]]


class Archive(Generic[Value]):
    """One user's conversations. `read` makes of an item what the framework has, or None if it
    can't; `kind_of` says what that is within a turn. Calls raise `SessionNotFoundError` for a
    session that is not there or is somebody else's, and `VersionConflictError` if other writers
    were faster for seconds on end."""

    def __init__(
        self,
        conversations: Conversations,
        user_id: str,
        read: Callable[[object], Value | None],
        kind_of: Callable[[Value], Kind],
    ) -> None:
        self._conversations = conversations
        self._store = conversations.store
        self._user_id = user_id
        self._read = read
        self._kind_of = kind_of

    def snapshot(self, session_id: str, *, whole: bool = False) -> Snapshot[Value]:
        """A conversation from the mark on, or whole."""
        return compare_and_set(partial(self._snapshot, session_id, whole=whole))

    def archive(self, session_id: str, count: int) -> list[Value]:
        """Archive the oldest `count` entries in use; these."""
        token = new_id()

        def write(found: Snapshot[Value], chosen: Sequence[Entry[Value]]) -> None:
            last = chosen[-1]
            place = next(i for i, entry in enumerate(found.entries, start=1) if entry is last)
            through = last.item.messages[-1].message_id
            self._store.update(
                session_id,
                metadata={
                    MARK: {"through": through, "count": found.unread + place, "token": token}
                },
                user_id=self._user_id,
                if_version=found.session.version,
            )

        return self._take(session_id, lambda found: found.active[:count], write, token=token)

    def remove(
        self, session_id: str, choose: Choice[Value], *, whole: bool = False, is_cut: bool = False
    ) -> list[Value]:
        """Remove what `choose` says of a snapshot, in one write; that. `is_cut`: what is left of a
        turn at the beginning becomes archived, as a result does whose call is removed.

        Raises `InvalidInputError` if this takes more than the newest messages and leaves more than
        6,000.
        """

        def write(found: Snapshot[Value], chosen: Sequence[Entry[Value]]) -> None:
            changes = without(found.entries, chosen, is_cut=is_cut)
            self._rewrite(found.session, list(changes))

        return self._take(session_id, choose, write, whole=whole)

    def replace(self, session_id: str, items: Sequence[NewItem]) -> None:
        """Put items in the place of all, in one write; in a new session if there is none. To put
        nothing in the place of somebody else's session does nothing."""
        messages = [each for item in items for each in messages_of(item, self._store.policy)]

        def attempt() -> None:
            opened = self._store.get_or_create if messages else self._store.get
            try:
                session = opened(session_id, user_id=self._user_id)
            except SessionNotFoundError:
                return
            except SessionExistsError:
                raise SessionNotFoundError(session_id) from None
            shown = {message.message_id for message in session.messages}
            # If the newest of them is there, the answer of an earlier sending was lost.
            if not messages or messages[-1].message_id not in shown:
                version = session.version
                self._store.rewrite(
                    session_id, messages, if_version=version, user_id=self._user_id, whole=True
                )

        compare_and_set(attempt)
        self._conversations.forget(session_id)

    def _snapshot(self, session_id: str, *, whole: bool) -> Snapshot[Value]:
        session = self._store.get(session_id, user_id=self._user_id)
        through, count, _ = _mark_of(session)
        entries: deque[Entry[Value]] = deque()
        after_mark: int | None = None
        for item in items_of(self._newest_first(session), newest_first=True):
            if item.messages[-1].message_id == through:
                after_mark = len(entries)
                if not whole:
                    break
            entry = self.entry(item)
            if entry is not None:
                entries.appendleft(entry)
        if after_mark is None:
            return Snapshot(session, list(settled(entries, is_cut=False)))
        found = list(entries)
        place = len(found) - after_mark
        before = [entry._replace(is_active=False) for entry in found[:place]]
        rest = settled(found[place:], is_cut=True)
        return Snapshot(session, [*before, *rest], unread=0 if whole else count)

    def _newest_first(self, session: Session) -> Iterator[Message]:
        """A session's messages, in pages that grow. Raises `VersionConflictError` if somebody
        writes meanwhile."""
        yield from reversed(session.messages)
        shown = len(session.messages)
        if shown == session.message_count:
            return
        limit = min(MAX_PAGE, 2 * shown + 1)
        cursor: str | None = None
        while True:
            page = self._store.list_messages(
                session.session_id, user_id=self._user_id, limit=limit, cursor=cursor
            )
            if (page.version, page.creation_id) != (session.version, session.creation_id):
                raise VersionConflictError(session.session_id, session.version)
            yield from page.items[shown:]
            shown = max(0, shown - len(page.items))
            limit = min(MAX_PAGE, 2 * limit)
            if (cursor := page.next_cursor) is None:
                return

    def entry(self, item: Item) -> Entry[Value] | None:
        """What an item is, apart from where it stands; None if it is nothing that can be read."""
        match item.value:
            case {"status": "active" | "archived" as status, "message": message}:
                value = self._read(message)
            case _:
                return None
        if value is None:
            return None
        is_active = status == ACTIVE
        return Entry(item, value, self._kind_of(value), not is_active, is_active)

    def _take(
        self,
        session_id: str,
        choose: Choice[Value],
        write: Callable[[Snapshot[Value], Sequence[Entry[Value]]], None],
        *,
        token: str | None = None,
        whole: bool = False,
    ) -> list[Value]:
        """What `choose` says of what is there, once `write` has taken it out. Where nobody knows
        whether a write has happened, the mark's `token` tells, or whether the entries are still
        there: they are never taken twice, nor others in their place."""
        tried: Sequence[Entry[Value]] = ()
        is_unknown = False

        def attempt() -> Sequence[Entry[Value]]:
            nonlocal tried, is_unknown
            found = self._snapshot(session_id, whole=whole)
            if token is not None and _mark_of(found.session)[2] == token:
                return tried
            if is_unknown and not any(found.holds(entry) for entry in tried):
                return tried
            tried = choose(found)
            if not tried:
                return ()
            try:
                write(found, tried)
            except ChatStoreError as error:
                # A driver that sent a rewrite again may have met its own result.
                is_conflict = isinstance(error, VersionConflictError)
                is_unknown = is_unknown or error.retryable or (is_conflict and token is None)
                raise
            return tried

        taken = compare_and_set(attempt)
        self._conversations.forget(session_id)
        return [entry.value for entry in taken]

    def _rewrite(
        self, session: Session, changes: Sequence[tuple[Entry[Value], NewItem | None]]
    ) -> None:
        """Store the session's messages with these changes, of its window alone where that holds
        all of them."""
        places: dict[str, list[Message]] = {}
        for entry, item in changes:
            places.update((message_id, []) for message_id in entry.message_ids)
            if item is not None:
                last_id = entry.item.messages[-1].message_id
                places[last_id] = messages_of(item, self._store.policy)

        def changed(messages: Sequence[Message]) -> list[Message]:
            return [new for each in messages for new in places.get(each.message_id, [each])]

        shown = changed(session.messages)
        is_within = places.keys() <= {message.message_id for message in session.messages}
        is_whole = not (is_within and fits_window(shown, session))
        if is_whole:
            # If these are of another version, the rewrite is refused.
            shown = changed(self._conversations.whole(session.session_id, self._user_id)[0])
            if len(shown) > MAX_MESSAGES:
                raise InvalidInputError(
                    "what is left of the conversation",
                    f"at most {MAX_MESSAGES:,} messages",
                    f"{len(shown):,}",
                    "archive instead, or set the messages that shall stay",
                )
        self._store.rewrite(
            session.session_id,
            shown,
            if_version=session.version,
            user_id=self._user_id,
            whole=is_whole,
        )


def _mark_of(session: Session) -> tuple[str | None, int, str | None]:
    """The id of the last message that is archived, how many entries are, and who said so."""
    match session.metadata.get(MARK):
        case {"through": str(through), "count": int(count), "token": str(token)}:
            return through, count, token
        case _:
            return None, 0, None
