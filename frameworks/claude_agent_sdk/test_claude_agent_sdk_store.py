"""The session store by itself: what the SDK's contract says, and what it leaves open."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from claude_agent_sdk import (
    fold_session_summary,
    list_sessions_from_store,
    project_key_for_directory,
)
from claude_agent_sdk.testing import run_session_store_conformance
from claude_agent_sdk.types import SessionKey

from both_loops import under_both
from chatstore import ConfigurationError, MemorySessionStore
from chatstore.integrations.claude_agent_sdk import ClaudeSessionStore
from chatstore.protocol import MaintainedSessionStore

Make = Callable[[], ClaudeSessionStore]
KEY: SessionKey = {"project_key": "-home-ana-films", "session_id": "s"}
SUBAGENT: SessionKey = {**KEY, "subpath": "subagents/agent-1"}


def entry(number: int, **more: Any) -> Any:
    """An entry of the transcript."""
    return {"type": "user", "uuid": f"u-{number}", "n": number, **more}


@under_both
async def test_the_kit_of_the_sdk_passes(make: Make) -> None:
    """All 14 behaviours that the SDK asks of a session store."""
    await run_session_store_conformance(make)


@pytest.mark.parametrize(
    "value",
    [
        7.0,
        -0.0,
        10**40,
        "a\0b",
        "\ud800 alone",
        {"z": 1, "a": {"c": None, "b": []}},
        "é" * 60_000,
        "x" * 1_500_000,
        [[[[[[[[[[[[[[[[[[[[[[[[[[[[[["deep"]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
    ],
    ids=["7.0", "-0.0", "large", "NUL", "surrogate", "order", "long", "1.5 MB", "deep"],
)
@under_both
async def test_an_entry_comes_back_exactly(make: Make, value: object) -> None:
    """Not only equal, as the SDK asks: the same JSON text, order and kinds of numbers included."""
    sessions = make()
    given = [entry(1), entry(2, value=value), {"type": "x", "value": value}, entry(3)]
    await sessions.append(KEY, given)
    assert json.dumps(await sessions.load(KEY)) == json.dumps(given)


@under_both
async def test_a_uuid_comes_once(store: MaintainedSessionStore, user_id: str) -> None:
    """However it is sent again: in one batch, at once, long after, by another process, or as a part
    of a larger batch."""
    sessions = ClaudeSessionStore(store, user_id)
    await sessions.append(KEY, [entry(1), entry(1), entry(2), entry(1)])
    everything = [entry(number) for number in range(1, 300)]
    await sessions.append(KEY, everything)
    await sessions.append(KEY, [entry(2), entry(1)])
    another = ClaudeSessionStore(store, user_id)
    await another.append(KEY, [entry(5), entry(300), entry(7)])
    await sessions.append(KEY, [*everything, entry(300), entry(301)])
    assert await sessions.load(KEY) == [entry(number) for number in range(1, 302)]


@under_both
async def test_a_uuid_may_be_any_text(make: Make) -> None:
    """Also one that no message can have for its id."""
    sessions = make()
    given = [
        {"type": "x", "uuid": uuid, "n": number}
        for number, uuid in enumerate(["", "x" * 2_000, "a\0", "é", "\ud800", "x" * 2_001, 7, None])
    ]
    await sessions.append(KEY, given)  # type: ignore[arg-type]  # not all of them are str
    assert await sessions.load(KEY) == given
    await sessions.append(KEY, given[1:6])  # type: ignore[arg-type]  # likewise
    assert await sessions.load(KEY) == given


@under_both
async def test_what_has_no_uuid_comes_as_often_as_it_is_sent(make: Make) -> None:
    """Titles, tags and marks of a mode: the SDK says so."""
    sessions = make()
    tag: Any = {"type": "tag", "tag": "films"}
    await sessions.append(KEY, [tag, tag])
    await sessions.append(KEY, [tag])
    assert await sessions.load(KEY) == [tag, tag, tag]


@pytest.mark.parametrize(("count", "size"), [(500, 10), (1_700, 10), (40, 27_000), (3, 600_000)])
@under_both
async def test_batches_of_the_sdk_fit(make: Make, count: int, size: int) -> None:
    """500 entries or 1 MiB, after which the SDK's batcher flushes, and what a flush may add."""
    sessions = make()
    given = [entry(number, text="x" * size) for number in range(count)]
    await sessions.append(KEY, given)
    assert await sessions.load(KEY) == given
    assert await sessions.load(SUBAGENT) is None


