"""The stored item: what other services read, and what must never change by accident."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import JsonObject, ManualClock, Message, RetentionPolicy
from chatstore.values.json_values import normal_form
from chatstore_dynamodb.attribute_values import marshal, unmarshal
from chatstore_dynamodb.items import new_item

from .dynamodb_harness import TableHarness
from .golden import SESSION_ID, golden_session

GOLDEN = Path(__file__).with_name("golden_item.json")

PORTABLE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38) + 1, 10**38 - 1)
    | st.floats(1e-130, 1e125)
    | st.floats(-1e125, -1e-130)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda children: st.lists(children) | st.dictionaries(st.text(min_size=1), children),
    max_leaves=20,
)


def test_the_golden_item(table: TableHarness, clock: ManualClock) -> None:
    """A session with everything in it is stored as the checked-in item, and read back the same. A
    change of that item is a change of the stored format: a decision, with a record."""
    store = table.open(clock=clock)
    store.restore(golden_session())
    assert table.raw_read(SESSION_ID) == json.loads(GOLDEN.read_text())
    assert store.get(SESSION_ID) == golden_session()


def test_the_golden_item_with_its_own_attributes(table: TableHarness, clock: ManualClock) -> None:
    """Where bytes may decide the window, the item has an upper bound of its bytes and the ids of
    its messages; both stay out of what is read."""
    store = table.open(policy=RetentionPolicy(max_messages=None), clock=clock)
    store.restore(golden_session())
    stored: Any = table.raw_read(SESSION_ID)
    golden = json.loads(GOLDEN.read_text())
    assert {name: stored[name] for name in golden} == golden
    assert stored.keys() - golden.keys() == {"windowBytes", "messageIds"}
    assert sorted(stored["messageIds"]["SS"]) == ["m-1", "m-2"]
    assert store.get(SESSION_ID) == golden_session()


def test_other_services_can_read_it(table: TableHarness) -> None:
    """`messages` is a native list of maps, and every number a native number."""
    store = table.open()
    session = store.create(
        "ana", messages=[Message(type="user_query", content="hi", confidence=0.85)]
    )
    store.append(session.session_id, Message(type="trini_response", content="hello"))
    item: Any = table.raw_read(session.session_id)
    first, second = (message["M"] for message in item["messages"]["L"])
    assert first["confidence"] == {"N": "0.85"}
    assert second["content"] == {"S": "hello"}
    assert item["messageCount"] == {"N": "2"}
    assert item["ttl"].keys() == {"N"}


@given(PORTABLE)
def test_json_goes_and_comes_back(value: Any) -> None:
    """Every portable JSON value, in normal form, survives marshalling; nothing is a Decimal."""
    normal = normal_form(value)
    assert unmarshal(marshal(normal)) == normal
    assert repr(unmarshal(marshal(normal))) == repr(normal)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7),
        ("7.0", 7),
        ("-0", 0),
        ("1E+2", 100),
        ("1.2345678901234567890123456789012345678E+37", 12345678901234567890123456789012345678),
        ("1E+38", 1e38),
        ("1" + "0" * 125, 1e125),
        ("1E-130", 1e-130),
        ("0.1", 0.1),
        ("0.30000000000000004", 0.30000000000000004),
    ],
)
def test_numbers_have_one_form(text: str, number: float) -> None:
    """Whatever notation an engine gives a number in, it is read as the same int or float."""
    found = unmarshal({"N": text})
    assert (type(found), found) == (type(number), number)


@pytest.mark.parametrize(
    ("value", "document"),
    [
        ({"SS": ["b", "a"]}, ["a", "b"]),
        ({"NS": ["2", "1.5"]}, [1.5, 2]),
        ({"B": b"\x00\xff"}, "AP8="),
        ({"BS": [b"b", b"a"]}, ["YQ==", "Yg=="]),
    ],
)
def test_what_only_others_write_is_read(value: dict[str, Any], document: object) -> None:
    """Sets and binaries, which have no JSON form, are read in the nearest one."""
    assert unmarshal(value) == document


def test_foreign_sets_and_binaries_outlive_every_write(table: TableHarness) -> None:
    """Attributes that chatstore can't even write are kept as they are by appends, updates and
    rewrites."""
    odd: JsonObject = {"tags": {"SS": ["a", "b"]}, "digest": {"B": b"\x00\x01"}}
    table.client.put_item(
        TableName=table.table_name,
        Item={
            "sessionId": {"S": "s"},
            "userId": {"S": "ana"},
            "createdAt": {"S": "2026-02-28T10:00:00.123Z"},
            **odd,
        },
    )
    store = table.open()
    store.append("s", Message(type="user_query", content="hi"))
    store.update("s", metadata={"a": 1})
    store.rewrite("s", [], if_version=None)
    stored: Any = table.raw_read("s")
    assert {name: stored[name] for name in odd} == odd
    assert store.get("s").model_extra == {"tags": ["a", "b"], "digest": "AAE="}


def test_a_listing_shows_what_a_restored_session_brought(
    table: TableHarness, clock: ManualClock
) -> None:
    """Attributes that chatstore does not know are in listings too, whoever wrote them."""
    store = table.open(clock=clock)
    store.restore(golden_session())
    (listed,) = store.list_sessions("eu-west-1:7c2a").items
    assert listed.model_extra == {"channel": "mobile"}
    assert "otherNames" in str(table.raw_read(SESSION_ID))


def test_an_unknown_policy_adds_nothing() -> None:
    """The default policy's items have no attribute of chatstore's own."""
    from chatstore.store import restoring

    item = new_item(restoring.record(golden_session()), RetentionPolicy())
    assert item.keys() & {"windowBytes", "messageIds"} == set()


def test_the_set_of_ids_does_not_grow_for_ever(local: TableHarness) -> None:
    """Ids of messages that fell out of a long window leave the set in time."""
    policy = RetentionPolicy(max_messages=100, max_message_bytes=250, max_window_bytes=25_000)
    assert policy.count_decides
    store = local.open(policy=policy)
    batch = [Message(type="user_query", content=f"{number}") for number in range(100)]
    store.create("ana", session_id="s", messages=batch)
    sizes: list[int] = []
    for number in range(60):
        session = store.append_and_get("s", Message(type="user_query", content=f"{number:050}"))
        stored: Any = local.raw_read("s")
        ids = set(stored["messageIds"]["SS"])
        sizes.append(len(ids))
        assert {each.message_id for each in session.messages} <= ids
    assert max(sizes) > 100, "the set keeps some for a while"
    assert min(sizes[1:]) == 100, "and is made exact again"
    assert store.get("s").message_count == 160


def test_a_message_that_fell_out_may_come_again(table: TableHarness) -> None:
    """The set still has the ids of messages that fell out of a long window; appended again they are
    new ones, as in any other window."""
    store = table.open(policy=RetentionPolicy(max_messages=100))
    batch = [Message(type="user_query", content=f"{number}") for number in range(100)]
    first = store.create("ana", session_id="s", messages=batch).messages[0]
    store.append("s", Message(type="user_query", content="100"))
    assert first.message_id in table.raw_read("s")["messageIds"]["SS"]  # type: ignore[index]
    session = store.append_and_get("s", first)
    assert session.message_count == 102
    kept = [message.content for message in session.messages]
    assert kept == [*(f"{number}" for number in range(2, 101)), "0"]


def test_other_policies_do_not_leave_stale_attributes(table: TableHarness) -> None:
    """Writers of different policies share a session: what one does not keep up, it removes, and
    the other makes it anew."""
    by_count = table.open()
    unlimited = table.open(policy=RetentionPolicy(max_messages=None))
    unlimited.create("ana", session_id="s", messages=[Message(type="user_query", content="0")])
    first = by_count.append_and_get("s", Message(type="user_query", content="1"))
    assert table.raw_read("s").keys() & {"windowBytes", "messageIds"} == set()  # type: ignore[attr-defined]
    second = unlimited.append_and_get("s", Message(type="user_query", content="2"))
    assert [each.content for each in second.messages] == ["0", "1", "2"]
    stored: Any = table.raw_read("s")
    assert sorted(stored["messageIds"]["SS"]) == sorted(each.message_id for each in second.messages)
    assert unlimited.append("s", first.messages[-1]).version == second.version
    unlimited.rewrite("s", [], if_version=second.version)
    assert "messageIds" not in table.raw_read("s")  # type: ignore[operator]
    assert unlimited.append("s", first.messages[-1]).message_count == 1
