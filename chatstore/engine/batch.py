"""What of a batch that may have been sent before is new."""

from collections.abc import Callable, Sequence

from chatstore.errors import InvalidInputError
from chatstore.record.equality import is_amended, is_same
from chatstore.record.stored import Body, StoredMessage
from chatstore.values.plain import shown


def new_part(
    messages: Sequence[StoredMessage],
    stored_ids: Sequence[str],
    message_count: object,
    stored: Callable[[int], Body],
) -> Sequence[StoredMessage]:
    """The messages of a batch that come after its last one already in the stored window.

    `stored_ids` are those of the window, oldest first; `message_count` is the record's; `stored`
    gives the message at a place in the window, and is only asked for those that were met. What
    stands before the last one met was taken in with it, or is refused: `InvalidInputError` for one
    that is stored with other content and was never amended, stands in another order, or can never
    have been stored.
    """
    if frozenset(stored_ids).isdisjoint(message.message_id for message in messages):
        return messages
    places = {message_id: place for place, message_id in enumerate(stored_ids)}
    met = [places.get(message.message_id) for message in messages]
    # Only what was pruned may be missing, and that is older than all that is left.
    pruned = isinstance(message_count, int) and message_count > len(stored_ids)
    last = max(index for index, place in enumerate(met) if place is not None)
    latest: tuple[int, int] | None = None
    for index in range(last + 1):
        place, field = met[index], f"messages[{index}]"
        if place is None:
            following = next(place for place in met[index:] if place is not None)
            if latest is None and pruned and following == 0:
                continue
            known = stored_ids[following]
            raise InvalidInputError(
                field,
                f"after {shown(known)}, which is stored already",
                "before it",
                "send what is new after what was sent before",
            )
        if latest is not None and place < latest[1]:
            raise InvalidInputError(
                field,
                f"before messages[{latest[0]}], as they are stored",
                "after it",
                "send them again in the order in which they were sent first",
            )
        if not _is_sent_again(messages[index], stored(place)):
            raise InvalidInputError(
                field,
                f"as it is stored under its id {shown(messages[index].message_id)}",
                "of other content",
                "give a new message an id of its own; to edit a stored one, use rewrite",
            )
        latest = index, place
    return messages[last + 1 :]


def _is_sent_again(message: StoredMessage, stored: Body) -> bool:
    # What was amended has other content than it was sent with.
    return is_same(message, stored) or is_amended(stored)
