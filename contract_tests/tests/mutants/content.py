"""What a message says, the state beside it, and messages that are amended."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chatstore import (
    InvalidInputError,
    JsonObject,
    MemorySessionStore,
    Message,
    MessageNotFoundError,
    MessageTooLargeError,
    Session,
    SessionInfo,
)
from chatstore.clock import Moment
from chatstore.engine.query import MessageQuery, MessagesFound
from chatstore.engine.write import NO_CHANGES, Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.state import state_size
from chatstore.record.stored import (
    AMENDED_NAME,
    Body,
    Record,
    Stored,
    StoredMessage,
)
from chatstore.store.engine_calls import EngineCalls
from chatstore.values.json_values import stored_size

from .mutant import caught_by

MOST = 32_768


@caught_by("test_any_message_comes_back_whole")
class ListsTextAlone(MemoryEngine):
    """A page of messages leaves out the metadata of each."""

    def messages(self, query: MessageQuery) -> MessagesFound | None:
        found = super().messages(query)
        if found is None:
            return None
        return found._replace(messages=[(place, _bare(body)) for place, body in found.messages])


def _bare(body: Any) -> JsonObject:
    return {name: value for name, value in body.items() if name != "metadata"}


@caught_by("test_any_message_comes_back_whole")
class AmendsTheContentAlone(MemoryEngine):
    """An amended message keeps the tool calls that it had."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        for stored in self._live(write)["messages"]:
            if stored["messageId"] == message.message_id and "toolCalls" in stored:
                document = {**message.document, "toolCalls": stored["toolCalls"]}
                message = replace(message, document=document)
        return super().amend(write, message)


@caught_by("test_what_has_no_content_reads_as_none")
class TakesNothingForAnEmptyText(MemoryEngine):
    """A message without content reads as one with an empty text."""

    def load(self, session_id: str, **options: Any) -> Record | None:
        record = super().load(session_id, **options)
        if record is not None and isinstance(record.body, dict):
            for message in record.body["messages"]:
                message["content"] = message.get("content") or ""
        return record


@caught_by("test_the_last_messages_can_be_read_alone")
class ShowsAllForLast(EngineCalls):
    """`last` is not looked at."""

    def find(
        self, session_id: str, now: Moment, user_id: str | None, **options: Any
    ) -> Session | None:
        return super().find(session_id, now, user_id, **{**options, "last": None})


@caught_by("test_the_last_messages_can_be_read_alone")
class CountsWhatItReads(MemoryEngine):
    """Read with `last`, a record that nobody counted has as many messages as were read."""

    def load(self, session_id: str, *, last: int | None = None, **options: Any) -> Record | None:
        record = super().load(session_id, last=last, **options)
        if last is None or record is None or not isinstance(record.body, dict):
            return record
        if "messageCount" not in self.storage.documents[session_id]:
            record.body["messageCount"] = len(record.body["messages"])
        return record


@caught_by("test_a_map_has_32_kib")
class NeverWeighsMaps(MemoryEngine):
    """A map may become as large as it likes."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self._live(write)
        stored["userPreferences"] |= patch.user_preferences
        return super().update(write, patch)


@caught_by("test_a_merge_that_grows_nothing_is_never_refused")
class WeighsMapsInAnyCase(MemoryEngine):
    """A map that is too large can't be changed, not even made smaller."""

    def update(self, write: Write, patch: Patch) -> Body:
        if state_size(self._live(write)["userPreferences"]) > MOST:
            raise InvalidInputError("user_preferences", f"{MOST} bytes", "more")
        return super().update(write, patch)


@caught_by("test_any_patches_are_merged_as_counted")
class NeverCountsBesideAMessage(MemoryEngine):
    """What comes beside a message is merged without a limit."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored, patch = self._live(write), options["patch"]
        for field, given in (
            ("userPreferences", patch.user_preferences),
            ("metadata", patch.metadata),
        ):
            stored[field] = {**stored[field], **copy.deepcopy(given)}
        return super().append(write, messages, **options)


@caught_by("test_state_goes_with_the_messages")
class WritesStateInASecondStep(MemorySessionStore):
    """An append stores its messages, and then updates the state: two writes, and two versions."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        names = ("user_preferences", "metadata", "session_status")
        state = {name: options.pop(name) for name in names if name in options}
        info = super().append(session_id, *messages, **options)
        return self.update(session_id, **state) if state else info


