"""Messages to the cache that are on their way for long: the store's own code, with a network in
between."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from chatstore import BackendUnavailableError
from chatstore.cache.memory import MemorySessionCache
from chatstore.cache.protocol import Marker, Snapshot

from .shared import Shared, said


class Network(MemorySessionCache):
    """A cache behind a network that can hold what is sent: its sender gives up, and it arrives when
    `deliver` is called."""

    def __init__(self, shared: Shared) -> None:
        super().__init__(monotonic=shared.time)
        self.holds = False
        self.flying: list[Callable[[], object]] = []

    def deliver(self) -> None:
        while self.flying:
            self.flying.pop(0)()

    def lose_last(self) -> None:
        """Lose what was sent last, and hold nothing any more."""
        self.flying.pop()
        self.holds = False

    def put(
        self, snapshots: Mapping[str, Snapshot], *, asked_at: float, lapse: float, wrote: bool
    ) -> int:
        arrive = super().put
        self._send(lambda: arrive(snapshots, asked_at=asked_at, lapse=lapse, wrote=wrote))
        return 0

    def mark(self, session_id: str, marker: Marker, *, lapse: float) -> None:
        arrive = super().mark
        self._send(lambda: arrive(session_id, marker, lapse=lapse))

    def bury(self, session_ids: Sequence[str], *, lapse: float) -> None:
        arrive = super().bury
        self._send(lambda: arrive(session_ids, lapse=lapse))

    def _send(self, arrive: Callable[[], object]) -> None:
        if not self.holds:
            arrive()
            return
        self.flying.append(arrive)
        raise BackendUnavailableError("no answer")


@pytest.fixture
def shared() -> Shared:
    shared = Shared()
    shared.cache = Network(shared)
    return shared


def network(shared: Shared) -> Network:
    assert isinstance(shared.cache, Network)
    return shared.cache


@pytest.mark.parametrize("flight", [0, 5, 29, 30, 45, 59, 61, 119])
@pytest.mark.parametrize("passed", [0, 1, 59, 60, 61, 89, 119, 120, 121, 170])
@pytest.mark.parametrize("who", ["writer", "another"])
def test_no_old_state_is_shown_after_max_staleness(
    shared: Shared, flight: float, passed: float, who: str
) -> None:
    """However long a put was on its way, and though the cache missed a newer write: the writer is
    never shown the older state, and nobody else is `max_staleness` after the acknowledgement."""
    passed = max(passed, flight, 60 if who == "another" else 0)
    reader, writer = shared.client(max_staleness=60, pause=0), shared.client(max_staleness=60)
    session = writer.create("ana")
    shared.cache.forget()
    network(shared).holds = True
    reader.get(session.session_id)  # its put is on its way
    writer.append(session.session_id, said("newer"))
    acknowledged = shared.time.now
    network(shared).lose_last()
    shared.time.now = acknowledged + flight
    network(shared).deliver()
    shared.time.now = acknowledged + passed
    store = writer if who == "writer" else shared.client(max_staleness=60)
    assert store.get(session.session_id).version == 2


def test_within_the_bound_another_may_see_the_older_state(shared: Shared) -> None:
    """So the put of the test above does arrive, and is an answer."""
    reader, writer = shared.client(max_staleness=60, pause=0), shared.client(max_staleness=60)
    session = writer.create("ana")
    shared.cache.forget()
    network(shared).holds = True
    reader.get(session.session_id)
    writer.append(session.session_id, said("newer"))
    network(shared).lose_last()
    shared.time.now += 29
    network(shared).deliver()
    assert shared.client(max_staleness=60).get(session.session_id).version == 1


def test_an_answer_that_comes_late_does_not_count(shared: Shared) -> None:
    """A hit whose answer was on its way for longer than what this store remembers is none."""
    writer = shared.client(max_staleness=60)
    session = writer.create("ana")
    old: Mapping[str, Snapshot] = shared.cache.get([session.session_id])

    class Slow(Network):
        def get(self, session_ids: Sequence[str]) -> Mapping[str, Snapshot]:
            writer.append(session.session_id, said("meanwhile"))
            shared.time.now += 500
            return old

    assert writer.primary.get(session.session_id).version == 1
    shared.cache = Slow(shared)
    store = shared.client(max_staleness=60)
    assert store.get(session.session_id).version == 2


def test_a_session_that_is_created_again_is_cached_at_the_next_read(shared: Shared) -> None:
    """A tombstone keeps out what was asked for before it came, and nothing else."""
    store = shared.client(max_staleness=60)
    session = store.create("ana", session_id="again")
    store.delete("again")
    shared.time.now += 0.001
    created = store.create("ana", session_id="again")
    assert created.created_at == session.created_at
    assert store.get("again") == created
    assert store.stats().hits == 1
