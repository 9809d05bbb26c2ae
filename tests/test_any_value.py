"""Any value at all, for any argument of any call: plain, or refused, and the same everywhere.

`CHATSTORE_CONTRACT_PROFILE=long` tries 20,000 calls, each time others.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatstore import MaintainedSessionStore, ManualClock, Message, Session
from chatstore_contract_tests import Harness
from chatstore_contract_tests.arguments import arguments, called
from chatstore_contract_tests.behaviour import START, message
from chatstore_contract_tests.comparing import outcome
from chatstore_contract_tests.door import require_plain
from chatstore_contract_tests.hostile import BAD_CURSORS, BAD_IDS, BAD_LIMITS, BAD_VALUES, NUMBERS
from chatstore_contract_tests.impostors import IMPOSTORS, PLAIN
from chatstore_contract_tests.memory import MemoryHarness
from chatstore_contract_tests.odd_times import ODD_TIMES, TIMES
from chatstore_contract_tests.rebuilt import BAD_MESSAGES, BAD_SESSIONS
from chatstore_sql.harness import memory_harness
from sweeps import sweep

PROFILE = sweep(300)
FIRST = message("first", message_id="first", timestamp=START)
OTHER = message("other", message_id="first", timestamp=START)
NEXT = message("next", message_id="next", timestamp=START)
KEPT = Session(
    session_id="there",
    user_id="ana",
    created_at=START,
    messages=[FIRST],
    message_count=1,
    version=1,
    creation_id="token",
)

Maker = Callable[[], Any]
"""Makes the same value for each store: an iterator is used up by the first."""


def _these(*values: Any) -> st.SearchStrategy[Maker]:
    # Chosen by number: hypothesis would look at what fails when it is looked at.
    return st.integers(0, len(values) - 1).map(lambda place: lambda: values[place])


def _any_of(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Maker]:
    return strategy.map(lambda value: lambda: value)


def _changed(model: Any, changes: Mapping[str, Maker]) -> st.SearchStrategy[Maker]:
    made = st.sampled_from(list(changes.values()))
    return made.map(lambda change: lambda: model.model_copy(update=change()))


def _iterator(value: Any) -> Iterator[Any]:
    yield value


LEAVES: st.SearchStrategy[Maker] = st.one_of(
    st.sampled_from(list(IMPOSTORS.values())),
    _these(*(value for value, _ in PLAIN.values())),
    _these(*(time for time, _ in ODD_TIMES.values()), *TIMES.values()),
    _these(*BAD_VALUES.values(), *BAD_IDS.values(), *BAD_CURSORS.values(), *BAD_LIMITS),
    _these(*(written for written, _ in NUMBERS.values())),
    _changed(FIRST, BAD_MESSAGES),
    _changed(KEPT, BAD_SESSIONS),
    _these(FIRST, OTHER, NEXT, KEPT, "there", "ana", "active", "", None, True, 1, 0),
    _any_of(st.text(max_size=5) | st.integers() | st.floats() | st.datetimes()),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda makers: lambda: [make() for make in makers]),
        st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3).map(
            lambda makers: lambda: {name: make() for name, make in makers.items()}
        ),
        inner.map(lambda make: lambda: (make(),)),
        inner.map(lambda make: lambda: _iterator(make())),
        inner.map(lambda make: lambda: NEXT.model_copy(update={"extra": make()})),
        inner.map(lambda make: lambda: [NEXT.model_copy(update={"content": make()})]),
        inner.map(lambda make: lambda: Message.model_construct(**_with(NEXT, make()))),
        inner.map(lambda make: lambda: NEXT.model_copy(update=_parts(make))),
        inner.map(lambda make: lambda: KEPT.model_copy(update={"metadata": make()})),
        inner.map(lambda make: lambda: KEPT.model_copy(update={"history": make()})),
        inner.map(lambda make: lambda: KEPT.model_copy(update={"messages": [make()]})),
        inner.map(lambda make: lambda: KEPT.model_copy(update={"extra": make()})),
    ),
    max_leaves=4,
)


def _parts(make: Maker) -> dict[str, Any]:
    return {"content": [make(), {"text": make()}], "tool_calls": [make()], "metadata": make()}


def _with(sent: Message, value: Any) -> dict[str, Any]:
    return {**vars(sent), "extracted_filters": value, "recommendations": value}


class Pair:
    """The reference, and a store on SQLite beside it, with the same one session in each."""

    def __init__(self) -> None:
        self.harnesses: list[Harness] = [MemoryHarness(), memory_harness()]
        self.stores = [harness.open(clock=ManualClock(START)) for harness in self.harnesses]
        for store in self.stores:
            store.restore(KEPT)

    def alike(self, call: Callable[[MaintainedSessionStore], object]) -> None:
        """Assert that a call comes to the same in both, that it wrote nothing if it was refused,
        and that what can be read is plain. Then put back what was there."""
        before = [harness.raw_read("there") for harness in self.harnesses]
        expected, found = (outcome(call, store) for store in self.stores)
        assert found == expected
        if isinstance(expected, str) and expected.endswith("Error"):
            assert [harness.raw_read("there") for harness in self.harnesses] == before
            return
        shown = [outcome(lambda store: store.scan().items, store) for store in self.stores]
        assert shown[0] == shown[1]
        for store in self.stores:
            for session in store.scan().items:
                require_plain(session)
                store.delete(session.session_id)
            store.restore(KEPT)


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """One for all examples: each leaves it as it found it."""
    pair = Pair()
    yield pair
    for harness in pair.harnesses:
        harness.close()


@pytest.mark.parametrize("place", list(arguments()), ids="-".join)
def test_any_value_is_plain_or_refused(pair: Pair, place: tuple[str, str]) -> None:
    """For every argument of every call: a value is one of chatstore's errors and nothing is
    written, or the call works and what is read back is plain; on every backend alike."""
    call, argument = place

    @settings(PROFILE, max_examples=max(20, PROFILE.max_examples // len(list(arguments()))))
    @given(VALUES)
    def holds(make: Maker) -> None:
        if call == "create" and argument == "session_id" and make() is None:
            # Each store mints another id.
            return
        pair.alike(lambda store: called(store, call, argument, make(), NEXT))

    holds()
