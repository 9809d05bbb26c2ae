"""Sessions are created, read and deleted, and come back as they went."""

import re
from datetime import timedelta
from typing import Any

import pytest

import chatstore.store.arguments
from chatstore import (
    ExtractedFilters,
    MaintainedSessionStore,
    ManualClock,
    RetentionPolicy,
    SessionExistsError,
    SessionNotFoundError,
    YearRange,
)
from chatstore_contract_tests.behaviour import (
    START,
    Behaviour,
    batch,
    contents,
    is_gone,
    message,
    refused,
    unchanged,
)
from chatstore_contract_tests.harness import Harness

UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class SessionsBehaviour(Behaviour):
    """create, get, get_or_create, get_many and delete."""

    def test_create_returns_what_get_reads(self, store: MaintainedSessionStore) -> None:
        """What a write returns is what a read would."""
        created = store.create(
            "ana",
            messages=batch(3),
            user_preferences={"genres": ["action"]},
            metadata={"title": "Friday"},
        )
        assert store.get(created.session_id) == created
        assert contents(created) == ["message 0", "message 1", "message 2"]

    def test_a_new_session_has_the_defaults(self, store: MaintainedSessionStore) -> None:
        """A session starts active, at version 1, with no messages, and expires in 30 days."""
        session = store.create("ana")
        assert session.user_id == "ana"
        assert session.created_at == session.updated_at == START
        assert session.ttl == int((START + timedelta(days=30)).timestamp())
        assert session.messages == []
        assert session.user_preferences == session.metadata == {}
        assert (session.message_count, session.version) == (0, 1)
        assert session.session_status == "active"

    def test_ids_are_uuid4_by_default(self, store: MaintainedSessionStore) -> None:
        """`sessionId` is a UUIDv4 by default, another one each time."""
        ids = [store.create("ana").session_id for _ in range(3)]
        assert len(set(ids)) == 3
        assert [session_id for session_id in ids if not UUID4.fullmatch(session_id)] == []

    def test_an_id_may_be_chosen(self, store: MaintainedSessionStore) -> None:
        """`create` takes an id, a status and a policy's window of its messages, counting all."""
        session = store.create(
            "ana", session_id="chosen", session_status="archived", messages=batch(13)
        )
        assert session.session_id == "chosen"
        assert session.session_status == "archived"
        assert contents(session) == [f"message {number}" for number in range(3, 13)]
        assert session.message_count == 13
        assert store.get("chosen") == session

    def test_none_means_no_such_key(self, store: MaintainedSessionStore) -> None:
        """A None in the preferences or the metadata of `create` means "no such key"."""
        session = store.create(
            "ana", user_preferences={"a": None, "b": 1}, metadata={"c": None, "d": {"e": None}}
        )
        assert session.user_preferences == {"b": 1}
        assert session.metadata == {"d": {"e": None}}
        assert store.get(session.session_id) == session

    def test_an_id_is_taken_once(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`create` on a live session's id is `SessionExistsError`, for its owner and others."""
        store.create("ana", session_id="taken", messages=batch(2))
        for user_id in ("ana", "ben"):
            with refused(SessionExistsError, harness, "taken"):
                store.create(user_id, session_id="taken", messages=batch(1))

    def test_create_knows_its_own_result(
        self, store: MaintainedSessionStore, monkeypatch: pytest.MonkeyPatch, harness: Harness
    ) -> None:
        """A live session with this call's token is this call's own (a resend), and is returned."""
        monkeypatch.setattr(chatstore.store.arguments, "new_id", lambda: "the-token")
        first = store.create("ana", session_id="resent", messages=batch(2))
        with unchanged(harness, "resent"):
            assert store.create("ana", session_id="resent") == first

    def test_a_missing_session_is_not_found(self, store: MaintainedSessionStore) -> None:
        """A missing session is `SessionNotFoundError`, which is a `LookupError`."""
        with pytest.raises(SessionNotFoundError) as raised:
            store.get("missing")
        assert isinstance(raised.value, LookupError)
        assert "missing" in str(raised.value)

    def test_get_or_create_creates(self, store: MaintainedSessionStore) -> None:
        """`get_or_create` makes a session with these fields where there is none."""
        session = store.get_or_create(
            "new", user_id="ana", messages=batch(2), metadata={"title": "Friday"}
        )
        assert (session.version, session.message_count) == (1, 2)
        assert session.metadata == {"title": "Friday"}
        assert store.get("new") == session

    def test_get_or_create_reads(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """On an existing session it is a read: fields are ignored and nothing is renewed."""
        session = store.create("ana", session_id="there", messages=batch(2))
        clock.advance(timedelta(days=1))
        with unchanged(harness, "there"):
            found = store.get_or_create(
                "there", user_id="ana", messages=batch(5), metadata={"title": "Friday"}
            )
        assert found == session

    def test_get_or_create_refuses_anothers_id(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """`get_or_create` on somebody else's id is `SessionExistsError`."""
        store.create("ana", session_id="hers")
        with refused(SessionExistsError, harness, "hers"):
            store.get_or_create("hers", user_id="ben")

    def test_get_many_keeps_the_order_asked(self, store: MaintainedSessionStore) -> None:
        """`get_many`: in the order asked, an id asked twice comes twice, the missing left out."""
        for session_id in ("a", "b", "c"):
            store.create("ana", session_id=session_id, messages=batch(2))
        found = store.get_many(["c", "missing", "a", "c"])
        assert [session.session_id for session in found] == ["c", "a", "c"]
        assert found[0] == store.get("c")
        assert store.get_many([]) == []

    def test_get_many_takes_more_than_an_engine_does(self, store: MaintainedSessionStore) -> None:
        """`get_many` takes as many ids as are asked: more than the 100 of one DynamoDB request."""
        ids = [f"session {number}" for number in range(130)]
        for session_id in ids:
            store.create("ana", session_id=session_id)
        found = store.get_many(reversed(ids))
        assert [session.session_id for session in found] == ids[::-1]

    def test_delete_removes(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """`delete` says whether there was a live session, and leaves nothing of it."""
        store.create("ana", session_id="short", messages=batch(3))
        assert store.delete("short") is True
        assert is_gone(store, "short")
        assert harness.raw_read("short") is None
        assert store.delete("short") is False

    def test_nothing_shines_through_a_new_life(self, store: MaintainedSessionStore) -> None:
        """A deleted id can be created anew; nothing of the old session is seen."""
        first = store.create(
            "ana",
            session_id="twice",
            messages=batch(5),
            user_preferences={"old": 1},
            metadata={"old": 1},
            session_status="closed",
        )
        store.delete("twice")
        second = store.create("ben", session_id="twice", messages=batch(1, "new"))
        assert contents(second) == ["new 0"]
        assert second.user_preferences == second.metadata == {}
        assert second.creation_id != first.creation_id
        assert store.get("twice") == second

    def test_every_attribute_of_a_message_comes_back(self, store: MaintainedSessionStore) -> None:
        """A message keeps its attributes, the brief's and unknown ones alike, nulls included."""
        sent = message(
            "A superhero film of the nineties?",
            extracted_filters=ExtractedFilters.model_validate(
                {
                    "genres": ["action"],
                    "yearRange": YearRange(min=1990, max=2023),
                    "rating": 7.0,
                    "keywords": ["superhero"],
                    "mood": None,
                    "weights": [1, 0.5, {"deep": None}],
                }
            ),
            recommendations=["tt0468569", "tt0848228"],
            confidence=0.85,
            attachments=[{"name": "poster", "size": {}}],
            message_id_of_parent=None,
        )
        session = store.create("ana", messages=[sent])
        (kept,) = store.get(session.session_id).messages
        assert kept == sent
        assert kept.model_extra == {
            "attachments": [{"name": "poster", "size": {}}],
            "message_id_of_parent": None,
        }
        assert kept.extracted_filters is not None
        assert kept.extracted_filters.year_range == YearRange(min=1990, max=2023)
        assert "mood" in (kept.extracted_filters.model_extra or {})

    def test_empty_values_come_back(self, store: MaintainedSessionStore) -> None:
        """Empty strings, lists and objects, and nulls within values, are values like others."""
        values: dict[str, Any] = {
            "text": "",
            "list": [],
            "object": {},
            "nested": [[], {}, "", None, False],
        }
        sent = message("", recommendations=[], extra="", **values)
        session = store.create("ana", messages=[sent], metadata=values)
        found = store.get(session.session_id)
        assert found.messages == [sent]
        assert found.metadata == values

    def test_clients_share_what_is_stored(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """What one client wrote, another one reads at once."""
        session = store.create("ana", messages=batch(2))
        with harness.open(clock=clock, policy=RetentionPolicy()) as other:
            assert other.get(session.session_id) == session
            other.append(session.session_id, message("from the other"))
        assert contents(store.get(session.session_id))[-1] == "from the other"
