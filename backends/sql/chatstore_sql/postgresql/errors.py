"""The driver's and SQLAlchemy's exceptions, as chatstore's."""

import psycopg
from sqlalchemy import exc

from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    CorruptSessionError,
    SchemaError,
)

_NOT_THERE = frozenset({"42P01", "42883", "42703", "3F000", "42P07"})
_NO_JSON = frozenset({"22P02", "22023", "22032", "22P05", "2203A", "22030"})
_APPLY = "run: chatstore schema apply --url URL"


def unwrapped(error: BaseException) -> BaseException:
    """The driver's exception that SQLAlchemy has wrapped, or else the error itself."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, psycopg.Error) else error


def translate(error: Exception, place: str, session_id: str | None = None) -> ChatStoreError | None:
    """What to raise for `error`; None if it is not known here. Nothing of a message or a password
    is repeated: a server's own words may quote what was stored."""
    known = unwrapped(error)
    if isinstance(known, exc.TimeoutError):
        return BackendUnavailableError(
            f"{place}: the engine's pool had no connection left in time; give it more, or send the "
            "call again later"
        )
    if isinstance(known, exc.SQLAlchemyError):
        return BackendError(f"{place}: SQLAlchemy failed: {type(known).__name__}")
    if not isinstance(known, psycopg.Error):
        return None
    state = known.sqlstate
    if state is None:
        return _without_state(known, place)
    if state in _NO_JSON and session_id is not None:
        return CorruptSessionError("postgresql", session_id, "a part of it is not JSON")
    return _by_state(state, type(known).__name__, place)


def _without_state(error: psycopg.Error, place: str) -> ChatStoreError:
    """What the driver found out by itself, mostly that there is no connection."""
    text = str(error)
    # What ends a new connection has no state of its own.
    if "authentication failed" in text or "no password supplied" in text:
        return _by_state("28P01", "", place)
    if "no pg_hba.conf entry" in text:
        return _by_state("28000", "", place)
    if "does not exist" in text and "database" in text:
        return _by_state("3D000", "", place)
    if any(word in text for word in ("certificate", "SSL", "sslmode")):
        return ConfigurationError(
            f"{place}: TLS failed: look at sslmode, sslrootcert, sslcert and sslkey, and at the "
            "server's certificate"
        )
    if isinstance(error, psycopg.ProgrammingError):
        return ConfigurationError(
            f"{place}: the driver can't use these settings: look at the URL's options and libpq's "
            "own variables (PG...)"
        )
    return BackendUnavailableError(
        f"{place}: no connection, or it was lost; the outcome of a write is unknown, send the same "
        "call again"
    )


def _by_state(state: str, name: str, place: str) -> ChatStoreError:
    if state.startswith("28"):
        return BackendAuthError(
            f"{place}: the server does not let this user in; look at user, password and pg_hba.conf"
        )
    if state == "42501":
        return BackendAuthError(
            f"{place}: this user may not do that; grant what the README says an application needs"
        )
    if state in _NOT_THERE:
        return SchemaError(
            f"{place}: chatstore's tables or functions are not there, or are of another version; "
            f"{_APPLY}"
        )
    if state == "3D000":
        return ConfigurationError(f"{place}: there is no such database; name another")
    if state == "25006":
        return BackendUnavailableError(
            f"{place}: this server takes no writes: it is a replica, or was made read-only; name "
            "the primary"
        )
    if state in ("55P03", "57014"):
        return BackendUnavailableError(
            f"{place}: the server gave up at the call's deadline, and wrote nothing; send the call "
            "again"
        )
    if state in ("53100", "53200"):
        return BackendError(
            f"{place}: the server is out of disk or memory ({state}); nothing of this call was "
            "written"
        )
    if state[:2] in ("08", "53", "57", "58", "40"):
        return BackendUnavailableError(
            f"{place}: the server is not available ({state} {name}); send the same call again"
        )
    return BackendError(f"{place}: {name} ({state})")
