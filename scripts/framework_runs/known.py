"""Which frameworks there are, and what pyproject.toml says of them."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
WORK = ROOT / ".frameworks"
TOOLS = ("mypy", "pytest", "pytest-asyncio", "pytest-xdist")
"""What everything is run with, beside what a framework's own tests need."""

_EXTRAS = (
    *("openai-agents", "google-adk", "pydantic-ai", "claude-agent-sdk", "strands", "llama-index"),
)
_WITHOUT_EXTRA = {"langchain": ("langchain-core>=1.8", "langgraph>=1.2")}
"""Frameworks that have a page of documentation and no module."""
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w, -]*\])?\s*>=\s*([\w.]+)")


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework that chatstore is run under."""

    name: str
    """The name of its module here and of its folder below frameworks/."""
    requirements: tuple[str, ...]
    """What is installed for it; the framework itself comes first."""

    @property
    def distribution(self) -> str:
        """The framework's own distribution, whose version is told."""
        return re.split(r"[^\w.-]", self.requirements[0], maxsplit=1)[0]

    @property
    def folder(self) -> Path:
        """Where its tests are."""
        return ROOT / "frameworks" / self.name

    @property
    def module(self) -> Path | None:
        """Its adapter, a file or a package, if it has one."""
        path = ROOT / "chatstore" / "integrations" / self.name
        return next((each for each in (path, path.with_suffix(".py")) if each.exists()), None)

    @property
    def oldest(self) -> list[str]:
        """Constraints: exactly the lowest versions that are named."""
        found = map(_BOUND.match, self.requirements)
        return [f"{each[1]}=={each[2]}" for each in found if each is not None]

    @property
    def own_tests(self) -> dict[str, Any]:
        """What frameworks/NAME/upstream.toml says; empty where there is none."""
        file = self.folder / "upstream.toml"
        return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def frameworks(project: Mapping[str, Any]) -> list[Framework]:
    """Those of pyproject.toml's extras, and those without one, that have a folder of tests."""
    extras: Mapping[str, Sequence[str]] = project["optional-dependencies"]
    named = {extra.replace("-", "_"): tuple(extras[extra]) for extra in _EXTRAS} | _WITHOUT_EXTRA
    found = [Framework(name, requirements) for name, requirements in named.items()]
    return [each for each in found if any(each.folder.glob("test_*.py"))]


def known() -> list[Framework]:
    """The frameworks of this checkout."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return frameworks(tomllib.loads(text)["project"])
