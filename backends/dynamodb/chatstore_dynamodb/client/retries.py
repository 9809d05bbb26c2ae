"""When a request is sent again: one place, for clients of every retry mode, and always in time."""

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import ChecksumError, ConnectionError, HTTPClientError  # noqa: A004

from chatstore.runtime import deadline
from chatstore_dynamodb.client.errors import is_wrong_for_good
from chatstore_dynamodb.error_codes import THROTTLED, TRANSIENT

MODES = ("standard", "adaptive", "legacy")
OWN_ATTEMPTS = 5
"""How often a request of a client that chatstore makes is sent."""

_ATTEMPTS = {"standard": 3, "adaptive": 3, "legacy": 10}
"""botocore's own numbers, for a caller's client that names none."""

_FIRST_WAIT = 0.05
_LONGEST_WAIT = 1.0
_SMALLEST_GAP = 0.001


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often a request is sent at the most, and whether requests keep a distance once DynamoDB
    has asked for fewer (botocore's mode `adaptive`)."""

    attempts: int
    is_adaptive: bool = False

    @classmethod
    def of(cls, client: Any) -> "RetryRules":
        """The rules that a client was made with."""
        settings: Mapping[str, Any] = client.meta.config.retries or {}
        mode = settings.get("mode", "legacy")
        attempts = settings.get("total_max_attempts")
        if attempts is None:
            attempts = settings.get("max_attempts", _ATTEMPTS.get(mode, 3) - 1) + 1
        return cls(attempts, mode == "adaptive")

    def with_attempts(self, attempts: int) -> "RetryRules":
        """The same, sending as often as this."""
        return replace(self, attempts=attempts)


class Retries:
    """Decides for one store's client. Any number of threads may ask."""

    def __init__(self, rules: RetryRules) -> None:
        self.rules = rules
        self._lock = threading.Lock()
        self.gap = 0.0
        """The seconds between requests; 0 where DynamoDB has not asked for fewer."""
        self._next = 0.0

    def keep_distance(self) -> None:
        """Wait for this request's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self.gap
        deadline.pause(max(0.0, turn - time.monotonic()))

    def is_due(self, attempts: int, answer: Any, error: Exception | None) -> bool:
        """Whether to send a request again, after that many attempts; it waits before it says yes.
        Where the deadline leaves no time for that, what came last is the call's outcome."""
        code, status = _code_and_status(answer)
        throttled = code in THROTTLED or status == 429
        if self.rules.is_adaptive:
            self._adapt(throttled=throttled)
        if not (throttled or code in TRANSIENT or status >= 500 or _is_passing(error)):
            return False
        if attempts >= self.rules.attempts:
            return False
        # A random time, so that those who met once do not meet again.
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempts)
        try:
            deadline.pause(random.uniform(0, longest))  # noqa: S311  no secret
        except deadline.DeadlineError:
            return False
        return True

    def _adapt(self, *, throttled: bool) -> None:
        if not (throttled or self.gap):
            return
        with self._lock:
            if throttled:
                self.gap = min(_LONGEST_WAIT, max(2 * self.gap, 10 * _SMALLEST_GAP))
            else:
                gap = 0.8 * self.gap
                self.gap = gap if gap > _SMALLEST_GAP else 0.0


def _code_and_status(answer: Any) -> tuple[str, int]:
    if answer is None:
        return "", 0
    response, parsed = answer
    return str(parsed.get("Error", {}).get("Code", "")), response.status_code


def _is_passing(error: Exception | None) -> bool:
    return isinstance(
        error, ConnectionError | HTTPClientError | ChecksumError
    ) and not is_wrong_for_good(error)
