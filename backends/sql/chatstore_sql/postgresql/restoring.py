"""A session is written as it is, with all that is kept of it.

What comes before its window may be much, and its source slow. So it is written in chunks, under a
life that is no session's yet. What makes it one is written last.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain

import psycopg

from chatstore.engine import Moment, StoredMessage, StoredSession, each_step, is_visible
from chatstore.runtime import deadline
from chatstore_sql.chunks import RESERVED_SECONDS, chunks, purged_meanwhile
from chatstore_sql.postgresql import erasing
from chatstore_sql.postgresql.database import Database, lock_wait
from chatstore_sql.postgresql.function_texts import CHUNK
from chatstore_sql.postgresql.writing import batch_values
from chatstore_sql.rows import new_row


def restore(
    database: Database,
    session: StoredSession,
    history: Iterator[StoredMessage],
    *,
    overwrite: bool,
    now: Moment,
) -> bool:
    """Write a session. False, and nothing to be seen, if a live one has its id and is not to be
    replaced."""
    parts = chunks(history)
    first, second = next(parts), next(parts, None)
    if second is None:
        with each_step():
            return write_at_once(database, session, first, overwrite=overwrite, now=now)
    with each_step():
        if not overwrite and _is_taken(database, session.session_id, now):
            return False
        ((reserved,),) = database.run(database.say.reserve, (now.seconds + RESERVED_SECONDS,))
    life = int(reserved or 0)
    try:
        number = weight = 0
        for part in chain((first, second), parts):
            with each_step():
                _write_chunk(database, life, number, part)
            number += len(part)
            weight += sum(message.weight for message in part)
        with each_step():
            return _insert(
                database,
                session,
                session.messages,
                overwrite=overwrite,
                now=now,
                written=(life, number, weight),
            )
    except BaseException:
        abandon(database, life)
        raise


def abandon(database: Database, life: int) -> None:
    """Erase what was written of a life that does not become a session. Where this fails as well,
    the next purge finds it."""
    with suppress(psycopg.Error, deadline.DeadlineError), each_step():
        database.run(database.say.abandon, (life,))
        erasing.sweep_in_time(database, life)


def write_at_once(
    database: Database,
    session: StoredSession,
    history: Sequence[StoredMessage],
    *,
    overwrite: bool,
    now: Moment,
) -> bool:
    """Write a session by one statement. False if a live one has its id and is not to be
    replaced."""
    messages = [*history, *session.messages]
    return _insert(database, session, messages, overwrite=overwrite, now=now)


def _insert(
    database: Database,
    session: StoredSession,
    messages: Sequence[StoredMessage],
    *,
    overwrite: bool,
    now: Moment,
    written: tuple[int, int, int] | None = None,
) -> bool:
    """Write a session's row with its last messages; `written`: under which life others are there
    already, how many, and their weight."""
    life, number, heavy = (None, 0, 0) if written is None else written
    *batch, weight = batch_values(messages)
    row = new_row(session, number + len(messages), heavy + int(weight or 0))
    given = row._replace(life=life)  # type: ignore[arg-type]  # without one, the server makes one
    ((outcome, before, kept),) = database.run(
        database.say.insert, (*given, now.seconds, overwrite, lock_wait(), *batch)
    )
    if outcome == "purged":
        raise purged_meanwhile(database.place)
    if outcome == "taken":
        if life is not None:
            erasing.sweep_in_time(database, life)
        return False
    if before is not None and int(kept or 0) > CHUNK:
        erasing.sweep_in_time(database, int(before))
    return True


def _is_taken(database: Database, session_id: str, now: Moment) -> bool:
    """Whether a live session has the id."""
    found = database.run(database.say.state, (session_id,))
    return any(
        is_visible(now, None, owner=None, ttl=None if ttl is None else int(ttl)) for (ttl,) in found
    )


def _write_chunk(
    database: Database, life: int, first: int, messages: Sequence[StoredMessage]
) -> None:
    """Write some of the history, from the number `first` on."""
    *batch, _ = batch_values(messages)
    ((reserved,),) = database.run(database.say.write_chunk, (life, first, *batch))
    if reserved == "0":
        raise purged_meanwhile(database.place)
