"""Between rows and stored records. Pure: nothing here talks to a database.

Records leave as JSON text, put together from the texts in the rows: nothing is decoded on the way
but by the core, once.
"""

import json
from collections.abc import Sequence
from json.encoder import encode_basestring
from typing import Any

from chatstore.errors import CorruptSessionError
from chatstore.models import JsonObject
from chatstore.record.stored import Record, StoredMessage, StoredSession
from chatstore.values.json_values import json_text
from chatstore_sql.columns import COLUMN_OF, SHOWN, SessionRow

_quote = encode_basestring

_MAPS = ("userPreferences", "metadata")


_SHOWN = len(SHOWN)


def record(row: Sequence[Any]) -> Record:
    """The record of a session's row that is followed by its window's text and, if they were asked
    for, by its messages' weights."""
    weights = row[_SHOWN + 1] if len(row) > _SHOWN + 1 else None
    return Record(
        row[1],
        row[4],
        session_text(row, row[_SHOWN] or ""),
        None if weights is None else read_weights(weights),
    )


def read_weights(joined: str | None) -> list[int]:
    """The weights that a statement joined."""
    weights: list[int] = json.loads(f"[{joined or ''}]")
    return weights


def session_text(row: Sequence[Any], window: str | None = None) -> str:
    """The JSON text of a session: of its row, shown columns first, and, unless `window` is None, of
    its messages' bodies, joined by commas."""
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
        history,
        user_preferences,
        metadata,
        extra,
    ) = row[:_SHOWN]
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


def new_row(session: StoredSession, kept: int, kept_weight: int) -> SessionRow:
    """The row of a session that is written as it is, with so many messages of such a weight. Its
    life is the database's to number."""
    columns: dict[str, Any] = dict.fromkeys(SessionRow._fields)
    extra: JsonObject = {}
    for name, value in session.info.items():
        if (column := COLUMN_OF.get(name)) is None:
            extra[name] = value
        else:
            columns[column] = json_text(value) if name in _MAPS else value
    if extra:
        columns["extra"] = json_text(extra)
    # The number of a message is how many came before it, unless the record counts fewer than it
    # has.
    columns["next_seq"] = max(kept, columns["message_count"])
    columns["kept"] = kept
    columns["kept_weight"] = kept_weight
    return SessionRow(**columns)


def message_parameters(life: int, seq: int, message: StoredMessage) -> tuple[object, ...]:
    """The parameters of INSERT_MESSAGE."""
    return life, seq, message.message_id, message.size, json_text(message.document)


def read_map(backend: str, session_id: str, column: str, text: str) -> JsonObject:
    """The JSON object in a column. Raises `CorruptSessionError` if it is none."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CorruptSessionError(backend, session_id, f"{column} is not JSON") from error
    if not isinstance(value, dict):
        raise CorruptSessionError(backend, session_id, f"{column} is not a JSON object")
    return value
