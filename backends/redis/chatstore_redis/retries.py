"""How often a request is sent again, and after which pause. Every request may be sent twice."""

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from redis.backoff import AbstractBackoff, ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import AuthenticationError, AuthorizationError
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as LateAnswerError
from redis.retry import Retry

from chatstore.runtime import deadline
from chatstore.runtime.deadline import DeadlineError
from chatstore_redis.tls import tls_fault

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_LASTING = (AuthenticationError, AuthorizationError)
"""redis-py counts them among lost connections."""


class _Counts(threading.local):
    sent_again = 0


_counts = _Counts()


def times_sent_again() -> int:
    """How often this thread has sent a request once more. What a caller learns from a request that
    was sent again may be the answer to the second time."""
    return _counts.sent_again


@dataclass(frozen=True, slots=True)
class Retries:
    """redis-py's settings of a Retry, carried out within the deadline."""

    most: int = 0
    """Below 0: as long as there is time."""
    backoff: AbstractBackoff | None = None
    errors: tuple[type[Exception], ...] = (LostConnectionError, LateAnswerError)

    @staticmethod
    def with_backoff(most: int) -> "Retries":
        """So many, after pauses that grow from 50 milliseconds to half a second."""
        return Retries(most, ExponentialWithJitterBackoff(base=0.05, cap=0.5))

    def call(
        self,
        attempt: Callable[Arguments, Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        """What an attempt returns, the first or another."""
        failures = 0
        while True:
            try:
                return attempt(*arguments, **options)
            except self.errors as error:
                failures += 1
                self.wait(error, failures)

    def wait(self, error: Exception, failures: int) -> None:
        """Pause before another attempt; raise the error if there is to be none."""
        if 0 <= self.most < failures or isinstance(error, _LASTING) or tls_fault(error) is not None:
            raise error
        seconds = 0.0 if self.backoff is None else self.backoff.compute(failures)
        try:
            deadline.pause(max(seconds, 0.0))
        except DeadlineError:
            # What failed says more than that there was no time for more.
            raise error from None
        _counts.sent_again += 1


def retries_of(options: dict[str, Any]) -> Retries:
    """What the options of a connection say, read as redis-py reads them."""
    errors = [*(options.get("retry_on_error") or ())]
    if options.get("retry_on_timeout"):
        errors.append(LateAnswerError)
    retry = copy.deepcopy(options.get("retry"))
    if retry is None:
        retry = Retry(NoBackoff(), 1 if errors else 0)
    retry.update_supported_errors(errors)
    # redis-py has no other way to read them.
    return Retries(retry._retries, retry._backoff, tuple(retry._supported_errors))
