"""Many at once: what is read, decided and then written without a guard in between."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

from chatstore import JsonObject, MemorySessionStore, Message, Session
from chatstore.clock import Moment
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage, StoredSession

from .mutant import caught_by

ON_THE_WAY = 0.1
"""Seconds between a decision and its write, as over a network: on a busy machine too, all threads
that begin at once have decided by then."""


@caught_by("test_one_create_wins")
class LooksBeforeItCreates(MemoryEngine):
    """`create` looks whether the id is free and then writes: of several, the last one wins."""

    def insert(self, session: StoredSession, now: Moment) -> bool:
        taken = session.session_id in self.storage.documents
        time.sleep(ON_THE_WAY)
        return not taken and self.restore(session, history=iter(()), overwrite=True, now=now)


@caught_by("test_one_conditional_write_wins")
class LooksBeforeItWrites(MemoryEngine):
    """The version is compared, and the write goes off afterwards: several succeed."""

    def _live(self, write: Write) -> JsonObject:
        stored = super()._live(write)
        version = stored["version"]
        self.storage.lock.release()
        time.sleep(ON_THE_WAY)
        self.storage.lock.acquire()
        stored["version"] = version
        return stored


@caught_by("test_updates_of_different_keys_all_stay")
class WritesTheWholeMap(MemoryEngine):
    """An update reads the map, merges and writes it back: another's key is lost."""

    def update(self, write: Write, patch: Patch) -> Body:
        metadata = dict(self._live(write)["metadata"])
        time.sleep(ON_THE_WAY)
        with self.storage.lock:
            self._live(write)["metadata"] = metadata
            return super().update(write, patch)


@caught_by("test_one_message_from_many_is_stored_once")
class LooksBeforeItAppends(MemoryEngine):
    """A retry is known by a read before the write: two at once are both stored."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        window: list[JsonObject] = self._live(write)["messages"]
        there = {message["messageId"] for message in window}
        time.sleep(ON_THE_WAY)
        new = [message.document for message in messages if message.message_id not in there]
        with self.storage.lock:
            stored = self._live(write)
            stored["messages"] = [*stored["messages"], *new]
            stored["messageCount"] += len(new)
            stored["version"] += 1
            return Stored({name: each for name, each in stored.items() if name != "messages"})


@caught_by("test_the_last_of_many_rewrites_wins")
class GivesUpAtAConflict(MemorySessionStore):
    """A rewrite without a version is tried once: meeting another's write, it fails."""

    def rewrite(
        self,
        session_id: str,
        messages: Iterable[Message],
        *,
        if_version: int | None,
        **more: Any,
    ) -> Session:
        version = self.get(session_id).version if if_version is None else if_version
        time.sleep(ON_THE_WAY)
        return super().rewrite(session_id, messages, if_version=version, **more)
