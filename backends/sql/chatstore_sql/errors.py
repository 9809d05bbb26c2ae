"""The driver's and SQLAlchemy's exceptions, as chatstore's."""

import os
import sqlite3
from pathlib import Path

from sqlalchemy import exc

from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendUnavailableError,
    ChatStoreError,
    CorruptSessionError,
    SchemaError,
)
from chatstore_sql.sqlite.sqlalchemy_engine import EngineSettings

_UNDECODABLE = "Could not decode to UTF-8"
_NOT_THERE = ("no such table", "no such column", "has no column")
_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_PROTOCOL)
_HELD = "another process has held the file for longer than the timeout; send the call again"


def is_busy(error: BaseException) -> bool:
    """Whether somebody else holds the file, so that the same thing can succeed later."""
    error = unwrapped(error)
    return (
        isinstance(error, sqlite3.OperationalError)
        and getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
    )


def is_undecodable(error: BaseException) -> bool:
    """Whether the driver met text in the file that is not UTF-8."""
    return isinstance(error, sqlite3.OperationalError) and str(error).startswith(_UNDECODABLE)


def unwrapped(error: BaseException) -> BaseException:
    """The driver's exception that SQLAlchemy has wrapped, or else the error itself."""
    original = getattr(error, "orig", None)
    return original if isinstance(original, sqlite3.Error) else error


def translate(
    error: Exception, settings: EngineSettings, session_id: str | None = None
) -> ChatStoreError | None:
    """What to raise for `error`; None if it is not known here."""
    known = unwrapped(error)
    if isinstance(known, PermissionError):
        return BackendAuthError(
            f"{settings.place}: this process may not enter the file's directory; it needs the "
            "right to, and to make files there"
        )
    if isinstance(known, exc.SQLAlchemyError):
        return BackendError(f"{settings.place}: SQLAlchemy failed: {type(known).__name__}")
    if not isinstance(known, sqlite3.Error):
        return None
    if is_undecodable(known) and session_id is not None:
        return CorruptSessionError("sqlite", session_id, "its text is not UTF-8")
    code = getattr(known, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return _by_code(known, code & 0xFF, settings.place, settings.path)


def _by_code(error: sqlite3.Error, code: int, where: str, path: Path | None) -> ChatStoreError:
    if code in (*_BUSY, sqlite3.SQLITE_LOCKED):
        return BackendUnavailableError(f"{where}: {_HELD}")
    if code == sqlite3.SQLITE_FULL:
        return BackendError(
            f"{where}: the disk is full, or the file has reached its largest size; nothing of this "
            "call was written. Make room, for example with purge_expired()"
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return BackendError(
            f"{where}: the file is damaged. Run `PRAGMA integrity_check` on a copy of it, and "
            "restore a backup"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return SchemaError(f"{where}: this file is not an SQLite database; name another file")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return BackendAuthError(
            f"{where}: SQLite may not write here; this process needs the right to write the file "
            "and its directory"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return _cannot_open(where, path)
    if code == sqlite3.SQLITE_ERROR and any(text in str(error) for text in _NOT_THERE):
        return SchemaError(
            f"{where}: {error}. The tables are not what chatstore made; restore a backup, or open "
            "a new file, where chatstore makes them"
        )
    # A constraint's or a decoder's words may quote what was stored; its name does not.
    return BackendError(f"{where}: {getattr(error, 'sqlite_errorname', type(error).__name__)}")


def _cannot_open(where: str, path: Path | None) -> ChatStoreError:
    if path is not None and not _may_write(path):
        return BackendAuthError(
            f"{where}: this process may not open the file; it needs the right to read and write "
            "it, and to make files beside it"
        )
    return BackendUnavailableError(
        f"{where}: SQLite can't open the file or those that it keeps beside it (-wal, -shm); see "
        "whether the directory is still there, and the process's limit of open files"
    )


def _may_write(path: Path) -> bool:
    """Whether no right is missing; what is not there any more denies none."""
    # Of the user that the process acts as, which need not be the one who started it.
    effective = os.access in os.supports_effective_ids
    try:
        there = [each for each in (path.parent, path) if each.exists()]
    except PermissionError:
        return False
    return all(os.access(each, os.R_OK | os.W_OK, effective_ids=effective) for each in there)
