"""Wrong calls on what a conversation is made of, and the sentence that each is answered with."""

from collections.abc import Iterator

from chatstore import Message, RetentionPolicy, Session
from chatstore.engine.cursor import MessagePosition, encode_message_cursor

from .sentences import LATER, SECRET, Call, changed, filled


def kept_whole(message_count: int) -> Session:
    """The session of `filled` as one that keeps its history, of so many messages."""
    changes = {"history": 5, "message_count": message_count}
    return filled().get("there").model_copy(update=changes)


def failing() -> Iterator[Message]:
    """A history whose source fails."""
    yield from ()
    raise LookupError("no more of it")


OF_ANOTHER_LIFE = encode_message_cursor(MessagePosition("there", "another", 0))

CONVERSATIONS: tuple[tuple[Call, str], ...] = (
    (
        lambda s: s.append("there", changed(content=[SECRET])),
        "messages[0].content[0] must be a JSON object, not a str",
    ),
    (
        lambda s: s.append("there", changed(content={"type": SECRET})),
        "messages[0].content must be a string or a list of JSON objects, not a dict",
    ),
    (
        lambda s: s.append("there", changed(tool_calls=[{}, SECRET])),
        "messages[0].tool_calls[1] must be a JSON object, not a str",
    ),
    (
        lambda s: s.append("there", changed(tool_call_id=7)),
        "messages[0].tool_call_id must be a valid string, not an int",
    ),
    (
        lambda s: s.append("there", changed(**{"chatstore:amended": SECRET})),
        (
            "a name in messages[0] must be free, not 'chatstore:amended', which chatstore keeps "
            "for itself"
        ),
    ),
    (
        lambda s: s.amend("there", changed(message_id="")),
        "message.message_id must be 1 to 1024 UTF-8 bytes long, not empty",
    ),
    (lambda s: s.amend("there", [LATER]), "message must be a Message, not a list"),
    (
        lambda s: s.get("there", last=-1),
        "last must be a whole number from 0 to 2**53, not -1",
    ),
    (
        lambda s: s.list_messages("there", limit=0),
        "limit must be a whole number from 1 to 1,000, not 0",
    ),
    (
        lambda s: s.list_messages("there", cursor="abc"),
        "cursor must be the next_cursor of a page, not 'abc'; list again from the start",
    ),
    (
        lambda s: s.list_messages("there", cursor=OF_ANOTHER_LIFE),
        (
            "cursor must be the next_cursor of a page, not one of an earlier session with this id; "
            "list again from the start"
        ),
    ),
    (
        lambda s: s.rewrite("there", [], if_version=1, whole="yes"),
        "whole must be True or False, not 'yes'",
    ),
    (
        lambda s: s.append("there", changed(content=SECRET * 5_000)),
        "messages[0] must be at most 32768 bytes (max_message_bytes), not 40075 bytes; shorten it",
    ),
    (
        lambda s: s.restore(s.get("there"), history=[LATER], overwrite=True),
        "history must be left out for a session without history, not a list",
    ),
    (
        lambda s: s.restore(s.get("there").model_copy(update={"history": 51}), overwrite=True),
        "session.history must be a whole number from 1 to 50, not 51",
    ),
    (
        lambda s: s.restore(kept_whole(0), overwrite=True),
        "session.message_count must be at least 1, the number of its messages, not 0",
    ),
    (
        lambda s: s.restore(kept_whole(3), history=LATER, overwrite=True),
        "history must be an iterable of messages, not a Message",
    ),
    (
        lambda s: s.restore(kept_whole(3), history=[LATER], overwrite=True),
        "history must be the 2 messages before the session's own, oldest first, not 1",
    ),
    (
        lambda s: s.restore(kept_whole(1), history=[LATER], overwrite=True),
        "history must be the 0 messages before the session's own, oldest first, not more",
    ),
    (
        lambda s: s.restore(kept_whole(2), history=[SECRET], overwrite=True),
        "history[0] must be a Message, not a str",
    ),
    (
        lambda s: s.restore(kept_whole(2), history=failing(), overwrite=True),
        (
            "history must be an iterable of messages, not a generator that fails with LookupError "
            "when it is walked over"
        ),
    ),
    (
        lambda _: RetentionPolicy(max_messages=51, keep_history=True),
        "max_messages must be a whole number from 1 to 50 with keep_history, not 51",
    ),
    (
        lambda _: RetentionPolicy(max_messages=None, keep_history=True),
        "max_messages must be a whole number from 1 to 50 with keep_history, not None",
    ),
    (
        lambda _: RetentionPolicy(keep_history="yes"),  # type: ignore[arg-type]  # the point too
        "keep_history must be True or False, not 'yes'",
    ),
)
