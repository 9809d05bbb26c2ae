"""Writing: append, rewrite and update."""

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chatstore import (
    JsonObject,
    MemorySessionStore,
    Message,
    Session,
    SessionInfo,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage, without_messages

from .mutant import EngineWithPolicy, caught_by


@dataclass(frozen=True)
class Appended:
    """An append that was done: the record, as it was before, and what was asked for."""

    stored: JsonObject
    before: JsonObject
    write: Write
    messages: Sequence[StoredMessage]


class Appending(MemoryEngine):
    """The reference store, its append in two parts: what to do to the record, and what then."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        with self.storage.lock:
            stored = self._live(write)
            before = copy.deepcopy(stored)
            super().append(write, messages, **{**options, "with_window": True})
            self._spoil(Appended(stored, before, write, messages))
            return Stored(
                copy.deepcopy(stored if options["with_window"] else without_messages(stored))
            )

    def _spoil(self, done: Appended) -> None:
        raise NotImplementedError


@caught_by("test_append_adds_at_the_end")
class AddsAtTheFront(Appending):
    """New messages come first in the window."""

    def _spoil(self, done: Appended) -> None:
        size = len(done.before["messages"])
        done.stored["messages"] = done.stored["messages"][size:] + done.stored["messages"][:size]


@caught_by("test_append_adds_at_the_end")
class CountsTheWindow(Appending):
    """`message_count` is the length of the batch alone."""

    def _spoil(self, done: Appended) -> None:
        done.stored["messageCount"] = len(done.messages)


@caught_by("test_the_newest_ten_stay")
class CountsWhatIsRetained(Appending):
    """`message_count` is the length of the window: what was pruned is not counted."""

    def _spoil(self, done: Appended) -> None:
        done.stored["messageCount"] = len(done.stored["messages"])


@caught_by("test_the_order_is_that_of_arrival")
class SortsByTime(Appending):
    """Messages are put in the order of their timestamps."""

    def _spoil(self, done: Appended) -> None:
        done.stored["messages"].sort(key=lambda message: message["timestamp"])


@caught_by("test_append_leaves_the_rest_alone")
class ReopensWhatIsClosed(Appending):
    """An append makes the session active."""

    def _spoil(self, done: Appended) -> None:
        done.stored["sessionStatus"] = "active"


@caught_by("test_a_message_sent_again_is_stored_once")
class StampsARetry(Appending):
    """A retry that adds nothing still sets `updated_at`."""

    def _spoil(self, done: Appended) -> None:
        done.stored["updatedAt"] = done.write.now.text


@caught_by("test_a_message_sent_again_is_stored_once")
class RenewsOnARetry(Appending):
    """A retry that adds nothing still renews the ttl."""

    def _spoil(self, done: Appended) -> None:
        done.stored["ttl"] = done.write.ttl


@caught_by("test_it_is_appended_to")
class LosesWhatItDoesNotKnow(Appending):
    """A write drops the session's unknown attributes."""

    def _spoil(self, done: Appended) -> None:
        done.stored.pop("channel", None)


@caught_by("test_a_map_holds_256_keys")
class NeverCountsKeys(MemoryEngine):
    """An update may add a 257th key."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self._live(write)
        for name, value in patch.user_preferences.items():
            stored["userPreferences"].setdefault(name, value)
        return super().update(write, patch)


@caught_by("test_what_stands_before_a_stored_message_was_taken_in")
class ComparesEachMessage(MemoryEngine):
    """Each message of a batch is compared for itself: what was pruned comes in again, behind."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        there = {message["messageId"] for message in self._live(write)["messages"]}
        new = [message for message in messages if message.message_id not in there]
        return super().append(write, new or messages, **options)


@caught_by("test_the_new_part_of_a_batch_is_added")
class KnowsABatchByItsFirst(MemoryEngine):
    """A batch whose first message is there is taken for a retry: its new part is lost."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        there = {message["messageId"] for message in self._live(write)["messages"]}
        whole = messages[0].message_id not in there
        return super().append(write, messages if whole else messages[:1], **options)


@caught_by("test_the_stored_window_decides_not_the_writers")
class ComparesWithTheWritersWindow(MemoryEngine):
    """A writer knows only those messages again that it would show itself."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        window = self._live(write)["messages"]
        del window[: -(write.policy.max_messages or len(window))]
        return super().append(write, messages, **options)


@caught_by("test_a_stored_retry_needs_no_version")
class ComparesTheVersionFirst(MemoryEngine):
    """A conditional append that has happened already is a conflict."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        write.require_version(self._live(write)["version"])
        return super().append(write, messages, **options)


@caught_by("test_a_write_goes_by_the_version")
class AppendsAtAnyVersion(MemoryEngine):
    """`append` does not look at `if_version`."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        return super().append(replace(write, if_version=None), messages, **options)


@caught_by("test_a_batch_has_1_to_100_messages")
class AppendsNothing(MemorySessionStore):
    """Appending no messages is a touch."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        if not messages:
            return self.update(session_id)
        return super().append(session_id, *messages, **options)


@caught_by("test_append_and_get_returns_the_window")
class ReturnsTheBatchAlone(MemorySessionStore):
    """`append_and_get` returns the messages it was given."""

    def append_and_get(self, session_id: str, *messages: Message, **options: Any) -> Session:
        session = super().append_and_get(session_id, *messages, **options)
        return session.model_copy(update={"messages": list(messages)})


@caught_by("test_life_comes_before_the_version")
class AppendsToNothing(MemoryEngine):
    """A conditional write on a missing session is a conflict."""

    def _live(self, write: Write) -> JsonObject:
        try:
            return super()._live(write)
        except SessionNotFoundError:
            write.require_version(0)
            raise


@caught_by("test_a_rewrite_sent_again_has_happened")
class DoesNotKnowItsOwnRewrite(MemorySessionStore):
    """A rewrite that was sent again meets its own result, and is a conflict."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        expected = options["if_version"]
        if expected not in (None, self.get(session_id).version):
            raise VersionConflictError(session_id, expected)
        return super().rewrite(session_id, messages, **options)


@caught_by("test_another_rewrite_is_a_conflict")
class TakesAnyRewriteForItsOwn(MemorySessionStore):
    """A rewrite at the version before last succeeds, whatever the messages there are."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        try:
            return super().rewrite(session_id, messages, **options)
        except VersionConflictError:
            return self.get(session_id)


@caught_by("test_rewrite_trims_like_any_write")
class RewritesWithoutTrimming(MemorySessionStore):
    """A rewrite stores as many messages as it is given."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        roomy = replace(self.policy, max_messages=None)
        return MemorySessionStore(self.engine, policy=roomy, clock=self.clock).rewrite(
            session_id, messages, **options
        )


@caught_by("test_rewrite_counts_what_the_caller_saw")
class CountsARewriteAsAWhole(MemoryEngine):
    """A rewrite sets `message_count` to the number of its messages."""

    def rewrite(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Body:
        super().rewrite(write, messages, **options)
        self.storage.documents[write.session_id]["messageCount"] = len(messages)
        return copy.deepcopy(self.storage.documents[write.session_id])


@caught_by("test_update_merges_key_by_key")
class ReplacesTheMap(MemoryEngine):
    """An update puts the patch in the map's place."""

    def update(self, write: Write, patch: Patch) -> Body:
        self._live(write)["userPreferences"] = {}
        return super().update(write, patch)


@caught_by("test_update_merges_key_by_key")
class MergesAllTheWayDown(MemoryEngine):
    """An update merges objects within the map too: a value can't be replaced by a smaller one."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self._live(write)["userPreferences"]
        merged = {
            name: {**stored[name], **value}
            if isinstance(value, dict) and isinstance(stored.get(name), dict)
            else value
            for name, value in patch.user_preferences.items()
        }
        return super().update(write, replace(patch, user_preferences=merged))


@caught_by("test_update_merges_key_by_key")
class StoresNone(MemoryEngine):
    """An update stores None instead of removing the key."""

    def update(self, write: Write, patch: Patch) -> Body:
        super().update(write, patch)
        stored = self.storage.documents[write.session_id]
        stored["metadata"] |= {name: None for name, value in patch.metadata.items() if not value}
        return {name: value for name, value in stored.items() if name != "messages"}


@caught_by("test_an_empty_update_touches")
class IgnoresATouch(EngineWithPolicy):
    """An update with nothing to change does what the policy says of renewal."""

    def update(self, write: Write, patch: Patch) -> Body:
        return super().update(replace(write, renews=self.policy.renew_on_write), patch)
