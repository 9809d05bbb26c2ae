"""Changes of what is stored already: another window, other contents of one message."""

from collections.abc import Sequence

from chatstore.engine import (
    StoredMessage,
    Write,
    is_same,
    message_weight,
    newest,
    require_amended_fit,
    require_window,
)
from chatstore.errors import MessageNotFoundError
from chatstore_sql import erasing, message_statements, statements
from chatstore_sql.appending import put, visible_row
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import message_parameters
from chatstore_sql.sqlite.database import Cursor
from chatstore_sql.windows import count_shown, newest_weights, window_count


def rewrite(
    cursor: Cursor, write: Write, messages: Sequence[StoredMessage], *, whole: bool
) -> tuple[SessionRow, SessionRow]:
    """The session's row before and after `messages` took the place of what the writer was shown, or
    of the `whole`. If that was much, the session has a new life, and the old one is left over."""
    row = visible_row(cursor, write)
    write.require_version(row.version)
    replaced = row.kept if whole else count_shown(cursor, row, write.policy)
    chosen = messages
    if row.history is None:
        chosen = newest(messages, write.policy)
    elif not whole:
        require_window(messages, row.history)
    goes_on = row.history is not None and not whole
    kept, weight = len(chosen), sum(message.weight for message in chosen)
    if goes_on:
        kept += row.kept - replaced
        weight += row.kept_weight - sum(newest_weights(cursor, row, replaced))
    after = row.written(write, more=len(messages) - replaced, kept=kept, kept_weight=weight)
    if goes_on:
        replaced_from = row.life, row.next_seq - replaced
        cursor.execute(message_statements.DELETE_FROM, replaced_from)
        cursor.execute(statements.UPDATE_WINDOW, after.window_stamp)
    elif row.kept <= erasing.MESSAGES:
        cursor.execute(message_statements.DELETE_MESSAGES, {"life": row.life})
        cursor.execute(statements.UPDATE_WINDOW, after.window_stamp)
    else:
        erasing.erase(cursor, row.life, row.kept)
        given = after._asdict() | {"life": None}
        ((life,),) = cursor.execute(statements.INSERT_SESSION, given).fetchall()
        after = after._replace(life=life)
    put(cursor, after.life, after.next_seq - len(chosen), chosen)
    return row, after


def amend(cursor: Cursor, write: Write, message: StoredMessage) -> SessionRow:
    """The session's row after `message` took the place of the newest with its id in the window."""
    row = visible_row(cursor, write)
    count = window_count(cursor, row)
    place = row.life, message.message_id, row.next_seq - count
    found = cursor.execute(message_statements.SELECT_MET, place).fetchall()
    if not found:
        raise MessageNotFoundError(write.session_id, message.message_id)
    seq: int = max(found)[0]
    known = {"life": row.life, "seq": seq}
    ((body, size),) = cursor.execute(message_statements.SELECT_BODY_AND_SIZE, known).fetchall()
    if is_same(message, body):
        return row
    write.require_version(row.version)
    old = message_weight(message.message_id, size)
    total = row.kept_weight if count == row.kept else sum(newest_weights(cursor, row, count))
    require_amended_fit(write.policy, row.history, total=total, old=old, new=message.weight)
    row = row.written(write, kept=row.kept, kept_weight=row.kept_weight + message.weight - old)
    cursor.execute(message_statements.REPLACE_MESSAGE, message_parameters(row.life, seq, message))
    cursor.execute(statements.UPDATE_WINDOW, row.window_stamp)
    return row
