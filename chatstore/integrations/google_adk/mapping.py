"""Between ADK's sessions and the store's: where one lies, and what its metadata says."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from google.adk.sessions.session import Session
from google.adk.sessions.state import State
from pydantic_core import to_jsonable_python

from chatstore.errors import InvalidInputError
from chatstore.integrations.items import composed_id, json_text
from chatstore.integrations.shared_states import packed, unpacked
from chatstore.models import SessionInfo

_UPDATED = "last_update_time"


class Place(NamedTuple):
    """Where a session of ADK's lies."""

    owner: str
    app_name: str
    user_id: str
    name: str

    @classmethod
    def of(cls, info: SessionInfo) -> "Place | None":
        """The place of a session of the store; None for one that is none of ADK's."""
        try:
            names = json.loads(info.session_id)
        except ValueError:
            return None
        match names:
            case [str(owner), str(app_name), str(user_id), str(name)]:
                place = cls(owner, app_name, user_id, name)
                return place if info.user_id == place.user else None
            case _:
                return None

    @property
    def session_id(self) -> str:
        """The id of the store's session."""
        return composed_id(*self)

    @property
    def user(self) -> str:
        """The store's user, and the id of the session in which the user's state lies."""
        return composed_id(self.owner, self.app_name, self.user_id)

    @property
    def app(self) -> str:
        """The id, and the user, of the session in which the application's state lies."""
        return composed_id(self.owner, self.app_name)


def scopes_of(state: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What of a state is the application's, the user's and the session's own, without the prefixes
    of the first two. What is for this invocation alone is left out, and what is not JSON becomes
    it, as in ADK's own stores."""
    app: dict[str, Any] = {}
    user: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in state.items():
        kept = _json(value)
        if name.startswith(State.APP_PREFIX):
            app[name.removeprefix(State.APP_PREFIX)] = kept
        elif name.startswith(State.USER_PREFIX):
            user[name.removeprefix(State.USER_PREFIX)] = kept
        elif not name.startswith(State.TEMP_PREFIX):
            own[name] = kept
    return app, user, own


def state_of_session(own: Mapping[str, object], updated: float) -> dict[str, str]:
    """A session's own state, and when it was written to, as metadata."""
    return {**packed(own), _UPDATED: json_text(_UPDATED, updated)}


def session_of(
    place: Place, info: SessionInfo, app: Mapping[str, Any], user: Mapping[str, Any]
) -> Session:
    """ADK's session, without events, with the states of all that it belongs to."""
    state = unpacked(info.metadata)
    state |= {State.APP_PREFIX + name: value for name, value in app.items()}
    state |= {State.USER_PREFIX + name: value for name, value in user.items()}
    session = Session(
        id=place.name,
        app_name=place.app_name,
        user_id=place.user_id,
        state=state,
        last_update_time=json.loads(info.metadata[_UPDATED]),
    )
    mark(session, info)
    return session


def mark(session: Session, info: SessionInfo) -> None:
    """Remember of which version of the store's session this is."""
    session._storage_update_marker = str(info.version)


def version_of(session: Session) -> int | None:
    """The version that `mark` has remembered; None for a session that no store has made."""
    marker = session._storage_update_marker
    return int(marker) if marker is not None and marker.isdecimal() else None


def _json(value: Any) -> Any:
    try:
        json_text("state", value)
    except InvalidInputError:
        return to_jsonable_python(value, serialize_unknown=True)
    return value
