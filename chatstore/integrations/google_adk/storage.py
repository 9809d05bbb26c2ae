"""ADK's sessions in a store, by calls that are not awaited."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice, takewhile
from math import inf
from typing import Any

from google.adk.errors.already_exists_error import AlreadyExistsError
from google.adk.events.event import Event
from google.adk.platform import time as platform_time
from google.adk.sessions.base_session_service import GetSessionConfig, ListSessionsResponse
from google.adk.sessions.session import Session

from chatstore.errors import SessionNotFoundError, VersionConflictError
from chatstore.integrations.attempts import resent
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.google_adk.mapping import (
    Place,
    scopes_of,
    session_of,
    state_of_session,
    version_of,
)
from chatstore.integrations.items import Item, NewItem, composed_id, items_of
from chatstore.integrations.shared_states import SharedStates
from chatstore.models import JsonObject, SessionInfo, new_id
from chatstore.models import Session as StoredSession
from chatstore.protocol import MaintainedSessionStore
from chatstore.record.state import require_map

_CREATION = "creation"


class AdkSessions:
    """The sessions below one owner. Calls for one session come one after the other."""

    def __init__(
        self, store: MaintainedSessionStore, conversations: Conversations, owner: str
    ) -> None:
        self._store = store
        self._owner = owner
        self._conversations = conversations
        self._states = SharedStates(store)

    def create(self, place: Place, state: dict[str, Any]) -> Session:
        """A new session. Raises `AlreadyExistsError`."""
        taken = AlreadyExistsError(f"Session with id {place.name} already exists.")
        app, user, own = scopes_of(state)
        if (app or user) and self._store.get_many([place.session_id], user_id=place.user):
            raise taken
        self._share(place, app, user)
        creation = new_id()
        metadata = {**state_of_session(own, platform_time.get_time()), _CREATION: creation}
        made = resent(
            lambda: self._store.get_or_create(
                place.session_id, user_id=place.user, metadata=metadata
            )
        )
        if made.metadata.get(_CREATION) != creation:
            raise taken
        return session_of(place, made, *self._states.read(place.app, place.user))

    def get(self, place: Place, config: GetSessionConfig) -> Session | None:
        """The session, or None."""
        try:
            stored = resent(lambda: self._store.get(place.session_id, user_id=place.user))
            items = self._items(place, stored, config.num_recent_events, config.after_timestamp)
        except SessionNotFoundError:
            return None
        session = session_of(place, stored, *self._states.read(place.app, place.user))
        session.events = [Event.model_validate(item.value) for item in items]
        return session

    def delete(self, place: Place) -> None:
        """Delete a session, if there is one."""
        resent(lambda: self._store.delete(place.session_id, user_id=place.user))

    def user_state(self, user: str) -> dict[str, Any]:
        """The state of one of the store's users."""
        [state] = self._states.read(user)
        return state

    def _items(
        self, place: Place, stored: StoredSession, most: int | None, since: float | None
    ) -> list[Item]:
        """What is asked for of a session's events, the oldest first. One that was written since
        `stored` was read may be there too: then the session shows itself as a stale one."""

        def is_late(item: Item) -> bool:
            return since is None or item.value["timestamp"] >= since

        if most == 0:
            return []
        items = list(items_of(stored.messages))
        newest_first: Iterator[Item] = reversed(items)
        if stored.message_count > len(stored.messages) and len(items) < (most or inf):
            newest_first = self._conversations.walk(place.session_id, place.user, newest_first=True)
        return list(takewhile(is_late, islice(newest_first, most)))[::-1]

    def listing(self, app_name: str, user_id: str | None) -> ListSessionsResponse:
        """A user's sessions, or all users', without events, by their last update."""
        found: list[tuple[Place, SessionInfo]] = []
        for info in self._infos(app_name, user_id):
            place = Place.of(info)
            if place is not None and (place.owner, place.app_name) == (self._owner, app_name):
                found.append((place, info))
        app = composed_id(self._owner, app_name)
        users = sorted({place.user for place, _ in found})
        state, *states = self._states.read(app, *users)
        by_user = dict(zip(users, states, strict=True))
        sessions = [session_of(place, info, state, by_user[place.user]) for place, info in found]
        sessions.sort(key=lambda each: (each.last_update_time, each.user_id, each.id))
        return ListSessionsResponse(sessions=sessions)

    def _infos(self, app_name: str, user_id: str | None) -> Iterable[SessionInfo]:
        if user_id is not None:
            return self._store.iter_sessions(composed_id(self._owner, app_name, user_id))
        found: dict[str, SessionInfo] = {}
        cursor: str | None = None
        while True:
            page = self._store.scan(cursor=cursor)
            # It may show a session twice.
            found |= {each.session_id: each for each in page.items}
            if (cursor := page.next_cursor) is None:
                return found.values()

    def append(self, place: Place, session: Session, event: Event) -> SessionInfo:
        """Append an event with all that it changes. Raises `VersionConflictError` for a session
        that is stale, and `SessionNotFoundError`."""
        version = version_of(session)
        app, user, own = scopes_of(event.actions.state_delta or {})
        metadata = state_of_session(own, event.timestamp)
        value = event.model_dump(mode="json", by_alias=True, exclude_none=True)
        # ADK keeps two events of one id, if they are not the same one.
        is_taken = any(each.id == event.id for each in session.events)
        item = NewItem(value, event.author, None if is_taken else event.id or None)
        with self._conversations.writing(place.session_id, place.user, [item]) as write:
            if app or user:
                self._require_writable(place, version, item, metadata)
                self._share(place, app, user)
            info = write.send(metadata=metadata, if_version=version, create=False)
        self._states.keep(place.user, place.user)
        self._states.keep(place.app, place.app)
        return info

    def _require_writable(
        self, place: Place, version: int | None, item: NewItem, metadata: JsonObject
    ) -> None:
        """Raise what the append would raise: what others share is written before it."""
        found = self._store.get(place.session_id, user_id=place.user, last=1)
        is_there = any(each.item_id == item.item_id for each in items_of(found.messages))
        if version not in (None, found.version) and not is_there:
            raise VersionConflictError(place.session_id, version)
        require_map("state", found.metadata | metadata)

    def _share(self, place: Place, app: Mapping[str, object], user: Mapping[str, object]) -> None:
        changes = {place.app: app, place.user: user}
        changed = {session_id: given for session_id, given in changes.items() if given}
        if changed:
            self._states.require(changed)
        for session_id, given in changed.items():
            self._states.merge(session_id, session_id, given)
