"""What the documents say is so: their examples run as they stand, their links lead somewhere."""

import re
import sys
from pathlib import Path

import pytest

import chatstore
from chatstore import Maintenance, SessionStore

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import reference  # noqa: E402  the folder is no package's

DOCUMENTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
ELSEWHERE = {"docs/langchain.md"}
"""Pages that need a framework: they are run where it is, by `make frameworks`."""
# A block under a file's name shows that file, and is held against it elsewhere.
PYTHON_BLOCK = re.compile(r"(?<!`:\n\n)^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def examples(document: Path) -> str:
    """All examples of a document, one after the other, as a reader would paste them; none of a page
    that is run elsewhere."""
    if named(document) in ELSEWHERE:
        return ""
    return "\n".join(PYTHON_BLOCK.findall(document.read_text()))


def named(document: Path) -> str:
    """The document's path, as a test's name."""
    return str(document.relative_to(ROOT))


@pytest.mark.parametrize("document", [each for each in DOCUMENTS if examples(each)], ids=named)
def test_examples_run_as_pasted(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every Python example in the documents runs as it stands, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    exec(compile(examples(document), named(document), "exec"), {"__name__": "example"})  # noqa: S102 - our own text


def test_the_quickstart_prints_what_it_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The README's quickstart keeps two messages, the retried one once, and lists the session."""
    monkeypatch.chdir(tmp_path)
    exec(compile(examples(ROOT / "README.md"), "README.md", "exec"), {})  # noqa: S102 - our own text
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "['Something with superheroes?', 'The Incredibles?']"
    assert printed[1].startswith("2 messages, until ")
    assert printed[2].endswith(" Friday night")
    assert (tmp_path / "chat.db").exists()


@pytest.mark.parametrize("document", DOCUMENTS, ids=named)
def test_links_lead_somewhere(document: Path) -> None:
    """A relative link in a document names a file that is there."""
    targets = [target for target in LINK.findall(document.read_text()) if "://" not in target]
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_reference_is_what_the_docstrings_say() -> None:
    """docs/reference.md lists every call as it is: `make reference` writes it anew."""
    told = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert told == reference.page(), "make reference"
    for protocol in (SessionStore, Maintenance):
        for name in vars(protocol):
            assert name.startswith("_") or name == "policy" or f"### `{name}`\n" in told
    for name in chatstore.__all__:
        assert f"`{name}`" in told
