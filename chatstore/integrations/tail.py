"""The newest end of a conversation: taken off, or replaced."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from chatstore.errors import ChatStoreError, SessionNotFoundError
from chatstore.integrations.attempts import compare_and_set, resent
from chatstore.integrations.conversations import Conversations, fits_window
from chatstore.integrations.items import Item, NewItem, items_of, messages_of
from chatstore.models import Message, Session
from chatstore.protocol import SessionStore
from chatstore.record.limits import MAX_MESSAGES

_TAKEN = "taken"
"""The attribute of a mark: the message in the place of an item that was taken."""


def take_newest(conversations: Conversations, session_id: str, user_id: str) -> Item | None:
    """Remove the newest item and return it; None if there is none, or no such session.

    An item is never returned to two callers, and never removed without being returned, whichever
    answers are lost: the write that removes it leaves a mark of this call in its place, which goes
    by another write. Messages that are no items stay.
    """
    store = conversations.store
    mark = Message.model_validate({"type": "taken", "content": "", _TAKEN: True})
    taken: Item | None = None

    def take() -> tuple[Item, Session] | None:
        nonlocal taken
        session = store.get(session_id, user_id=user_id)
        if taken is not None and _holds(session, mark):
            # The answer of an earlier sending was lost.
            return taken, session
        # Most often the newest message is an item, and nothing else has to be read.
        newest = list(items_of(session.messages[-1:]))
        newest = newest or conversations.newest(session_id, user_id, 1)
        if not newest:
            return None
        taken = newest[0]
        messages = session.messages
        # Without one of its parts an item is gone, and so a large one needs no other way.
        is_outside = not _holds(session, taken.messages[-1])
        if is_outside:
            messages, _ = conversations.whole(session_id, user_id)
        marked = [*_without(messages, taken), mark]
        # That also says that what was read after the session is as it was then.
        version = session.version
        return taken, store.rewrite(
            session_id, marked, if_version=version, user_id=user_id, whole=is_outside
        )

    try:
        done = compare_and_set(take)
    except SessionNotFoundError:
        return None
    if done is None:
        return None
    item, session = done
    conversations.forget(session_id)
    # Every reader skips what is left.
    with suppress(ChatStoreError):
        _remove_rests(store, session, user_id, item)
    return item


def replace_newest(
    conversations: Conversations,
    session_id: str,
    user_id: str,
    expected: Sequence[Item],
    items: Sequence[NewItem],
    *,
    leave_out: Callable[[Item], bool] | None = None,
) -> bool:
    """Put items in the place of the newest ones, in one write; whether these were `expected`, and
    it was done. In the same write the oldest items go, as far as `leave_out` says so of each.

    Of a conversation of more than 6,000 messages only what its window holds can be replaced, and
    its oldest stay.
    """
    store = conversations.store
    new = [message for item in items for message in messages_of(item, store.policy)]

    def attempt() -> bool:
        session = store.get(session_id, user_id=user_id)
        if new and _holds(session, new[-1]):
            # The answer of an earlier sending was lost.
            return True
        shown = _replaced(session.messages, expected, new, None)
        if shown is not None and not fits_window(shown, session):
            shown = None
        if shown is None or leave_out is not None:
            messages, info = conversations.whole(session_id, user_id)
            everything = _replaced(messages, expected, new, leave_out)
            if everything is None:
                return False
            if len(everything) <= MAX_MESSAGES:
                version = info.version
                store.rewrite(
                    session_id, everything, if_version=version, user_id=user_id, whole=True
                )
                return True
        if shown is None:
            return False
        store.rewrite(session_id, shown, if_version=session.version, user_id=user_id)
        return True

    try:
        is_done = compare_and_set(attempt)
    except SessionNotFoundError:
        return False
    if is_done:
        conversations.forget(session_id)
    return is_done


def replace_all(
    conversations: Conversations, session_id: str, user_id: str, items: Sequence[NewItem]
) -> bool:
    """Put items in the place of all, in one write, whatever is there; the last writer wins. False
    if there is no such session, or more than one write takes; nothing is done then."""
    store = conversations.store
    messages = [message for item in items for message in messages_of(item, store.policy)]
    if len(messages) > MAX_MESSAGES:
        return False
    try:
        resent(
            lambda: store.rewrite(
                session_id, messages, if_version=None, user_id=user_id, whole=True
            )
        )
    except SessionNotFoundError:
        return False
    conversations.forget(session_id)
    return True


def _holds(session: Session, message: Message) -> bool:
    return any(each.message_id == message.message_id for each in session.messages)


def _without(messages: Sequence[Message], item: Item) -> list[Message]:
    """The messages but those that the item lies in, and marks."""
    rests = {message.message_id for message in item.messages}
    return [
        message
        for message in messages
        if message.message_id not in rests and _TAKEN not in (message.model_extra or {})
    ]


def _remove_rests(store: SessionStore, session: Session, user_id: str, item: Item) -> None:
    """Remove the mark, and what of a taken item lay before the window and slides into view."""
    while len(kept := _without(session.messages, item)) < len(session.messages):
        rewrite = partial(
            store.rewrite, session.session_id, kept, if_version=session.version, user_id=user_id
        )
        session = resent(rewrite)


def _replaced(
    messages: Sequence[Message],
    expected: Sequence[Item],
    new: Sequence[Message],
    leave_out: Callable[[Item], bool] | None,
) -> list[Message] | None:
    """The messages with `new` for the expected items at their end; None if others are there."""
    items = list(items_of(messages))
    start = len(items) - len(expected)
    if start < 0 or items[start:] != list(expected):
        return None
    gone = items[start:]
    for item in items[:start] if leave_out is not None else ():
        if leave_out is None or not leave_out(item):
            break
        gone.append(item)
    gone_messages = {id(message) for item in gone for message in item.messages}
    return [message for message in messages if id(message) not in gone_messages] + list(new)
