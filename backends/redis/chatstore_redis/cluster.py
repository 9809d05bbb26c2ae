"""A cluster: which node holds which slot, and where a request goes next.

redis-py's own client of a cluster can't be told to end in time, and threads wait for its locks
without a bound.
"""

import threading
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    ClusterError,
    MasterDownError,
    MovedError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as LostConnectionError
from redis.exceptions import TimeoutError as LateAnswerError

from chatstore.runtime import deadline
from chatstore.runtime.deadline import DeadlineError
from chatstore_redis.client_settings import Address, ClusterSettings, address_text
from chatstore_redis.commands import Command, packed
from chatstore_redis.server import Node, ask_together

_MOST_REDIRECTIONS = 16
_MOST_REFUSALS = 20
"""How often a slot may be between two nodes, or nobody's, before that is told to the caller."""

_BRIEFLY = 0.05
_LOST = (LostConnectionError, LateAnswerError)
_UNSETTLED = (TryAgainError, ClusterDownError, MasterDownError)


class Cluster:
    """All nodes of a cluster. It asks one of them for the others at the first request."""

    def __init__(self, settings: ClusterSettings) -> None:
        self.place = settings.place
        self._settings = settings
        self._lock = threading.Lock()
        self._nodes: dict[Address, Node] = {}
        self._slots: dict[int, Address] = {}
        self._masters: list[Address] = []
        self._maps = 0

    def send(self, command: Command) -> Any:
        """Send one command about the key that it names."""
        return self._follow(key_slot(command.key), command)

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands, to all nodes at once; the answers, error answers among them."""
        slots = [key_slot(command.key) for command in commands]
        places: dict[Address, list[int]] = defaultdict(list)
        for index, slot in enumerate(slots):
            places[self._owner(slot)].append(index)
        answers: list[Any] = [None] * len(commands)
        requests = [
            (self._node(address), [commands[index] for index in indices])
            for address, indices in places.items()
        ]
        for indices, found in zip(places.values(), ask_together(requests), strict=True):
            for place, index in enumerate(indices):
                answers[index] = found if isinstance(found, Exception) else found[place]
        for index, answer in enumerate(answers):
            if isinstance(answer, (MovedError, AskError, *_UNSETTLED, *_LOST)):
                answers[index] = self._answer(slots[index], commands[index])
            elif isinstance(answer, Exception) and not isinstance(answer, ResponseError):
                raise answer
        return answers

    def owner(self, key: bytes) -> object:
        """What stands for the server of a key."""
        return self._owner(key_slot(key))

    def group(self, key: bytes, otherwise: int) -> int:
        """A number that is the same for keys that one script may have: their slot."""
        return key_slot(key)

    def masters(self) -> dict[str, Node]:
        """The nodes to walk over, by name: as the cluster is at this moment."""
        self._map(self._maps)
        return {address_text(address): self._node(address) for address in self._masters}

    def send_to(self, node: Node, command: bytes) -> Any:
        """Send one command to a node."""
        return self._settings.retries.call(node.ask, command)

    def close(self) -> None:
        """Close every connection."""
        for node in list(self._nodes.values()):
            node.close()

    def discover(self) -> None:
        """Ask where the slots are."""
        self._settings.retries.call(self._map, self._maps)

    def _answer(self, slot: int, command: Command) -> Any:
        try:
            return self._follow(slot, command)
        except ResponseError as error:
            return error

    def _follow(self, slot: int, command: Command) -> Any:
        """Send a command to the node of a slot, and on to where it says."""
        address: Address | None = None
        is_imported = False
        lost = refused = redirected = 0
        while True:
            maps = self._maps
            try:
                address = address or self._owner(slot)
                node = self._node(address)
                return (node.ask_imported if is_imported else node.ask)(command.text)
            except (MovedError, AskError) as error:
                redirected += 1
                if redirected > _MOST_REDIRECTIONS:
                    raise ClusterError("redirected without end") from error
                address = self._reachable(error.host, error.port, address or self._slots[slot])
                is_imported = isinstance(error, AskError)
                if not is_imported:
                    self._slots[slot] = address
            except _UNSETTLED as error:
                refused += 1
                address, is_imported = None, False
                self._pause(error, refused)
                self._map(maps)
            except _LOST as error:
                lost += 1
                last = address or self._slots.get(slot)
                address, is_imported = None, False
                self._settings.retries.wait(error, lost)
                self._map(maps, last)

    def _pause(self, error: Exception, refused: int) -> None:
        if refused > _MOST_REFUSALS:
            raise error
        try:
            deadline.pause(_BRIEFLY)
        except DeadlineError:
            raise error from None

    def _owner(self, slot: int) -> Address:
        """The master of a slot."""
        if not self._slots:
            self.discover()
        try:
            return self._slots[slot]
        except KeyError:
            raise ClusterDownError(f"no node has slot {slot}") from None

    def _node(self, address: Address) -> Node:
        node = self._nodes.get(address)
        if node is None:
            # Two threads may make one each: the first that is entered is the one that is used.
            node = self._nodes.setdefault(address, Node(self._settings.node.at(address)))
        return node

    def _reachable(self, host: str | None, port: int, asked: Address) -> Address:
        """Where a node is, from what another says of it; that leaves out a host that is its own."""
        address = (asked[0] if host in (None, "", "?") else str(host), int(port))
        return address if self._settings.remap is None else self._settings.remap(address)

    def _map(self, maps: int, last: Address | None = None) -> None:
        """Learn where the slots are, unless that was done since `maps`; node `last` is asked
        last."""
        if not self._lock.acquire(timeout=_lock_timeout()):
            raise DeadlineError
        try:
            if maps != self._maps:
                return
            slots, masters = self._asked(last)
            self._slots, self._masters = slots, masters
            self._maps += 1
        finally:
            self._lock.release()

    def _asked(self, last: Address | None) -> tuple[dict[int, Address], list[Address]]:
        """The answer of the first node that gives one."""
        failure: Exception | None = None
        known = dict.fromkeys((*self._masters, *self._settings.startup, *self._nodes))
        for address in sorted(known, key=lambda each: each == last):
            try:
                node = self._node(address)
                return self._read(node.ask(packed("CLUSTER", "SLOTS")), address)
            except (*_LOST, *_UNSETTLED) as error:
                failure = error
        raise failure or ClusterDownError("no node is known")

    def _read(self, answer: Any, asked: Address) -> tuple[dict[int, Address], list[Address]]:
        slots: dict[int, Address] = {}
        for first, last, (host, port, *_), *_ in answer:
            address = self._reachable(None if host is None else host.decode(), port, asked)
            slots.update(dict.fromkeys(range(first, last + 1), address))
        return slots, sorted(set(slots.values()))


def _lock_timeout() -> float:
    left = deadline.seconds_left()
    return -1 if left is None else left
