"""The real engines that tests run on, where there are any: `scripts/servers` starts them.

`CHATSTORE_REQUIRE` names those that must be there: what needs one of them fails without it, and is
not skipped.
"""

import os
import re
from collections.abc import Mapping
from typing import NoReturn

import pytest

VARIABLES: Mapping[str, str] = {
    "redis": "CHATSTORE_TEST_REDIS_URL",
    "redis-cluster": "CHATSTORE_TEST_REDIS_CLUSTER_URL",
    "dynamodb": "CHATSTORE_TEST_DYNAMODB_URL",
    "postgresql": "CHATSTORE_TEST_POSTGRESQL_URL",
    "pgbouncer": "CHATSTORE_TEST_PGBOUNCER_URL",
}
"""Each real engine, and the variable that holds its URL."""

on = pytest.mark.leg
"""`@legs.on("redis")` on a class: without that engine, the class is one test that says so."""


def missing(leg: str) -> str | None:
    """Why there is no such engine; None if there is one."""
    if os.environ.get(VARIABLES[leg]):
        return None
    return f"no {leg}: {VARIABLES[leg]} is not set; start one with scripts/servers up {leg}"


def give_up(leg: str, reason: str) -> NoReturn:
    """Skip the test, or fail it where the engine was asked for."""
    if leg in re.split(r"[ ,]+", os.environ.get("CHATSTORE_REQUIRE", "")):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def url_of(leg: str) -> str:
    """The engine's URL; without it the test is skipped, or fails where the engine was asked for."""
    if reason := missing(leg):
        give_up(leg, reason)
    return os.environ[VARIABLES[leg]]


class MissingLeg(pytest.Item):
    """What stands for a class of tests whose engine is not there."""

    def __init__(self, *, leg: str, reason: str, **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # as pytest gives them
        self._leg = leg
        self._reason = reason

    def runtest(self) -> None:
        """Tell why the class did not run."""
        give_up(self._leg, self._reason)

    def reportinfo(self) -> tuple[os.PathLike[str], None, str]:
        """Where the class stands."""
        return self.path, None, self.name


def stand_in(collector: pytest.Collector, name: str, thing: object) -> MissingLeg | None:
    """What is collected in place of a class whose engine is not there; None if it is."""
    marks = getattr(thing, "pytestmark", []) if isinstance(thing, type) else []
    wanted = [leg for mark in marks if mark.name == "leg" for leg in mark.args]
    for leg in wanted:
        if reason := missing(leg):
            return MissingLeg.from_parent(collector, name=name, leg=leg, reason=reason)
    return None
