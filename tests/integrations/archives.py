"""Archives of texts whose first letter tells what they are."""

from chatstore import MemorySessionStore, RetentionPolicy
from chatstore.integrations.archive import Archive
from chatstore.integrations.conversations import Conversations
from chatstore.integrations.entries import ACTIVE, ARCHIVED, Kind, new_item

POLICY = RetentionPolicy(max_messages=50, keep_history=True)
KINDS = {"u": Kind.BEGINS_TURN, "a": Kind.ANSWERS, "t": Kind.RESULT}


def archive_over(store: MemorySessionStore, user_id: str = "ana") -> Archive[str]:
    """An archive of texts whose first letter tells what they are."""
    return Archive(Conversations(store), user_id, str, lambda text: KINDS[text[0]])


def add(store: MemorySessionStore, texts: list[str], status: str = ACTIVE) -> None:
    """Add items."""
    Conversations(store).add("chat", "ana", [new_item(text, text[0], status) for text in texts])


def turns(count: int, first: int = 0) -> list[str]:
    """So many turns of two."""
    return [f"{kind}{number}" for number in range(first, first + count) for kind in "ua"]


def state(archive: Archive[str]) -> tuple[list[str], list[str]]:
    """What is archived, and what is active."""
    found = archive.snapshot("chat", whole=True)
    short = archive.snapshot("chat")
    assert [each.value for each in short.active] == [each.value for each in found.active]
    assert short.unread + len(short.of(ARCHIVED)) == len(found.of(ARCHIVED))
    return [each.value for each in found.of(ARCHIVED)], [each.value for each in found.active]
