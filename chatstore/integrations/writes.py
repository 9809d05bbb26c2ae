"""Items on their way into a session."""

import hashlib
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from chatstore.errors import SessionExistsError, SessionNotFoundError
from chatstore.integrations.attempts import resent
from chatstore.integrations.items import NewItem, json_text, messages_of, most_weight
from chatstore.models import Message, SessionInfo, new_id
from chatstore.policy import MAX_WINDOW_BYTES, RetentionPolicy
from chatstore.protocol import SessionStore
from chatstore.record.limits import MAX_BATCH

Metadata = Mapping[str, object] | Callable[[list[Any]], Mapping[str, object]]
"""What is merged into a session's metadata; or what tells it of the values of the items that an
append completes."""

NO_SESSION = 0
"""As `if_version`: there must be no such session yet."""


class _Piece(NamedTuple):
    """An item's message, or one of its parts."""

    message: Message
    item_id: str
    value: object
    is_last: bool


class Write:
    """Items on their way into a session. Their messages are minted once: `send` may be called again
    after a failure, goes on where it stopped, and stores nothing twice. Raises `InvalidInputError`
    for an item that is not JSON."""

    def __init__(
        self, store: SessionStore, session_id: str, user_id: str, items: Sequence[NewItem]
    ) -> None:
        self._store = store
        self._session_id = session_id
        self._user_id = user_id
        self._lock = threading.Lock()
        self._info: SessionInfo | None = None
        self._unsent = [piece for item in items for piece in _pieces(item, store.policy)]

    @property
    def unsent_ids(self) -> set[str]:
        """The ids of the items that are not sent yet, minted ones included."""
        with self._lock:
            return {piece.item_id for piece in self._unsent}

    @property
    def unsent_count(self) -> int:
        """How many messages are not sent yet."""
        with self._lock:
            return len(self._unsent)

    def leave_out(self, item_ids: Collection[str]) -> None:
        """Don't send items of these ids, which are stored already."""
        with self._lock:
            self._unsent = [piece for piece in self._unsent if piece.item_id not in item_ids]

    def send(
        self,
        *,
        metadata: Metadata | None = None,
        if_version: int | None = None,
        create: bool = True,
    ) -> SessionInfo:
        """Append the items; the session after that. What is too large for one append takes several.

        `metadata` is merged in the same atomic write as the last item is complete; a function is
        asked for each append that completes items, in order. A session that does not exist is
        created with the items, if `create` says so. A write whose outcome is unknown is sent again,
        twice at most. Raises `SessionNotFoundError` for a session that is somebody else's, and
        `VersionConflictError`, for `if_version=NO_SESSION` if there is a session.
        """
        with self._lock:
            while self._unsent:
                batch = _batch(self._unsent)
                if callable(metadata):
                    values = [piece.value for piece in self._unsent[: len(batch)] if piece.is_last]
                    state = metadata(values) if values else None
                else:
                    state = metadata if len(batch) == len(self._unsent) else None
                append = partial(self._append, batch, state, if_version, create=create)
                self._info = info = resent(append)
                del self._unsent[: len(batch)]
                if_version = None if if_version is None else info.version
            if self._info is None:
                return self._store.get(self._session_id, user_id=self._user_id, last=0)
            return self._info

    def create(self, *, metadata: Mapping[str, object] | None = None) -> SessionInfo:
        """Create the session with the items; the session after that. `metadata` is there when the
        last item is complete. Raises `SessionExistsError` if the id is taken, by this write's
        first sending too, if its outcome was unknown."""
        with self._lock:
            batch = _batch(self._unsent)
            is_last = len(batch) == len(self._unsent)
            self._info = info = self._store.create(
                self._user_id,
                session_id=self._session_id,
                messages=batch,
                metadata=metadata if is_last else None,
            )
            del self._unsent[: len(batch)]
        return self.send(metadata=metadata, if_version=info.version, create=False)

    def _append(
        self,
        batch: Sequence[Message],
        metadata: Mapping[str, object] | None,
        if_version: int | None,
        *,
        create: bool,
    ) -> SessionInfo:
        def appended() -> SessionInfo:
            return self._store.append(
                self._session_id,
                *batch,
                metadata=metadata,
                user_id=self._user_id,
                if_version=if_version,
            )

        try:
            if if_version != NO_SESSION:
                return appended()
        except SessionNotFoundError:
            if not create or if_version is not None:
                raise
        try:
            return self._store.create(
                self._user_id, session_id=self._session_id, messages=batch, metadata=metadata
            )
        except SessionExistsError:
            # Another writer was faster. If it is refused again, the session is somebody else's.
            return appended()


def key_of(items: Sequence[NewItem]) -> bytes:
    """What tells these items from others."""
    texts = [[item.item_id, item.label, item.value] for item in items]
    return hashlib.sha256(json_text("items", texts).encode()).digest()


def _pieces(item: NewItem, policy: RetentionPolicy) -> list[_Piece]:
    item = item._replace(item_id=item.item_id or new_id())
    messages = messages_of(item, policy)
    return [
        _Piece(message, str(item.item_id), item.value, message is messages[-1])
        for message in messages
    ]


def _batch(pieces: Sequence[_Piece]) -> list[Message]:
    """As many of the first messages as one append takes; at least one."""
    room = MAX_WINDOW_BYTES
    batch: list[Message] = []
    for message, *_ in pieces[:MAX_BATCH]:
        room -= most_weight(message)
        if room < 0 and batch:
            break
        batch.append(message)
    return batch
