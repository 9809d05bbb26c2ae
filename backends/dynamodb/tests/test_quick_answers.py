"""The shortcuts in moto change no answer."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from chatstore_dynamodb.client import Client, new_client

from .dynamodb_harness import REGION
from .quick_answers import quick_answers

TABLE: dict[str, Any] = {
    "TableName": "values",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
KEY = {"id": {"S": "one"}}

_numbers = st.integers(-(10**30), 10**30).map(str)
_names = st.text(min_size=1, max_size=5)


def _set_of(values: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(values, min_size=1, max_size=4, unique=True)


def _typed(name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({name: values})


_scalars = st.one_of(
    _typed("S", st.text()),
    _typed("N", _numbers),
    _typed("B", st.binary()),
    _typed("BOOL", st.booleans()),
    _typed("NULL", st.just(True)),
    _typed("SS", _set_of(st.text(min_size=1))),
    _typed("NS", _set_of(_numbers)),
    _typed("BS", _set_of(st.binary(min_size=1))),
)
attribute_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        _typed("L", st.lists(inner, max_size=4)),
        _typed("M", st.dictionaries(_names, inner, max_size=4)),
    ),
)


@pytest.fixture(scope="module")
def plain_moto() -> Iterator[Client]:
    """A client of moto as it is, and a table."""
    with mock_aws():
        client = new_client(region=REGION)
        client.create_table(**TABLE)
        yield client


# What an update may do, and on which condition. Together they may touch the same path, and what
# they touch may not be there, or be of another type.
ACTIONS = (
    *(
        "a = :one",
        "b.c = :one",
        "#l[1] = :text",
        "a = a + :one",
        "a = if_not_exists(a, :one) - :one",
    ),
    *("#l = list_append(if_not_exists(#l, :list), :list)", "b = :map", "#n = :data", "b.#n = b.c"),
)
REMOVED = ("a", "b.c", "#l[0]", "#l[1]", "#l[2]", "#n", "b.#n")
CONDITIONS = (
    *("attribute_exists(a)", "attribute_not_exists(b.c)", "a < :one", "#l[0] = :text"),
    *("a BETWEEN :one AND :two", "size(#l) > :two", "a IN (:one, :two)", "begins_with(#n, :text)"),
)
NAMES = {"#l": "l", "#n": "n"}
VALUES: dict[str, Any] = {
    ":one": {"N": "1"},
    ":two": {"N": "2"},
    ":text": {"S": "é"},
    ":data": {"B": b"\0\xff"},
    ":list": {"L": [{"S": "x"}, {"M": {"y": {"NS": ["1", "2"]}, "z": {"NULL": True}}}]},
    ":map": {"M": {"c": {"N": "3"}, "d": {"L": [{"BOOL": False}]}}},
}


def _random_update(chance: random.Random) -> dict[str, Any]:
    clauses = []
    if sets := chance.sample(ACTIONS, chance.choice((0, 1, 1, 2, 3))):
        clauses.append(f"SET {', '.join(sets)}")
    if removed := chance.sample(REMOVED, chance.choice((0, 0, 1, 2))):
        clauses.append(f"REMOVE {', '.join(removed)}")
    if chance.random() < 0.2:
        clauses.append(f"ADD {chance.choice(('a', 'b.c'))} :two")
    request: dict[str, Any] = {"UpdateExpression": " ".join(clauses) or "SET a = :one"}
    if conditions := chance.sample(CONDITIONS, chance.choice((0, 0, 1, 2))):
        joined = chance.choice((" AND ", " OR ", " AND NOT ")).join(conditions)
        request["ConditionExpression"] = joined
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
    text = " ".join(map(str, request.values()))
    # One in ten forgets a name or a value, or gives one that is not used.
    kept = {each for each in {*NAMES, *VALUES} if (each in text) != (chance.random() < 0.02)}
    request["ExpressionAttributeNames"] = {key: NAMES[key] for key in NAMES if key in kept}
    request["ExpressionAttributeValues"] = {key: VALUES[key] for key in VALUES if key in kept}
    return {name: value for name, value in request.items() if value}


def _answer(client: Client, item: str, request: dict[str, Any]) -> Any:
    try:
        answer: Any = client.update_item(
            TableName="values", Key={"id": {"S": item}}, ReturnValues="ALL_NEW", **request
        )
    except ClientError as error:
        answer = error.response
    except Exception as error:  # noqa: BLE001 - moto breaks down, and shall do so in the same way
        return {"Error": {"Message": f"{type(error)}: {error}"}}
    known = {name: answer.get(name) for name in ("Attributes", "Error", "Item")}
    for name in ("Attributes", "Item"):
        (known[name] or {}).pop("id", None)
    return known


def test_an_update_is_the_same(plain_moto: Client) -> None:
    """Updates of any kind, done or refused, are answered as without the shortcuts."""
    chance = random.Random(0)  # noqa: S311 - no secret
    done, refused = 0, set()
    for number in range(250):
        request = _random_update(chance)
        usual = _answer(plain_moto, f"usual {number // 25}", request)
        with quick_answers():
            quick = _answer(plain_moto, f"quick {number // 25}", request)
        assert quick == usual, request
        if usual["Error"] is None:
            done += 1
        else:
            refused.add(usual["Error"]["Message"])
    assert done > 50
    assert len(refused) > 10


@given(value=attribute_values)
@settings(max_examples=60)
def test_an_answer_is_the_same(plain_moto: Client, value: dict[str, Any]) -> None:
    """An item with a value of any type, in lists and maps of any depth, is read as without the
    shortcut."""
    plain_moto.put_item(TableName="values", Item={**KEY, "value": value})
    usual = plain_moto.get_item(TableName="values", Key=KEY)["Item"]
    with quick_answers():
        assert plain_moto.get_item(TableName="values", Key=KEY)["Item"] == usual
