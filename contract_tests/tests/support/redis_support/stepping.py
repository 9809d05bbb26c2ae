"""Runs calls one request at a time: to stop between two requests, and to interleave two calls."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chatstore_redis import RedisSessionStore
from chatstore_redis.client_settings import ClusterSettings, ServerSettings
from chatstore_redis.deployment import Argument, Client, Command, Deployment
from chatstore_redis.scripts import Script

_PATIENCE = 20.0
_MOST_STEPS = 30

Call = Callable[[RedisSessionStore], object]


class Died(BaseException):
    """The process died here; nothing of the store's may catch it."""


class SteppedDeployment(Deployment):
    """A connection that asks before each request."""

    def __init__(
        self, client: Client | ServerSettings | ClusterSettings, before_request: Callable[[], None]
    ) -> None:
        super().__init__(client)
        self._before_request = before_request

    def run(self, script: Script, key: bytes, *arguments: Argument) -> Any:
        self._before_request()
        return super().run(script, key, *arguments)

    def run_on(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Any:
        self._before_request()
        return super().run_on(script, keys, *arguments)

    def run_all(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> list[Any]:
        if keys:
            self._before_request()
        return super().run_all(script, keys, *arguments)

    def run_over(self, script: Script, keys: Sequence[bytes]) -> list[Any]:
        if keys:
            self._before_request()
        return super().run_over(script, keys)

    def send(self, name: str, key: bytes | str, *arguments: Argument) -> Any:
        self._before_request()
        return super().send(name, key, *arguments)

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        if commands:
            self._before_request()
        return super().send_all(commands)

    def scan(
        self, pattern: bytes, kind: str, *, node: str, cursor: int, count: int
    ) -> tuple[list[bytes], tuple[str, int] | None]:
        self._before_request()
        return super().scan(pattern, kind, node=node, cursor=cursor, count=count)


def stepped(store: RedisSessionStore, before_request: Callable[[], None]) -> RedisSessionStore:
    """The store, asking before each request."""
    connection = SteppedDeployment(store.engine.deployment.client, before_request)
    store.engine.deployment = connection
    store.engine.index.deployment = connection
    store.engine.writer.deployment = connection
    return store


def dies_before(step: int) -> Callable[[], None]:
    """Lets so many requests pass, and dies before the next one."""
    passed = 0

    def before_request() -> None:
        nonlocal passed
        if passed == step:
            raise Died
        passed += 1

    return before_request


class _Runner:
    """A call on a thread of its own, which goes on by one request when told to."""

    def __init__(self, store: RedisSessionStore, call: Callable[[RedisSessionStore], Any]) -> None:
        self._go = threading.Semaphore(0)
        self._stands = threading.Semaphore(0)
        self.is_done = False
        self.error: BaseException | None = None
        stepped(store, self._pause)
        self._thread = threading.Thread(target=self._work, args=(store, call), daemon=True)
        self._thread.start()
        assert self._stands.acquire(timeout=_PATIENCE)

    def step(self) -> None:
        """Let one request pass, and wait until the call stands before its next one or has ended."""
        self._go.release()
        assert self._stands.acquire(timeout=_PATIENCE)

    def _pause(self) -> None:
        self._stands.release()
        assert self._go.acquire(timeout=_PATIENCE)

    def _work(self, store: RedisSessionStore, call: Callable[[RedisSessionStore], Any]) -> None:
        try:
            call(store)
        except BaseException as error:  # noqa: BLE001  the test looks at it
            self.error = error
        self.is_done = True
        self._stands.release()


Calls = Sequence[tuple[RedisSessionStore, Callable[[RedisSessionStore], Any]]]


def interleavings(prepare: Callable[[], Calls]) -> Iterator[tuple[int, ...]]:
    """Runs the calls in every order of their requests; yields after each run, which began with
    `prepare`, the order that it took."""
    pending: list[tuple[int, ...]] = [()]
    while pending:
        order = pending.pop()
        runners = [_Runner(store, call) for store, call in prepare()]
        taken: list[int] = []
        for choice in order:
            runners[choice].step()
            taken.append(choice)
        while open_ones := [n for n, runner in enumerate(runners) if not runner.is_done]:
            # The first that is open goes on here; each other one is a run of its own.
            pending += [(*taken, other) for other in open_ones[1:]]
            runners[open_ones[0]].step()
            taken.append(open_ones[0])
        for runner in runners:
            if runner.error is not None:
                raise runner.error
        yield tuple(taken)


def deaths(call: Call, open_store: Callable[[], RedisSessionStore]) -> Iterator[int]:
    """Runs the call again and again, dying before its first request, its second, and so on, until
    it comes to its end; yields after each death."""
    for step in range(_MOST_STEPS):
        store = stepped(open_store(), dies_before(step))
        try:
            call(store)
        except Died:
            yield step
        else:
            return
    raise AssertionError(f"the call takes more than {_MOST_STEPS} requests")
