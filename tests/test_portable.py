"""The envelope's arithmetic: number forms, sizes and weights."""

import json
from collections import OrderedDict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatstore import InvalidInputError
from chatstore.record.stored import message_weight
from chatstore.values.json_values import (
    is_normal,
    json_text,
    normal_form,
    normal_number,
    portable,
    stored_size,
)

FLOATS = st.floats(min_value=-1e125, max_value=1e125, allow_nan=False).filter(
    lambda number: number == 0 or abs(number) >= 1e-130
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**38) + 1, 10**38 - 1)
    | FLOATS
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_normal_form_settles_at_once(value: Any) -> None:
    """What a write returns is what a read would: normalising again changes nothing, and neither
    does a trip through JSON text."""
    once = normal_form(value)
    assert json_text(normal_form(once)) == json_text(once)
    assert json_text(normal_form(json.loads(json_text(once)))) == json_text(once)


@given(JSON, st.integers(10**30, 10**40) | FLOATS)
def test_what_is_normal_is_left_alone(value: Any, number: float) -> None:
    """What is said to be normal already is what its normal form is, foreign numbers included."""
    for each in (value, [value, {"number": number}]):
        if is_normal(each):
            assert json_text(normal_form(each)) == json_text(each)
    assert is_normal({"text": "x", "whole": [1, True, None]})
    for foreign in (10**38, -(10**40), 7.0, -0.0, 1e23):
        assert not is_normal({"deep": [foreign]})


@given(FLOATS)
def test_a_number_keeps_its_value(number: float) -> None:
    """The normal form of a number is the same number by its shortest decimal text."""
    normal = normal_number(number)
    assert float(normal) == number
    assert isinstance(normal, int) == (number.is_integer() and abs(number) < 1e38)


def test_whole_floats_become_their_decimal_ints() -> None:
    """1e23 is 10**23 and not the binary float's own 99999999999999991611392."""
    assert normal_number(1e23) == 10**23
    assert normal_number(-0.0) == 0
    assert json_text(normal_form([7.0, -0.0, 1e23, 1e38])) == (
        "[7,0,100000000000000000000000,1e+38]"
    )


def test_numbers_that_others_stored_beyond_38_digits_are_floats() -> None:
    """On reads an int of more digits than chatstore writes is the float that stands for it."""
    assert isinstance(normal_number(10**38), float)
    assert normal_number(10**400) == 10**400


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("é", 2),
        ("😀", 4),
        (None, 1),
        (True, 1),
        (0, 2),
        (-17, 4),
        (0.25, 5),
        ([], 3),
        ({}, 3),
        ([1, "ab"], 3 + (1 + 2) + (1 + 2)),
        ({"é": [None]}, 3 + (1 + 2 + (3 + 1 + 1))),
    ],
)
def test_sizes_are_counted_as_documented(value: object, size: int) -> None:
    """A string is its UTF-8 bytes, a number its text + 1, a list or object 3 and 1 an entry."""
    assert stored_size(value) == size


def test_a_weight_is_the_size_and_the_id() -> None:
    """A message counts its stored size, its id's bytes and 2."""
    assert message_weight("é", 100) == 104


def test_subclasses_become_plain_values() -> None:
    """What a caller's own number or text types hold is stored as the plain value."""

    class Loud(str):
        def __str__(self) -> str:
            return "LOUD"

    class Exact(float):
        def __repr__(self) -> str:
            return "exact"

    normal = normal_form({Loud("a"): Loud("b"), "c": Exact(0.5), "d": True})
    assert normal == {"a": "b", "c": 0.5, "d": True}
    assert [type(value) for value in normal.values()] == [str, float, bool]
    assert all(type(name) is str for name in normal)


def test_kinds_of_dict_and_list_are_taken_for_what_they_are() -> None:
    """An ordered dict is an object like any other; it is stored, and returned, as a dict."""
    normal, size = portable("metadata", {"a": OrderedDict(b=1.0)})
    assert json_text(normal) == '{"a":{"b":1}}'
    assert type(normal["a"]) is dict
    assert size == stored_size({"a": {"b": 1}})


def test_what_is_no_json_is_left_as_it_is_on_reads() -> None:
    """What another service stored and JSON does not know passes through."""
    assert normal_form({"a": b"bytes"}) == {"a": b"bytes"}
    assert stored_size(b"bytes") == len(repr(b"bytes")) + 1


def test_an_error_names_the_place() -> None:
    """Errors tell which field, deep inside too, what the limit is and what was given."""
    with pytest.raises(InvalidInputError) as raised:
        portable("metadata", {"list": [1, {"deep": float("nan")}]})
    assert raised.value.field == "metadata.list[1].deep"
    assert raised.value.limit == "a finite number"
    assert raised.value.size == "nan"
    assert str(raised.value) == "metadata.list[1].deep must be a finite number, not nan"
