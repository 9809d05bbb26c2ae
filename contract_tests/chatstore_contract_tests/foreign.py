"""What others wrote: records in the brief's shape are read and go on without losing anything."""

from collections.abc import Callable
from typing import Any

from chatstore import JsonObject, MaintainedSessionStore, ManualClock, RetentionPolicy
from chatstore_contract_tests.behaviour import Behaviour, contents, message
from chatstore_contract_tests.harness import Harness


def brief_record(**changes: Any) -> JsonObject:
    """A record as the brief's own service writes it: milliseconds, no version, no metadata."""
    document = {
        "sessionId": "foreign",
        "userId": "ana",
        "createdAt": "2026-02-28T10:00:00.123Z",
        "updatedAt": "2026-02-28T10:05:00.456+02:00",
        "ttl": 1_900_000_000,
        "messages": [
            {
                "messageId": f"m{number}",
                "type": "user_query",
                "content": f"message {number}",
                "timestamp": "2026-02-28T10:00:00.123Z",
                "extractedFilters": {"genres": ["action"], "yearRange": {"min": 1990}},
                "clientVersion": {"major": 2},
            }
            for number in range(2)
        ],
        "userPreferences": {"genres": ["action"]},
        "messageCount": 2,
        "sessionStatus": "active",
        "channel": "mobile",
        "experiment": {"arm": None},
    }
    document.update(changes)
    return {name: value for name, value in document.items() if value is not ...}


