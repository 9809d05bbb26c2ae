"""The largest session that the limits allow fits the smallest room that an engine has for one."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from chatstore import (
    InvalidInputError,
    JsonObject,
    MemorySessionStore,
    MemoryStorage,
    Message,
    RetentionPolicy,
)
from chatstore.policy import MAX_WINDOW_BYTES
from chatstore.record.encode import stored_message
from chatstore.values.json_values import stored_size
from chatstore_contract_tests.behaviour import message

ITEM_BYTES = 409_600
"""What a DynamoDB item may have."""
MARK_BYTES = 19
RECORD = Path(__file__).parent.parent / "docs" / "record.md"
STATE = {f"{number:04}": "x" * 124 for number in range(256)}
"""As many entries as there may be, and as many bytes."""


def filled(size: int) -> Message:
    """A message of this stored size."""
    empty = message("")
    return empty.model_copy(update={"content": "x" * (size - stored_message(empty).size)})


def largest(policy: RetentionPolicy, sizes: list[int]) -> JsonObject:
    """What lies in the store of a session with messages of these sizes, and everything else as
    large as may be."""
    storage = MemoryStorage()
    store = MemorySessionStore(storage, policy=policy)
    store.create("u" * 1_024, session_id="s" * 1_024, session_status="😀" * 64)
    for size in sizes:
        store.append("s" * 1_024, filled(size), metadata=STATE, user_preferences=STATE)
    unknown = {"unknown": "x" * (4_096 - 3 - 1 - len("unknown"))}
    store.restore(store.get("s" * 1_024).model_copy(update=unknown), overwrite=True)
    for each in store.get("s" * 1_024).messages:
        kept = each.content
        assert isinstance(kept, str)
        store.amend("s" * 1_024, each.model_copy(update={"content": kept[:-1] + "y"}))
    (document,) = storage.documents.values()
    assert len(document["messages"]) == len(sizes)
    return document


def told() -> list[list[int]]:
    """The sums of docs/record.md: the rows of each policy, the last being what it says together."""
    section = RECORD.read_text(encoding="utf-8").partition("## Why a session fits")[2]
    lines = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [re.sub(r"[,*]", "", line).split("|") for line in lines[2:]]
    return [[int(row[column]) for row in cells] for column in (2, 3)]


@pytest.mark.parametrize(
    ("column", "policy", "sizes"),
    [
        (0, RetentionPolicy(), [32_768] * 10),
        # Each message has an id of 36 bytes, and 2 more.
        (1, RetentionPolicy(max_messages=None), [MAX_WINDOW_BYTES // 10 - 38] * 10),
        (
            1,
            RetentionPolicy(max_messages=10, keep_history=True),
            [MAX_WINDOW_BYTES // 10 - 38] * 10,
        ),
    ],
    ids=["default", "unlimited", "history"],
)
def test_it_fits_as_the_docs_say(column: int, policy: RetentionPolicy, sizes: list[int]) -> None:
    """With all limits reached at once a session stays below what docs/record.md adds up, and that
    below an item of DynamoDB's, also if every message was amended."""
    rows = told()[column]
    assert sum(rows[:-1]) == rows[-1]
    policy = RetentionPolicy(
        max_messages=policy.max_messages,
        keep_history=policy.keep_history,
        max_message_bytes=max(sizes),
    )
    document = largest(policy, sizes)
    # Beside a window that bytes bound DynamoDB has a set of the ids.
    ids = [each["messageId"] for each in document["messages"]] if column else []
    marks = len(sizes) * MARK_BYTES
    size = stored_size(document | {"messageIds": ids})
    assert size <= rows[-1] + marks <= ITEM_BYTES
    assert size > rows[-1] - 1_000


def test_no_state_goes_further() -> None:
    """One byte more is refused, and so is one that two patches make together."""
    store = MemorySessionStore()
    store.create("ana", session_id="s", metadata=STATE)
    less = {name: value for name, value in STATE.items() if name != "0000"}
    attempts: list[JsonObject] = [{"0000": "x" * 125}, {"0000": None, "a": "x" * 128}]
    for patch in attempts:
        with pytest.raises(InvalidInputError, match="metadata must be"):
            store.update("s", metadata=patch)
        with pytest.raises(InvalidInputError, match="metadata must be"):
            store.append("s", message(), metadata=patch)
    found = store.get("s")
    assert (found.metadata, found.message_count, found.version) == (STATE, 0, 1)
    swapped = store.update("s", metadata={"0000": None, "a": "x" * 127})
    assert swapped.metadata == less | {"a": "x" * 127}
    assert store.update("s", user_preferences={"all": "x" * 32_765}).user_preferences


def test_no_state_has_more_keys() -> None:
    """The 257th key is refused, however small; to change a key, or to put one in the place of
    another, is not."""
    store = MemorySessionStore()
    store.create("ana", session_id="s", metadata=dict.fromkeys(STATE, 0))
    writes: list[Callable[[], object]] = [
        lambda: store.update("s", metadata={"more": 0}),
        lambda: store.append("s", message(), metadata={"more": 0}),
        lambda: store.create("ana", metadata=dict.fromkeys([*STATE, "more"], 0)),
    ]
    for write in writes:
        with pytest.raises(InvalidInputError, match="at most 256 keys, not one of 257"):
            write()
    assert store.update("s", metadata={"0000": 1}).metadata["0000"] == 1
    assert store.append("s", message(), metadata={"0000": None, "more": 1}).metadata["more"] == 1
