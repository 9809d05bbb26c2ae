"""docs/langchain.md and docs/langgraph.md: what they show is what runs here."""

import re
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import Conversations
from graph import turn
from history import ChatStoreHistory

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent.parent / "docs"
SHOWN = re.compile(
    r"^`frameworks/langchain/(\w+\.py)`:\n\n```python\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
RUN = re.compile(r"(?<!`:\n\n)^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("page", "file"), [("langchain", "history.py"), ("langgraph", "graph.py")])
def test_a_page_shows_the_file_that_is_tested(page: str, file: str) -> None:
    """What a reader copies is the file below frameworks/, letter by letter."""
    text = (DOCS / f"{page}.md").read_text(encoding="utf-8")
    assert SHOWN.findall(text) == [(file, (FOLDER / file).read_text(encoding="utf-8"))]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_example_of_a_chain_runs_as_pasted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The page's own lines run as they stand, in an empty folder, beside the class above them."""
    monkeypatch.chdir(tmp_path)
    (block,) = RUN.findall((DOCS / "langchain.md").read_text(encoding="utf-8"))
    exec(compile(block, "docs/langchain.md", "exec"), {"__name__": "example"})  # noqa: S102  our own text
    assert capsys.readouterr().out.splitlines() == ["you said: Hello", "you said: Hello, And now?"]


def test_the_graph_runs_in_one_process_after_another(store_url: str) -> None:
    """A process that is started anew goes on where the last one stopped, on each store."""
    name = uuid4().hex
    program = (FOLDER / "graph.py").read_text(encoding="utf-8")
    program = program.replace('"ana"', f'"{name}"').replace('"ana-friday-night"', f'"{name}-1"')
    for first in (1, 3):
        done = subprocess.run(
            [sys.executable, "-c", program, store_url],
            check=True,
            capture_output=True,
            text=True,
            cwd=FOLDER,
        )
        assert done.stdout.splitlines() == [
            f"{first}: films for Something with superheroes?",
            f"{first + 1}: films for And older?",
        ]


def test_two_users_at_once_see_their_own(store: MaintainedSessionStore, user_id: str) -> None:
    """Turns of two users that follow each other stay in their own conversations; and of somebody
    else's conversation nothing can be seen."""
    conversations = Conversations(store)
    ana, bert = (
        ChatStoreHistory(conversations, f"{user_id}-{name}", f"{user_id}-{name}") for name in "ab"
    )
    for number in range(3):
        for history, name in ((ana, "ana"), (bert, "bert")):
            answer = turn(history, f"{name} {number}")[-1]
            assert answer.text == f"{number + 1}: films for {name} {number}"
    assert len(ana.messages) == len(bert.messages) == 12
    assert ChatStoreHistory(conversations, f"{user_id}-b", f"{user_id}-a").messages == []
