"""Sessions with history on Redis: how they lie there, and what their calls leave behind."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.crc import key_slot

from chatstore import ManualClock, Message, RetentionPolicy, Session
from chatstore_redis import RedisSessionStore, session_writer
from chatstore_redis.keys import Keys
from redis_support.harness import RedisHarness, fake_redis, real_cluster, real_redis
from redis_support.stepping import deaths

GOLDEN = Path(__file__).parent / "golden" / "history.json"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TWO = RetentionPolicy(max_messages=2, keep_history=True)
LONG = RetentionPolicy(max_messages=50)


@pytest.fixture(params=[fake_redis, real_redis, real_cluster])
def harness(request: pytest.FixtureRequest) -> Iterator[RedisHarness]:
    harness: RedisHarness = request.param()
    yield harness
    harness.close()


@pytest.fixture
def store(harness: RedisHarness) -> Iterator[RedisSessionStore]:
    with harness.open(policy=TWO, clock=ManualClock(NOON)) as store:
        yield store


@pytest.fixture(params=[1, session_writer.PIECE_BYTES])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many bytes are written at a time: one message, or all of a short history."""
    monkeypatch.setattr(session_writer, "PIECE_BYTES", request.param)


def message(message_id: str, content: str = "x") -> Message:
    return Message(message_id=message_id, type="t", content=content, timestamp=NOON)


def messages(ids: str) -> list[Message]:
    return [message(each) for each in ids]


def session(count: int, window: list[Message]) -> Session:
    return Session(
        session_id="chat",
        user_id="ana",
        created_at=NOON,
        updated_at=NOON,
        message_count=count,
        messages=window,
        version=7,
        history=2,
    )


def lying(harness: RedisHarness) -> dict[str, str]:
    raw = harness.raw_read("chat")
    assert isinstance(raw, dict)
    return {name.decode(): value.decode() for name, value in raw.items()}


def ids(store: RedisSessionStore) -> str:
    """The ids of all messages, oldest first, one letter each."""
    pages = store.iter_messages("chat", newest_first=False, page_size=2)
    return "".join(each.message_id for each in pages)


def window(store: RedisSessionStore) -> str:
    return "".join(each.message_id for each in store.get("chat").messages)


def names(harness: RedisHarness) -> set[str]:
    """The kinds of all keys."""
    return {key.decode().removeprefix(harness.prefix)[:3] for key in harness.all_keys()}


@pytest.mark.usefixtures("piece")
def test_the_stored_form_is_the_golden_one(harness: RedisHarness) -> None:
    """The whole key of a session with history, checked in. Its weight has the number of its form
    before it: to a chatstore that does not know of history that is no number, so that it does not
    write, and destroys nothing."""
    with harness.open(policy=TWO, clock=ManualClock(NOON)) as store:
        store.restore(session(5, messages("de")), history=iter(messages("abc")))
        assert lying(harness) == json.loads(GOLDEN.read_text("utf-8"))
        assert not lying(harness)["weight"].isdigit()
        assert (window(store), ids(store)) == ("de", "abcde")


def test_writes_leave_what_restore_would(store: RedisSessionStore, harness: RedisHarness) -> None:
    """A record that appends, amends and rewrites made lies there as the same record restored."""
    store.create("ana", session_id="chat", messages=messages("ab"))
    store.append("chat", *messages("cdefg"))
    store.amend("chat", message("f", "other"))
    store.rewrite("chat", messages("xy"), if_version=None)
    store.rewrite("chat", messages("x"), if_version=None)
    store.append("chat", message("z"))
    before = lying(harness)
    kept = list(store.iter_messages("chat", newest_first=False))
    store.restore(store.get("chat"), history=kept[:-2], overwrite=True)
    assert (window(store), ids(store)) == ("xz", "abcdexz")
    assert lying(harness) == before
    store.rewrite("chat", messages("abc"), if_version=None, whole=True)
    before = lying(harness)
    store.restore(store.get("chat"), history=messages("a"), overwrite=True)
    assert lying(harness) == before


def test_an_id_may_come_twice(store: RedisSessionStore) -> None:
    """Ids are the window's alone: an id from before it is taken anew, for other content, and known
    again from then on; where a rewrite lets the older message slide into view, that one is."""
    store.create("ana", session_id="chat", messages=messages("abcd"))
    assert store.append("chat", message("a", "again")).message_count == 5
    assert store.append("chat", message("a", "again")).message_count == 5
    assert (window(store), ids(store)) == ("da", "abcda")
    store.rewrite("chat", [], if_version=None)
    store.rewrite("chat", [], if_version=5 - 2)
    assert ids(store) == "a"
    assert store.append("chat", message("a")).message_count == 1
    assert store.append("chat", message("b")).message_count == 2


def test_an_old_message_sent_again_is_no_new_one(store: RedisSessionStore) -> None:
    """Whatever is sent again to the byte is known, however long ago it was stored."""
    store.create("ana", session_id="chat", messages=messages("abcdef"))
    assert store.append("chat", *messages("bc")).message_count == 6
    assert store.append("chat", *messages("efg")).message_count == 7
    assert ids(store) == "abcdefg"


