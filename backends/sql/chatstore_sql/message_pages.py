"""A page of all the messages that are kept of a session."""

from chatstore.engine import PAGE_BYTES, MessageQuery, MessagesFound, Record, is_visible
from chatstore_sql import message_statements, statements
from chatstore_sql.columns import SessionRow
from chatstore_sql.rows import session_text
from chatstore_sql.sqlite.connections import Connection, Row


def read_messages(connection: Connection, query: MessageQuery) -> MessagesFound | None:
    """What is asked for. The connection is in a transaction, and sees one state."""
    found = connection.fetch(statements.SELECT_SESSION, (query.session_id,))
    if not found:
        return None
    row = SessionRow._make(found[0])
    record = Record(row.user_id, row.ttl, session_text(row))
    first = max(row.message_count - row.kept, 0)
    positions = query.positions(first, first + row.kept)
    if not positions or not is_visible(query.now, None, owner=None, ttl=row.ttl):
        return MessagesFound(record, [])
    # From places to numbers.
    shift = row.oldest_seq - first
    lowest, highest = sorted((positions[0], positions[-1]))
    statement = (
        message_statements.SELECT_PAGE_NEWEST_FIRST
        if query.newest_first
        else message_statements.SELECT_PAGE
    )
    between = row.life, lowest + shift, highest + shift
    messages = connection.fetch(statement, between, until=_Room)
    return MessagesFound(record, [(seq - shift, body) for seq, _, body in messages])


class _Room:
    """Whether a page is full by the bytes of its messages."""

    def __init__(self) -> None:
        self._left = PAGE_BYTES

    def __call__(self, row: Row) -> bool:
        self._left -= row[1]
        return self._left < 0
