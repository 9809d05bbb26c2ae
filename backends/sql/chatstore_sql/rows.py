"""Between rows and stored records. Pure: nothing here talks to a database.

Records leave as JSON text, put together from the texts in the rows: nothing is decoded on the way
but by the core, once.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chatstore.engine.query import PageQuery
from chatstore.engine.write import Write
from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import Record, StoredMessage, StoredSession, message_weight
from chatstore.values.json_values import json_text
from chatstore_sql.statements import PageShape

_quote = json.JSONEncoder(ensure_ascii=False).encode

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
        return self._replace(
            updated_at=write.now.text,
            ttl=write.ttl if write.renews else self.ttl,
            message_count=self.message_count if message_count is None else message_count,
            version=self.version + 1,
        )


class MessageRow(NamedTuple):
    """A row of `chat_messages`, without its session."""

    seq: int
    message_id: str
    size: int
    body: str | None
    """None where only the heads of the rows were read."""


def record(row: Sequence[Any]) -> Record:
    """The record of a session's row that is followed by its window's text."""
    return Record(row[1], row[4], session_text(row, row[12] or ""))


def session_text(row: Sequence[Any], window: str | None = None) -> str:
    """The JSON text of a session: of its row (whatever follows the columns is ignored) and, unless
    `window` is None, of its messages' bodies, joined by commas."""
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
    ) = row[:12]
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


def session_parameters(session: StoredSession) -> Mapping[str, object]:
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


def message_rows(messages: Sequence[StoredMessage], *, first_seq: int) -> list[MessageRow]:
    """The rows of messages that come one after the other from `first_seq`."""
    return [
        MessageRow(seq, message.message_id, message.size, json_text(message.document))
        for seq, message in enumerate(messages, first_seq)
    ]


def window_text(window: Sequence[MessageRow]) -> str:
    """The messages' bodies, joined by commas."""
    return ",".join([message.body or "" for message in window])


def weights(window: Sequence[MessageRow]) -> list[int]:
    """The messages' weights, for `RetentionPolicy.window`."""
    return [message_weight(message.message_id, message.size) for message in window]


def page_shape(query: PageQuery) -> PageShape:
    """Which statement a listing needs."""
    return PageShape(
        newest_first=query.newest_first,
        after=query.after is not None,
        created_from=query.created_from is not None,
        created_before=query.created_before is not None,
        session_status=query.session_status is not None,
    )


def page_parameters(query: PageQuery) -> Mapping[str, object]:
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
