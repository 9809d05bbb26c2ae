"""Writes that a script refused, with the numbers that it found: told as the core tells them."""

from collections.abc import Sequence
from typing import Any, NoReturn

from chatstore.engine import (
    StoredMessage,
    require_amended_fit,
    require_batch_weight,
    require_window,
)
from chatstore.policy import RetentionPolicy
from chatstore.record.state import require_key_count, require_state_bytes
from chatstore_redis.scripts import HEAVY

_FIELDS = {b"userPreferences": "user_preferences", b"metadata": "metadata"}


def of_append(answer: Sequence[Any], messages: Sequence[StoredMessage]) -> NoReturn:
    """Raise what an append's answer stands for that is not a text."""
    if answer[0] == HEAVY:
        require_batch_weight(messages[answer[1] :])
    of_patch(answer)


def of_patch(answer: Sequence[Any]) -> NoReturn:
    """Raise what the answer stands for to a patch that makes too much."""
    field, kind, number = answer
    (require_key_count if kind == b"keys" else require_state_bytes)(_FIELDS[field], number)
    raise _disagreement(answer)


def of_rewrite(answer: Sequence[Any], messages: Sequence[StoredMessage]) -> NoReturn:
    """Raise what the answer to a rewrite of a session with history stands for."""
    require_window(messages, int(answer[1]))
    raise _disagreement(answer)


def of_amend(answer: Sequence[Any], policy: RetentionPolicy, message: StoredMessage) -> NoReturn:
    """Raise what the answer to an amended message stands for that has no room."""
    _, history, total, old = answer
    window = None if history is None else int(history)
    require_amended_fit(policy, window, total=total, old=old, new=message.weight)
    raise _disagreement(answer)


def _disagreement(answer: Sequence[Any]) -> AssertionError:
    return AssertionError(f"a script refuses what the core lets through: {answer!r}")
