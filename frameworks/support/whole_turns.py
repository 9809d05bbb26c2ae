"""Turns of a conversation with a tool, and whether all of them are still there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Kind = Literal["question", "call", "result", "answer"]
KINDS: tuple[Kind, ...] = ("question", "call", "result", "answer")


@dataclass(frozen=True, slots=True)
class Turn:
    """What is said in one turn; every text names the turn's number."""

    number: int
    question: str
    call_id: str
    tool_result: str
    answer: str


class Step(NamedTuple):
    """An item that was read back: what it is, and of which turn."""

    kind: Kind
    number: int


def turn(number: int) -> Turn:
    """The turn of a number."""
    return Turn(
        number,
        question=f"question {number}",
        call_id=f"call-{number}",
        tool_result=f"result {number}",
        answer=f"answer {number}",
    )


def number_in(text: str) -> int:
    """The number of the turn that a text or a call's id is of."""
    return int(text.replace("-", " ").rpartition(" ")[2])


def assert_whole(steps: Sequence[Step], count: int) -> None:
    """Of so many turns nothing is lost, nothing is there twice, and all is in its order."""
    expected = [Step(kind, number) for number in range(count) for kind in KINDS]
    missing = sorted(set(expected) - set(steps))[:5]
    doubled = [step for step in dict.fromkeys(steps) if steps.count(step) > 1][:5]
    assert not missing, f"lost: {missing}"
    assert not doubled, f"there twice: {doubled}"
    assert list(steps) == expected, "out of order"


def assert_no_orphans(steps: Sequence[Step]) -> None:
    """No tool's result is handed out without the call before it, which model APIs refuse."""
    called: set[int] = set()
    for step in steps:
        if step.kind == "call":
            called.add(step.number)
        assert step.kind != "result" or step.number in called, f"{step} has no call before it"
