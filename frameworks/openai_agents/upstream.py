"""The framework's own tests, over our session: a plug-in of pytest, for its source distribution.

    cd openai_agents-0.24.0
    PYTHONPATH=src:…/frameworks/openai_agents python -m pytest -p upstream

puts our session in the place of its SQLiteSession and of its tests' SimpleListSession, and of what
is derived from these, over the store at CHATSTORE_URL (a new SQLite file by default).
Which tests are run, and which of them are not applicable and why, is in `upstream.toml`. `src` is
in the path because some of them tell the framework's frames in a traceback by that folder.
"""

import ast
import os
import sys
import tempfile
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import agents
import pytest
from agents import TResponseInputItem
from agents.extensions.memory import advanced_sqlite_session, async_sqlite_session, encrypt_session
from agents.memory import SessionSettings, sqlite_session
from agents.memory.session_settings import coerce_session_settings

from chatstore.errors import ConfigurationError
from chatstore.integrations.conversations import open_conversation_store
from chatstore.integrations.items import NewItem, composed_id
from chatstore.integrations.openai_agents import ChatStoreSession
from chatstore.models import new_id

KEPT_THEIRS = (advanced_sqlite_session, async_sqlite_session, encrypt_session)
"""Imported before the classes are replaced: these are not under test."""

FOLDER = tempfile.TemporaryDirectory()
URL = os.environ.get("CHATSTORE_URL") or f"sqlite:///{FOLDER.name}/chat.db"
STORE = open_conversation_store(URL, ttl=timedelta(hours=1))
USER = new_id()
SELECTION = tomllib.loads(Path(__file__).with_name("upstream.toml").read_text())


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


def pytest_configure(config: pytest.Config) -> None:
    """Replace the classes, before a test module imports them; and name the tests, if nobody did."""
    from tests.utils import simple_session  # type: ignore[import-untyped]  # theirs

    for module in (agents, agents.memory, sqlite_session):
        module.SQLiteSession = OursForSQLite  # type: ignore[attr-defined]
    source = ast.parse(Path(str(simple_session.__file__)).read_text())
    source.body = [node for node in source.body if getattr(node, "name", "") != "SimpleListSession"]
    simple_session.SimpleListSession = OursForLists
    # The two classes derived from it are made anew, with ours as their base.
    exec(compile(source, "simple_session", "exec"), vars(simple_session))  # noqa: S102  their tests
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args[:] = SELECTION["files"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what is not applicable, each with its reason. A test that is listed and does not exist
    would be one that was renamed."""
    reasons = SELECTION["not_applicable"]
    files = {item.nodeid.split("::")[0] for item in items}
    missing = {name for name in reasons if name.split("::")[0] in files}
    for item in items:
        if item.nodeid in reasons:
            item.add_marker(pytest.mark.skip(reason=reasons[item.nodeid]))
            missing.discard(item.nodeid)
    if missing and not any("::" in argument for argument in sys.argv):
        raise pytest.UsageError(f"upstream.toml names tests that don't exist: {sorted(missing)}")


def pytest_unconfigure() -> None:
    """Leave nothing open."""
    STORE.close()
    FOLDER.cleanup()
