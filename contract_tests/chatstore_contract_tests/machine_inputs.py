"""What the state machine chooses from: policies, names, messages, values and moves of a clock."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from chatstore import Message, RetentionPolicy
from chatstore_contract_tests.behaviour import START
from chatstore_contract_tests.hostile import IDS, NUMBERS

# Clients that share sessions have one max_message_bytes; in all else they differ.
POLICIES = (
    RetentionPolicy(max_messages=3, ttl=timedelta(minutes=1), max_message_bytes=500),
    RetentionPolicy(max_messages=None, max_message_bytes=500, max_window_bytes=1_100),
    RetentionPolicy(max_messages=12, ttl=None, max_message_bytes=500),
    RetentionPolicy(
        max_messages=5,
        ttl=timedelta(minutes=1),
        renew_on_write=False,
        max_message_bytes=500,
        max_window_bytes=900,
    ),
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([written for written, _ in NUMBERS.values()]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    st.just([]),
    st.just({"a": [1.0, {"b": None}]}),
)
CLIENTS = st.integers(0, len(POLICIES) - 1)
# A run makes ids its own by adding to them; the longest have no room for that.
HOSTILE = [each for each in IDS.values() if len(each.encode()) < 900]
NAMES = st.sampled_from(["a", "b"]) | st.sampled_from(HOSTILE)
# Each run has four sessions and two users, whose ids it draws first: so few, that most calls find
# what earlier ones left.
SESSION_NAMES = st.lists(NAMES, min_size=4, max_size=4, unique=True)
USER_NAMES = st.lists(NAMES, min_size=2, max_size=2, unique=True)
SESSIONS = st.sampled_from([0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3])
USERS = st.sampled_from([0, 0, 1])
OWNERS = st.sampled_from([None, None, None, None, 0, 0, 1])
VERSIONS = st.sampled_from([None, None, None, None, None, 0, 0, 0, -1, 1])
STATUSES = st.sampled_from(["active", "closed"])
MAPS = st.dictionaries(st.sampled_from(["x", "y", "é z"]), VALUES, max_size=2)
BAD_MAPS = st.sampled_from([{"x": 10**38}, {"x": "a\0b"}, {"": 1}, {"x": "x" * 1024}])
MOVES = st.sampled_from([0.000001, 0.5, 1, 1, 10, 30, 59, 60, 7200, -1, -30, -3600])
# An id has one content, but for the few that somebody gives another: those are refused.
_EXTRAS: tuple[Any, ...] = (
    *(None, True, "", [], {"a": [1.0, {"b": None}]}),
    *(written for written, _ in NUMBERS.values()),
)
MESSAGES = st.builds(
    lambda number, changed: Message.model_validate(
        {
            "message_id": f"m{number}",
            "type": "user_query",
            "content": changed or "x" * (0, 3, 100, 300)[number % 4],
            "timestamp": START,
            "extra": _EXTRAS[number % len(_EXTRAS)],
        }
    ),
    st.integers(0, 39),
    st.sampled_from([""] * 19 + ["changed"]),
)
_BATCHES = st.lists(MESSAGES, min_size=1, max_size=6, unique_by=lambda sent: sent.message_id)
BATCHES = _BATCHES | _BATCHES.map(lambda sent: sorted(sent, key=lambda each: each.message_id))
