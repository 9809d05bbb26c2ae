"""A terminal to type commands into, over one storage that outlives each command."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from typer.testing import CliRunner

from chatstore import Clock, ManualClock, MemorySessionStore, MemoryStorage, RetentionPolicy
from chatstore.cli import demo, options
from chatstore.cli.application import application
from chatstore.memory import MemoryEngine

StoreClass = Callable[..., MemorySessionStore]


@dataclass
class Answer:
    """What a command left: its exit code and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error in the one JSON document on standard error."""
        return json.loads(self.err)["error"]


class Terminal:
    """Runs commands, each with a store of its own on the one storage."""

    def __init__(self) -> None:
        self.storage = MemoryStorage()
        self.clock = ManualClock()
        self.store_class: StoreClass = MemorySessionStore
        self.engine_class: type[MemoryEngine] = MemoryEngine
        self.urls: list[str] = []
        self.caches: list[str | None] = []

    def open_store(
        self,
        url: str,
        *,
        policy: RetentionPolicy | None = None,
        clock: Clock | None = None,
        cache: str | None = None,
    ) -> MemorySessionStore:
        self.urls.append(url)
        self.caches.append(cache)
        return self.store_class(
            self.engine_class(self.storage), policy=policy, clock=clock or self.clock
        )

    def store(self) -> MemorySessionStore:
        return self.store_class(self.engine_class(self.storage), clock=self.clock)

    def run(self, *arguments: str, typed: str | bytes = "") -> Answer:
        result = CliRunner().invoke(application, arguments, input=typed)
        return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    made = Terminal()
    monkeypatch.setattr(options, "open_store", made.open_store)
    monkeypatch.setattr(demo, "open_store", made.open_store)
    monkeypatch.delenv("CHATSTORE_URL", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    return made
