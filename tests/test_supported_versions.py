"""docs/supported-versions.md, held against what the code and pyproject.toml say."""

import re
from pathlib import Path

from packaging.requirements import Requirement

from .test_distribution import PROJECT

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "supported-versions.md").read_text(encoding="utf-8")
ROWS = {
    cells[0]: cells[1:]
    for cells in (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.splitlines()
        if line.startswith("| ")
    )
}


def test_the_page_has_the_lowest_version_of_each_library() -> None:
    """Each library that pyproject.toml gives a bound is on the page, with that bound and the extra
    that brings it; and no other library is."""
    expected = {}
    for extra, texts in {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}.items():
        for requirement in map(Requirement, texts):
            for bound in requirement.specifier:
                brought_by = f"`{extra}`" if extra else "none: always needed"
                expected[requirement.name] = [bound.version, brought_by]
    libraries = [
        line.split("|")[1].strip()
        for line in PAGE.split("| library |")[1].splitlines()
        if line.startswith("| ")
    ]
    assert {name: ROWS[name] for name in libraries} == expected


def test_the_page_has_the_lowest_python_and_sqlite() -> None:
    """The lowest Python is the one that pyproject.toml asks for, and the lowest SQLite is the one
    below which a store refuses to open."""
    assert f">={ROWS['Python'][0]}" == PROJECT["requires-python"]
    sources = [
        path.read_text(encoding="utf-8") for path in ROOT.glob("backends/sql/chatstore_sql/**/*.py")
    ]
    (oldest,) = re.findall(
        r"^OLDEST_SQLITE = \((\d+), (\d+), 0\)$", "\n".join(sources), re.MULTILINE
    )
    assert ROWS["SQLite, as Python brings it"][0] == ".".join(oldest)


def test_the_page_has_the_emulator_s_version() -> None:
    """The page names the DynamoDB Local that `scripts/servers` starts."""
    source = (ROOT / "scripts" / "server_kinds" / "dynamodb.py").read_text(encoding="utf-8")
    (version,) = re.findall(r'^VERSION = "([\d.]+)"$', source, re.MULTILINE)
    assert f"DynamoDB Local {version}" in ROWS["DynamoDB"][1]
