"""What is refused, and in which order the checks come."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from chatstore import (
    InvalidInputError,
    MemorySessionStore,
    Message,
    MessageTooLargeError,
    Session,
    SessionExistsError,
    SessionInfo,
    SessionNotFoundError,
    VersionConflictError,
)
from chatstore.engine.write import Patch, Write
from chatstore.memory import MemoryEngine
from chatstore.record.stored import Body, Stored, StoredMessage
from chatstore.values.json_values import json_text

from .mutant import caught_by


class Forgiving(MemorySessionStore):
    """The reference store, but one fault of a write is passed over: it becomes a touch."""

    forgiven: ClassVar[str]
    """Words of the error that tells of the fault."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        append = super().append
        return self._forgive(session_id, lambda: append(session_id, *messages, **options))

    def update(self, session_id: str, **options: Any) -> SessionInfo:
        update = super().update
        return self._forgive(session_id, lambda: update(session_id, **options))

    def _forgive(self, session_id: str, call: Callable[[], SessionInfo]) -> SessionInfo:
        try:
            return call()
        except InvalidInputError as error:
            if self.forgiven not in str(error):
                raise
            return super().update(session_id)


@caught_by("test_a_bad_value_is_refused")
class PassesOverBadValues(Forgiving):
    """Metadata that are no JSON are left out without a word."""

    forgiven = "metadata"


@caught_by("test_a_wrong_type_is_refused")
class TakesAnIdForAList(MemorySessionStore):
    """`get_many` of one id, and no list, looks for a session for each of its letters."""

    def get_many(self, session_ids: Iterable[str], *, user_id: str | None = None) -> list[Session]:
        return super().get_many(list(session_ids), user_id=user_id)


@caught_by("test_a_label_has_1_to_64_characters")
class PassesOverBadLabels(Forgiving):
    """A status of 65 characters is left out without a word."""

    forgiven = "session_status"


@caught_by("test_confidence_is_0_to_1")
class PassesOverBadConfidence(Forgiving):
    """A message whose confidence is 7 is dropped without a word."""

    forgiven = "confidence"


@caught_by("test_a_map_has_limits")
class PassesOverTooManyKeys(Forgiving):
    """A patch of 257 keys is dropped without a word."""

    forgiven = "256 keys"


@caught_by("test_a_map_is_an_object")
class PassesOverWhatIsNoMap(Forgiving):
    """Metadata that are a list are taken for none."""

    forgiven = "a dict with str keys"


@caught_by("test_a_naive_time_is_refused")
class PassesOverNaiveTimes(Forgiving):
    """A message without a time zone is dropped without a word."""

    forgiven = "time zone"


@caught_by("test_a_version_is_a_count")
class PassesOverBadVersions(Forgiving):
    """`if_version=-1` means "any"."""

    forgiven = "if_version"


@caught_by("test_only_messages_are_appended")
class PassesOverWhatIsNoMessage(Forgiving):
    """Appending a dict is a touch."""

    forgiven = "a Message"


@caught_by("test_one_call_names_a_message_once")
class PassesOverTwins(Forgiving):
    """A batch that names a message twice is dropped without a word."""

    forgiven = "a message of its own"


@caught_by("test_a_message_must_fit_the_window")
class PassesOverWhatNoWindowHolds(Forgiving):
    """A message that no window can hold is acknowledged and lost."""

    forgiven = "max_window_bytes"


@caught_by("test_a_bad_id_is_refused")
class MakesTextOfIds(MemorySessionStore):
    """An id that is a number is looked for as text."""

    def get(self, session_id: str, **options: Any) -> Session:
        return super().get(str(session_id), **options)


@caught_by("test_a_batch_has_1_to_100_messages")
class AppendsTheFirstHundred(MemorySessionStore):
    """Of a larger batch, the first hundred are stored and the rest is lost."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        return super().append(session_id, *messages[:100], **options)


@caught_by("test_a_message_has_a_limit")
class StoresTheGoodPart(MemorySessionStore):
    """Of a batch with a message that is too large, those before it are stored."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        try:
            return super().append(session_id, *messages, **options)
        except MessageTooLargeError:
            super().append(session_id, messages[0], **options)
            raise