@pytest.mark.usefixtures("piece")
def test_nothing_is_left(harness: RedisHarness) -> None:
    """Expiry is the key's own; `delete`, `delete_user`, `purge_expired` and a new life leave
    nothing of a history."""
    clock = ManualClock(NOON)
    with harness.open(policy=TWO, clock=clock) as store:
        ends: list[Callable[[], object]] = [
            lambda: store.delete("chat"),
            lambda: store.delete_user("ana"),
            lambda: purge_later(store, clock),
        ]
        for end in ends:
            store.create("ana", session_id="chat", messages=messages("abcdefgh"))
            assert names(harness) == {":s:", ":u:"}
            left = harness.send("PTTL", harness.keys.session("chat")) / 1_000
            assert timedelta(days=30) < timedelta(seconds=left) <= timedelta(days=31)
            end()
            assert harness.raw_read("chat") is None
            assert ":s:" not in names(harness)
        store.create("ana", session_id="chat", messages=messages("abcdefgh"))
        clock.advance(timedelta(days=31))
        store.create("ana", session_id="chat", messages=messages("i"))
        assert ids(store) == "i"
        assert set(lying(harness)) >= {"m:0", "i:i"}
        assert not {"m:1", "i:a"} & set(lying(harness))


def purge_later(store: RedisSessionStore, clock: ManualClock) -> None:
    clock.advance(timedelta(days=31))
    assert store.purge_expired() == 1


class TornError(Exception):
    """What a history may raise that is another's."""


def torn() -> Iterator[Message]:
    yield from messages("abc")
    raise TornError


@pytest.mark.usefixtures("piece")
@pytest.mark.parametrize("is_there", [False, True])
def test_a_history_that_breaks_leaves_nothing(
    store: RedisSessionStore, harness: RedisHarness, is_there: bool
) -> None:
    """What a restore had written when its history failed is gone at once, and what lay there
    before is as it was."""
    if is_there:
        store.create("ana", session_id="chat", messages=messages("uvwx"))
    before = set(harness.all_keys()), harness.raw_read("chat")
    with pytest.raises(Exception, match="history"):
        store.restore(session(6, messages("ef")), history=torn(), overwrite=True)
    assert (set(harness.all_keys()), harness.raw_read("chat")) == before


@pytest.mark.parametrize("is_there", [False, True])
def test_a_restore_dies_at_each_step(monkeypatch: pytest.MonkeyPatch, is_there: bool) -> None:
    """A process that dies in a restore has shown nothing of it: the old session is there until all
    of the new one is. What it left behind has an expiry of its own."""
    monkeypatch.setattr(session_writer, "PIECE_BYTES", 1)
    harness = fake_redis()
    with harness.open(policy=TWO, clock=ManualClock(NOON)) as store:
        if is_there:
            store.create("ana", session_id="chat", messages=messages("uvwx"))
        steps = 0
        for _ in deaths(
            lambda each: each.restore(
                session(5, messages("de")), history=messages("abc"), overwrite=True
            ),
            lambda: harness.open(policy=TWO, clock=ManualClock(NOON)),
        ):
            steps += 1
            there = store.get_many(["chat"])
            if there and there[0].version == 7:
                assert ids(store) == "abcde"
            elif is_there:
                assert ids(store) == "uvwx"
            else:
                assert there == []
            for key in harness.all_keys():
                if harness.keys.session_id(key) is None and harness.keys.user_id(key) is None:
                    assert 0 < harness.send("TTL", key) <= 3_600
        assert steps > 5
        assert ids(store) == "abcde"
    harness.close()


@pytest.mark.usefixtures("piece")
def test_a_live_session_stays(store: RedisSessionStore, harness: RedisHarness) -> None:
    """A restore that must not overwrite leaves a live session, and nothing of its own."""
    store.create("ana", session_id="chat", messages=messages("uv"))
    before = set(harness.all_keys()), harness.raw_read("chat")
    with pytest.raises(Exception, match="exists"):
        store.restore(session(5, messages("de")), history=messages("abc"))
    assert (set(harness.all_keys()), harness.raw_read("chat")) == before


@pytest.mark.parametrize(
    "prefix", ["chat", "{chat}", "a{b", "a}b", "a{}b", "}{", "{", "}", "a{b}c{d}", "é:{x"]
)
def test_what_is_written_aside_is_in_the_same_slot(prefix: str) -> None:
    """Whatever braces a prefix holds, a key beside a session's is on the same server, begins with
    the prefix, and is new each time."""
    keys = Keys(prefix)
    for session_id in ("chat", "a{b}c", "%7B"):
        found = {keys.beside(session_id) for _ in range(3)}
        assert len(found) == 3
        for key in found:
            assert key_slot(key) == key_slot(keys.session(session_id))
            assert key.startswith(f"{prefix}:".encode())
            assert keys.session_id(key) is keys.user_id(key) is None


def test_a_reader_without_history_sees_the_window(harness: RedisHarness) -> None:
    """The session decides: who keeps 50 messages is shown two, and drops none."""
    clock = ManualClock(NOON)
    with (
        harness.open(policy=TWO, clock=clock) as keeper,
        harness.open(policy=LONG, clock=clock) as other,
    ):
        keeper.create("ana", session_id="chat", messages=messages("abc"))
        assert window(other) == "bc"
        other.append("chat", *messages("de"))
        assert window(other) == "de"
        assert ids(keeper) == "abcde"
