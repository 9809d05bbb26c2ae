"""Calls that take turns, a request at a time: all the ways in which they can come together."""

import itertools
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from chatstore_dynamodb.client import Client

from .events import handled

PATIENCE = 20.0

Actor = Callable[[], object]


class CrashError(BaseException):
    """The process ends here: nothing of chatstore's may catch it."""


class Turns:
    """Lets threads make their requests one by one, in an order that is told."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Condition()
        self._actor = threading.local()

    def run(
        self,
        actors: Mapping[str, Actor],
        choose: "Choose",
        *,
        crash: tuple[str, int] | None = None,
    ) -> dict[str, Any]:
        """What each actor returned or raised. One may crash after so many of its requests."""
        waiting: dict[str, bool] = {}
        results: dict[str, Any] = {}
        requests: dict[str, int] = dict.fromkeys(actors, 0)
        running = set(actors)

        def gate(**_: Any) -> None:
            name = getattr(self._actor, "name", None)
            if name is None:
                return
            with self._lock:
                waiting[name] = False
                self._lock.notify_all()
                assert self._lock.wait_for(lambda: waiting[name], PATIENCE)
                del waiting[name]
            if crash == (name, requests[name]):
                raise CrashError
            requests[name] += 1

        def act(name: str, actor: Actor) -> None:
            self._actor.name = name
            try:
                result: object = actor()
            except BaseException as error:  # noqa: BLE001  it is what the actor came to
                result = error
            with self._lock:
                results[name] = result
                running.discard(name)
                self._lock.notify_all()

        with handled(self._client, "before-call.dynamodb", gate):
            threads = [
                threading.Thread(target=act, args=each, daemon=True) for each in actors.items()
            ]
            for thread in threads:
                thread.start()
            with self._lock:
                while True:
                    ready = self._lock.wait_for(lambda: running == waiting.keys(), PATIENCE)
                    assert ready, "an actor neither asks nor ends"
                    if not running:
                        break
                    chosen = choose(sorted(waiting))
                    waiting[chosen] = True
                    self._lock.notify_all()
                    assert self._lock.wait_for(partial(_has_gone_on, waiting, chosen), PATIENCE)
            for thread in threads:
                thread.join(PATIENCE)
        return results


def _has_gone_on(waiting: Mapping[str, bool], name: str) -> bool:
    return not waiting.get(name, False)


Choose = Callable[[list[str]], str]
"""Of those who wait for their turn, whose it is."""


def some_orders(run: Callable[[Choose], None], *, number: int) -> None:
    """Call `run` with so many orders of its actors' requests, the same each time."""
    for seed in range(number):
        run(random.Random(seed).choice)  # noqa: S311  no secret


def every_order(run: Callable[[Choose], None]) -> int:
    """Call `run` once for each order in which its actors' requests can come; how many there
    were."""
    taken: list[tuple[int, int]] = []
    for count in itertools.count(1):
        path = iter([index for index, _ in taken])
        trace: list[tuple[int, int]] = []

        def choose(
            names: list[str],
            path: Iterator[int] = path,
            trace: list[tuple[int, int]] = trace,
        ) -> str:
            index = next(path, 0)
            trace.append((index, len(names)))
            return names[index]

        run(choose)
        while trace and trace[-1][0] + 1 == trace[-1][1]:
            trace.pop()
        if not trace:
            return count
        last, options = trace.pop()
        taken = [*trace, (last + 1, options)]
    raise AssertionError
