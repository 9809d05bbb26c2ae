"""What is redacted is gone, however long ago it was said."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from chatstore import MaintainedSessionStore
from chatstore.integrations.conversations import Conversations, open_conversation_store
from chatstore.integrations.items import NewItem, composed_id
from chatstore.integrations.strands import ChatStoreSessionRepository
from messages import AGENT, begin, message, texts


def test_what_is_redacted_is_gone(
    repository: ChatStoreSessionRepository,
    store: MaintainedSessionStore,
    user_id: str,
    session_id: str,
) -> None:
    """A redacted message, in the window or before it, in one piece or in parts, leaves nothing of
    its text in the store; its neighbours stay, and the next message can be added."""
    number_of_card = "4929-1111"
    for number in range(120):
        text = f"{number_of_card} " * 9_000 if number in {2, 115} else f"{number_of_card} {number}"
        repository.create_message(session_id, AGENT, message(number, text))
    for number in (119, 115, 60, 2, 0):
        redacted = message(number, f"{number_of_card} {number}")
        redacted.redact_message = {"role": "user", "content": [{"text": f"BLOCKED {number}"}]}
        repository.update_message(session_id, AGENT, redacted)
    repository.create_message(session_id, AGENT, message(120))
    found = repository.list_messages(session_id, AGENT)
    assert [each.message_id for each in found] == list(range(121))
    blocked = {number for number, text in enumerate(texts(found)) if text == f"BLOCKED {number}"}
    assert blocked == {0, 2, 60, 115, 119}
    [place] = [each.session_id for each in store.iter_sessions(user_id) if AGENT in each.session_id]
    kept = [str(each.content) for each in store.iter_messages(place, newest_first=False)]
    assert sum(number_of_card in text for text in kept) == 120 - len(blocked)


@pytest.mark.long
def test_an_old_message_of_a_very_long_conversation_is_redacted(
    repository: ChatStoreSessionRepository,
    store: MaintainedSessionStore,
    user_id: str,
    session_id: str,
) -> None:
    """Also where the conversation is longer than what one rewrite takes."""
    grow(store, user_id, session_id, 7_000)
    redacted = message(1_500)
    redacted.redact_message = {"role": "user", "content": [{"text": "BLOCKED"}]}
    repository.update_message(session_id, AGENT, redacted)
    repository.create_message(session_id, AGENT, message(7_000))
    found = repository.list_messages(session_id, AGENT)
    wanted = [f"text {number}" for number in range(7_001)]
    wanted[1_500] = "BLOCKED"
    assert texts(found) == wanted


def grow(store: MaintainedSessionStore, user_id: str, session_id: str, count: int) -> None:
    """Give an agent so many messages, a hundred at once."""
    place = composed_id(session_id, "agent", AGENT)
    for start in range(0, count, 100):
        items = [
            NewItem(message(number).to_dict(), "user", str(number))
            for number in range(start, min(start + 100, count))
        ]
        Conversations(store).add(place, user_id, items)


def test_nothing_of_a_redacted_text_is_in_the_file(tmp_path: Path, user_id: str) -> None:
    """Of SQLite, no row has any of it."""
    path = tmp_path / "chat.db"
    with open_conversation_store(f"sqlite:///{path}", ttl=timedelta(days=1)) as store:
        repository = ChatStoreSessionRepository(store, user_id=user_id)
        begin(repository, "s")
        for number in range(70):
            repository.create_message("s", AGENT, message(number, "secret" if number == 3 else ""))
        redacted = replace(message(3), redact_message=message(3, "BLOCKED").message)
        repository.update_message("s", AGENT, redacted)
    with sqlite3.connect(path) as connection:
        dumped = "\n".join(connection.iterdump())
    connection.close()
    assert "BLOCKED" in dumped
    assert "secret" not in dumped
