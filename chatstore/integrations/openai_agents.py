"""openai-agents: its sessions, kept in any store."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from agents import TResponseInputItem
from agents.memory import SessionSettings

from chatstore.errors import ConfigurationError, SessionNotFoundError
from chatstore.integrations.awaiting import settled, shared_over
from chatstore.integrations.items import Item, NewItem
from chatstore.integrations.tail import replace_all, replace_newest, take_newest
from chatstore.protocol import SessionStore

if TYPE_CHECKING:
    from agents.memory.session import _CompactionSnapshot as CompactionSnapshot
else:
    try:
        from agents.memory.session import _CompactionSnapshot as CompactionSnapshot
    except ImportError:
        # A private name: without it the framework replaces a conversation as a whole.
        CompactionSnapshot = None

Result = TypeVar("Result")


class ChatStoreSession:
    """A session of openai-agents (`agents.memory.Session`) of one user, kept in a store.

    The first items that are added create it, under `session_id` in the store. A session of somebody
    else looks empty, and adding to it raises `SessionNotFoundError`. Make as many objects for one
    session as you need: those over one store object share threads, and the order of their writes.
    Items come back as they were added; one that can't be read is left out.

    A write that was begun is waited for, even if the caller is cancelled: then it is done, or not.
    If nobody knows, and the same items are added next, they are stored once. Raises
    `ConfigurationError` for a store whose policy keeps no history.
    """

    session_id: str
    session_settings: SessionSettings | None = None

    def __init__(
        self,
        session_id: str,
        store: SessionStore,
        *,
        user_id: str,
        session_settings: SessionSettings | Mapping[str, Any] | None = None,
    ) -> None:
        if isinstance(session_settings, Mapping):
            session_settings = SessionSettings(**session_settings)
        self.session_id = session_id
        self._kept_as = session_id
        self.session_settings = session_settings or SessionSettings()
        self._user_id = user_id
        self._store = store
        self._conversations, self._threads = shared_over(store)
        self._place = (self._conversations, session_id, user_id)
        self._is_closed = False

    async def get_items(self, limit: int | None = None) -> list[TResponseInputItem]:
        """The newest `limit` items, or as many as the settings say, or all; oldest first."""
        self._require_open()
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        if limit is not None and limit <= 0:
            return []
        return [item.value for item in await self._threads.run(lambda: self._newest(limit))]

    async def add_items(self, items: list[TResponseInputItem]) -> None:
        """Add items, in order. Raises `InvalidInputError` for one that is not JSON, and
        `SessionNotFoundError` for a session of somebody else."""
        self._require_open()
        if not items:
            return
        session_id, user_id = self._kept_as, self._user_id
        with self._conversations.writing(session_id, user_id, _new_items(items)) as write:
            await self._settled(write.send)

    async def pop_item(self) -> TResponseInputItem | None:
        """Remove the newest item and return it; None if there is none."""
        self._require_open()
        item = await self._settled(lambda: take_newest(*self._place))
        return None if item is None else item.value

    async def clear_session(self) -> None:
        """Remove all items. The session itself stays, with its metadata and its owner."""
        self._require_open()
        await self._replaced_by([])

    async def close(self) -> None:
        """Wait for this session's writes that are on their way; later calls raise
        `ConfigurationError`. The store stays open: whoever opened it closes it."""
        self._is_closed = True
        await self._threads.run(lambda: None, session_id=self._kept_as)

    async def _get_compaction_snapshot(
        self, limit: int, *, prune_prefix: Callable[[TResponseInputItem], bool] | None = None
    ) -> "CompactionSnapshot | None":
        """What the framework compacts: the newest `limit` items, whether these are all, and how to
        replace the end of them if nobody has added anything meanwhile."""
        self._require_open()
        if CompactionSnapshot is None or not self._keeps_items_as_given:
            return None
        found = await self._threads.run(lambda: self._newest(limit + 1))
        items = found[-limit:]
        is_expired = None if prune_prefix is None else lambda item: prune_prefix(item.value)

        async def replace_suffix(start: int, output: list[TResponseInputItem]) -> bool:
            expected = items[start:]
            if not expected:
                return False
            new = _new_items(output)
            return await self._settled(
                lambda: replace_newest(*self._place, expected, new, leave_out=is_expired)
            )

        values = [item.value for item in items]
        return CompactionSnapshot(values, len(found) <= limit, replace_suffix)

    async def _atomic_replace_items(self, items: list[TResponseInputItem]) -> bool:
        """Put items in the place of all; False where the framework must do it by other calls."""
        self._require_open()
        return self._keeps_items_as_given and await self._replaced_by(items)

    @property
    def _keeps_items_as_given(self) -> bool:
        """Whether no subclass has its own way of writing or reading, such as a cipher, that must
        not be bypassed."""
        kind, own = type(self), ChatStoreSession
        return kind.add_items is own.add_items and kind.get_items is own.get_items

    def _newest(self, count: int | None) -> list[Item]:
        try:
            return self._conversations.newest(self._kept_as, self._user_id, count)
        except SessionNotFoundError:
            return []

    async def _replaced_by(self, items: Sequence[TResponseInputItem]) -> bool:
        new = _new_items(items)
        return await self._settled(lambda: replace_all(*self._place, new))

    async def _settled(self, write: Callable[[], Result]) -> Result:
        return await settled(self._threads, self._kept_as, write)

    def _require_open(self) -> None:
        if self._is_closed:
            raise ConfigurationError("this session object is closed; make another")


def _new_items(items: Sequence[TResponseInputItem]) -> list[NewItem]:
    """The framework's ids are not used: they are not unique within a session."""
    return [NewItem(item, _label(item)) for item in items]


def _label(item: object) -> str:
    """The role of a message, and the type of anything else."""
    if not isinstance(item, Mapping):
        return "item"
    kind, role = item.get("type"), item.get("role")
    return str((role if kind in (None, "message") else kind) or "item")
