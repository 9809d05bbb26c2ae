"""An append: what of it is new, what falls out of the window, and what the session's row becomes.

What is counted and weighed stands on the session's row, and a message's id is looked up by an
index. So an append costs the same, however long the window is, and however much is kept.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from chatstore.engine import Patch, StoredMessage, Write, new_part, require_batch_weight
from chatstore.errors import SessionNotFoundError
from chatstore.policy import RetentionPolicy
from chatstore_sql import message_statements, statements
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import message_parameters
from chatstore_sql.sqlite.database import Cursor
from chatstore_sql.state import patched
from chatstore_sql.windows import window_count


def visible_row(cursor: Cursor, write: Write) -> SessionRow:
    """The session's row. Raises `SessionNotFoundError` unless the writer may see it."""
    found = cursor.execute(statements.SELECT_SESSION, (write.session_id,)).fetchall()
    if not found:
        raise SessionNotFoundError(write.session_id)
    row = SessionRow._make(found[0])
    write.require_visible(owner=row.user_id, ttl=row.ttl)
    return row


def append(
    backend: str, cursor: Cursor, write: Write, messages: Sequence[StoredMessage], patch: Patch
) -> SessionRow:
    """The session's row after the new part of `messages` was appended, and `patch` merged if there
    is any."""
    row = visible_row(cursor, write)
    added = _new_part(cursor, row, messages)
    if not added:
        return row
    write.require_version(row.version)
    kept, weight = row.kept + len(added), row.kept_weight + sum([each.weight for each in added])
    if row.history is None:
        kept, weight = _trimmed(cursor, row, added, write.policy, kept, weight)
    else:
        require_batch_weight(added)
    row = row.written(write, more=len(added), kept=kept, kept_weight=weight)
    # What falls out at once was never there, but has its number.
    staying = added[max(len(added) - kept, 0) :]
    put(cursor, row.life, row.next_seq - len(staying), staying)
    if patch.is_empty:
        cursor.execute(statements.UPDATE_WINDOW, row.window_stamp)
    else:
        row = patched(backend, row, patch)
        cursor.execute(statements.UPDATE_WINDOW_AND_STATE, row.window_and_state_stamp)
    return row


def put(cursor: Cursor, life: int, first: int, messages: Sequence[StoredMessage]) -> None:
    """Store messages, the first of which gets the number `first`."""
    if len(messages) == 1:
        given = message_parameters(life, first, messages[0])
        cursor.execute(message_statements.INSERT_MESSAGE, given)
        return
    cursor.executemany(
        message_statements.INSERT_MESSAGE,
        [message_parameters(life, seq, message) for seq, message in enumerate(messages, first)],
    )


def _trimmed(
    cursor: Cursor,
    row: SessionRow,
    added: Sequence[StoredMessage],
    policy: RetentionPolicy,
    kept: int,
    weight: int,
) -> tuple[int, int]:
    """How many of the `kept` messages stay, once some were added, and of their `weight`. What falls
    out of the window is deleted."""
    most = kept if policy.max_messages is None else policy.max_messages
    # Where the count decides, so many messages fit.
    heaviest = weight if policy.count_decides else policy.max_window_bytes
    if kept <= most and weight <= heaviest:
        return kept, weight
    oldest = row.life, row.oldest_seq
    stored = cursor.execute(message_statements.SELECT_OLDEST_WEIGHTS, oldest)
    for each in chain((found[0] for found in stored), (message.weight for message in added)):
        if kept <= most and weight <= heaviest:
            break
        kept, weight = kept - 1, weight - each
    first = row.next_seq + len(added) - kept
    cursor.execute(message_statements.DELETE_BEFORE, (row.life, first))
    return kept, weight


def _new_part(
    cursor: Cursor, row: SessionRow, messages: Sequence[StoredMessage]
) -> Sequence[StoredMessage]:
    """What of a batch is new."""
    life, first = row.life, row.next_seq - row.window_most
    met: list[tuple[int]] = []
    for message in messages:
        place = life, message.message_id, first
        met += cursor.execute(message_statements.SELECT_MET, place).fetchall()
    return _part_after(cursor, row, {seq for (seq,) in met}, messages) if met else messages


def _part_after(
    cursor: Cursor, row: SessionRow, met: set[int], messages: Sequence[StoredMessage]
) -> Sequence[StoredMessage]:
    """The same where messages with these numbers were met. Of the window only they are looked at,
    and its oldest message, before which there may have been others."""
    count = window_count(cursor, row)
    first = row.next_seq - count
    seqs = sorted({seq for seq in met if seq >= first} | {first})

    def column(statement: str, seq: int) -> Any:
        return cursor.execute(statement, {"life": row.life, "seq": seq}).fetchall()[0][0]

    ids = [column(message_statements.SELECT_ID, seq) for seq in seqs]
    return new_part(
        messages,
        ids,
        len(ids) + row.message_count - count,
        lambda place: column(message_statements.SELECT_BODY, seqs[place]),
    )
