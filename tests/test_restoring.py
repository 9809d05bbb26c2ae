"""What `restore` is given beside a record: the messages before its window, read as they are
written."""

import copy
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import (
    BackendUnavailableError,
    ChatStoreError,
    InvalidInputError,
    ManualClock,
    MemorySessionStore,
    MemoryStorage,
    Message,
    Session,
)
from chatstore.store import restoring
from chatstore_contract_tests.behaviour import START, batch, contents, message


def kept(total: int, shown: int = 2) -> Session:
    """A session with history, of which the newest messages are shown."""
    return Session(
        session_id="there",
        user_id="ana",
        created_at=START,
        history=shown,
        messages=batch(shown),
        message_count=total,
        version=7,
    )


def store_with(storage: MemoryStorage) -> MemorySessionStore:
    """A store that has a session of this id already."""
    store = MemorySessionStore(storage, clock=ManualClock(START))
    store.create("ben", session_id="there", messages=[message("before")])
    return store


@given(st.integers(0, 8), st.integers(0, 8))
def test_it_is_as_long_as_the_count_says(missing: int, given_number: int) -> None:
    """As many messages as `message_count` has more than the session itself: then the whole is
    there, in order. With too few or too many nothing was written."""
    storage = MemoryStorage()
    store = store_with(storage)
    before = copy.deepcopy(storage.documents)
    older = [message(f"older {number}") for number in range(given_number)]
    session = kept(missing + 2)
    if missing == given_number:
        store.restore(session, history=iter(older), overwrite=True)
        found = list(store.iter_messages("there", newest_first=False, page_size=3))
        assert found == [*older, *session.messages]
        assert store.get("there") == session
        return
    with pytest.raises(InvalidInputError) as raised:
        store.restore(session, history=iter(older), overwrite=True)
    assert raised.value.field == "history"
    assert storage.documents == before


def test_it_is_read_as_it_is_written() -> None:
    """A message is asked for when the engine asks, and never more than one too many: a history may
    be larger than memory."""
    given_numbers: list[int] = []

    def endless() -> Iterator[Message]:
        for number in count():
            given_numbers.append(number)
            yield message(f"{number}")

    read = restoring.history(restoring.record(kept(5)), endless())
    assert given_numbers == []
    for number in range(3):
        assert next(read).document["content"] == f"{number}"
        assert given_numbers == list(range(number + 1))
    with pytest.raises(InvalidInputError, match="not more"):
        next(read)
    assert given_numbers == [0, 1, 2, 3]


DEFECTS = [LookupError("no more"), RuntimeError("broken"), OSError("away")]


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("defect", [*DEFECTS, BackendUnavailableError("away")], ids=repr)
def test_what_fails_leaves_nothing(defect: Exception, after: int) -> None:
    """A history that fails on its way is the caller's own code: `InvalidInputError` with what it
    raised for a cause. An error of the store that is copied from arrives as it is. Either way the
    session that was there is whole."""
    storage = MemoryStorage()
    store = store_with(storage)
    before = copy.deepcopy(storage.documents)

    def failing() -> Iterator[Message]:
        for number in range(after):
            yield message(f"{number}")
        raise defect

    with pytest.raises(ChatStoreError) as raised:
        store.restore(kept(5), history=failing(), overwrite=True)
    if isinstance(defect, ChatStoreError):
        assert raised.value is defect
    else:
        assert type(raised.value) is InvalidInputError
        assert raised.value.__cause__ is defect
    assert storage.documents == before
    assert contents(store.get("there")) == ["before"]


def test_only_a_session_with_history_takes_one() -> None:
    """A window alone has nothing before it: an empty history is as good as none."""
    store = MemorySessionStore(clock=ManualClock(START))
    window = kept(2).model_copy(update={"history": None})
    store.restore(window, history=(), overwrite=True)
    store.restore(window, history=[], overwrite=True)
    for something in ([message()], iter(()), (message(),), None, 7, "x"):
        with pytest.raises(InvalidInputError, match="left out for a session without history"):
            store.restore(window, history=something, overwrite=True)  # type: ignore[arg-type]  # bad on purpose
