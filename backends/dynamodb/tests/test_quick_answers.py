"""The shortcut in moto changes no answer."""

from collections.abc import Iterator
from typing import Any

import pytest
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


@given(value=attribute_values)
@settings(max_examples=60)
def test_an_answer_is_the_same(plain_moto: Client, value: dict[str, Any]) -> None:
    """An item with a value of any type, in lists and maps of any depth, is read as without the
    shortcut."""
    plain_moto.put_item(TableName="values", Item={**KEY, "value": value})
    usual = plain_moto.get_item(TableName="values", Key=KEY)["Item"]
    with quick_answers():
        assert plain_moto.get_item(TableName="values", Key=KEY)["Item"] == usual
