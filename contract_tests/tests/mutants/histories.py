"""Histories: what is kept, what is shown of it, how it is rewritten, and many at once."""

import copy
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from chatstore import (
    InvalidInputError,
    JsonObject,
    MemorySessionStore,
    Message,
    Session,
    VersionConflictError,
)
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage

from .mutant import caught_by
from .racing import ON_THE_WAY


def _is_kept(stored: JsonObject) -> bool:
    return "history" in stored


@caught_by("test_all_is_kept_whoever_writes")
class TakesTheWindowOfItsCaller(MemoryEngine):
    """The window of a session with history is the writer's: N is what its policy says."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        if _is_kept(stored):
            stored["history"] = min(write.policy.max_messages or 50, 50)
        return super().append(write, messages, **options)


@caught_by("test_a_narrow_writer_drops_nothing")
class TrimsAHistory(MemoryEngine):
    """A writer whose policy keeps no history trims a session that does."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        done = super().append(write, messages, **options)
        if not write.policy.keep_history:
            kept = self._live(write)["messages"]
            del kept[: -(write.policy.max_messages or len(kept))]
        return done


@caught_by("test_a_narrow_writer_drops_nothing")
class KeepsAllForWhoeverAsks(MemoryEngine):
    """A writer whose policy keeps history makes a session keep it that did not."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        if write.policy.keep_history:
            self._live(write)["history"] = write.policy.max_messages
        return super().append(write, messages, **options)


@caught_by("test_history_is_for_good")
class EndsAHistoryOnUpdate(MemoryEngine):
    """An update by a policy without history makes a session one without."""

    def update(self, write: Write, patch: Patch) -> Body:
        if not write.policy.keep_history:
            self._live(write).pop("history", None)
        return super().update(write, patch)


@caught_by("test_bytes_bound_what_is_shown_of_a_history")
class ShowsMessagesOfAnySize(MemorySessionStore):
    """Of a session with history the newest N are shown, however large they are together."""

    def append_and_get(self, session_id: str, *messages: Message, **options: Any) -> Session:
        found = super().append_and_get(session_id, *messages, **options)
        if found.history is None:
            return found
        newest = self.list_messages(session_id, limit=found.history).items
        return found.model_copy(update={"messages": newest[::-1]})


@caught_by("test_a_retry_is_known_in_the_window")
class RefusesAnOlderMessage(MemoryEngine):
    """An id that has left the window of a session with history is refused."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        if _is_kept(stored):
            older = {each["messageId"] for each in stored["messages"][: -stored["history"]]}
            if messages[-1].message_id in older:
                raise InvalidInputError("messages", "new", "old")
        return super().append(write, messages, **options)


@caught_by("test_a_retry_is_known_in_the_window")
class KnowsOfAHistoryWhatItsWriterSees(MemoryEngine):
    """Whoever sees less than the window of a session with history knows less again."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        history = stored.get("history")
        if history is not None:
            stored["history"] = min(history, write.policy.max_messages or history)
        try:
            return super().append(write, messages, **options)
        finally:
            if history is not None:
                stored["history"] = history


@caught_by("test_an_append_to_a_history_has_336000_bytes")
class TakesAnyWeight(MemoryEngine):
    """A batch that is too heavy goes in one message at a time."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        if not _is_kept(self._live(write)):
            return super().append(write, messages, **options)
        append = super().append
        return [append(write, [message], **options) for message in messages][-1]


class Rewriting(MemoryEngine):
    """The reference store, its rewrite of a history in two parts: what to do, and what then."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        stored = self._live(write)
        before = copy.deepcopy(stored["messages"])
        body = super().rewrite(write, messages, **options)
        if not _is_kept(stored):
            return body
        self._spoil(stored, before, [message.document for message in messages], **options)
        record = self.load(write.session_id)
        assert record is not None
        return record.body

    def _spoil(
        self, stored: JsonObject, before: list[Any], given: list[Any], *, whole: bool
    ) -> None:
        raise NotImplementedError


@caught_by("test_a_popped_message_lets_older_ones_slide_in")
class LosesWhatWasBefore(Rewriting):
    """A rewrite leaves what it is given alone: what was before the window is gone."""

    def _spoil(
        self, stored: JsonObject, before: list[Any], given: list[Any], *, whole: bool
    ) -> None:
        stored["messages"] = copy.deepcopy(given)


@caught_by("test_a_popped_message_lets_older_ones_slide_in")
class ShowsNothingOlderAfterAPop(MemorySessionStore):
    """A rewrite returns what it was given, though older messages are in view by then."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        given = list(messages)
        after = super().rewrite(session_id, given, **options)
        return after.model_copy(update={"messages": given}) if after.keeps_history else after


@caught_by("test_a_popped_message_lets_older_ones_slide_in")
class ReplacesTheWindowForANarrowReader(MemoryEngine):
    """A rewrite by whoever sees less replaces the whole window, what its writer never saw too."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        if _is_kept(self._live(write)):
            write = replace(write, policy=replace(write.policy, max_messages=50))
        return super().rewrite(write, messages, **options)


@caught_by("test_a_rewrite_of_a_history_holds_its_window")
class CutsWhatTheWindowDoesNotHold(MemoryEngine):
    """Of more messages than the window of a history holds, a rewrite takes the newest."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        most = self._live(write).get("history")
        if most is not None and not options["whole"]:
            messages = messages[-most:]
        return super().rewrite(write, messages, **options)


@caught_by("test_a_whole_rewrite_replaces_all")
class KeepsTheHead(Rewriting):
    """A rewrite of the whole keeps the first message there ever was."""

    def _spoil(
        self, stored: JsonObject, before: list[Any], given: list[Any], *, whole: bool
    ) -> None:
        if whole and before:
            stored["messages"] = before[:1] + stored["messages"]


@caught_by("test_a_whole_rewrite_replaces_all")
class CountsOnAfterTheWhole(Rewriting):
    """A rewrite of the whole counts what is gone."""

    def _spoil(
        self, stored: JsonObject, before: list[Any], given: list[Any], *, whole: bool
    ) -> None:
        if whole:
            stored["messageCount"] = len(before) + len(given)


@caught_by("test_a_rewrite_of_a_history_sent_again_has_happened")
class DoesNotKnowItsRewriteOfAHistory(MemorySessionStore):
    """A rewrite of a history that was sent again is a conflict."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        expected, found = options["if_version"], self.get(session_id)
        if found.keeps_history and expected not in (None, found.version):
            raise VersionConflictError(session_id, expected)
        return super().rewrite(session_id, messages, **options)


@caught_by("test_a_rewrite_of_a_history_sent_again_has_happened")
class TakesAnyEndForItsOwn(MemorySessionStore):
    """A rewrite of a history has happened already if the session holds one of its messages."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        given = list(messages)
        try:
            return super().rewrite(session_id, given, **options)
        except VersionConflictError:
            found = self.get(session_id)
            ids = {each.message_id for each in found.messages}
            if ids.isdisjoint(each.message_id for each in given):
                raise
            return found


@caught_by("test_no_message_of_a_history_is_lost")
class LosesWhatComesMeanwhile(MemoryEngine):
    """An append to a history puts back what it has read: what came meanwhile is gone."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        before = list(stored["messages"])
        time.sleep(ON_THE_WAY / 10)
        with self.storage.lock:
            done = super().append(write, messages, **options)
            added = stored["messages"][-len(messages) :]
            stored["messages"] = list(chain(before, added))
            return done
