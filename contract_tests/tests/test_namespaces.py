"""Each backend's namespace: taken, kept apart, and removed, on whatever deployment runs."""

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import legs
from chatstore import InvalidInputError, MaintainedSessionStore, Message, open_store
from chatstore_contract_tests.namespaces import find_namespace


@pytest.fixture(params=["sqlite", *legs.VARIABLES])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a deployment; one that does not run is skipped, or fails if it was asked for."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/chat.db"
    return legs.url_of(request.param)


@pytest.fixture
def name() -> str:
    """A namespace's name, with what patterns and paths might trip over."""
    return f"chatstore-test-{uuid.uuid4().hex[:8]}"


@contextmanager
def taken(url: str, name: str) -> Iterator[MaintainedSessionStore]:
    """A store in the namespace, while it is held."""
    with (
        find_namespace(url)(url, name) as fresh_harness,
        closing(fresh_harness()) as harness,
        harness.open() as store,
    ):
        yield store


def test_a_namespace_is_empty_for_each_test(url: str, name: str) -> None:
    """Each harness begins with nothing, whatever the one before left behind."""
    with find_namespace(url)(url, name) as fresh_harness:
        for _ in range(2):
            harness = fresh_harness()
            with harness.open() as store:
                assert store.scan().items == []
                store.create("ana", session_id="same", messages=[Message(type="t", content="c")])
                harness.settle()
                assert len(store.list_sessions("ana").items) == 1
            harness.close()


@pytest.mark.parametrize("leave", ["at the end", "by an error"])
def test_a_namespace_is_removed(url: str, name: str, leave: str) -> None:
    """Nothing is left, however the run ends: the same name is free again."""

    def use() -> None:
        with taken(url, name) as store:
            store.create("ana", session_id="left behind")
            if leave == "by an error":
                raise RuntimeError("in the middle of a test")

    if leave == "by an error":
        with pytest.raises(RuntimeError, match="in the middle"):
            use()
    else:
        use()
    with taken(url, name) as store:
        assert store.scan().items == []


def test_a_namespace_that_is_in_use_is_refused(url: str, name: str) -> None:
    """What is not empty is not taken, and is not harmed by the attempt."""
    with taken(url, name) as store:
        store.create("ana", session_id="precious")
        with (
            pytest.raises(InvalidInputError, match="choose another"),
            taken(url, name),
        ):
            pytest.fail("it was taken")
        assert store.get("precious").user_id == "ana"


def test_nothing_else_is_touched(url: str, name: str) -> None:
    """The deployment's own sessions, and those of a name that begins alike, stay as they were."""
    if url.startswith(("dynamodb", "postgresql")):
        pytest.skip("the namespace has tables of its own, and the URL's need not exist")
    others = [url]
    if url.startswith("redis"):
        others += [f"{url}?prefix={name}x", f"{url}?prefix={name}*"]
    stores = [open_store(other) for other in others]
    before = [each.create("ana") for each in stores]
    with taken(url, name) as store:
        store.create("ana")
        assert store.purge_expired() == 0
        assert store.delete_user("ana") == 1
    for each, session in zip(stores, before, strict=True):
        assert each.get(session.session_id) == session
        each.delete_user("ana")
        each.close()
