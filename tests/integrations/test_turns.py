"""Turns: calls under one name go one after the other, whichever threads run them."""

import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor

import pytest

from chatstore.integrations.turns import Turn, Turns


def test_calls_go_in_the_order_in_which_they_asked() -> None:
    """Whichever thread comes first; and calls under another name don't wait for them."""
    turns = Turns()
    asked = [turns.ask("chat") for _ in range(20)]
    done: list[int] = []
    with ThreadPoolExecutor(20) as pool:
        for number, turn in reversed(list(enumerate(asked))[1:]):
            pool.submit(turn.run, lambda number=number: done.append(number))
        assert turns.ask("another").run(lambda: "at once") == "at once"
        assert done == []
        asked[0].run(lambda: done.append(0))
    assert done == list(range(20))
    assert not turns.lines


def test_the_next_waits_for_one_that_was_given_up_in_its_course() -> None:
    """A call that has begun goes on to its end, and the next begins then."""
    turns = Turns()
    has_begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        has_begun.set()
        assert may_end.wait(30)
        done.append("first")

    with ThreadPoolExecutor(2) as pool:
        turn, following = turns.ask("chat"), turns.ask("chat")
        running = pool.submit(turn.run, first)
        assert has_begun.wait(30)
        turn.give_up()
        waiting = pool.submit(following.run, lambda: done.append("second"))
        may_end.set()
        running.result(30)
        waiting.result(30)
    assert done == ["first", "second"]


@pytest.mark.parametrize("is_waiting", [False, True])
def test_one_that_was_given_up_before_never_begins(is_waiting: bool) -> None:
    """Whether or not a thread waits for it already; and it holds nobody up."""
    turns = Turns()
    done: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        first, second, third = (turns.ask("chat") for _ in range(3))
        third_done = pool.submit(third.run, lambda: done.append("third"))
        if is_waiting:
            second_done = pool.submit(second.run, lambda: done.append("second"))
            second.give_up()
        else:
            second.give_up()
            second_done = pool.submit(second.run, lambda: done.append("second"))
        with pytest.raises(CancelledError):
            second_done.result(30)
        assert done == []
        first.run(lambda: done.append("first"))
        third_done.result(30)
    assert done == ["first", "third"]


def test_a_call_that_fails_gives_its_turn_back() -> None:
    """And what it raised is its caller's; giving it up after its end changes nothing."""
    turns = Turns()
    turn: Turn = turns.ask("chat")
    with pytest.raises(ZeroDivisionError):
        turn.run(lambda: 1 / 0)
    turn.give_up()
    assert turns.ask("chat").run(lambda: 1) == 1
