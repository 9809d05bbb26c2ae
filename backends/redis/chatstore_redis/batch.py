"""What an append does that met messages of its batch otherwise than a plain retry would."""

from collections.abc import Sequence

from chatstore.engine import StoredMessage, Write, is_visible, new_part
from chatstore.errors import SessionNotFoundError
from chatstore_redis import answers


def left_to_add(
    write: Write, messages: Sequence[StoredMessage], answer: bytes | None
) -> Sequence[StoredMessage]:
    """The messages that are still to be added, by a whole session as it was read. Raises what
    `new_part` does, and `SessionNotFoundError`."""
    if answer is None:
        raise SessionNotFoundError(write.session_id)
    # It may be another session by now.
    info, window = answers.info_and_messages(answer)
    if not is_visible(write.now, write.user_id, owner=answers.owner(info), ttl=answers.ttl(info)):
        raise SessionNotFoundError(write.session_id)
    heads_and_texts = [answers.message_parts(message) for message in window]
    return new_part(
        messages,
        [message_id for message_id, _ in heads_and_texts],
        answers.message_count(info),
        lambda place: heads_and_texts[place][1],
    )
