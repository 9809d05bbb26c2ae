"""Many cases in one test: all are tried, and the failure names each that failed."""

import pytest

from chatstore import InvalidInputError
from chatstore_contract_tests.cases import every_case


def test_every_case_is_tried_and_each_failure_named() -> None:
    """What fails ends its own case alone; the end tells how many failed, which, and why."""
    tried: list[int] = []

    def try_all() -> None:
        with every_case() as case:
            for number in range(4):
                with case("place", number):
                    tried.append(number)
                    assert number != 1, "one is wrong"
            with case("\ud800"), pytest.raises(InvalidInputError):
                tried.append(4)
            with case("x" * 100):
                raise LookupError("a defect\nof two lines")

    with pytest.raises(AssertionError) as raised:
        try_all()
    assert tried == [0, 1, 2, 3, 4]
    first, *lines = str(raised.value).splitlines()
    assert first == "3 of 6 cases failed:"
    assert lines[0].startswith("- place, 1: one is wrong")
    assert lines[1].startswith(r"- '\ud800': DID NOT RAISE")
    assert lines[2] == f"- {'x' * 60}…: LookupError: a defect"
    assert "one is wrong" in str(raised.value.__cause__)


def test_what_holds_is_silent() -> None:
    """Where no case failed, nothing is raised."""
    tried: list[str] = []
    with every_case() as case, case("good"):
        tried.append("good")
    assert tried == ["good"]


def test_a_skip_and_an_interrupt_are_no_failed_case() -> None:
    """What pytest or the user stops is stopped at once."""
    for stop in (pytest.skip.Exception("not here"), KeyboardInterrupt()):
        with pytest.raises(type(stop)), every_case() as case, case("one"):
            raise stop
