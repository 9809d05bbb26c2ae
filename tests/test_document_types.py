"""The examples in the documents are typed: they pass the checkers that their readers use."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from .test_documents import DOCUMENTS, ROOT, examples, named

TYPED = [each for each in DOCUMENTS if examples(each)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All examples, each document's one after the other in a module of its own."""
    for document in TYPED:
        module = named(document).removesuffix(".md").replace("/", "_").replace("-", "_")
        (tmp_path / f"{module}.py").write_text(examples(document))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ("-m", "mypy", "--strict", "--config-file", os.devnull),
        ("-m", "pyright", "--pythonpath", sys.executable),
    ],
    ids=["mypy", "pyright"],
)
def test_examples_are_typed(folder: Path, command: Sequence[str]) -> None:
    """Every Python example in the documents passes mypy --strict and pyright."""
    checked = subprocess.run(
        [sys.executable, *command, str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
