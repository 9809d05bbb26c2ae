"""What a document names is there: modules and what is in them, files, targets of make."""

import importlib
import re
from functools import cache
from pathlib import Path

import pytest

from .test_distribution import PROJECT
from .test_documents import DOCUMENTS, ROOT, named

_IN_BACKTICKS = re.compile(r"`([^`\n]+)`")
_DOTTED = re.compile(r"chatstore(?:_\w+)?(?:\.\w+)+")
_FILE = re.compile(r"(?:[\w-]+/)*[\w-]+\.(?:py|lua|toml|json|sql|yml|txt)")
_MAKE = re.compile(r"make ([a-z][a-z-]*)")
# What a reader writes, and what other programs make.
_OF_READERS = {"gunicorn.conf.py"}


@cache
def files() -> frozenset[str]:
    """Every path of the repository."""
    return frozenset(
        str(path.relative_to(ROOT))
        for path in ROOT.rglob("*.*")
        if not any(part.startswith(".venv") for part in path.relative_to(ROOT).parts)
    )


@cache
def other_dotted_names() -> frozenset[str]:
    """Names with dots that are no module's: groups of entry points, loggers, and files."""
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for room in ("chatstore", "backends")
        for path in (ROOT / room).rglob("*.py")
    )
    loggers = re.findall(r'getLogger\("([\w.]+)"\)', sources)
    return frozenset({*PROJECT["entry-points"], *loggers, "chatstore.db"})


def exists(name: str) -> bool:
    """Whether a dotted name is a module, or something in one."""
    module, _, rest = name.partition(".")
    found: object = importlib.import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        try:
            found = getattr(found, part)
        except AttributeError:
            try:
                found = importlib.import_module(module)
            except ModuleNotFoundError:
                return False
    return True


def names(document: Path) -> list[str]:
    """What a document has in backticks."""
    return _IN_BACKTICKS.findall(document.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_module_that_is_named_exists(document: Path) -> None:
    """A name with dots that begins with one of chatstore's packages can be imported."""
    dotted = {each for each in names(document) if _DOTTED.fullmatch(each)}
    assert [each for each in dotted - other_dotted_names() if not exists(each)] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_file_that_is_named_exists(document: Path) -> None:
    """A file's name, or the end of its path, is that of a file in the repository."""
    wanted = {each for each in names(document) if _FILE.fullmatch(each)} - _OF_READERS
    missing = [
        name
        for name in wanted
        if not any(path == name or path.endswith(f"/{name}") for path in files())
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_a_target_of_make_exists(document: Path) -> None:
    """What a document asks make for is one of its targets."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[0].split()
    text = document.read_text(encoding="utf-8")
    asked = {
        *_MAKE.findall("\n".join(names(document))),
        *re.findall(r"^make ([a-z-]+)", text, re.MULTILINE),
    }
    assert asked <= set(targets)
