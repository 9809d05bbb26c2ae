"""Whatever command or extra an error, a help text or a document names exists, and does what it
says."""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from chatstore import ConfigurationError, open_store
from chatstore.cli.application import application
from chatstore.cli.extensions import load_extension
from chatstore.runtime.distribution import EXTRAS, NAME
from chatstore_contract_tests.namespaces import find_namespace

from .test_distribution import PROJECT
from .test_documents import DOCUMENTS, ROOT

SOURCES = sorted(
    path
    for folder in ("chatstore", "backends", "contract_tests/chatstore_contract_tests", "examples")
    for path in (ROOT / folder).rglob("*.py")
    if "tests" not in path.relative_to(ROOT / folder).parts
)
HOLE = "HOLE"
"""What a source puts into a text as it runs."""

_IN_BACKTICKS = re.compile(r"`(chatstore [^`]+)`")
_IN_A_SENTENCE = re.compile(r"(?<![`\w])(chatstore (?:\w+ )+--help)")
_ON_A_LINE = re.compile(r"^\s*(chatstore [a-z].*)$", re.MULTILINE)
_SHELL = re.compile(r"^ *```(?:sh)?\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_INSTALL = re.compile(r"pip install[^\n`\"]*")
_WITH_EXTRAS = re.compile(r"([\w.-]*)\[([\w,-]+)\]")
_OLD_NAME = re.compile(r"(?<![\w-])chatstore\[")
_PLACEHOLDER = re.compile(rf"[A-Z]+|.*{HOLE}.*|…|\.\.\.")


def texts_of(source: Path) -> Iterator[str]:
    """Every text in a source, with HOLE where a value is put in; docstrings too."""
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else HOLE for part in node.values
            )


def named_commands() -> set[tuple[str, str]]:
    """Each command that a text names, and where."""
    found: set[tuple[str, str]] = set()
    for path in [*DOCUMENTS, *SOURCES]:
        texts = [path.read_text(encoding="utf-8")] if path.suffix == ".md" else texts_of(path)
        where = str(path.relative_to(ROOT))
        for text in texts:
            commands = [*_IN_BACKTICKS.findall(text), *_IN_A_SENTENCE.findall(text)]
            if path.suffix == ".md":
                commands += [each for block in _SHELL.findall(text) for each in lines_of(block)]
            found |= {(" ".join(each.split()), where) for each in commands}
    return found


def lines_of(block: str) -> list[str]:
    """The commands of chatstore's in a shell block."""
    return [line.strip() for line in _ON_A_LINE.findall(block.replace("\\\n", " "))]


def command_of(words: list[str]) -> Any:
    """The command at the end of a path of words, and what is left of them."""
    command: Any = get_command(application)
    path = list(words)
    while path and hasattr(command, "commands") and not path[0].startswith("-"):
        name = path.pop(0)
        found = command.commands.get(name) or (
            load_extension(name) if command.name == "chatstore" else None
        )
        if found is None:
            return None, [name, *path]
        command = found
    return command, path


@pytest.mark.parametrize(("command", "where"), sorted(named_commands()))
def test_a_command_that_is_named_exists(command: str, where: str) -> None:
    """It is one of the application's, each of its options is one of that command's, and it is
    given no more arguments than it takes."""
    _, *words = shlex.split(command.replace("\\|", "|"))
    for alternative in _alternatives(words):
        if _PLACEHOLDER.fullmatch(alternative[0]):
            continue
        if HOLE in alternative[:2]:
            # Which command it is, is known as it runs; the tests of the backend run it.
            continue
        found, rest = command_of(alternative)
        assert found is not None, f"{where}: no command {rest[0]!r}"
        options = {name: each for each in found.params for name in each.opts}
        options |= dict.fromkeys(("--help", "-h", "--verbose"))
        arguments = 0
        while rest:
            word = rest.pop(0)
            if word == "--":
                arguments += len(rest)
                break
            if word.startswith("--"):
                name = word.partition("=")[0]
                assert name in options, f"{where}: {command} has no {name}"
                takes_value = options[name] is not None and not options[name].is_flag
                if takes_value and "=" not in word and rest:
                    rest.pop(0)
            else:
                arguments += 1
        most = sum(each.param_type_name == "argument" for each in found.params)
        assert arguments <= most, f"{where}: {command}"


def _alternatives(words: list[str]) -> Iterator[list[str]]:
    """`schema emit|apply` is two commands."""
    for index, word in enumerate(words):
        if "|" in word and not word.startswith("-"):
            for each in word.split("|"):
                yield [*words[:index], each, *words[index + 1 :]]
            return
    yield words


def test_texts_do_name_commands() -> None:
    """The search finds those of documents, of errors and of help texts."""
    places = {where for _, where in named_commands()}
    assert {"docs/command-line.md", "README.md", "backends/dynamodb/README.md"} <= places
    assert any(where.startswith("backends/dynamodb/chatstore_dynamodb") for where in places)
    assert "chatstore/cli/extensions.py" in places


def test_an_extra_that_is_named_exists() -> None:
    """What a text says to install is this distribution, from an index or from the checkout, with
    extras that it has; the name of another project's is nowhere."""
    known = set(PROJECT["optional-dependencies"])
    for path in [*DOCUMENTS, *SOURCES]:
        text = path.read_text(encoding="utf-8")
        assert not _OLD_NAME.search(text), path
        for line in _INSTALL.findall(text):
            for name, extras in _WITH_EXTRAS.findall(line):
                assert name in (NAME, ".", "checkout"), f"{path}: {line}"
                assert set(extras.split(",")) <= known, f"{path}: {line}"


def test_each_module_is_brought_by_its_extra() -> None:
    """The extra that an error names for a missing module requires it."""
    for module, extra in EXTRAS.items():
        required = " ".join(PROJECT["optional-dependencies"][extra])
        assert module == "botocore" or module in required


_GROUPS = ("chatstore.backends", "chatstore.caches", "chatstore.harnesses", "chatstore.commands")


@pytest.mark.parametrize(
    "entry_point",
    [each for group in _GROUPS for each in entry_points(group=group)],
    ids=lambda each: f"{each.group}:{each.name}",
)
def test_a_missing_driver_is_named_with_an_extra_that_exists(
    entry_point: EntryPoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever scheme or command needs a module, also one of two names for a backend, the advice
    has an extra of this distribution that brings it, or none at all."""
    module = ""

    def load(self: EntryPoint) -> Any:
        if (self.group, self.name) == (entry_point.group, entry_point.name):
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return real_load(self)

    real_load = EntryPoint.load
    monkeypatch.setattr(EntryPoint, "load", load)
    for module in (*EXTRAS, "some_driver"):
        text = _refusal(entry_point)
        assert module in text
        named = _WITH_EXTRAS.findall(text)
        assert named == ([(NAME, EXTRAS[module])] if module in EXTRAS else [])


def _refusal(entry_point: EntryPoint) -> str:
    """What is said when the scheme or the command is asked for."""
    if entry_point.group == "chatstore.commands":
        return str(load_extension(entry_point.name).help)
    url = f"{entry_point.name}://x"
    ask: dict[str, Callable[[], object]] = {
        "chatstore.backends": lambda: open_store(url),
        "chatstore.caches": lambda: open_store("memory://", cache=url),
        "chatstore.harnesses": lambda: find_namespace(url),
    }
    with pytest.raises(ConfigurationError) as error:
        ask[entry_point.group]()
    return str(error.value)


def runnable_blocks() -> list[Any]:
    """Shell blocks of documents that need no server and no installation: of chatstore's commands
    alone, on memory:// or a file."""
    found = []
    for document in DOCUMENTS:
        for number, block in enumerate(_SHELL.findall(document.read_text(encoding="utf-8"))):
            commands = [
                each
                for each in lines_of(block)
                if "redis" not in each and " schema " not in each and "contract" not in each
            ]
            if commands and not re.search(r"^(?:cd|python3 -m venv) ", block, re.MULTILINE):
                name = f"{document.relative_to(ROOT)}-{number}"
                settings = re.findall(r"^ *(export CHATSTORE_.*)$", block, re.MULTILINE)
                found.append(pytest.param("\n".join([*settings, *commands]), id=name))
    return found


@pytest.mark.parametrize("script", runnable_blocks())
def test_a_documents_commands_run_as_pasted(script: str, tmp_path: Path) -> None:
    """A shell block of a document, its chatstore commands run one after the other in an empty
    folder, ends well."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {name: each for name, each in os.environ.items() if "CHATSTORE" not in name}
    ran = subprocess.run(
        ["/bin/sh", "-e", "-c", script],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "PATH": path},
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
