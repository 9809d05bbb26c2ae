"""Keys, members and fields: pure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from chatstore import ConfigurationError, InvalidCursorError, InvalidInputError
from chatstore.engine.cursor import Position
from chatstore_redis.keys import Keys, lexical_range, member, position
from chatstore_redis.scan_position import ScanPosition, scan_position

HOSTILE = [
    *("a", "A", "a:b", "a:s:b", "s", "u", ":", "::", "{a}", "{a}b", "a{}", "{", "}", "}{"),
    *("a b", "a\nb", "\n", " ", "a\r\n", "%", "%3A", "%253A", "%7Ba%7D", "😀", "é", "e\u0301"),
    *("*", "?", "[a]", "\\", "a*", '"', "'", "-", "+", "(a", "[a", "\x7f", "\ufeff", "user", "1"),
]
ids = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
times = st.text(st.sampled_from("0129-:TZ.+ é😀"), min_size=1)


def test_no_two_ids_share_a_key() -> None:
    """Ids with colons, braces, spaces, newlines and emoji do not collide: not within a kind, not
    between sessions and indexes, not between prefixes."""
    prefixes = ["chatstore", "chatstore:s", "chatstore:u", "a", "a:s", "a:s:a", "{a}", "é", "*"]
    keys = [
        make(each)
        for prefix in prefixes
        for make in (Keys(prefix).session, Keys(prefix).index)
        for each in HOSTILE
    ]
    assert len(set(keys)) == len(keys)


@given(ids, ids)
def test_a_key_gives_its_id_back(prefix: str, record_id: str) -> None:
    """Every key tells its id, and only to its own prefix and kind."""
    keys = Keys(prefix)
    session, index = keys.session(record_id), keys.index(record_id)
    assert keys.session_id(session) == keys.user_id(index) == record_id
    assert keys.session_id(index) is keys.user_id(session) is None
    assert Keys(prefix + "x").session_id(session) is None
    assert keys.session_id(Keys(prefix + ":s").session(record_id)) is None


@pytest.mark.parametrize("record_id", HOSTILE)
def test_no_id_chooses_its_slot(record_id: str) -> None:
    """The slot is that of the whole key, whatever braces an id holds: as if no part of a key could
    be a hash tag."""
    key = Keys("chatstore").session(record_id)
    assert b"{" not in key
    assert key_slot(key) == key_slot(b"{" + key + b"}")


@pytest.mark.parametrize(("prefix", "error"), [("", ConfigurationError), ("\0", InvalidInputError)])
def test_a_bad_prefix_is_refused(prefix: str, error: type[Exception]) -> None:
    """A prefix is text of at least 1 character."""
    with pytest.raises(error):
        Keys(prefix)


@given(st.tuples(times, ids), st.tuples(times, ids))
def test_members_compare_as_positions_do(one: tuple[str, str], other: tuple[str, str]) -> None:
    """The bytes of members have the order of (`created_at`, `session_id`) by code points, for
    times of any length."""
    assert (member(Position(*one)) < member(Position(*other))) == (one < other)
    assert position(member(Position(*one))) == one


def _within(low: bytes, high: bytes, found: bytes) -> bool:
    above = low == b"-" or (found > low[1:] if low[:1] == b"(" else found >= low[1:])
    below = high == b"+" or (found < high[1:] if high[:1] == b"(" else found <= high[1:])
    return above and below


@given(
    st.tuples(times, ids),
    st.none() | st.tuples(times, ids),
    st.booleans(),
    st.none() | times,
    st.none() | times,
)
def test_a_range_holds_what_was_asked_for(
    found: tuple[str, str],
    after: tuple[str, str] | None,
    newest_first: bool,
    created_from: str | None,
    created_before: str | None,
) -> None:
    """`created_from` is within, `created_before` is not, nor is the cursor's own position."""
    low, high = lexical_range(
        after=None if after is None else Position(*after),
        newest_first=newest_first,
        created_from=created_from,
        created_before=created_before,
    )
    wanted = (
        (after is None or (found < after if newest_first else found > after))
        and (created_from is None or found[0] >= created_from)
        and (created_before is None or found[0] < created_before)
    )
    assert _within(low, high, member(Position(*found))) == wanted


@given(
    st.none() | st.tuples(ids, st.integers(0, 2**64 - 1)),
    st.lists(ids, max_size=3),
)
def test_a_scan_goes_on_where_it_stood(
    following: tuple[str, int] | None, waiting: list[str]
) -> None:
    """A scan's token gives its position back."""
    place = ScanPosition(following, waiting)
    assert scan_position(place.token) == place


@pytest.mark.parametrize(
    "token",
    [
        *("", "1", "null", "[]", "[1]", "[1,2]", "[null]", "[null,1]", "[null,[1]]", "[null,{}]"),
        *('[["",-1],[]]', '[["",18446744073709551616],[]]', '[["",1.5],[]]', '[["",true],[]]'),
        *("[[1,1],[]]", '["ab",[]]', '[["",0],[],1]', '[["\\ud800",0],[]]', '[["",0],["\\udfff"]]'),
        "[" * 100_000,
    ],
)
def test_a_bad_token_is_refused(token: Any) -> None:
    """What `scan` did not make is `InvalidCursorError`."""
    with pytest.raises(InvalidCursorError):
        scan_position(token)
