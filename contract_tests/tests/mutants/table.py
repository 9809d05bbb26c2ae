"""The table of mutants, as docs/mutants.md has it:
`python -m contract_tests.tests.mutants.table > docs/mutants.md` writes it."""

import sys
from collections.abc import Iterator
from types import ModuleType

from .cases import GROUPS
from .mutant import MUTANTS

_HEAD = """\
# Mutants

This page is for people who ask what passing the contract is worth. (It is generated.)

A mutant is the reference store with one defect. There are {count} of them. Each fails the test that
is named beside it. Every test of the contract catches at least one mutant.
"""


def table() -> str:
    """The whole page."""
    return "\n".join([_HEAD.format(count=len(MUTANTS)), *map(_section, GROUPS)])


def _section(group: ModuleType) -> str:
    return "\n".join(_lines(group)) + "\n"


def _lines(group: ModuleType) -> Iterator[str]:
    title = " ".join((group.__doc__ or "").split()).rstrip(".")
    yield f"## {title}\n"
    yield "| the broken store | is caught by |"
    yield "|---|---|"
    for mutant in MUTANTS:
        if mutant.broken.__module__ == group.__name__:
            yield f"| {mutant.defect} | `{mutant.test}` |"


if __name__ == "__main__":
    sys.stdout.write(table())
