"""Erasing in chunks: no statement takes long, and none waits for what another works on."""

from contextlib import suppress

import psycopg

from chatstore.engine import Moment, Write, each_step
from chatstore.errors import VersionConflictError
from chatstore.runtime import deadline
from chatstore_sql.postgresql.answers import Answer
from chatstore_sql.postgresql.database import Database, lock_wait
from chatstore_sql.postgresql.function_texts import CHUNK

_LAST_SECOND = 2**53


def delete(database: Database, write: Write) -> bool:
    """Remove a session; False if there is none that the writer may see."""
    (row,) = database.run(
        database.say.delete,
        (write.session_id, write.user_id, write.if_version, write.now.seconds, lock_wait()),
    )
    answer = Answer(row)
    if answer.outcome == "conflict":
        assert write.if_version is not None
        raise VersionConflictError(write.session_id, write.if_version)
    if answer.outcome == "missing":
        return False
    if answer.number("kept") > CHUNK:
        sweep_in_time(database, answer.number("life"))
    return True


def delete_user(database: Database, user_id: str, now: Moment) -> int:
    """Remove all that is stored of a user; how many sessions of those were alive."""
    live = 0
    while True:
        with each_step():
            given = (user_id, now.seconds, lock_wait())
            ((removed, alive),) = database.run_step(database.say.delete_user, given)
        live += int(alive or 0)
        if removed == "0":
            break
    _sweep(database, now)
    return live


def purge(database: Database, now: Moment) -> int:
    """Remove expired sessions, but those that others work on; how many."""
    removed, after = 0, "0"
    while True:
        with each_step():
            ((number, following),) = database.run_step(database.say.purge, (now.seconds, after))
        removed += int(number or 0)
        if following is None:
            break
        after = following
    _sweep(database, now)
    return removed


def sweep_in_time(database: Database, life: int) -> None:
    """Erase what is left over of a life, or as much of it as the call has time for: the rest is
    for whoever purges."""
    # What it is left over of has been erased: that stands, whatever is in the way of this.
    with suppress(psycopg.Error, deadline.DeadlineError):
        while not deadline.is_over():
            ((found,),) = database.run(database.say.sweep, (life, _LAST_SECOND))
            if found is None:
                break


def _sweep(database: Database, now: Moment) -> None:
    """Erase what is left over and due."""
    while True:
        with each_step():
            ((found,),) = database.run_step(database.say.sweep, (None, now.seconds))
        if found is None:
            break
