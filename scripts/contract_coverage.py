"""What the contract alone reaches of the code, and what reaches the rest: `make coverage`.

The contract runs first, on every engine, then all other tests. The report, in Markdown, is printed
to standard output, and whatever the tests print to standard error. A branch that no test takes must
be explained in coverage_explained.toml, beside this file. No explanation may outlive its branch.
Where either is not so, the exit status is 1.
"""

import json
import subprocess
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EXPLAINED = Path(__file__).with_name("coverage_explained.toml")

Report = Mapping[str, Any]
"""One file of coverage's JSON report."""

# One leg of each kind: the fakes, and the same engines behind the async adapter or a cache, take no
# other way through the code.
_COVERAGE = (sys.executable, "-m", "coverage")
_ENGINES = (
    "not Moto and not FakeRedis and not OverLocal and not RedisThroughAsync "
    "and not FileThroughAsync"
)

# These look at what a process has loaded, and would see what coverage loads.
_UNAWARE = "not test_help_imports_no_driver and not test_importing_chatstore_loads_no_driver"

_HEAD = """\
# Coverage

The contract by itself takes {taken:,} of {all:,} branches of
`chatstore/` and `backends/`, {percent:.0f} %, and runs {run:,} of {statements:,} statements.
It knows a store by the protocol alone. So it can't reach URLs, command lines, schemas and failing
servers. The tests that are named here take those branches. What no test takes is at the end.

| file | statements | by the contract | branches | by the contract | the rest is taken by |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Branch:
    """A way through the code: from a line to another, or out of the function (a negative one)."""

    file: str
    source: int
    target: int

    def told(self) -> str:
        """The branch as an explanation names it, whatever its line's number."""
        lines = (ROOT / self.file).read_text("utf-8").splitlines()
        target = "the end" if self.target < 0 else lines[self.target - 1].strip()
        return f"{lines[self.source - 1].strip()} -> {target}"


def main() -> int:
    """Measure, print the report, and tell what nothing explains; the exit status."""
    contract = measured("contract", "--contract=only", "-k", _ENGINES)
    others = measured("others", "--contract=without", "-k", _UNAWARE)
    left = list(untaken(contract, others))
    explained = tomllib.loads(EXPLAINED.read_text("utf-8"))
    print("".join(page(contract, others, left, explained)), flush=True)
    unexplained = [each for each in left if reason(explained, each) is None]
    for each in unexplained:
        print(
            f"{each.file}:{each.source}: no test takes, and nothing explains: {each.told()}",
            file=sys.stderr,
        )
    told = {(each.file, each.told()) for each in left}
    stale = [
        (file, way) for file, ways in explained.items() for way in ways if (file, way) not in told
    ]
    for file, way in stale:
        print(f"{file}: explained, and taken or gone: {way}", file=sys.stderr)
    return 1 if unexplained or stale else 0


def measured(name: str, *options: str) -> Mapping[str, Report]:
    """Run tests under coverage; its report of each file."""
    data = ROOT / f".coverage.{name}"
    for old in ROOT.glob(f".coverage.{name}*"):
        old.unlink()
    tests = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not long", *options]
    subprocess.run(
        [*_COVERAGE, "run", f"--data-file={data}", "--parallel-mode", *tests],
        cwd=ROOT,
        check=True,
        stdout=sys.stderr,
    )
    subprocess.run([*_COVERAGE, "combine", "-q", f"--data-file={data}"], cwd=ROOT, check=True)
    return reported(data)


def reported(data: Path) -> Mapping[str, Report]:
    """Coverage's report of each file, from its data."""
    text = subprocess.run(
        [
            *(*_COVERAGE, "json", f"--data-file={data}", "--show-contexts", "-q", "-o", "-"),
            # Tests install wheels, too, which are gone by now.
            "--include=chatstore/*,backends/*",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    files: Mapping[str, Report] = json.loads(text)["files"]
    return files


def untaken(*reports: Mapping[str, Report]) -> Iterator[Branch]:
    """The branches that are in none of the reports."""
    for file in sorted(set().union(*reports)):
        missing = [
            {tuple(each) for each in report[file]["missing_branches"]}
            for report in reports
            if file in report
        ]
        for source, target in sorted(set.intersection(*missing)):
            yield Branch(file, source, target)


def page(
    contract: Mapping[str, Report],
    others: Mapping[str, Report],
    left: Sequence[Branch],
    explained: Mapping[str, Mapping[str, str]],
) -> Iterator[str]:
    """The parts of the report that is printed."""
    totals: Counter[str] = Counter()
    for report in contract.values():
        totals.update(report["summary"])
    yield _HEAD.format(
        taken=totals["covered_branches"],
        all=totals["num_branches"],
        percent=100 * totals["covered_branches"] / totals["num_branches"],
        run=totals["covered_lines"],
        statements=totals["num_statements"],
    )
    for file in sorted(contract):
        summary = contract[file]["summary"]
        rest = ", ".join(f"`{name}`" for name in taken_by(file, contract, others))
        yield (
            f"| `{file}` | {summary['num_statements']} | {summary['covered_lines']} "
            f"| {summary['num_branches']} | {summary['covered_branches']} | {rest} |\n"
        )
    yield "\n## Taken by no test\n"
    by_file: dict[str, list[Branch]] = defaultdict(list)
    for each in left:
        by_file[each.file].append(each)
    for file, branches in by_file.items():
        yield f"\n`{file}`\n\n"
        for each in branches:
            yield f"- `{each.told()}`: {reason(explained, each) or '?'}\n"


def taken_by(
    file: str, contract: Mapping[str, Report], others: Mapping[str, Report]
) -> Sequence[str]:
    """The test files that run what the contract leaves alone in a file, the most helpful first."""
    if file not in others:
        return []
    missing = set(contract[file]["missing_lines"])
    missing |= {abs(target) for _, target in contract[file]["missing_branches"]}
    found: Counter[str] = Counter()
    for line, contexts in others[file]["contexts"].items():
        if int(line) in missing:
            found.update({test_file(context) for context in contexts if context})
    return [name for name, _ in found.most_common(3)]


def test_file(context: str) -> str:
    """The module of a test, from the name of the context in which coverage saw it."""
    modules = [part for part in context.split(".") if part.startswith("test_")]
    return modules[0] if modules else context


def reason(explained: Mapping[str, Mapping[str, str]], branch: Branch) -> str | None:
    """Why no test takes a branch."""
    return explained.get(branch.file, {}).get(branch.told())


if __name__ == "__main__":
    sys.exit(main())
