"""Real engines that are not there: said once for a class of tests, and a failure on request."""

import pytest

import legs


@legs.on("redis", "dynamodb")
class Tests:
    """A class of tests that needs two engines."""


@pytest.fixture(autouse=True)
def without_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names no server."""
    for variable in [*legs.VARIABLES.values(), "CHATSTORE_REQUIRE"]:
        monkeypatch.delenv(variable, raising=False)


def stand_in(request: pytest.FixtureRequest, thing: object) -> legs.MissingLeg | None:
    """What is collected in the place of the thing."""
    return legs.stand_in(request.node.getparent(pytest.Module), "Tests", thing)


def test_a_class_without_its_engine_is_one_skip(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test says which engine is not there, and how it is had; with all of them, the class is
    collected as it is, as is whatever needs none."""
    monkeypatch.setenv(legs.VARIABLES["redis"], "redis://127.0.0.1:1/0")
    item = stand_in(request, Tests)
    assert item is not None
    with pytest.raises(pytest.skip.Exception, match=r"no dynamodb: .*scripts/servers up dynamodb"):
        item.runtest()
    monkeypatch.setenv(legs.VARIABLES["dynamodb"], "dynamodb://table")
    assert stand_in(request, Tests) is None
    assert stand_in(request, object) is None
    assert stand_in(request, without_servers) is None


@pytest.mark.parametrize("asked", ["redis", "dynamodb, redis", "redis-cluster redis"])
def test_a_required_engine_that_is_not_there_is_a_failure(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    """`CHATSTORE_REQUIRE` names engines, with commas or blanks between."""
    monkeypatch.setenv("CHATSTORE_REQUIRE", asked)
    item = stand_in(request, Tests)
    assert item is not None
    with pytest.raises(pytest.fail.Exception, match="no redis: CHATSTORE_TEST_REDIS_URL"):
        item.runtest()


def test_only_the_asked_for_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is a part of another asks for itself alone."""
    monkeypatch.setenv("CHATSTORE_REQUIRE", "redis-cluster")
    with pytest.raises(pytest.skip.Exception):
        legs.url_of("redis")
