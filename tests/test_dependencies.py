"""`scripts/dependencies.py`: the legs on the lowest and the newest versions."""

import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import dependencies  # noqa: E402  the folder is no package's

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_lowest_versions_are_those_of_pyproject() -> None:
    """Each bound becomes exactly that version, and no list beside pyproject.toml has to follow."""
    wanted = {}
    for texts in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()):
        for requirement in map(Requirement, texts):
            for bound in requirement.specifier:
                wanted[requirement.name] = f"{requirement.name}=={bound.version}"
    assert sorted(dependencies.lowest(PROJECT)) == sorted(wanted.values())
    assert {"pydantic", "redis", "boto3", "sqlalchemy", "typer", "pytest"} <= {*wanted}


@pytest.mark.parametrize("requirement", ["redis<6", "redis>=5,<6", "redis~=5.3", "redis; extra"])
def test_a_bound_that_it_can_not_read_stops_it(requirement: str) -> None:
    """A bound of another form is no reason to test another version than the lowest."""
    with pytest.raises(SystemExit, match="NAME>=VERSION"):
        dependencies.lowest({"dependencies": [requirement], "optional-dependencies": {}})


def test_two_bounds_of_one_name_stop_it() -> None:
    """There is one lowest version of each dependency."""
    extras = {"one": ["redis>=5.3"], "two": ["redis>=6"]}
    with pytest.raises(SystemExit, match="two lowest versions of redis"):
        dependencies.lowest({"dependencies": [], "optional-dependencies": extras})


def test_the_tests_of_a_leg_exist() -> None:
    """Every file that a leg runs is there, and what it runs them with is in
    requirements-dev.txt."""
    assert [each for each in dependencies._TESTS if not (ROOT / each).exists()] == []
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    assert [line.partition("[")[0].partition(">")[0] for line in dependencies.tools(lines)] == [
        *dependencies._TOOLS
    ]


def test_this_python_is_found() -> None:
    """The Pythons of the machine are found in the order of their versions, this one among them."""
    found = dependencies.interpreters((3, 11))
    assert sys.version_info[:3] in [each.version for each in found]
    assert found == sorted(found)
    assert dependencies.interpreters((99,)) == []
