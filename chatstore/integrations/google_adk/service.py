"""Google's Agent Development Kit: a session service over any session store.

A session of ADK's is a session of the store; its events are items, and its state lies in the
metadata. The states of a user and of an application lie in sessions of their own.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from google.adk.errors._stale_session_error import StaleSessionError
from google.adk.errors.session_not_found_error import SessionNotFoundError as NoSuchSessionError
from google.adk.events.event import Event
from google.adk.platform import uuid as platform_uuid
from google.adk.sessions.base_session_service import (
    BaseSessionService,
    GetSessionConfig,
    ListSessionsResponse,
)
from google.adk.sessions.session import Session

from chatstore.errors import SessionNotFoundError, VersionConflictError
from chatstore.integrations.awaiting import shared_over
from chatstore.integrations.google_adk.mapping import Place, mark
from chatstore.integrations.google_adk.storage import AdkSessions
from chatstore.integrations.items import composed_id
from chatstore.protocol import MaintainedSessionStore, require_store
from chatstore.record.limits import require_id

Result = TypeVar("Result")


class ChatStoreSessionService(BaseSessionService):
    """ADK's sessions in a store, all of them below one `owner`: who has the store for several
    deployments gives each an owner of its own.

    An event and the session state that it leads to are one write. What it changes of a user's or an
    application's state is written before: whatever breaks off, the event that is sent again writes
    all of it, once. A session that another process wrote to is stale, told by the store's version.
    `list_sessions` of all users goes through the whole store. Raises `ConfigurationError` for a
    store whose policy keeps no history.
    """

    def __init__(self, store: MaintainedSessionStore, *, owner: str) -> None:
        require_store("store", store)
        self._owner = require_id("owner", owner)
        conversations, self._threads = shared_over(store)
        self._sessions = AdkSessions(store, conversations, owner)

    def store_user(self, *, app_name: str, user_id: str) -> str:
        """The store's user under whom all is kept that belongs to a user: `store.delete_user` of it
        erases the sessions and the user's state."""
        return composed_id(self._owner, app_name, user_id)

    async def create_session(
        self,
        *,
        app_name: str,
        user_id: str,
        state: dict[str, Any] | None = None,
        session_id: str | None = None,
    ) -> Session:
        """A new session. Raises `AlreadyExistsError` if the user has one of this id."""
        name = (session_id or "").strip() or platform_uuid.new_uuid()
        place = Place(self._owner, app_name, user_id, name)
        return await self._run(place, lambda: self._sessions.create(place, state or {}))

    async def get_session(
        self,
        *,
        app_name: str,
        user_id: str,
        session_id: str,
        config: GetSessionConfig | None = None,
    ) -> Session | None:
        """The session, or None."""
        place = Place(self._owner, app_name, user_id, session_id.strip())
        return await self._run(
            place, lambda: self._sessions.get(place, config or GetSessionConfig())
        )

    async def list_sessions(
        self, *, app_name: str, user_id: str | None = None
    ) -> ListSessionsResponse:
        """The sessions of a user, or of all users, without their events; the one that was written
        to last comes last."""
        return await self._run(None, lambda: self._sessions.listing(app_name, user_id))

    async def delete_session(self, *, app_name: str, user_id: str, session_id: str) -> None:
        """Delete a session, if there is one."""
        place = Place(self._owner, app_name, user_id, session_id.strip())
        await self._run(place, lambda: self._sessions.delete(place))

    async def get_user_state(self, *, app_name: str, user_id: str) -> dict[str, Any]:
        """A user's state, without the prefix."""
        user = self.store_user(app_name=app_name, user_id=user_id)
        return await self._run(None, lambda: self._sessions.user_state(user))

    async def append_event(self, session: Session, event: Event) -> Event:
        """Append an event, once however often it is sent, with the state that it leads to.

        Raises `StaleSessionError` if somebody else wrote to the session since `session` was read,
        and ADK's `SessionNotFoundError`.
        """
        if event.partial or self._is_there(session, event):
            return event
        self._apply_temp_state(session, event)
        event = self._trim_temp_delta_state(event)
        place = Place(self._owner, session.app_name, session.user_id, session.id)
        try:
            info = await self._run(place, lambda: self._sessions.append(place, session, event))
        except VersionConflictError as error:
            raise StaleSessionError(
                f"session {session.id} was written to since it was read; get it again"
            ) from error
        except SessionNotFoundError as error:
            raise NoSuchSessionError(f"Session {session.id} not found.") from error
        mark(session, info)
        session.last_update_time = event.timestamp
        return self._commit_event_to_session(session, event)

    def _is_there(self, session: Session, event: Event) -> bool:
        same = [each for each in session.events if each.id == event.id]
        return bool(same) and self._trim_temp_delta_state(event.model_copy(deep=True)) in same

    async def _run(self, place: Place | None, call: Callable[[], Result]) -> Result:
        return await self._threads.run(call, session_id=place and place.session_id)
