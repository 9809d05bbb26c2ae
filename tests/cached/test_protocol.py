"""The protocol between clients, cache and store of record, in every order of events."""

from collections.abc import Sequence

import pytest

from .explorer import Program, explore, programs, wander
from .world import Rules

SIX = programs("0append 0get", "1update", "0get 0get", "1get 1get", "2delete", "3create 3get")
"""Two writers, two readers, a deleter and a re-creator; the first reader shares its client with a
writer, and so does the second."""

ALL_VERBS = programs(
    "0amend 0glance", "1again 1leaf", "0leaf 0get", "1glance 1get", "2delete", "3create 3amend"
)
"""The same with the calls that show, or write, less than a window."""


@pytest.mark.parametrize(
    ("threads", "mishaps"),
    [
        (programs("0append", "1get 1get"), 1),
        (programs("0append 0get", "1update 1get"), 1),
        (programs("0append", "0update", "0get"), 0),
        (programs("0delete 0get", "1get 1get"), 1),
        (programs("0append", "0delete", "1get 1get"), 0),
        (programs("0update", "1delete", "1create 0get"), 1),
        (programs("0delete", "1create", "2get 2get"), 0),
        (programs("0restore 0get 0get"), 2),
        (programs("0append 0restore 0get 0get"), 2),
        (programs("0append 0delete 0create 0get 0get"), 2),
        (programs("0append 0append 0get", "0restore 0get"), 0),
        (programs("0restore 0get", "1get 1get"), 0),
        (programs("0amend 0get", "1append 1get"), 1),
        (programs("0again 0get", "1amend", "1get"), 0),
        (programs("0delete 0create 0amend 0get", "1get"), 1),
        (programs("0amend", "1again", "2get 2get"), 0),
        (programs("0glance 0get", "1append 1glance"), 1),
        (programs("0leaf 0get", "1amend"), 1),
        (programs("0leaf 0glance", "1delete", "1create"), 1),
    ],
)
def test_no_order_of_events_shows_what_is_over(threads: Sequence[Program], mishaps: int) -> None:
    """Whatever the order of requests, and whatever of them the cache misses: no client goes back,
    and nobody sees what was over before its call began."""
    states, finding = explore(threads, mishaps=mishaps)
    assert finding is None
    assert states > 40


@pytest.mark.long
@pytest.mark.parametrize(
    "threads",
    [
        programs("0append", "1update", "0get", "2delete", "3create"),
        programs("0append", "0get", "1get", "2delete", "3create"),
        programs("0append", "1update", "0get", "1get", "3create"),
        programs("0append", "1update", "0get", "1get", "2delete"),
    ],
    ids=["one reader", "one writer", "no deleter", "no re-creator"],
)
def test_no_order_of_five_shows_what_is_over(threads: Sequence[Program]) -> None:
    """The same for all roles but one at once: two writers, two readers, a deleter and a
    re-creator, on four clients."""
    states, finding = explore(threads)
    assert finding is None
    assert states > 10_000


def test_six_threads_of_four_clients_by_chance() -> None:
    """The same for all roles at once, whose every order no memory can hold."""
    assert wander(SIX, seed=6, walks=1_500, mishaps=2) is None


def test_all_calls_of_four_clients_by_chance() -> None:
    """The same where messages are amended, sent again, and shown in parts and pages."""
    assert wander(ALL_VERBS, seed=7, walks=1_500, mishaps=2) is None


@pytest.mark.long
def test_six_threads_of_four_clients_by_chance_for_long() -> None:
    """The same with other seeds and more walks."""
    for seed in range(40):
        assert wander(SIX, seed=seed, walks=20_000, mishaps=seed % 4) is None


def timed(*cases: tuple[list[Program], int, int]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("threads", "mishaps", "time"), cases)


TIME_PASSES = """However long requests, answers and messages are on their way, and whatever lapses
meanwhile: no client goes back, nobody sees what was over before its call began while all messages
arrive in their calls, and nobody ever sees what was over for `max_staleness`."""


@timed(
    (programs("0append", "0get"), 1, 2),
    (programs("0get", "0append 0get"), 0, 2),
    (programs("0get", "1append 2get"), 0, 2),
    (programs("0delete 1create", "2get"), 0, 2),
    (programs("0restore 0get", "1get"), 0, 2),
    (programs("0delete 0create 1update 2get", "3get"), 0, 1),
    (programs("0leaf 0glance", "1amend 2get"), 1, 1),
)
def test_no_lapse_of_time_shows_what_is_over(
    threads: Sequence[Program], mishaps: int, time: int
) -> None:
    states, finding = explore(threads, mishaps=mishaps, time=time)
    assert finding is None, TIME_PASSES
    assert states > 400


@pytest.mark.long
@timed(
    (programs("0append", "0get"), 2, 6),
    (programs("0get", "0append 0get"), 1, 3),
    (programs("0get", "1append", "2get"), 1, 3),
    (programs("0get", "1update", "2get"), 1, 3),
    (programs("0delete", "1create", "2get"), 1, 3),
    (programs("0restore 0get", "1get"), 1, 3),
    (programs("0append", "0delete", "1get"), 1, 3),
    (programs("0delete 0create", "1update", "2get", "2get"), 0, 2),
)
def test_no_long_lapse_of_time_shows_what_is_over(
    threads: Sequence[Program], mishaps: int, time: int
) -> None:
    """The same for more time, and more mishaps."""
    states, finding = explore(threads, mishaps=mishaps, time=time)
    assert finding is None, TIME_PASSES
    assert states > 10_000


def test_six_threads_in_time_by_chance() -> None:
    """The same for all roles at once, with finer time: a message may come within some units of it,
    and be in time."""
    for lapse, seed in ((2, 19), (4, 20), (6, 21)):
        finding = wander(SIX, seed=seed, walks=400, mishaps=2, time=12, rules=Rules(lapse=lapse))
        assert finding is None, TIME_PASSES


@pytest.mark.long
def test_six_threads_in_time_by_chance_for_long() -> None:
    """The same with other seeds and more walks."""
    for seed in range(30):
        broken = Rules(lapse=2 + seed % 7)
        assert wander(SIX, seed=seed, walks=8_000, mishaps=seed % 4, time=16, rules=broken) is None
