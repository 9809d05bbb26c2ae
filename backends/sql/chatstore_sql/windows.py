"""What a window's messages are, and how much of it a policy shows."""

from chatstore.policy import RetentionPolicy
from chatstore_sql import message_statements
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import read_weights
from chatstore_sql.sqlite.database import Cursor


def shown_count(cursor: Cursor, row: SessionRow, policy: RetentionPolicy) -> int:
    """How many of the newest messages a reader with this policy is shown."""
    most = row.kept if policy.max_messages is None else min(row.kept, policy.max_messages)
    if policy.count_decides or row.kept_weight <= policy.max_window_bytes:
        return most
    shown, room = 0, policy.max_window_bytes
    oldest = row.life, row.oldest_seq
    for (weight,) in cursor.execute(message_statements.SELECT_NEWEST_WEIGHTS, oldest):
        room -= weight
        if room < 0 or shown == most:
            break
        shown += 1
    return shown


def window_text(cursor: Cursor, row: SessionRow, *, weighs: bool) -> tuple[str, list[int] | None]:
    """The bodies of the messages that are kept, joined by commas; and their weights, if they are
    asked for."""
    key = {"life": row.life}
    if not weighs:
        ((bodies,),) = cursor.execute(message_statements.SELECT_BODIES, key).fetchall()
        return bodies or "", None
    found = cursor.execute(message_statements.SELECT_BODIES_AND_WEIGHTS, key).fetchall()
    ((bodies, weights),) = found
    return bodies or "", read_weights(weights)
