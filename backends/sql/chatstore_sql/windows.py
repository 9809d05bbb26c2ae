"""A session's window: which of its newest messages it is, and how much of it a policy shows.

Without history it is all that is kept. With history of N it is the longest suffix of N messages and
of 336,000 bytes, whoever calls.
"""

from chatstore.engine import shown_count, window_policy
from chatstore.policy import MAX_WINDOW_BYTES, RetentionPolicy
from chatstore_sql import message_statements
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import read_weights
from chatstore_sql.sqlite.database import Cursor


def window_count(cursor: Cursor, row: SessionRow) -> int:
    """How many messages the window has."""
    if row.history is None:
        return row.kept
    if row.kept_weight <= MAX_WINDOW_BYTES:
        return min(row.kept, row.history)
    policy, most = window_policy(row.history), row.history
    return policy.window(row.kept, lambda: newest_weights(cursor, row, most))


def count_shown(cursor: Cursor, row: SessionRow, policy: RetentionPolicy) -> int:
    """How many of the newest messages a reader with this policy is shown."""
    if row.kept_weight <= policy.max_window_bytes:
        shown = window_count(cursor, row)
        return shown if policy.max_messages is None else min(shown, policy.max_messages)
    most = row.history or policy.max_messages
    return shown_count(policy, row.history, row.kept, lambda: newest_weights(cursor, row, most))


def newest_weights(cursor: Cursor, row: SessionRow, most: int | None) -> list[int]:
    """The weights of the newest messages, oldest first: of at most so many, and of no more than
    it takes to be too heavy for any window."""
    weights: list[int] = []
    room = MAX_WINDOW_BYTES
    oldest = row.life, row.oldest_seq
    for (weight,) in cursor.execute(message_statements.SELECT_NEWEST_WEIGHTS, oldest):
        weights.append(weight)
        room -= weight
        if room < 0 or len(weights) == most:
            break
    weights.reverse()
    return weights


def window_text(cursor: Cursor, row: SessionRow, *, weighs: bool) -> tuple[str, list[int] | None]:
    """The bodies of the window's messages, joined by commas; and their weights, if they are asked
    for. With history more than the window may come, never more messages than it could have."""
    place = {"life": row.life, "from_seq": row.next_seq - row.window_most}
    if not weighs:
        ((bodies,),) = cursor.execute(message_statements.SELECT_BODIES, place).fetchall()
        return bodies or "", None
    found = cursor.execute(message_statements.SELECT_BODIES_AND_WEIGHTS, place).fetchall()
    ((bodies, weights),) = found
    return bodies or "", read_weights(weights)
