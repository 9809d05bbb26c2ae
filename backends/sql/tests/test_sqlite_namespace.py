"""What `chatstore contract` makes and removes beside a file, and in memory."""

from pathlib import Path

import pytest

from chatstore import BackendError, ConfigurationError
from chatstore_sql.harness import namespace


def test_in_memory_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a URL in memory each harness is a database of its own, and no folder is made."""
    monkeypatch.chdir(tmp_path)
    with namespace("sqlite://", "test") as fresh_harness:
        one, other = fresh_harness(), fresh_harness()
        with one.open() as store, other.open() as stranger:
            store.create("ana", session_id="chat")
            assert stranger.scan().items == []
        for harness in (one, other):
            harness.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a/b", "../a", "/tmp"])  # noqa: S108 - it is not made
def test_a_name_leads_nowhere_else(tmp_path: Path, name: str) -> None:
    """A name that is no folder beside the file is refused before anything is made or, at the end,
    removed."""
    with (
        pytest.raises(ConfigurationError, match="names one folder"),
        namespace(f"sqlite:///{tmp_path}/chat.db", name),
    ):
        pytest.fail("it was taken")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cant_be_made(tmp_path: Path) -> None:
    """What the file system refuses is a `BackendError` with its exception as the cause."""
    with (
        pytest.raises(BackendError, match="can't be made") as raised,
        namespace(f"sqlite:///{tmp_path}/chat.db", "a" * 10_000),
    ):
        pytest.fail("it was taken")
    assert isinstance(raised.value.__cause__, OSError)
