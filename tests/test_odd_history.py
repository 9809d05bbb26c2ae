"""A record whose `history` another service wrote is read, or said to be unreadable; nothing of it
is lost."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import CorruptSessionError, ManualClock, MemorySessionStore, MemoryStorage
from chatstore.engine import history_of
from chatstore_contract_tests.behaviour import START, contents, message

ODD = st.one_of(
    st.sampled_from([0, -1, 51, 2**60, 7.5, "x", "", False]),
    st.floats(),
    st.lists(st.integers(), max_size=1),
    st.dictionaries(st.text(max_size=1), st.none(), max_size=1),
).filter(lambda value: value not in range(1, 51))


def written(history: Any) -> tuple[MemoryStorage, MemorySessionStore]:
    """A record of twelve messages with this attribute."""
    storage = MemoryStorage()
    store = MemorySessionStore(storage, clock=ManualClock(START))
    for number in range(12):
        store.get_or_create("s", user_id="ana")
        store.append("s", message(f"{number}"))
    kept = storage.documents["s"]
    kept["messages"] = [*kept["messages"][:2], *kept["messages"]]
    kept["history"] = history
    return storage, store


@given(ODD)
def test_what_is_no_window_is_corrupt(history: Any) -> None:
    """Every call that reads the record says that it can't be read; a write drops nothing of it; and
    it can be deleted."""
    storage, store = written(history)
    calls: list[Callable[[], object]] = [
        partial(store.get, "s"),
        partial(store.get, "s", last=1),
        partial(store.get_many, ["s"]),
        partial(store.scan),
        partial(store.list_sessions, "ana"),
        partial(store.list_messages, "s"),
        partial(store.append, "s", message()),
        partial(store.append_and_get, "s", message()),
        partial(store.amend, "s", store_message(storage)),
    ]
    for call in calls:
        with pytest.raises(CorruptSessionError) as raised:
            call()
        assert raised.value.session_id == "s"
        assert len(storage.documents["s"]["messages"]) >= 12
    assert store.delete("s")


def store_message(storage: MemoryStorage) -> Any:
    """A message with the id of the newest one."""
    newest = storage.documents["s"]["messages"][-1]
    return message("other", message_id=newest["messageId"])


@pytest.mark.parametrize(("history", "window"), [(3, 3), (3.0, 3), (True, 1), (50, 50), (None, 10)])
def test_a_number_in_any_form_is_one(history: Any, window: int) -> None:
    """A whole number is the window, in whatever form it was written; nothing, and null, is none."""
    storage, store = written(history)
    assert history_of(storage.documents["s"]) == (None if history is None else window)
    shown = store.get("s")
    assert contents(shown) == [f"{number}" for number in range(2, 12)][-window:]
    assert shown.keeps_history == (history is not None)
    store.append("s", message())
    assert len(storage.documents["s"]["messages"]) == (10 if history is None else 13)
