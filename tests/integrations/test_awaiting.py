"""Adapters over one store object share what keeps the order of a session."""

import gc
import weakref

import pytest

from chatstore import ConfigurationError, MemorySessionStore, RetentionPolicy
from chatstore.integrations.awaiting import shared_over

POLICY = RetentionPolicy(max_messages=50, keep_history=True)


def test_over_one_store_all_is_shared() -> None:
    """Whoever asks gets the same conversations and threads; over another store, others."""
    store, other = (MemorySessionStore(policy=POLICY) for _ in range(2))
    assert shared_over(store) == shared_over(store)
    assert set(map(id, shared_over(store))).isdisjoint(map(id, shared_over(other)))


def test_a_store_that_nobody_has_is_let_go() -> None:
    """What is shared does not keep a store alive."""
    store = MemorySessionStore(policy=POLICY)
    shared_over(store)
    let_go = weakref.ref(store)
    del store
    gc.collect()
    assert let_go() is None


@pytest.mark.parametrize("store", [None, MemorySessionStore()])
def test_what_can_not_be_used_is_refused(store: MemorySessionStore) -> None:
    """No store, or one without history, is told at once."""
    with pytest.raises(ConfigurationError):
        shared_over(store)
