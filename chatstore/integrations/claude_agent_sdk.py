"""A session store for the Claude Agent SDK: transcripts in any chatstore.

A transcript, of a session or of one of its subagents, is a session of the store; its entries are
items. The summary that the SDK folds of a session's entries is in the metadata, written in one
atomic step with the entries that it is of.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from anyio import to_thread
from claude_agent_sdk import fold_session_summary
from claude_agent_sdk.types import (
    SessionKey,
    SessionListSubkeysKey,
    SessionStore,
    SessionStoreEntry,
    SessionStoreListEntry,
    SessionSummaryEntry,
)

from chatstore import protocol
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.items import NewItem, composed_id, json_text
from chatstore.integrations.once import Known, Once
from chatstore.integrations.turns import Turns
from chatstore.integrations.writes import NO_SESSION, Write
from chatstore.models import JsonObject, SessionInfo
from chatstore.record.limits import MAX_PAGE, require_id
from chatstore.values.json_values import utf8_size

Result = TypeVar("Result")

_KIND = "claude_agent_sdk"
"""The first name in the id of every transcript."""
_SUMMARY = "summary"
"""Its name in the metadata."""
_MOST_SUMMARY_BYTES = 24_000
"""A larger summary is not kept, and folded anew where it is needed."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ClaudeSessionStore(SessionStore):
    """One user's Claude Agent SDK sessions in a chatstore, for `ClaudeAgentOptions.session_store`.

    An entry is stored once by its `uuid`, however often it is sent; one without is stored whenever
    it is sent, unless the outcome of that very write was unknown. Raises `ConfigurationError` for a
    store that keeps no history. The store is the caller's, who closes it. Runs under asyncio and
    trio.
    """

    def __init__(self, store: protocol.SessionStore, user_id: str) -> None:
        self._conversations = Conversations(store)
        self._store = store
        self._user_id = require_id("user_id", user_id)
        self._turns = Turns()
        self._once = Once(self._conversations, self._user_id)

    async def append(self, key: SessionKey, entries: list[SessionStoreEntry]) -> None:
        """Store entries after those that are there; none of a uuid that is there already."""
        if not entries:
            return
        session_id, items = self._id_of(key), _items(entries)
        with self._conversations.writing(session_id, self._user_id, items) as write:
            await self._in_turn(session_id, partial(self._append, session_id, key, write))

    async def load(self, key: SessionKey) -> list[SessionStoreEntry] | None:
        """All entries of a transcript, equal to what was given, or None if there are none."""
        session_id = self._id_of(key)
        items = await self._in_turn(session_id, partial(self._once.read, session_id))
        return [item.value for item in items] or None

    async def list_sessions(self, project_key: str) -> list[SessionStoreListEntry]:
        """The user's sessions in a project, the last written first."""
        sessions = await to_thread.run_sync(self._sessions, project_key, abandon_on_cancel=True)
        return [{"session_id": name, "mtime": mtime} for name, mtime, _ in sessions]

    async def list_session_summaries(self, project_key: str) -> list[SessionSummaryEntry]:
        """Their summaries, but for one that is too large: of such a session the SDK makes it."""
        sessions = await to_thread.run_sync(self._sessions, project_key, abandon_on_cancel=True)
        summaries = [_summary_of(name, info.metadata, mtime) for name, mtime, info in sessions]
        return [summary for summary in summaries if summary is not None]

    async def delete(self, key: SessionKey) -> None:
        """Delete a transcript; a session's with those of all its subagents."""
        session_id = self._id_of(key)
        await self._in_turn(session_id, partial(self._delete, session_id, key))

    async def list_subkeys(self, key: SessionListSubkeysKey) -> list[str]:
        """The subpaths that have a transcript under a session, in the order of their creation."""
        names = key["project_key"], key["session_id"]
        found = await to_thread.run_sync(self._under, *names, abandon_on_cancel=True)
        return [subpath for [subpath], _ in found]

    async def _in_turn(self, session_id: str, call: Callable[[], Result]) -> Result:
        turn = self._turns.ask(session_id)
        try:
            return await to_thread.run_sync(turn.run, call, abandon_on_cancel=True)
        except BaseException:
            turn.give_up()
            raise

    def _id_of(self, key: SessionKey) -> str:
        names = [_KIND, self._user_id, key["project_key"], key["session_id"]]
        subpath = key.get("subpath")
        return composed_id(*names, *([] if subpath is None else [subpath]))

    def _append(self, session_id: str, key: SessionKey, write: Write) -> None:
        def changes(known: Known, entries: list[SessionStoreEntry]) -> JsonObject:
            if key.get("subpath") is not None:
                return {}
            summary = _summary_of(key["session_id"], known.metadata)
            if summary is None and (known.version != NO_SESSION or known.metadata):
                # It was too large to be kept.
                items = self._conversations.walk(session_id, self._user_id)
                summary = fold_session_summary(None, key, [item.value for item in items])
            summary = fold_session_summary(summary, key, entries)
            text = json_text(_SUMMARY, summary["data"])
            return {_SUMMARY: text if utf8_size(text) <= _MOST_SUMMARY_BYTES else ""}

        self._once.append(session_id, write, changes)

    def _delete(self, session_id: str, key: SessionKey) -> None:
        if key.get("subpath") is None:
            for _, info in self._under(key["project_key"], key["session_id"]):
                self._store.delete(info.session_id, user_id=self._user_id)
        self._store.delete(session_id, user_id=self._user_id)

    def _sessions(self, project_key: str) -> list[tuple[str, int, SessionInfo]]:
        """The sessions of a project, the last written first, and when each was in milliseconds: of
        those of one millisecond each its own, since the SDK sorts by them."""
        found = [(info, names[0]) for names, info in self._under(project_key) if len(names) == 1]
        sessions, latest = list[tuple[str, int, SessionInfo]](), 0
        for info, name in sorted(found, key=lambda each: each[0].updated_at):
            latest = max(latest + 1, (info.updated_at - _EPOCH) // timedelta(milliseconds=1))
            sessions.append((name, latest, info))
        return sessions[::-1]

    def _under(self, *names: str) -> list[tuple[list[str], SessionInfo]]:
        """The transcripts whose ids begin with these names, each with the further names."""
        begin = [_KIND, self._user_id, *names]
        sessions = self._store.iter_sessions(self._user_id, newest_first=False, page_size=MAX_PAGE)
        found = ((_names_in(info.session_id), info) for info in sessions)
        return [
            (all_names[len(begin) :], info)
            for all_names, info in found
            if len(all_names) > len(begin) and all_names[: len(begin)] == begin
        ]


def _items(entries: Sequence[SessionStoreEntry]) -> list[NewItem]:
    """The entries as items, the first of each uuid."""
    items: dict[object, NewItem] = {}
    for number, entry in enumerate(entries):
        uuid = entry.get("uuid")
        item_id = _id_for(uuid) if isinstance(uuid, str) and uuid else None
        items.setdefault(item_id or number, NewItem(entry, str(entry.get("type")), item_id))
    return list(items.values())


def _id_for(uuid: str) -> str:
    """The uuid, or if no message can have that for its id, what stands for it."""
    if len(uuid) <= 200 and uuid.isascii() and "\0" not in uuid:
        return uuid
    return "sha256:" + hashlib.sha256(json_text("uuid", uuid).encode()).hexdigest()


def _names_in(session_id: str) -> list[str]:
    if not session_id.startswith(composed_id(_KIND)[:-1]):
        return []
    try:
        names: list[str] = json.loads(session_id)
    except (ValueError, RecursionError):
        return []
    return names


def _summary_of(name: str, metadata: JsonObject, mtime: int = 0) -> SessionSummaryEntry | None:
    try:
        data = json.loads(metadata[_SUMMARY])
    except (KeyError, TypeError, ValueError, RecursionError):
        return None
    return {"session_id": name, "mtime": mtime, "data": data} if isinstance(data, dict) else None
