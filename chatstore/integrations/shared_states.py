"""States that several sessions share, such as a user's: each lies in a session of its own, a name
of the metadata for each of its names, so that writers merge."""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from chatstore.errors import SessionNotFoundError
from chatstore.integrations.attempts import resent
from chatstore.integrations.items import json_text
from chatstore.integrations.remembered import Remembered
from chatstore.models import SessionInfo
from chatstore.protocol import SessionStore
from chatstore.record.state import require_map


def packed(state: Mapping[str, object]) -> dict[str, str]:
    """A state as metadata: names and values as JSON text, in which both stay as they are. No name
    is one that is not quoted, which are free for other uses."""
    return {json_text("name", name): json_text("state", value) for name, value in state.items()}


def unpacked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The state in a session's metadata."""
    return {
        json.loads(name): json.loads(value)
        for name, value in metadata.items()
        if name.startswith('"')
    }


class SharedStates:
    """The states that lie in a store."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._renewed = Remembered[datetime]()

    def read(self, *session_ids: str) -> list[dict[str, Any]]:
        """The states that lie in these sessions; empty ones where there is none."""
        found = resent(lambda: self._store.get_many(session_ids))
        by_id = {session.session_id: session for session in found}
        now = datetime.now(UTC)
        for session_id in session_ids:
            session = by_id.get(session_id)
            # Where there is no such state yet, whoever makes it renews it.
            self._renewed.put(session_id, now if session is None else session.updated_at)
        return [
            unpacked(by_id[session_id].metadata) if session_id in by_id else {}
            for session_id in session_ids
        ]

    def require(self, changes: Mapping[str, Mapping[str, object]]) -> None:
        """Raise `InvalidInputError` if a state would be too large with its changes, which are named
        by the session that it lies in."""
        for state, changed in zip(self.read(*changes), changes.values(), strict=True):
            require_map("state", packed(state) | packed(changed))

    def merge(self, session_id: str, user_id: str, changes: Mapping[str, object]) -> None:
        """Set some names of a state; done again, it does the same."""
        patch = packed(changes)

        def merged() -> SessionInfo:
            try:
                return self._store.update(session_id, user_id=user_id, metadata=patch)
            except SessionNotFoundError:
                made = self._store.get_or_create(session_id, user_id=user_id, metadata=patch)
                if patch.items() <= made.metadata.items():
                    return made
                return self._store.update(session_id, user_id=user_id, metadata=patch)

        self._renewed.put(session_id, resent(merged).updated_at)

    def keep(self, session_id: str, user_id: str) -> None:
        """Let a state live as long as what uses it is written to: what is renewed four times in a
        ttl does not end."""
        policy, now = self._store.policy, datetime.now(UTC)
        if policy.ttl is None or not policy.renew_on_write:
            return
        renewed = self._renewed.get(session_id)
        if renewed is not None and now - renewed < policy.ttl / 4:
            return
        with suppress(SessionNotFoundError):
            resent(lambda: self._store.update(session_id, user_id=user_id))
        self._renewed.put(session_id, now)
