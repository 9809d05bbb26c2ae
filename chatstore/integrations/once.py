"""Items that are stored once by their ids, however long ago that was."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from chatstore.errors import InvalidInputError, SessionNotFoundError, VersionConflictError
from chatstore.integrations.attempts import compare_and_set
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import Item
from chatstore.integrations.writes import NO_SESSION, Write
from chatstore.models import JsonObject, SessionInfo
from chatstore.record.limits import MAX_PAGE

_MOST_KNOWN = 100
_FEW = 50


@dataclass(slots=True)
class Known:
    """A conversation as it was at a version, with the ids of all its items."""

    version: int = NO_SESSION
    creation_id: str | None = None
    message_count: int = 0
    metadata: JsonObject = field(default_factory=dict)
    item_ids: set[str] = field(default_factory=set[str])
    is_latest: bool = False
    """Whether nothing was heard of a later version."""

    def become(self, info: SessionInfo | None) -> None:
        """The session is this now, or there is none."""
        if info is None or info.creation_id != self.creation_id:
            self.item_ids = set()
        self.version = NO_SESSION if info is None else info.version
        self.creation_id = None if info is None else info.creation_id
        self.message_count = 0 if info is None else info.message_count
        self.metadata = {} if info is None else info.metadata


class Once:
    """One user's conversations, into which an item of a known id comes once. A store finds that out
    for the newest messages only; here the ids of all items are read once, and remembered for the
    conversations that are used. Calls for one conversation must come one after the other."""

    def __init__(self, conversations: Conversations, user_id: str) -> None:
        self._conversations = conversations
        self._user_id = user_id
        self._lock = threading.Lock()
        self._known: OrderedDict[str, Known] = OrderedDict()

    def read(self, session_id: str) -> list[Item]:
        """All items of a conversation; none if there is none."""
        return self._read(session_id, self._remembered(session_id), whole=True)

    def append(
        self,
        session_id: str,
        write: Write,
        changes: Callable[[Known, list[Any]], JsonObject],
    ) -> None:
        """Send what of a write is new. `changes` says how the values of the items that an append
        completes change the metadata, which is done in the same atomic write."""
        known = self._remembered(session_id)

        def metadata(values: list[Any]) -> JsonObject:
            patch = changes(known, values)
            merged = known.metadata | patch
            known.metadata = {name: value for name, value in merged.items() if value is not None}
            return patch

        def attempt() -> None:
            # That an item is there already is said by the store alone, as it is now.
            if not known.is_latest or known.item_ids & write.unsent_ids:
                self._read(session_id, known)
            write.leave_out(known.item_ids)
            if sent := write.unsent_ids:
                self._send(session_id, known, write, metadata, sent)

        compare_and_set(attempt)

    def _send(
        self,
        session_id: str,
        known: Known,
        write: Write,
        metadata: Callable[[list[Any]], JsonObject],
        item_ids: set[str],
    ) -> None:
        known.is_latest = False
        version, creation_id = known.version, known.creation_id
        message_count = known.message_count + write.unsent_count
        try:
            info = write.send(metadata=metadata, if_version=version)
        except SessionNotFoundError as error:
            # It was deleted, or has expired: the items begin it anew.
            raise VersionConflictError(session_id, version) from error
        except InvalidInputError as error:
            # Another writer may have stored one of the items.
            self._read(session_id, known)
            if (known.version, known.creation_id) == (version, creation_id):
                raise
            raise VersionConflictError(session_id, version) from error
        known.become(info)
        if info.message_count == message_count:
            known.item_ids |= item_ids
            known.is_latest = True

    def _read(self, session_id: str, known: Known, *, whole: bool = False) -> list[Item]:
        """Get to know a conversation as it is; the items that were not known, or all."""
        known.is_latest = False
        try:
            known.become(self._conversations.store.get(session_id, user_id=self._user_id, last=0))
            page_size = _FEW if known.item_ids and not whole else MAX_PAGE
            items = self._conversations.walk(
                session_id, self._user_id, newest_first=True, page_size=page_size
            )
            if not whole:
                items = takewhile(lambda item: item.item_id not in known.item_ids, items)
            found = list(items)[::-1]
        except SessionNotFoundError:
            known.become(None)
            found = []
        known.item_ids.update(item.item_id for item in found)
        known.is_latest = True
        return found

    def _remembered(self, session_id: str) -> Known:
        with self._lock:
            known = self._known.setdefault(session_id, Known())
            self._known.move_to_end(session_id)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
            return known
