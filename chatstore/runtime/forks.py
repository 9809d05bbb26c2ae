"""Forks: the one place that knows whether an object was made in this process.

A fork copies what a process has open and none of its threads. A child would share sockets with its
parent and answer one with what was meant for the other, lose SQLite's locks, and wait for locks
that a thread of the parent held. So whatever holds something open belongs to the process that made
it: elsewhere each of its calls is refused, at once and before anything is touched.
"""

import os
from collections.abc import Callable

from chatstore.errors import ConfigurationError


def call_in_child(call: Callable[[], None]) -> None:
    """Have `call` called in each process that is forked off this one, before anything else is."""
    # There is no fork where there is no such function.
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=call)


class _Process:
    """How many forks lie between the first process and this one: never the same for a parent and
    its child, where a process id may be used again."""

    forks = 0

    @classmethod
    def add_fork(cls) -> None:
        cls.forks += 1


call_in_child(_Process.add_fork)


class Origin:
    """The process in which something was made."""

    __slots__ = ("_forks",)

    def __init__(self) -> None:
        self._forks = _Process.forks

    @property
    def is_here(self) -> bool:
        """Whether that is this process."""
        return self._forks == _Process.forks

    def require_here(self, what: str) -> None:
        """Raise `ConfigurationError` unless that is this process."""
        # Each call asks this.
        if self._forks != _Process.forks:
            raise ConfigurationError(
                f"this {what} was opened before the process was forked, and belongs to the parent; "
                "open another in each process, after the fork (with gunicorn --preload: in "
                "post_fork, or at the first request)"
            )


def refuse_pickling(what: str) -> ConfigurationError:
    """The error for an object that lives in one process and can't be sent to another."""
    return ConfigurationError(
        f"this {what} can't be copied or pickled, since it belongs to this process; send its URL "
        "and open another there"
    )
