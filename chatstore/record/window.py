"""How much of a stored window a reader is shown."""

from collections.abc import Sequence

from chatstore.models import Message
from chatstore.policy import RetentionPolicy
from chatstore.record.encode import stored_message


def shown_of(messages: Sequence[Message], policy: RetentionPolicy) -> int:
    """How many of the newest messages a reader with this policy is shown."""
    if policy.count_decides:
        # Nothing has to be weighed, which takes longer than all else in a read.
        return min(len(messages), policy.max_messages or 0)
    return policy.window([stored_message(message).weight for message in messages])
