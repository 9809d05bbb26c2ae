"""Between rows and stored records. Pure: nothing here talks to a database.

Records leave as JSON text, put together from the texts in the rows: nothing is decoded on the way
but by the core, once.
"""

import json
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from chatstore.engine.write import Write
from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import Record, StoredMessage, StoredSession
from chatstore.values.json_values import json_text
from chatstore_sql.sql_text import Parameters

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
    "history": "history",
    "userPreferences": "user_preferences",
    "metadata": "metadata",
}
"""The attributes with a column of their own, by their stored names."""

_MAPS = ("userPreferences", "metadata")


class SessionRow(NamedTuple):
    """A row of `chat_sessions`, its columns in the table's order."""

    life: int
    session_id: str
    user_id: str
    created_at: str
    updated_at: str
    ttl: int | None
    message_count: int
    session_status: str
    version: int
    creation_id: str | None
    history: int | None
    next_seq: int
    kept: int
    kept_weight: int
    user_preferences: str
    metadata: str
    extra: str | None

    def written(self, write: Write, *, added: int = 0, weight: int = 0) -> "SessionRow":
        """The row as a write leaves it: one version on, its times renewed, and with so many more
        messages of so much `weight`."""
        ttl = write.ttl if write.renews else self.ttl
        # `_replace` takes twice as long.
        return SessionRow._make(
            (
                *self[:4],
                write.now.text,
                ttl,
                self.message_count + added,
                self.session_status,
                self.version + 1,
                *self[9:11],
                self.next_seq + added,
                self.kept + added,
                self.kept_weight + weight,
                *self[14:],
            )
        )

    @property
    def stamp(self) -> Parameters:
        """The parameters that store what an append or a rewrite changes."""
        return {
            "life": self.life,
            "updated_at": self.updated_at,
            "ttl": self.ttl,
            "message_count": self.message_count,
            "version": self.version,
            "next_seq": self.next_seq,
            "kept": self.kept,
            "kept_weight": self.kept_weight,
        }

    @property
    def oldest_seq(self) -> int:
        """The number of the oldest message that is kept."""
        return self.next_seq - self.kept


_WIDTH = len(SessionRow._fields)


def record(row: Sequence[Any]) -> Record:
    """The record of a session's row that is followed by its window's text and, if they were asked
    for, by its messages' weights."""
    weights = row[_WIDTH + 1] if len(row) > _WIDTH + 1 else None
    return Record(
        row[2],
        row[5],
        session_text(row[:_WIDTH], row[_WIDTH] or ""),
        None if weights is None else read_weights(weights),
    )


def read_weights(joined: str | None) -> list[int]:
    """The weights that a statement joined."""
    weights: list[int] = json.loads(f"[{joined or ''}]")
    return weights


def session_text(row: Sequence[Any], window: str | None = None) -> str:
    """The JSON text of a session: of its row and, unless `window` is None, of its messages' bodies,
    joined by commas."""
    (
        _,
        session_id,
        user_id,
        created_at,
        updated_at,
        ttl,
        message_count,
        session_status,
        version,
        creation_id,
        history,
        _,
        _,
        _,
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
    if history is not None:
        known += f',"history":{history}'
    if extra is not None:
        # An object's text without its braces; if it was none, the whole can't be read, as it
        # should be.
        known += f",{extra[1:-1]}"
    return f"{known}}}" if window is None else f'{known},"messages":[{window}]}}'


def new_row(session: StoredSession) -> SessionRow:
    """The row of a session that is written as it is. Its life is the database's to number."""
    columns: dict[str, Any] = dict.fromkeys(SessionRow._fields)
    extra: JsonObject = {}
    for name, value in session.info.items():
        if (column := COLUMN_OF.get(name)) is None:
            extra[name] = value
        else:
            columns[column] = json_text(value) if name in _MAPS else value
    if extra:
        columns["extra"] = json_text(extra)
    kept = len(session.messages)
    # The number of a message is how many came before it, unless the record counts fewer than it
    # has.
    columns["next_seq"] = max(kept, columns["message_count"])
    columns["kept"] = kept
    columns["kept_weight"] = sum(message.weight for message in session.messages)
    return SessionRow(**columns)


def message_parameters(life: int, seq: int, message: StoredMessage) -> Parameters:
    """The parameters that insert a message."""
    return {
        "life": life,
        "seq": seq,
        "message_id": message.message_id,
        "size": message.size,
        "body": json_text(message.document),
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
