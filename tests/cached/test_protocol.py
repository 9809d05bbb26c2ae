"""The protocol between clients, cache and store of record, in every order of events."""

from collections.abc import Sequence

import pytest

from .explorer import Program, explore, wander
from .protocol_model import VERBS, Call, Rules, Verb


def programs(*threads: str) -> list[Program]:
    """Threads, each written as the calls it makes: "0append 1get" is client 0's, then client
    1's."""
    return [[Call(int(call[0]), _verb(call[1:])) for call in each.split()] for each in threads]


def _verb(text: str) -> Verb:
    verbs: dict[str, Verb] = {verb: verb for verb in VERBS}
    return verbs[text]


SIX = programs("0append 0get", "1update", "0get 0get", "1get 1get", "2delete", "3create 3get")
"""Two writers, two readers, a deleter and a re-creator; the first reader shares its client with a
writer, and so does the second."""


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
        (programs("0restore 0get", "1get 1get"), 0),
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
    assert wander(SIX, seed=6, walks=4_000, mishaps=2) is None


@pytest.mark.long
def test_six_threads_of_four_clients_by_chance_for_long() -> None:
    """The same with other seeds and more walks."""
    for seed in range(40):
        assert wander(SIX, seed=seed, walks=20_000, mishaps=seed % 4) is None


@pytest.mark.parametrize(
    ("rules", "threads", "words"),
    [
        (Rules(puts_if_newer=False), programs("0append", "1get", "2get"), "was over"),
        (Rules(has_tombstones=False), programs("0delete", "1get", "2get"), "was over"),
        (Rules(minds_failures=False), programs("0delete 0get"), "went back"),
    ],
    ids=["put if newer", "tombstones", "failed messages"],
)
def test_each_rule_is_needed(rules: Rules, threads: Sequence[Program], words: str) -> None:
    """Without a rule the search finds the fault that the rule prevents; by chance as well."""
    _, finding = explore(threads, rules=rules, mishaps=1)
    assert finding is not None
    assert words in finding.fault
    assert wander(SIX, seed=6, walks=4_000, mishaps=2, rules=rules) is not None
