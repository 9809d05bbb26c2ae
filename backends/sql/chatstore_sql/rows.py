"""Between rows and stored records. Pure: nothing here talks to a database.

Records leave as JSON text, put together from the texts in the rows: nothing is decoded on the way
but by the core, once.
"""

import json
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import Record, StoredMessage, StoredSession, message_weight
from chatstore.values.json_values import json_text
from chatstore_sql.statements import PageShape, Parameters

_quote = encode_basestring

COLUMN_OF = {
    "sessionId": "session_id",
    "userId": "user_id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "ttl": "ttl",
    "messageCount": "message_count",
    "sessionStatus": "session_status",
    "version": "version",
    "creationId": "creation_id",
    "userPreferences": "user_preferences",
    "metadata": "metadata",
}
"""The attributes with a column of their own, by their stored names."""

_MAPS = ("userPreferences", "metadata")


class SessionRow(NamedTuple):
    """A row of `chat_sessions`, its columns in the table's order."""

    session_id: str
    user_id: str
    created_at: str
    updated_at: str
    ttl: int | None
    message_count: int
    session_status: str
    version: int
    creation_id: str | None
    user_preferences: str
    metadata: str
    extra: str | None

    def written(self, write: Write, *, message_count: int | None = None) -> "SessionRow":
        """The row as a write leaves it: one version on, its times renewed."""
        count = self.message_count if message_count is None else message_count
        ttl = write.ttl if write.renews else self.ttl
        # `_replace` takes twice as long.
        stamped = (write.now.text, ttl, count, self.session_status, self.version + 1)
        return SessionRow._make(self[:3] + stamped + self[8:])

    @property
    def stamp(self) -> Parameters:
        """The parameters that store what every write changes."""
        return {
            "session_id": self.session_id,
            "updated_at": self.updated_at,
            "ttl": self.ttl,
            "message_count": self.message_count,
            "version": self.version,
        }


class Window(NamedTuple):
    """The stored messages of a session, oldest first: the columns that were asked for."""

    seqs: Sequence[int] = ()
    message_ids: Sequence[str] = ()
    sizes: Sequence[int] = ()
    bodies: Sequence[str] = ()

    def followed_by(
        self, session_id: str, messages: Sequence[StoredMessage], *, kept: int
    ) -> tuple[Parameters | None, list[dict[str, Any]]]:
        """What changes when the messages come behind these, and the `kept` newest of all stay: the
        parameters that delete the older ones, None if there are none, and those that insert each
        new one."""
        count = len(self.seqs)
        following = self.seqs[-1] + 1 if count else 1
        pruned = count + len(messages) - kept
        deletion = None
        if pruned and count:
            oldest = self.seqs[pruned] if pruned < count else following
            deletion = {"session_id": session_id, "seq": oldest}
        # What is pruned at once was never there, but has its number.
        unseen = max(pruned - count, 0)
        return deletion, [
            {
                "session_id": session_id,
                "seq": seq,
                "message_id": message.message_id,
                "size": message.size,
                "body": json_text(message.document),
            }
            for seq, message in enumerate(messages[unseen:], following + unseen)
        ]

    def weights(self) -> list[int]:
        """The messages' weights."""
        return list(map(message_weight, self.message_ids, self.sizes))


def record(row: Sequence[Any]) -> Record:
    """The record of a session's row that is followed by its window's text and, if they were asked
    for, by its messages' weights."""
    weights = row[13] if len(row) > 13 else None
    return Record(
        row[1],
        row[4],
        session_text(row[:12], row[12] or ""),
        None if weights is None else json.loads(f"[{weights}]"),
    )


def session_text(row: Sequence[Any], window: str | None = None) -> str:
    """The JSON text of a session: of its row and, unless `window` is None, of its messages' bodies,
    joined by commas."""
    (
        session_id,
        user_id,
        created_at,
        updated_at,
        ttl,
        message_count,
        session_status,
        version,
        creation_id,
        user_preferences,
        metadata,
        extra,
    ) = row
    known = (
        f'{{"sessionId":{_quote(session_id)},"userId":{_quote(user_id)},'
        f'"createdAt":{_quote(created_at)},"updatedAt":{_quote(updated_at)},'
        f'"messageCount":{message_count},"sessionStatus":{_quote(session_status)},'
        f'"version":{version},"userPreferences":{user_preferences},"metadata":{metadata}'
    )
    if ttl is not None:
        known += f',"ttl":{ttl}'
    if creation_id is not None:
        known += f',"creationId":{_quote(creation_id)}'
    if extra is not None:
        # An object's text without its braces; if it was none, the whole can't be read, as it
        # should be.
        known += f",{extra[1:-1]}"
    return f"{known}}}" if window is None else f'{known},"messages":[{window}]}}'


def session_parameters(session: StoredSession) -> Parameters:
    """The parameters that insert a session's row."""
    parameters: dict[str, Any] = dict.fromkeys(SessionRow._fields)
    extra: JsonObject = {}
    for name, value in session.info.items():
        if (column := COLUMN_OF.get(name)) is None:
            extra[name] = value
        else:
            parameters[column] = json_text(value) if name in _MAPS else value
    if extra:
        parameters["extra"] = json_text(extra)
    return parameters


def page_shape(query: PageQuery) -> PageShape:
    """Which statement a listing needs."""
    return PageShape(
        newest_first=query.newest_first,
        after=query.after is not None,
        created_from=query.created_from is not None,
        created_before=query.created_before is not None,
        session_status=query.session_status is not None,
    )


def page_parameters(query: PageQuery) -> Parameters:
    """The parameters of every page's statement; one that a statement lacks is not looked at."""
    return {
        "user_id": query.user_id,
        "now": query.now.seconds,
        "limit": query.limit,
        "after_created_at": query.after and query.after.created_at,
        "after_session_id": query.after and query.after.session_id,
        "created_from": query.created_from,
        "created_before": query.created_before,
        "session_status": query.session_status,
    }


def read_map(backend: str, session_id: str, column: str, text: str) -> JsonObject:
    """The JSON object in a column. Raises `CorruptSessionError` if it is none."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CorruptSessionError(backend, session_id, f"{column} is not JSON") from error
    if not isinstance(value, dict):
        raise CorruptSessionError(backend, session_id, f"{column} is not a JSON object")
    return value
