"""Where the sessions are: one server or a cluster, and the requests that go there."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from redis.exceptions import ResponseError

from chatstore_redis.client_settings import Client, ClusterSettings, ServerSettings, settings_of
from chatstore_redis.cluster import Cluster
from chatstore_redis.commands import Argument, Command, command, packed
from chatstore_redis.errors import is_missing_script
from chatstore_redis.scripts import Script
from chatstore_redis.server import Server

__all__ = ["Argument", "Client", "Command", "Deployment", "command"]

_MOST_KEYS = 100
"""How many sessions a script looks at before the server serves others."""


class Deployment:
    """How scripts, pipelines and scans go to where a client's requests would go: by connections of
    its own. The client is left as it is."""

    def __init__(self, client: Client | ServerSettings | ClusterSettings) -> None:
        self.client = client
        settings = settings_of(client)
        self.servers: Server | Cluster
        self.servers = (
            Server(settings) if isinstance(settings, ServerSettings) else Cluster(settings)
        )

    def open(self) -> None:
        """Do what has to be done before the first request: ask a cluster for its nodes. A client of
        the caller's has done so by itself."""
        if isinstance(self.client, ClusterSettings) and isinstance(self.servers, Cluster):
            self.servers.discover()

    @property
    def place(self) -> str:
        """Where the requests go, for people, without credentials."""
        return self.servers.place

    def run(self, script: Script, key: bytes, *arguments: Argument) -> Any:
        """Run a script on a key. The server takes it by its digest; one that has forgotten it, by
        a restart, a fail-over or SCRIPT FLUSH, gets the text, and so learns it again."""
        try:
            return self.servers.send(script.by_digest((key,), arguments))
        except ResponseError as error:
            if not is_missing_script(error):
                raise
        return self.servers.send(script.by_text((key,), arguments))

    def run_on(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> Any:
        """Run a script on several keys of one slot."""
        return self._run_each(script, [keys], arguments)[0]

    def run_all(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> list[Any]:
        """Run a script on each key, in one pipeline, or in a cluster in one for each node; the
        answers in the same order."""
        return self._run_each(script, [(key,) for key in keys], arguments)

    def run_over(self, script: Script, keys: Sequence[bytes]) -> list[Any]:
        """Run a script that takes any number of keys; what it answers to each, in the same order.
        A server runs it once, on some hundred keys; in a cluster it is run once for each slot."""
        places: dict[int, list[int]] = defaultdict(list)
        for index, key in enumerate(keys):
            places[self.servers.group(key, index // _MOST_KEYS)].append(index)
        groups = [[keys[index] for index in indices] for indices in places.values()]
        answers: list[Any] = [None] * len(keys)
        for indices, found in zip(places.values(), self._run_each(script, groups), strict=True):
            for index, answer in zip(indices, found, strict=True):
                answers[index] = answer
        return answers

    def send(self, name: str, key: bytes | str, *arguments: Argument) -> Any:
        """Send one command."""
        return self.servers.send(command(name, key, *arguments))

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one pipeline, or in a cluster in one for each node; their answers in
        the same order."""
        return _without_errors(self.try_all(commands))

    def try_all(self, commands: Sequence[Command]) -> list[Any]:
        """The same, with error answers among the answers."""
        return self.servers.send_all(commands) if commands else []

    def one_on_each(self, keys: Sequence[bytes]) -> list[bytes]:
        """Those of the keys that lie on a server of their own, one for each server."""
        return list({self.servers.owner(key): key for key in keys}.values())

    def scan_all(self, pattern: bytes, kind: str) -> Iterator[list[bytes]]:
        """The keys of one type that match, on all masters, each at least once, in chunks."""
        node, cursor = "", 0
        while True:
            found, following = self.scan(pattern, kind, node=node, cursor=cursor, count=1_000)
            yield found
            if following is None:
                return
            node, cursor = following

    def scan(
        self, pattern: bytes, kind: str, *, node: str, cursor: int, count: int
    ) -> tuple[list[bytes], tuple[str, int] | None]:
        """Some keys, and the node and cursor at which to go on; None when all were seen. A scan
        begins at node '' and cursor 0."""
        masters = self.servers.masters()
        # A node that has left meanwhile is passed over: its slots are on the others now.
        names = [name for name in sorted(masters) if name >= node]
        if not names:
            return [], None
        start = cursor if names[0] == node else 0
        answer = self.servers.send_to(
            masters[names[0]],
            packed("SCAN", start, "MATCH", pattern, "COUNT", count, "TYPE", kind),
        )
        following, keys = answer
        if int(following):
            return keys, (names[0], int(following))
        return keys, (names[1], 0) if len(names) > 1 else None

    def _run_each(
        self,
        script: Script,
        groups: Sequence[Sequence[bytes]],
        arguments: Sequence[Argument] = (),
    ) -> list[Any]:
        """Run a script once on each group of keys."""
        answers = self.try_all([script.by_digest(keys, arguments) for keys in groups])
        unknown = [index for index, answer in enumerate(answers) if is_missing_script(answer)]
        by_text = [script.by_text(groups[index], arguments) for index in unknown]
        for index, answer in zip(unknown, self.try_all(by_text), strict=True):
            answers[index] = answer
        return _without_errors(answers)

    def close(self) -> None:
        """Close the connections that were made here."""
        self.servers.close()


def _without_errors(answers: list[Any]) -> list[Any]:
    """The answers; the first exception among them is raised."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
