"""Conversations that branch and fork: each a session with a log of links, and a record that says
where its history ends.

A record is a JSON object with a `revision`, which each write changes, a `head_id`, the last link of
the history, `branches`, the last links of histories that were left, and `forked_from`, the
session that it was forked from. It lies in the session's metadata, and is written in one step with
the links that it adds. A fork gets copies of the links that it shares, under their ids, so every
log is closed, and no session needs another one to be there.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chatstore.errors import (
    ConfigurationError,
    InvalidCursorError,
    SessionExistsError,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.integrations.attempts import compare_and_set
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.lines import Lines, Link, Place, items_of_links
from chatstore.integrations.remembered import Remembered
from chatstore.integrations.tree_records import State, TreeRecords
from chatstore.integrations.writes import Write
from chatstore.models import JsonObject, SessionInfo
from chatstore.protocol import SessionStore
from chatstore.record.limits import MAX_PAGE, require_id


class RecordConflictError(Exception):
    """Another revision of the record is stored than the one to be replaced, or the history ends
    with a link that is no longer there."""


@dataclass(frozen=True, slots=True)
class Change:
    """A record to be stored, and the links that it adds, in place of the revision `expected`."""

    session_id: str
    record: JsonObject
    links: Sequence[Link]
    expected: str | None


class Trees:
    """The branching conversations of one user. Raises `ConfigurationError` for a store whose policy
    keeps no history. Safe to share between threads."""

    def __init__(self, store: SessionStore, key: str, user_id: str) -> None:
        self._store = Conversations(store).store
        self._user_id = require_id("user_id", user_id)
        self._lines = Lines(store, self._user_id)
        self._records = TreeRecords(key, self._lines)
        self._just_read = Remembered[State]()
        self._places = Remembered[Place]()

    def record(self, session_id: str) -> JsonObject | None:
        """The record of a session, or None."""
        found = self._read(session_id)
        if found is None:
            return None
        state, record = found
        self._just_read.put(session_id, state)
        return record

    def records(self) -> Iterator[JsonObject]:
        """The records of all of the user's sessions that have one, the oldest session first."""
        sessions = self._store.iter_sessions(self._user_id, newest_first=False, page_size=MAX_PAGE)
        for info in sessions:
            with suppress(SessionNotFoundError):
                _, record = self._decoded(info)
                if record is not None:
                    yield record

    def line(
        self, link_id: str, *, most: int | None = None, origin: str | None = None
    ) -> list[Link]:
        """The history that ends with a link, or the newest `most` of it, oldest first. Where it
        lies is known if its record was read, or `origin` tells; else all of the user's sessions are
        looked through. Raises `LookupError`."""
        for place in self._where(link_id, origin):
            try:
                return self._lines.newest(place, link_id, most)
            except (LookupError, InvalidCursorError):
                # Deleted or created anew since then; a fork may have it.
                continue
        raise LookupError(f"no conversation of this user holds {link_id!r}")

    def write(self, change: Change) -> None:
        """Store a change, whole or not at all. Raises `RecordConflictError`."""
        known = self._just_read.take(change.session_id)
        if known is not None and known.revision != change.expected:
            known = None

        def attempt() -> None:
            nonlocal known
            stored, known = known or self._state(change.session_id), None
            if stored is not None and change.record["revision"] in stored.revisions:
                # An earlier attempt was stored, and its answer lost.
                return
            if (None if stored is None else stored.revision) != change.expected:
                raise RecordConflictError
            try:
                self._send(change, stored)
            except SessionExistsError:
                if self._state(change.session_id) is None:
                    # It is somebody else's.
                    raise RecordConflictError from None
                raise VersionConflictError(change.session_id, None) from None
            except SessionNotFoundError:
                # Deleted since it was read.
                raise VersionConflictError(change.session_id, None) from None

        compare_and_set(attempt)

    def delete(self, session_id: str, expected: str) -> None:
        """Delete a session with all its links. Raises `RecordConflictError`."""
        was_sent = False

        def attempt() -> None:
            nonlocal was_sent
            stored = self._state(session_id)
            if stored is None and was_sent:
                return
            if stored is None or stored.revision != expected:
                raise RecordConflictError
            was_sent = True
            version = stored.version
            self._store.delete(session_id, user_id=self._user_id, if_version=version)

        compare_and_set(attempt)

    def _send(self, change: Change, stored: State | None) -> None:
        """One attempt. Raises `VersionConflictError` if it is to be made again."""
        session_id, head_id = change.session_id, change.record["head_id"]
        ends: dict[str, int | None] = {}
        if stored is not None and stored.head_id is not None:
            ends[stored.head_id] = stored.head_end
        new_ids = {link.item_id for link in change.links}
        needed = {head_id, *(link.parent_id for link in change.links)} - new_ids - {None}
        copies: list[Link] = []
        if not needed <= ends.keys():
            ends = {} if stored is None else dict(self._lines.ends(session_id))
            origin = change.record["forked_from"]
            copies = self._copies(sorted(needed - ends.keys()), ends, origin)
        links = [*copies, *change.links]
        head_is_new = head_id in {link.item_id for link in links}
        record_items, metadata = self._records.packed(
            change.record,
            head_end=None if head_is_new or head_id is None else ends.get(head_id),
            earlier=() if stored is None else stored.revisions,
        )
        items = [*items_of_links(links, ends), *record_items]
        if stored is not None and not stored.keeps_history:
            raise ConfigurationError(
                f"session {session_id!r} was created without history, and would lose messages; "
                "use another conversation id, or copy the session into one that keeps its history"
            )
        write = Write(self._store, session_id, self._user_id, items)
        if stored is None:
            write.create(metadata=metadata)
        elif items:
            write.send(metadata=metadata, if_version=stored.version, create=False)
        else:
            version = stored.version
            self._store.update(
                session_id, metadata=metadata, user_id=self._user_id, if_version=version
            )

    def _copies(
        self, needed: Sequence[str], ends: Mapping[str, int | None], origin: str | None
    ) -> list[Link]:
        """The histories that end with these links, from other sessions; without what is there."""
        copies: dict[str, Link] = {}
        for link_id in needed:
            try:
                line = self.line(link_id, origin=origin)
            except LookupError:
                raise RecordConflictError from None
            copies |= {link.item_id: link for link in line if link.item_id not in ends}
        return list(copies.values())

    def _read(self, session_id: str) -> tuple[State, JsonObject | None] | None:
        try:
            return self._decoded(self._store.get(session_id, user_id=self._user_id, last=0))
        except SessionNotFoundError:
            return None

    def _state(self, session_id: str) -> State | None:
        found = self._read(session_id)
        return None if found is None else found[0]

    def _decoded(self, info: SessionInfo) -> tuple[State, JsonObject | None]:
        state, record = self._records.read(info)
        if record is not None:
            for tip in record["branches"]:
                self._places.put(tip, Place.of(info))
        if state.head_id is not None:
            self._places.put(state.head_id, Place.of(info, state.head_end))
        return state, record

    def _where(self, link_id: str, origin: str | None) -> Iterator[Place]:
        place = self._places.get(link_id)
        if place is not None:
            yield place
        if origin is not None:
            yield Place(origin)
        for info in self._store.iter_sessions(self._user_id, page_size=MAX_PAGE):
            yield Place.of(info)
