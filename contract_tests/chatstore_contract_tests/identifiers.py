"""Ids: any text but NUL and lone surrogates, each another one's stranger."""

from collections.abc import Callable, Mapping
from typing import Any

from chatstore import InvalidInputError, MaintainedSessionStore
from chatstore_contract_tests.behaviour import (
    Behaviour,
    batch,
    message,
    raises_itself,
    unchanged,
)
from chatstore_contract_tests.cases import every_case
from chatstore_contract_tests.harness import Harness
from chatstore_contract_tests.hostile import BAD_IDS, IDS


def _given(bad: Any) -> Any:
    """`bad`, but no None where None means "not given"."""
    return [bad] if bad is None else bad


ID_CALLS: Mapping[str, Callable[[MaintainedSessionStore, Any], object]] = {
    "create": lambda store, bad: store.create(bad),
    "create with an id": lambda store, bad: store.create("ana", session_id=_given(bad)),
    "get": lambda store, bad: store.get(bad),
    "get as a user": lambda store, bad: store.get("there", user_id=_given(bad)),
    "get_or_create": lambda store, bad: store.get_or_create(bad, user_id="ana"),
    "get_or_create for a user": lambda store, bad: store.get_or_create("there", user_id=bad),
    "get_many": lambda store, bad: store.get_many(["there", bad]),
    "append": lambda store, bad: store.append(bad, message()),
    "append_and_get": lambda store, bad: store.append_and_get(bad, message()),
    "append a message": lambda store, bad: store.append(
        "there", message().model_copy(update={"message_id": bad})
    ),
    "amend": lambda store, bad: store.amend(bad, message()),
    "amend a message": lambda store, bad: store.amend(
        "there", message().model_copy(update={"message_id": bad})
    ),
    "rewrite": lambda store, bad: store.rewrite(bad, [], if_version=None),
    "list_messages": lambda store, bad: store.list_messages(bad),
    "update": lambda store, bad: store.update(bad),
    "delete": lambda store, bad: store.delete(bad),
    "list_sessions": lambda store, bad: store.list_sessions(bad),
    "delete_user": lambda store, bad: store.delete_user(bad),
}
"""Wherever an id may stand."""


class IdentifiersBehaviour(Behaviour):
    """Ids of sessions, users and messages."""

    def test_a_bad_id_is_refused(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """An id is 1 to 1024 UTF-8 bytes, without NUL and lone surrogates."""
        store.create("ana", session_id="there", messages=batch(2))
        with every_case() as case:
            for name, call in ID_CALLS.items():
                with case(name), unchanged(harness, "there"):
                    for fault, bad in BAD_IDS.items():
                        with case(name, fault):
                            with raises_itself(InvalidInputError) as raised:
                                call(store, bad)
                            assert isinstance(raised.value, InvalidInputError)
                            assert "id" in raised.value.field.lower()

    def test_any_characters_make_an_id(
        self, store: MaintainedSessionStore, harness: Harness
    ) -> None:
        """Ids of sessions, users and messages may have any other characters."""
        with every_case() as case:
            for name, session_id in IDS.items():
                with case(name):
                    session = store.create(session_id, session_id=session_id)
                    sent = message(message_id=session_id)
                    store.append(session_id, sent, user_id=session_id)
                    assert store.append(session_id, sent).message_count == 1
                    found = store.get(session_id, user_id=session_id)
                    assert (found.session_id, found.user_id) == (session_id, session_id)
                    assert found.messages[0].message_id == session_id
                    listed = [each.message_id for each in store.list_messages(session_id).items]
                    assert listed == [session_id]
                    harness.settle()
                    sessions = store.list_sessions(session_id).items
                    assert [each.session_id for each in sessions] == [session_id]
                    assert store.get_many([session_id])[0] == found
                    assert session.creation_id == found.creation_id
                    assert store.delete(session_id) is True

    def test_like_ids_are_strangers(self, store: MaintainedSessionStore, harness: Harness) -> None:
        """No two ids collide, however alike they look."""
        alike = [*IDS.values(), "X", "x ", " x", "a:b", "a", "b", "a:b:c", "NULL", "7", "07"]
        for number, session_id in enumerate(alike):
            store.create(
                f"user of {session_id}"[:500], session_id=session_id, metadata={"n": number}
            )
        for number, session_id in enumerate(alike):
            assert store.get(session_id).metadata == {"n": number}