@caught_by("test_a_retry_changes_no_state")
class MergesOnARetry(MemoryEngine):
    """A batch that is stored already still changes the state that came with it."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        version = self._live(write)["version"]
        done = super().append(write, messages, **options)
        if self._live(write)["version"] == version and not options["patch"].is_empty:
            return Stored(self.update(write, options["patch"]))
        return done


@caught_by("test_messages_and_state_are_refused_together")
class StoresMessagesWithoutTheirState(MemoryEngine):
    """Where the state is refused, the messages that it came with are stored all the same."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        try:
            return super().append(write, messages, **options)
        except InvalidInputError as error:
            if error.field in ("user_preferences", "metadata"):
                super().append(write, messages, **{**options, "patch": NO_CHANGES})
            raise


@caught_by("test_amend_takes_the_place")
class MovesWhatItAmends(MemoryEngine):
    """An amended message becomes the newest."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        super().amend(write, message)
        kept = self.storage.documents[write.session_id]["messages"]
        kept.sort(key=lambda each: each["messageId"] == message.message_id)
        return self._shown(write)

    def _shown(self, write: Write) -> Body:
        record = self.load(write.session_id)
        assert record is not None
        return record.body


@caught_by("test_to_amend_it_by_the_same_writes_nothing")
class TakesASpellingForAChange(MemoryEngine):
    """An amend is a change if the stored message has another size."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        sizes = {
            each.get("messageId"): stored_size(each)
            for each in self.storage.documents.get(write.session_id, {}).get("messages", ())
        }
        body = super().amend(write, message)
        stored = self.storage.documents[write.session_id]
        if "version" not in stored and sizes[message.message_id] != message.size:
            stored["version"] = 1
            record = self.load(write.session_id)
            assert record is not None
            return record.body
        return body


@caught_by("test_an_equal_amend_writes_nothing")
class StampsAnEqualAmend(MemoryEngine):
    """An amend that changes nothing is one version further."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        version = self._live(write)["version"]
        body = super().amend(write, message)
        stored = self._live(write)
        if stored["version"] == version:
            stored["version"] += 1
        return body


@caught_by("test_only_the_window_is_amended")
class AppendsWhatItCannotAmend(MemoryEngine):
    """A message that is not there is appended instead."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        try:
            return super().amend(write, message)
        except MessageNotFoundError:
            write = replace(write, if_version=None)
            done = self.append(write, [message], patch=NO_CHANGES, with_window=True)
            return done.body


@caught_by("test_only_the_window_is_amended")
class AmendsAllThatIsKept(MemoryEngine):
    """A message that has left the window of a session with history is amended there."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        stored = self._live(write)
        history = stored.get("history")
        if history is not None:
            stored["history"] = len(stored["messages"])
        try:
            return super().amend(replace(write, if_version=None), message)
        finally:
            if history is not None:
                stored["history"] = history


@caught_by("test_an_amended_message_is_known_again")
class ForgetsTheMark(MemoryEngine):
    """A message that was amended has no mark: its first content, sent again, is another's."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        document = {name: each for name, each in message.document.items() if name != AMENDED_NAME}
        return super().amend(write, replace(message, document=document))


@caught_by("test_an_amended_message_is_known_again")
class ShowsTheMark(MemoryEngine):
    """A reader sees that a message was amended, in an attribute that nobody gave."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        document = {**message.document, "amended": True}
        return super().amend(write, replace(message, document=document))


@caught_by("test_an_amended_message_must_fit")
class TrimsForWhatItAmends(MemoryEngine):
    """Where an amended message does not fit, the oldest of the window make room."""

    def amend(self, write: Write, message: StoredMessage) -> Body:
        while True:
            try:
                return super().amend(write, message)
            except MessageTooLargeError:
                del self.storage.documents[write.session_id]["messages"][0]
