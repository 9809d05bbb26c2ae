"""Two archivers, a writer and a reader of one session with history, in every order of their
requests, and with a crash after each: nothing is lost, nothing comes back, and no reader is shown
what never was."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from chatstore import (
    ManualClock,
    Message,
    MessageNotFoundError,
    RetentionPolicy,
    Session,
)
from chatstore_dynamodb import DynamoDBSessionStore

from .dynamodb_harness import TableHarness
from .history_scene import WINDOW, Scene
from .stepping import Actor, Choose, CrashError, Turns, every_order, some_orders

WRITERS: dict[str, Callable[[Scene], Any]] = {
    "append": lambda scene: scene.appends("a", "b"),
    "amend": lambda scene: scene.amends("9"),
    "pop": lambda scene: scene.rewrites(),
    "rewrite": lambda scene: scene.rewrites("x"),
    "whole": lambda scene: scene.rewrites(*"uvwxyz", whole=True),
}


@pytest.fixture
def store(moto_table: TableHarness, monkeypatch: pytest.MonkeyPatch) -> DynamoDBSessionStore:
    """A store on moto: with one request at a time, its conditions hold as DynamoDB's do."""
    for module in ("conditional_write", "history.reading", "history.table"):
        monkeypatch.setattr(f"chatstore_dynamodb.{module}.back_off", lambda _: None)
    policy = RetentionPolicy(max_messages=WINDOW, keep_history=True)
    return moto_table.open(policy=policy, clock=ManualClock())


Orders = Callable[[Callable[[Choose], None]], object]


@pytest.fixture(params=["some", pytest.param("every", marks=pytest.mark.long)])
def orders(request: pytest.FixtureRequest) -> Orders:
    """Some of the orders in which requests can come, or every one of them."""
    # A test with crashes is many tests.
    number = 2 if "after" in request.fixturenames else 4
    return every_order if request.param == "every" else partial(some_orders, number=number)


@pytest.mark.parametrize("name", WRITERS)
def test_two_archivers_and_a_writer(
    moto_table: TableHarness, store: DynamoDBSessionStore, orders: Orders, name: str
) -> None:
    """Whoever is first at each step: what the writer wrote is there, once and in its place, also
    after one more archiver has gone over it."""
    turns = Turns(moto_table.client)

    def run(choose: Choose) -> None:
        scene = Scene(moto_table, store)
        actors = {
            "short": scene.archives(2),
            "long": scene.archives(4),
            "writer": lambda: WRITERS[name](scene),
        }
        results = turns.run(actors, choose)
        assert results == dict.fromkeys(actors), results
        scene.require_whole()
        scene.archives_anew()
        scene.require_whole()

    orders(run)


def test_an_amended_message_that_leaves_the_window(
    moto_table: TableHarness, store: DynamoDBSessionStore
) -> None:
    """A message is amended while appends push it out of the window, and an archiver takes it out of
    the item: if the amendment was acknowledged, it is kept."""
    turns = Turns(moto_table.client)

    def run(choose: Choose) -> None:
        scene = Scene(moto_table, store)
        amended = Message(message_id="9", type="user_query", content="9!")

        def push() -> None:
            scene.appends("a", "b")
            scene.archives_anew()

        results = turns.run(
            {"amend": lambda: store.amend(scene.session_id, amended), "push": push}, choose
        )
        assert results["push"] is None
        if isinstance(results["amend"], Session):
            expected = [f"{each}!" if each == "9" else each for each in scene.states[-1]]
            scene.states.append(expected)
        else:
            assert isinstance(results["amend"], MessageNotFoundError)
        scene.require_whole()
        scene.archives_anew()
        scene.require_whole()

    assert every_order(run) >= 10


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("newest_first", [True, False])
def test_a_reader_beside_an_archiver_and_a_writer(
    moto_table: TableHarness,
    store: DynamoDBSessionStore,
    orders: Orders,
    name: str,
    newest_first: bool,
) -> None:
    """A reader is shown what the session held before or after the write, and nothing else."""
    turns = Turns(moto_table.client)

    def run(choose: Choose) -> None:
        scene = Scene(moto_table, store)
        actors: dict[str, Actor] = {
            "archiver": scene.archives(4),
            "reader": lambda: scene.reads(newest_first=newest_first),
            "writer": lambda: WRITERS[name](scene),
        }
        results = turns.run(actors, choose)
        shown = results.pop("reader")
        assert shown in scene.states, shown
        assert not any(results.values()), results
        scene.require_whole()

    orders(run)


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("length", [2, 4])
def test_a_reader_whose_chunks_are_written_over(
    moto_table: TableHarness,
    store: DynamoDBSessionStore,
    orders: Orders,
    newest_first: bool,
    length: int,
) -> None:
    """A reader has the item; then all in view is popped, so that messages come back from a chunk,
    they are written anew, and go into a chunk again, which takes the place of the one that was
    there, or lies over its end: the reader notices, whenever it reads on."""
    turns = Turns(moto_table.client)

    def run(choose: Choose) -> None:
        scene = Scene(moto_table, store)
        for _ in range(4 // length):
            scene.archives(length)()

        def write() -> None:
            scene.rewrites()
            scene.rewrites("x", "y")
            scene.appends("z", "0!")
            scene.archives_anew()

        results = turns.run(
            {"reader": lambda: scene.reads(newest_first=newest_first), "writer": write}, choose
        )
        assert results["writer"] is None
        assert results["reader"] in scene.states, results
        scene.require_whole()

    orders(run)


def crashes() -> Iterator[tuple[str, str, int]]:
    for name in WRITERS:
        for who, most in (("short", 2), ("long", 2), ("writer", 7)):
            yield from ((name, who, after) for after in range(most))


@pytest.mark.parametrize(("name", "who", "after"), list(crashes()))
def test_a_crash_after_each_request(
    moto_table: TableHarness,
    store: DynamoDBSessionStore,
    orders: Orders,
    name: str,
    who: str,
    after: int,
) -> None:
    """One of them ends after so many of its requests, wherever the others are: the session is as
    before the write or as after it, and goes on."""
    turns = Turns(moto_table.client)

    def run(choose: Choose) -> None:
        scene = Scene(moto_table, store)
        actors = {
            "short": scene.archives(2),
            "long": scene.archives(4),
            "writer": lambda: WRITERS[name](scene),
        }
        results = turns.run(actors, choose, crash=(who, after))
        crashed = isinstance(results[who], CrashError)
        assert all(result is None for key, result in results.items() if key != who), results
        if crashed and who == "writer":
            require_one_or_the_other(scene, name)
        scene.require_whole()
        scene.appends("later")
        scene.archives_anew()
        scene.require_whole()

    orders(run)


def require_one_or_the_other(scene: Scene, name: str) -> None:
    """What a writer that crashed left is what it found, or what it wanted."""
    left = scene.reads(newest_first=False)
    before = scene.states[-1]
    wanted = {
        "append": [*before, "a", "b"],
        "amend": [*before[:-1], "9!"],
        "pop": before[:-WINDOW],
        "rewrite": [*before[:-WINDOW], "x"],
        "whole": list("uvwxyz"),
    }[name]
    assert left in (before, wanted), left
    scene.states.append(left)


def test_the_scene_is_what_it_says(moto_table: TableHarness, store: DynamoDBSessionStore) -> None:
    """The session that all start from is one that chatstore could have written."""
    scene = Scene(moto_table, store)
    scene.require_whole()
    session: Session = store.get(scene.session_id)
    assert (session.version, session.history) == (7, WINDOW)
