"""Whether the tests of a run went as they must: the outcomes against the list of those that are not
applicable."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

MOST_TOLD = 20
WELL = ("passed", "xfailed")


@dataclass(slots=True)
class Verdict:
    """How a run of tests went."""

    passed: int = 0
    not_applicable: int = 0
    skipped: int = 0
    failed: list[str] = field(default_factory=list)
    """What is wrong, a line each."""


def covers(entry: str, test: str) -> bool:
    """Whether an entry names a test: itself, its function with all parameters, its class or its
    file."""
    return test == entry or test.startswith((f"{entry}[", f"{entry}::"))


def judged(
    outcomes: Mapping[str, str], lists: Sequence[Mapping[str, Any]], tests: Sequence[str]
) -> Verdict:
    """The verdict on outcomes by test. `lists` are the tables `not_applicable`; `tests` is what was
    asked for, and an entry outside of it is not looked at."""
    verdict = Verdict()
    excused = {entry: each for each in lists for entry in each["tests"]}
    for test, outcome in outcomes.items():
        named = [entry for entry in excused if covers(entry, test)]
        if not named and outcome == "skipped":
            verdict.skipped += 1
        elif not named and outcome in WELL:
            verdict.passed += 1
        elif not named:
            verdict.failed.append(f"{outcome}: {test}")
        elif outcome in WELL:
            verdict.failed.append(f"passes, and is called not applicable: {test}")
        else:
            verdict.not_applicable += 1
    for entry, each in excused.items():
        if not each.get("reason"):
            verdict.failed.append(f"not applicable without a reason: {entry}")
        asked = any(covers(given.rstrip("/"), entry) or _inside(entry, given) for given in tests)
        if asked and not any(covers(entry, test) for test in outcomes):
            verdict.failed.append(f"called not applicable, and does not exist: {entry}")
    if not outcomes:
        verdict.failed.append("no test was run")
    return verdict


def _inside(entry: str, folder: str) -> bool:
    return entry.startswith(f"{folder.rstrip('/')}/")


class TableRow(Protocol):
    """What is told of one run."""

    @property
    def framework(self) -> str:
        """The framework and its version."""
        ...

    @property
    def what(self) -> str:
        """Types, our tests, or theirs."""
        ...

    @property
    def store(self) -> str:
        """The store; empty if there is none."""
        ...

    @property
    def verdict(self) -> Verdict:
        """How it went."""
        ...

    @property
    def log(self) -> Path:
        """Where all of it is."""
        ...


def table(rows: Sequence[TableRow]) -> Iterator[str]:
    """The lines of a table."""
    head = ("framework", "what", "store", "passed", "not applicable", "skipped", "failed")
    cells = [
        (
            *(row.framework, row.what, row.store),
            *map(str, (row.verdict.passed, row.verdict.not_applicable, row.verdict.skipped)),
            str(len(row.verdict.failed)),
        )
        for row in rows
    ]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    for line in (head, *cells):
        left = [cell.ljust(width) for cell, width in zip(line[:3], widths[:3], strict=True)]
        right = [cell.rjust(width) for cell, width in zip(line[3:], widths[3:], strict=True)]
        yield "  ".join(left + right)


def wrong(rows: Sequence[TableRow]) -> Iterator[str]:
    """What failed, and where to read on."""
    for row in rows:
        if row.verdict.failed:
            yield f"\n{row.framework}, {row.what} {row.store}: see {row.log}"
            yield from (f"  {line}" for line in row.verdict.failed[:MOST_TOLD])
            if len(row.verdict.failed) > MOST_TOLD:
                yield f"  and {len(row.verdict.failed) - MOST_TOLD} more"