@caught_by("test_create_and_rewrite_take_6000_messages")
class RewritesTheLast6000(MemorySessionStore):
    """A rewrite with more than 6,000 messages takes the last ones."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        return super().rewrite(session_id, list(messages)[-6_000:], **options)


@caught_by("test_24_levels_are_good")
class HoldsTenLevels(MemorySessionStore):
    """Values nested more than ten deep are refused."""

    def create(self, user_id: str, **fields: Any) -> Session:
        if "[" * 10 in json_text(fields.get("metadata")):
            raise InvalidInputError("metadata", "10 levels", "more")
        return super().create(user_id, **fields)


@caught_by("test_the_envelope_comes_before_life")
class LooksForTheSessionFirst(MemorySessionStore):
    """Bad input for a missing session is `SessionNotFoundError`."""

    def append(self, session_id: str, *messages: Message, **options: Any) -> SessionInfo:
        self.get(session_id)
        return super().append(session_id, *messages, **options)


@caught_by("test_the_envelope_comes_before_an_existing_session")
class LooksForTheIdFirst(MemorySessionStore):
    """Bad input for a taken id is `SessionExistsError`."""

    def create(self, user_id: str, *, session_id: str | None = None, **fields: Any) -> Session:
        if session_id in self.engine.storage.documents:
            raise SessionExistsError(session_id or "")
        return super().create(user_id, session_id=session_id, **fields)


@caught_by("test_delete_of_nothing_is_false")
class MissesWhatItDeletes(MemoryEngine):
    """A conditional delete of a missing session is a conflict."""

    def delete(self, write: Write) -> bool:
        if write.session_id not in self.storage.documents:
            write.require_version(0)
        return super().delete(write)


@caught_by("test_the_own_result_comes_before_the_version")
class TakesAnyStoredPartForARetry(MemoryEngine):
    """A batch of which a part is stored goes in at any version."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        there = {message["messageId"] for message in self._live(write)["messages"]}
        if any(message.message_id in there for message in messages):
            self._live(write)["version"] = write.if_version or self._live(write)["version"]
        return super().append(write, messages, **options)


@caught_by("test_the_version_comes_before_the_keys")
class CountsKeysBeforeTheVersion(MemoryEngine):
    """An update at a wrong version that would add a 257th key is refused for the key."""

    def update(self, write: Write, patch: Patch) -> Body:
        if len({**self._live(write)["metadata"], **patch.metadata}) > 256:
            raise InvalidInputError("metadata", "256 keys", "more")
        return super().update(write, patch)


@caught_by("test_life_comes_before_the_keys")
class CountsKeysBeforeTheOwner(MemoryEngine):
    """A stranger learns how full a map is."""

    def update(self, write: Write, patch: Patch) -> Body:
        stored = self.storage.documents.get(write.session_id, {})
        if len({**stored.get("metadata", {}), **patch.metadata}) > 256:
            raise InvalidInputError("metadata", "256 keys", "more")
        return super().update(write, patch)


@caught_by("test_a_conflict_in_a_full_window_writes_nothing")
class ForgetsTheVersionWhenFull(MemoryEngine):
    """Sliding a full window, append does not look at `if_version`."""

    def append(self, write: Write, messages: Sequence[StoredMessage], **options: Any) -> Stored:
        stored = self._live(write)
        if len(stored["messages"]) == write.policy.max_messages and write.if_version is not None:
            stored["version"] = write.if_version
        return super().append(write, messages, **options)


@caught_by("test_a_merge_that_adds_no_key_is_never_refused")
class CountsKeysInAnyCase(MemoryEngine):
    """A crowded map can't be changed, not even emptied."""

    def update(self, write: Write, patch: Patch) -> Body:
        if len({**self._live(write)["userPreferences"], **patch.user_preferences}) > 256:
            raise InvalidInputError("user_preferences", "256 keys", "more")
        return super().update(write, patch)


@caught_by("test_restore_keeps_to_the_envelope")
class RestoresAnything(MemorySessionStore):
    """A record outside the envelope is passed over without a word."""

    def restore(self, session: Session, **options: Any) -> None:
        try:
            super().restore(session, **options)
        except InvalidInputError:
            return


@caught_by("test_a_restored_window_must_fit")
class RestoresALargeWindowInPart(MemorySessionStore):
    """Of a window that is too large, the newest message is restored."""

    def restore(self, session: Session, **options: Any) -> None:
        try:
            super().restore(session, **options)
        except MessageTooLargeError:
            smaller = session.model_copy(update={"messages": session.messages[-1:]})
            super().restore(smaller, **options)


@caught_by("test_rewrite_of_nothing_is_not_found")
class CreatesOnRewrite(MemorySessionStore):
    """A rewrite of a missing session is a conflict where a version was asked for."""

    def rewrite(self, session_id: str, messages: Iterable[Message], **options: Any) -> Session:
        try:
            return super().rewrite(session_id, messages, **options)
        except SessionNotFoundError:
            if options.get("if_version") is not None:
                raise VersionConflictError(session_id, options["if_version"]) from None
            raise