class ForeignBehaviour(Behaviour):
    """Records of another service."""

    def test_to_amend_it_by_the_same_writes_nothing(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A message that says the same in another spelling, of a time, of a number, of nothing, is
        the same: an `amend` by what was read writes nothing."""
        spellings: list[JsonObject] = [
            {"timestamp": "2026-02-28T10:00:00Z"},
            {"timestamp": "2026-02-28T11:00:00.5+01:00"},
            {"extractedFilters": {"rating": 7.0, "genres": ["a"]}},
            {"confidence": 1.0, "extra": 250.0},
            {"extra": [1e2, {"a": 5.0}]},
            {"recommendations": None, "confidence": None, "extractedFilters": None},
        ]
        plain = {"type": "user", "content": "text", "timestamp": "2026-02-28T10:00:00.123456Z"}
        messages = [
            {"messageId": f"m{number}", **plain, **spelling}
            for number, spelling in enumerate(spellings)
        ]
        harness.raw_write(brief_record(messages=messages, messageCount=len(messages)))
        found, stored = store.get("foreign"), harness.raw_read("foreign")
        assert len(found.messages) == len(spellings)
        for each in found.messages:
            assert store.amend("foreign", each) == found
            later = each.model_copy(update={"timestamp": found.created_at})
            assert store.amend("foreign", later) == found
        assert harness.raw_read("foreign") == stored

    def test_it_is_read(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """Foreign forms of time are read as UTC, unknown attributes under their exact names."""
        harness.raw_write(brief_record())
        session = store.get("foreign", user_id="ana")
        assert session.created_at.isoformat() == "2026-02-28T10:00:00.123000+00:00"
        assert session.updated_at.isoformat() == "2026-02-28T08:05:00.456000+00:00"
        assert session.messages[0].timestamp.isoformat() == "2026-02-28T10:00:00.123000+00:00"
        assert contents(session) == ["message 0", "message 1"]
        assert session.model_extra == {"channel": "mobile", "experiment": {"arm": None}}
        assert session.messages[1].model_extra == {"clientVersion": {"major": 2}}
        assert (session.ttl, session.creation_id, session.metadata) == (1_900_000_000, None, {})

    def test_it_is_listed(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """A listing shows it like any other."""
        harness.raw_write(brief_record())
        store.create("ana", session_id="ours")
        harness.settle()
        items = store.list_sessions("ana").items
        assert [each.session_id for each in items] == ["ours", "foreign"]
        assert items[1].model_extra == {"channel": "mobile", "experiment": {"arm": None}}

    def test_it_is_appended_to(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """An append goes on with it, keeps its attributes and knows its messages again."""
        harness.raw_write(brief_record())
        before = store.get("foreign")
        again = store.append("foreign", before.messages[1])
        assert again.version == before.version
        after = store.append_and_get("foreign", message("new"))
        assert contents(after) == ["message 0", "message 1", "new"]
        assert after.message_count == 3
        assert after.version == before.version + 1
        assert after.model_extra == before.model_extra
        assert after.messages[:2] == before.messages
        assert after.created_at == before.created_at
        assert store.get("foreign") == after

    def test_it_is_trimmed(
        self, store: MaintainedSessionStore, harness: Harness, clock: ManualClock
    ) -> None:
        """A window that others filled beyond the policy is exact, for every reader, after the next
        write."""
        messages = brief_record()["messages"]
        many = [{**messages[0], "messageId": f"m{n}", "content": f"{n}"} for n in range(40)]
        harness.raw_write(brief_record(messages=many, messageCount=40))
        after = store.append_and_get("foreign", message("new"))
        assert contents(after) == [*(f"{n}" for n in range(31, 40)), "new"]
        assert after.message_count == 41
        with harness.open(policy=RetentionPolicy(max_messages=100), clock=clock) as wide:
            assert wide.get("foreign").messages == after.messages

    def test_it_is_updated(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """An update merges into it and keeps its attributes."""
        harness.raw_write(brief_record())
        info = store.update("foreign", user_preferences={"rating": 7.5}, metadata={"title": "x"})
        assert info.user_preferences == {"genres": ["action"], "rating": 7.5}
        assert info.metadata == {"title": "x"}
        assert info.model_extra == {"channel": "mobile", "experiment": {"arm": None}}
        assert contents(store.get("foreign")) == ["message 0", "message 1"]

    def test_it_is_rewritten_and_deleted(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A rewrite and a delete work on it as on any other."""
        harness.raw_write(brief_record())
        version = store.get("foreign").version
        after = store.rewrite("foreign", [message("mine")], if_version=version)
        assert contents(after) == ["mine"]
        assert (after.message_count, after.version) == (1, version + 1)
        assert after.model_extra == {"channel": "mobile", "experiment": {"arm": None}}
        assert store.delete("foreign", if_version=version + 1) is True

    def test_what_is_missing_is_completed(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """A record without messages, preferences, count, status and times goes on as well."""
        writes: dict[str, Callable[[], object]] = {
            "a": lambda: store.append("a", message("new")),
            "b": lambda: store.update("b", user_preferences={"k": 1}, metadata={"k": 2}),
            "c": lambda: store.rewrite("c", [message("new")], if_version=None),
            "d": lambda: store.update("d", session_status="closed"),
        }
        for name, write in writes.items():
            harness.raw_write(
                {"sessionId": name, "userId": "ana", "createdAt": "2026-02-28T10:00:00.123Z"}
            )
            found = store.get(name)
            assert (found.messages, found.user_preferences, found.ttl) == ([], {}, None)
            assert (found.session_status, found.updated_at) == ("active", found.created_at)
            write()
            after = store.get(name)
            assert after.version == found.version + 1
            assert after.message_count == len(after.messages)
        harness.settle()
        active = store.list_sessions("ana", session_status="active").items
        assert sorted(each.session_id for each in active) == ["a", "b", "c"]

    def test_what_nobody_counted_is_counted(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Without a count, every result tells the number of the stored messages, listings and
        updates too, and the next append goes on from there."""
        harness.raw_write(brief_record(messageCount=...))
        harness.settle()
        assert store.get("foreign").message_count == 2
        assert [each.message_count for each in store.list_sessions("ana").items] == [2]
        assert store.append("foreign", store.get("foreign").messages[1]).message_count == 2
        assert store.update("foreign", session_status="closed").message_count == 2
        assert store.append("foreign", message("new")).message_count == 3

    def test_byte_bounds_hold_for_it(self, harness: Harness) -> None:
        """A policy that is bounded by bytes takes up a window whose size nobody kept."""
        harness.raw_write(brief_record())
        policy = RetentionPolicy(max_messages=None, max_message_bytes=1_000, max_window_bytes=1_000)
        with harness.open(policy=policy) as store:
            for number in range(5):
                store.append("foreign", message(f"new {number}"))
            after = store.append_and_get("foreign", message("new 5"))
            assert contents(after)[-1] == "new 5"
            assert after.message_count == 8
            assert 1 < len(after.messages) < 8
            assert store.append("foreign", after.messages[0]).version == after.version
