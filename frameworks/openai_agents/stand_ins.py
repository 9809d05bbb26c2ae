"""What stands in for the framework's own sessions while its tests run."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from agents import TResponseInputItem

# Imported before the classes are replaced: these are not under test.
from agents.extensions.memory import advanced_sqlite_session as _advanced  # noqa: F401
from agents.extensions.memory import encrypt_session as _encrypt  # noqa: F401
from agents.memory import SessionSettings
from agents.memory.session_settings import coerce_session_settings

from chatstore.errors import ConfigurationError
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.items import NewItem, composed_id
from chatstore.integrations.openai_agents import ChatStoreSession
from chatstore.models import new_id

STORE = open_conversation_store(os.environ["CHATSTORE_URL"], ttl=timedelta(hours=1))
USER = new_id()


class OursForLists(ChatStoreSession):
    """In the place of SimpleListSession: a conversation of its own for each object. As theirs, it
    can't replace its newest items in one write."""

    _get_compaction_snapshot = None  # type: ignore[assignment]  # as if it did not exist
    _atomic_replace_items = None  # type: ignore[assignment]  # likewise

    def __init__(
        self, session_id: str = "test", history: list[TResponseInputItem] | None = None
    ) -> None:
        super().__init__(composed_id(new_id(), session_id), STORE, user_id=USER)
        self.session_id = session_id
        self._ignore_ids_for_matching = False
        if history:
            items = [NewItem(item, "item") for item in history]
            self._conversations.add(self._kept_as, USER, items)

    @property
    def saved_items(self) -> list[TResponseInputItem]:
        """What is kept, for tests that look at it."""
        return [item.value for item in self._newest(None)]

    _items = saved_items


class OursForSQLite(ChatStoreSession):
    """In the place of SQLiteSession: a conversation for each file and session id."""

    def __init__(
        self,
        session_id: str,
        db_path: str | Path = ":memory:",
        *_tables: str,
        session_settings: SessionSettings | dict[str, Any] | None = None,
    ) -> None:
        settings = coerce_session_settings(session_settings or SessionSettings())
        place = new_id() if str(db_path) == ":memory:" else str(db_path)
        kept_as = composed_id(USER, place, session_id)
        super().__init__(kept_as, STORE, user_id=USER, session_settings=settings)
        self.session_id = session_id

    def close(self) -> None:  # type: ignore[override]  # as theirs, which is not awaited
        """Close this object."""
        self._is_closed = True

    def _require_open(self) -> None:
        try:
            super()._require_open()
        except ConfigurationError as error:
            raise RuntimeError("SQLiteSession is closed") from error
