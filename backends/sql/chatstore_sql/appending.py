"""An append: what of it is new, what falls out of the window, and what the session's row becomes.

What is counted and weighed stands on the session's row, and a message's id is looked up by an
index. So an append costs the same, however long the window is.
"""

from collections.abc import Sequence
from typing import Any

from chatstore.engine import StoredMessage, Write, new_part
from chatstore.errors import SessionNotFoundError
from chatstore.policy import RetentionPolicy
from chatstore_sql import message_statements, statements
from chatstore_sql.rows import SessionRow, message_parameters
from chatstore_sql.sqlite.database import Cursor


def visible_row(cursor: Cursor, write: Write) -> SessionRow:
    """The session's row. Raises `SessionNotFoundError` unless the writer may see it."""
    key = {"session_id": write.session_id}
    found = cursor.execute(statements.SELECT_SESSION, key).fetchall()
    if not found:
        raise SessionNotFoundError(write.session_id)
    row = SessionRow._make(found[0])
    write.require_visible(owner=row.user_id, ttl=row.ttl)
    return row


def append(cursor: Cursor, write: Write, messages: Sequence[StoredMessage]) -> SessionRow:
    """The session's row after the new part of `messages` was appended."""
    row = visible_row(cursor, write)
    added = _new_part(cursor, row, messages)
    if not added:
        return row
    write.require_version(row.version)
    grown = row.written(write, added=len(added), weight=sum(each.weight for each in added))
    put(cursor, grown, added)
    row = _trimmed(cursor, grown, write.policy)
    cursor.execute(statements.UPDATE_WINDOW, row.stamp)
    return row


def put(cursor: Cursor, row: SessionRow, messages: Sequence[StoredMessage]) -> None:
    """Store messages as the last ones before the row's next number."""
    first = row.next_seq - len(messages)
    if len(messages) == 1:
        given = message_parameters(row.life, first, messages[0])
        cursor.execute(message_statements.INSERT_MESSAGE, given)
        return
    cursor.executemany(
        message_statements.INSERT_MESSAGE,
        [message_parameters(row.life, seq, each) for seq, each in enumerate(messages, first)],
    )


def _trimmed(cursor: Cursor, row: SessionRow, policy: RetentionPolicy) -> SessionRow:
    """The row, after what falls out of the window was deleted."""
    kept, weight = row.kept, row.kept_weight
    most = kept if policy.max_messages is None else policy.max_messages
    # Where the count decides, so many messages fit.
    heaviest = weight if policy.count_decides else policy.max_window_bytes
    if kept <= most and weight <= heaviest:
        return row
    oldest = {"life": row.life, "from_seq": row.oldest_seq}
    for _, each in cursor.execute(message_statements.SELECT_OLDEST_WEIGHTS, oldest):
        if kept <= most and weight <= heaviest:
            break
        kept, weight = kept - 1, weight - each
    row = row._replace(kept=kept, kept_weight=weight)
    before = {"life": row.life, "seq": row.oldest_seq}
    cursor.execute(message_statements.DELETE_BEFORE, before)
    return row


def _new_part(
    cursor: Cursor, row: SessionRow, messages: Sequence[StoredMessage]
) -> Sequence[StoredMessage]:
    """What of a batch is new. Of the window only what was met is looked at, and its oldest message,
    before which others may have been pruned."""
    met = {
        found[0]
        for message in messages
        for found in cursor.execute(
            message_statements.SELECT_MET,
            {
                "life": row.life,
                "message_id": message.message_id,
                "from_seq": row.oldest_seq,
            },
        ).fetchall()
    }
    if not met:
        return messages
    seqs = sorted(met | {row.oldest_seq})

    def column(statement: str, seq: int) -> Any:
        return cursor.execute(statement, {"life": row.life, "seq": seq}).fetchall()[0][0]

    ids = [column(message_statements.SELECT_ID, seq) for seq in seqs]
    pruned = row.message_count - row.kept
    return new_part(
        messages,
        ids,
        len(ids) + pruned,
        lambda place: column(message_statements.SELECT_BODY, seqs[place]),
    )
