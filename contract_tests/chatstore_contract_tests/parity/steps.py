"""A program: steps that can be run, written down and pasted."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chatstore_contract_tests.parity.subject import Subject

_HEAD = """\
# Shows the answers of one store; run it with the URLs that differ, and compare what it prints.
import datetime
import sys

from chatstore import ExtractedFilters, Message, Session, YearRange
from chatstore_contract_tests.parity.subject import opened

with opened(sys.argv[1]) as subject:
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A method of `Subject`, and what it is called with."""

    method: str
    arguments: tuple[Any, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)

    def run(self, subject: Subject) -> object:
        """Do it; the answer."""
        answer: object = getattr(subject, self.method)(*self.arguments, **self.options)
        return answer

    @property
    def source(self) -> str:
        """The step as Python."""
        parts = [repr(each) for each in self.arguments]
        parts += [f"{name}={value!r}" for name, value in self.options.items()]
        return f"subject.{self.method}({', '.join(parts)})"


def source(steps: Sequence[Step]) -> str:
    """A whole program as Python, to be pasted."""
    return _HEAD + "\n".join(f"    print({step.source})" for step in steps) + "\n"
