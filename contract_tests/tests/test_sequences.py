"""Random programs in the contract: what they find, and how they tell it."""

import subprocess
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from chatstore import MemorySessionStore
from chatstore_contract_tests import sequences
from chatstore_contract_tests.sequences import (
    DivergenceError,
    SequencesBehaviour,
    compare_with_the_reference,
)

from .mutants.mutant import Broken, MutantHarness
from .mutants.sessions import StripsIds
from .mutants.shipped import TakesCorruptionForAbsence
from .mutants.writing import CountsWhatIsRetained


def found(broken: Broken) -> DivergenceError:
    """What the random programs say of a broken store."""
    with pytest.raises(DivergenceError) as raised, redirect_stdout(StringIO()):
        compare_with_the_reference(MutantHarness(broken))
    return raised.value


def test_a_difference_is_printed_as_a_program(tmp_path: Path) -> None:
    """The program runs as it stands on any deployment that has a namespace; its last answer there
    is the reference's, and the broken store's stands below."""
    difference = found(CountsWhatIsRetained)
    program = tmp_path / "program.py"
    program.write_text(difference.program, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, program, "memory://"], check=True, capture_output=True, text=True
    )
    *_, expected, answered = difference.program.splitlines()
    assert f"# expected: {ran.stdout.splitlines()[-1]}" == expected
    assert answered.startswith("# answered: ")
    assert answered.removeprefix("# answered: ") != expected.removeprefix("# expected: ")
    assert len(ran.stdout.splitlines()) <= 4, "the program is not as short as it may be"


def test_the_program_is_printed_where_it_can_be_pasted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pytest shows what a failing test printed without anything before the lines."""
    monkeypatch.setattr(sequences, "SHORTENING_SECONDS", 0)
    test = SequencesBehaviour().test_any_sequence_of_calls_is_answered_like_the_reference
    with pytest.raises(DivergenceError) as raised:
        test(MutantHarness(CountsWhatIsRetained))
    assert raised.value.program in capsys.readouterr().out


@pytest.mark.parametrize(
    ("broken", "words"),
    [(TakesCorruptionForAbsence, "subject.corrupt("), (StripsIds, "  a  b  ")],
)
def test_it_corrupts_records_and_uses_hostile_ids(broken: Broken, words: str) -> None:
    """Corruption and odd ids are among what the programs try."""
    assert words in found(broken).program


def test_what_is_no_answer_is_a_difference() -> None:
    """A store that breaks down with an error of its own differs, and the error is the cause."""

    class BreaksDown(MemorySessionStore):
        """Nothing can be listed."""

        def list_sessions(self, user_id: str, **options: Any) -> Any:
            raise KeyError("no such key")

    difference = found(BreaksDown)
    assert isinstance(difference.__cause__, KeyError)
    assert "KeyError('no such key')" in str(difference)
