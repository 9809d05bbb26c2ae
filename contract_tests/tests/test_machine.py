"""The state machine itself: what it finds, and how it tells it."""

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO

import pytest

import chatstore
from chatstore import MemorySessionStore
from chatstore_contract_tests import sequences
from chatstore_contract_tests.paired_stores import DivergenceError
from chatstore_contract_tests.sequences import SequencesBehaviour

from .mutants.mutant import Broken, MutantHarness
from .mutants.sessions import StripsIds
from .mutants.shipped import TakesCorruptionForAbsence
from .mutants.writing import CountsWhatIsRetained


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A difference is enough here: it need not be the shortest."""
    monkeypatch.setattr(sequences, "SHRINKING_SECONDS", 1)
    yield


def found(broken: Broken) -> DivergenceError:
    """What the machine says of a broken store."""
    with pytest.raises(DivergenceError) as raised, redirect_stdout(StringIO()):
        SequencesBehaviour().test_any_sequence_of_calls_is_answered_like_the_reference(
            MutantHarness(broken)
        )
    return raised.value


def run(program: str) -> list[str]:
    """What a pasted program prints, but for the `creation_id`s, which are new each time."""
    printed = StringIO()
    with redirect_stdout(printed):
        exec(compile(program, "pasted", "exec"), {"__name__": "pasted"})  # noqa: S102 - our own text
    return re.sub(r"creation_id='.*?'", "", printed.getvalue()).splitlines()


def test_a_difference_is_printed_as_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program runs as it stands, on the reference and on the broken store; its last line is
    the step that was answered otherwise."""
    difference = found(CountsWhatIsRetained)
    monkeypatch.delenv("CHATSTORE_URL", raising=False)
    expected = run(difference.program)
    monkeypatch.setattr(
        chatstore,
        "MemorySessionStore",
        lambda storage, **options: MemorySessionStore(CountsWhatIsRetained(storage), **options),
    )
    answered = run(difference.program)
    assert answered[:-1] == expected[:-1]
    assert answered[-1] != expected[-1]
    assert "# expected: " in difference.program
    assert "# answered: " in difference.program


def test_the_program_is_printed_where_it_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    """Pytest shows what a failing test printed without anything before the lines."""
    with pytest.raises(DivergenceError) as raised:
        SequencesBehaviour().test_any_sequence_of_calls_is_answered_like_the_reference(
            MutantHarness(CountsWhatIsRetained)
        )
    assert raised.value.program in capsys.readouterr().out


@pytest.mark.parametrize(
    ("broken", "words"),
    [(TakesCorruptionForAbsence, "the harness did this"), (StripsIds, "a  b")],
)
def test_it_corrupts_records_and_uses_hostile_ids(broken: Broken, words: str) -> None:
    """Corruption and odd ids are among what the machine tries."""
    assert words in found(broken).program
