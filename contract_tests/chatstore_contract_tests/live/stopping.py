"""A run that is stopped still removes what it made."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from chatstore_contract_tests.namespaces import FreshHarness, Namespace

_SIGNALS = [
    number
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if (number := getattr(signal, name, None)) is not None
]


class Stopped:
    """Whether somebody asked the run to stop, and how the process then ends."""

    def __init__(self) -> None:
        self.exit_code = 0

    def note(self, signal_number: int = signal.SIGINT) -> None:
        """Somebody did. The exit code is the one that a shell gives for the signal."""
        self.exit_code = self.exit_code or 128 + signal_number


@contextmanager
def stoppable(stopped: Stopped) -> Iterator[None]:
    """Turn every polite request to end into `KeyboardInterrupt`, which pytest stops for."""

    def stop(signal_number: int, _frame: FrameType | None) -> None:
        stopped.note(signal_number)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_namespace(take: Namespace, url: str, name: str) -> Iterator[FreshHarness]:
    """The namespace, removed in the end whatever happens: a second request to stop waits."""
    with take(url, name) as fresh_harness:
        try:
            yield fresh_harness
        finally:
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)
