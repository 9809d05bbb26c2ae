"""How much of a session is kept, and for how long."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from chatstore.errors import InvalidInputError
from chatstore.values.plain import plain_span, require_flag, shown, whole

MAX_WINDOW_BYTES = 336_000
"""DynamoDB's item limit of 409,600 bytes, less 64 KiB for preferences and metadata, less some
8,000 for the other attributes."""

MAX_HISTORY_WINDOW = 50
"""The most messages that the window of a session with history may have."""

_LONGEST_TTL = timedelta(days=36_525)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPolicy:
    """The caller's rules: a write trims to the writer's policy, a read shows at most the
    reader's window.

    `max_messages`: how many of the newest messages a session keeps; None: no limit by count.
    `ttl`: how long a session lives after it was created or last written; None: for ever.
    `renew_on_write`: whether each write starts the ttl anew, or only `create` does.
    `max_message_bytes`, `max_window_bytes`: bounds on `stored_size`, of one message and of the
    window. `keep_history`: whether a session that is created keeps all its messages until it ends:
    `max_messages`, then 1 to 50, is its window for good, and what leaves it can be read by
    `list_messages`. Raises `InvalidInputError` for values that no engine could honour.
    """

    max_messages: int | None = 10
    ttl: timedelta | None = timedelta(days=30)
    renew_on_write: bool = True
    max_message_bytes: int = 32_768
    max_window_bytes: int = MAX_WINDOW_BYTES
    keep_history: bool = False

    count_decides: bool = field(init=False, repr=False, compare=False)
    """Whether `max_messages` alone bounds the window: so many messages, each as large as may be,
    fit `max_window_bytes`."""
    deciding_bytes: int | None = field(init=False, repr=False, compare=False)
    """`max_window_bytes`, if it may bound a window; None where the count decides."""
    ttl_seconds: int | None = field(init=False, repr=False, compare=False)
    """`ttl` in seconds."""

    def __post_init__(self) -> None:
        # Frozen for everybody else: what a caller gave may be a subclass, and becomes plain here.
        plain = object.__setattr__
        if self.max_messages is not None:
            most = _whole("max_messages", self.max_messages, "a whole number from 1, or None")
            plain(self, "max_messages", most)
        limit = f"a whole number from 1 to {MAX_WINDOW_BYTES}"
        window = _whole("max_window_bytes", self.max_window_bytes, limit, MAX_WINDOW_BYTES)
        plain(self, "max_window_bytes", window)
        limit = f"a whole number from 1 to max_window_bytes ({window})"
        message = _whole("max_message_bytes", self.max_message_bytes, limit, window)
        plain(self, "max_message_bytes", message)
        if self.ttl is not None:
            plain(self, "ttl", _ttl(self.ttl))
        require_flag("renew_on_write", self.renew_on_write)
        if require_flag("keep_history", self.keep_history):
            limit = f"a whole number from 1 to {MAX_HISTORY_WINDOW} with keep_history"
            _whole("max_messages", self.max_messages, limit, MAX_HISTORY_WINDOW)
        # Asked for in every call, and so worked out once.
        decides = self.max_messages is not None and self.max_messages * message <= window
        plain(self, "count_decides", decides)
        plain(self, "deciding_bytes", None if decides else window)
        plain(self, "ttl_seconds", None if self.ttl is None else int(self.ttl.total_seconds()))

    def window(self, count: int, weights: Callable[[], Sequence[int]]) -> int:
        """How many of the newest of `count` messages stay.

        If the count decides, the newest `max_messages`; otherwise the longest suffix that fits
        `max_messages` and `max_window_bytes`. Only then are the messages' `weights` asked for,
        oldest first.
        """
        most = count if self.max_messages is None else min(count, self.max_messages)
        if self.count_decides:
            return most
        room = self.max_window_bytes
        kept = 0
        for weight in reversed(weights()):
            room -= weight
            if room < 0 or kept == most:
                break
            kept += 1
        return kept


def _whole(field: str, value: object, limit: str, most: int | None = None) -> int:
    number = whole(value)
    if number is None or number < 1 or (most is not None and number > most):
        raise InvalidInputError(field, limit, shown(value))
    return number


def _ttl(ttl: object) -> timedelta:
    limit = "whole seconds from 1 second to 36,525 days, or None"
    plain = plain_span(ttl)
    if plain is None:
        raise InvalidInputError("ttl", limit, shown(ttl), "give a timedelta")
    if not timedelta(seconds=1) <= plain <= _LONGEST_TTL or plain.microseconds:
        raise InvalidInputError("ttl", limit, str(plain))
    return plain