@under_both
async def test_a_summary_is_that_of_the_entries(make: Make) -> None:
    """Whatever the batches were, and whoever wrote them."""
    sessions = make()
    titles: list[Any] = [{"type": "custom-title", "customTitle": f"No. {n}"} for n in range(250)]
    await sessions.append(KEY, titles[:120])
    await sessions.append(KEY, titles[120:])
    other: Any = {"type": "custom-title", "customTitle": "not mine"}
    await sessions.append(SUBAGENT, [other])
    [summary] = await sessions.list_session_summaries(KEY["project_key"])
    assert summary["data"] == fold_session_summary(None, KEY, titles)["data"]
    [listed] = await sessions.list_sessions(KEY["project_key"])
    assert listed == {"session_id": "s", "mtime": summary["mtime"]}


@under_both
async def test_a_summary_may_be_larger_than_what_is_kept(make: Make) -> None:
    """Then the SDK makes it of the entries; and it is kept again once it is small again."""
    sessions = make()
    key: SessionKey = {"project_key": project_key_for_directory(), "session_id": "s"}
    prompt: Any = entry(1, message={"content": "Superheroes?"}, cwd="/films")
    await sessions.append(key, [prompt])
    large = [entry(number, lastPrompt="é" * 40_000) for number in range(2, 130)]
    await sessions.append(key, large)
    assert await sessions.list_session_summaries(key["project_key"]) == []
    [listed] = await list_sessions_from_store(sessions)
    assert listed.first_prompt == "Superheroes?"
    small = entry(1_000, lastPrompt="Which?")
    await sessions.append(key, [small])
    [summary] = await sessions.list_session_summaries(key["project_key"])
    assert summary["data"] == fold_session_summary(None, key, [prompt, *large, small])["data"]


@under_both
async def test_users_have_sessions_of_their_own(make: Make) -> None:
    """The same project and session of two users are two transcripts; no call of the one shows or
    touches the other's."""
    ana, ben = make(), make()
    await ana.append(KEY, [entry(1)])
    await ana.append(SUBAGENT, [entry(2)])
    assert await ben.load(KEY) is None
    assert await ben.list_sessions(KEY["project_key"]) == []
    assert await ben.list_subkeys(KEY) == []
    await ben.append(KEY, [entry(3)])
    await ben.delete(KEY)
    assert await ana.load(KEY) == [entry(1)]
    assert await ana.load(SUBAGENT) == [entry(2)]


@under_both
async def test_no_name_passes_for_two(make: Make) -> None:
    """Whatever stands in a project's, a session's or a subagent's name."""
    sessions = make()
    names = ["a", "a/b", 'a","b', "b", "a/b/c", "", "[", "\0", "é"]
    keys: list[SessionKey] = [
        {"project_key": project, "session_id": session}
        for project in names
        for session in names[:4]
    ]
    keys += [{**key, "subpath": name} for key in keys[:3] for name in names]
    for number, key in enumerate(keys):
        await sessions.append(key, [entry(number)])
    for number, key in enumerate(keys):
        assert await sessions.load(key) == [entry(number)]
    listed = await sessions.list_sessions("a")
    assert [each["session_id"] for each in listed] == names[:4][::-1]
    assert await sessions.list_subkeys({"project_key": "a", "session_id": "a"}) == names
    await sessions.delete({"project_key": "a", "session_id": "a"})
    assert await sessions.list_subkeys({"project_key": "a", "session_id": "a"}) == []
    assert await sessions.list_subkeys({"project_key": "a", "session_id": "a/b"}) == names


@under_both
async def test_what_another_process_deleted_begins_anew(
    store: MaintainedSessionStore, user_id: str
) -> None:
    """What this process remembers of it does not stand for what is there."""
    sessions = ClaudeSessionStore(store, user_id)
    await sessions.append(KEY, [entry(1, customTitle="before"), entry(2)])
    await ClaudeSessionStore(store, user_id).delete(KEY)
    await sessions.append(KEY, [entry(2), entry(3)])
    assert await sessions.load(KEY) == [entry(2), entry(3)]
    await ClaudeSessionStore(store, user_id).delete(KEY)
    await sessions.append(KEY, [entry(4)])
    assert await sessions.load(KEY) == [entry(4)]
    [summary] = await sessions.list_session_summaries(KEY["project_key"])
    assert "custom_title" not in summary["data"]


def test_a_store_without_history_is_refused() -> None:
    """A window of ten messages would lose the transcript."""
    with pytest.raises(ConfigurationError, match="keep_history"):
        ClaudeSessionStore(MemorySessionStore(), "ana")
