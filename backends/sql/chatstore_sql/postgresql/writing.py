"""The writes on one session: what is said to the server, and what comes of it.

The server decides nearly all by itself. What it leaves to chatstore is whether a message that is
there already says the same; if it has to be written after all, the call is made a second time, on
condition that nobody has written meanwhile.
"""

from collections.abc import Sequence
from typing import NoReturn

from chatstore.engine import (
    Patch,
    StoredMessage,
    Write,
    is_same,
    json_text,
    new_part,
    newest,
    require_amended_fit,
    require_batch_weight,
    require_window,
)
from chatstore.errors import MessageNotFoundError, SessionNotFoundError, VersionConflictError
from chatstore.models import JsonObject
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.state import require_key_count, require_state_bytes
from chatstore.record.stored import AMENDED_NAME
from chatstore_sql.postgresql.answers import Answer
from chatstore_sql.postgresql.database import Database, lock_wait
from chatstore_sql.postgresql.statements import Statement, Value, number_array, text_array

_UNDECIDED: tuple[Value, Value] = (None, None)


def append(
    database: Database,
    write: Write,
    messages: Sequence[StoredMessage],
    patch: Patch,
    *,
    light: int,
    with_window: bool,
) -> Answer:
    """The session after the new part of `messages` was appended and `patch` merged; without
    messages, after it was merged."""
    policy, decided = write.policy, _UNDECIDED
    state = (_text(patch.user_preferences), _text(patch.metadata), patch.session_status)
    while True:
        answer = _said(
            database,
            write,
            database.say.write,
            *batch_values(messages),
            policy.max_messages,
            policy.deciding_bytes,
            light,
            with_window,
            *state,
            *decided,
        )
        if answer.outcome == "done":
            return answer
        if answer.outcome == "met":
            met = answer.met
            messages = new_part(
                messages,
                [message_id for message_id, _ in met.messages],
                len(met.messages) + answer.number("message_count") - met.in_window,
                lambda place, found=met.messages: found[place][1],  # type: ignore[misc]
            )
            if not messages:
                return answer
            decided = answer.number("life"), answer.number("version")
            continue
        if answer.outcome == "heavy":
            require_batch_weight(messages)
        raise _refused(write, answer)


def rewrite(
    database: Database, write: Write, messages: Sequence[StoredMessage], *, light: int, whole: bool
) -> Answer:
    """The session after `messages` were put in the place of what the writer is shown."""
    policy = write.policy
    chosen = newest(messages, policy)
    answer = _said(
        database,
        write,
        database.say.rewrite,
        *batch_values(messages),
        policy.max_messages,
        policy.deciding_bytes,
        light,
        len(chosen),
        sum(message.weight for message in chosen),
        whole,
    )
    if answer.outcome == "window":
        require_window(messages, answer.history or 0)
    if answer.outcome != "done":
        raise _refused(write, answer)
    return answer


def amend(database: Database, write: Write, message: StoredMessage, *, light: int) -> Answer:
    """The session after `message` was put in the place of the one with its id."""
    decided, body = _UNDECIDED, json_text(message.document)
    heaviest = write.policy.deciding_bytes or MAX_WINDOW_BYTES
    while True:
        answer = _said(
            database,
            write,
            database.say.amend,
            message.message_id,
            message.size,
            body,
            AMENDED_NAME,
            heaviest,
            light,
            *decided,
        )
        if answer.outcome == "done":
            return answer
        if answer.outcome == "met":
            if is_same(message, answer.detail):
                return answer
            decided = answer.number("life"), answer.number("version")
            continue
        if answer.outcome == "absent":
            raise MessageNotFoundError(write.session_id, message.message_id)
        if answer.outcome == "large":
            total, old = map(int, answer.detail.split())
            beside = message.weight - message.size
            require_amended_fit(
                write.policy, answer.history, total=total, old=old + beside, new=message.weight
            )
        raise _refused(write, answer)


def batch_values(messages: Sequence[StoredMessage]) -> tuple[Value, ...]:
    """Messages as the functions take them: ids, sizes, bodies, and for most their weight."""
    return (
        text_array([message.message_id for message in messages]),
        number_array([message.size for message in messages]),
        text_array([json_text(message.document) for message in messages]),
        sum([message.weight for message in messages]),
    )


def _said(database: Database, write: Write, statement: Statement, *values: Value) -> Answer:
    given = (
        write.session_id,
        write.user_id,
        write.if_version,
        write.now.seconds,
        write.now.text,
        write.renews,
        write.ttl,
        lock_wait(),
        *values,
    )
    (row,) = database.run(statement, given)
    return Answer(row)


def _refused(write: Write, answer: Answer) -> Exception:
    """What a write's outcome is for its caller."""
    outcome = answer.outcome
    if outcome == "missing":
        return SessionNotFoundError(write.session_id)
    if outcome == "conflict":
        return VersionConflictError(write.session_id, write.if_version)
    if outcome in ("user_preferences", "metadata"):
        _refuse_state(outcome, *answer.detail.split())
    return AssertionError(f"an outcome that nobody knows: {outcome}")


def _refuse_state(field: str, kind: str, number: str) -> NoReturn:
    if kind == "keys":
        require_key_count(field, int(number))
    require_state_bytes(field, int(number))
    raise AssertionError("the server refused what is no more than there may be")


def _text(entries: JsonObject) -> str | None:
    return json_text(entries) if entries else None
