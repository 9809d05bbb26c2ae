"""The requests that the store sends, to one server or to a cluster."""

from collections.abc import Iterator, Sequence
from typing import Any

from redis.exceptions import ResponseError

from chatstore_redis.cluster import Cluster
from chatstore_redis.errors import is_missing_script
from chatstore_redis.node import Encoded, Server
from chatstore_redis.scripts import Script
from chatstore_redis.source import Client, ClusterSource, Source, source_of

__all__ = ["Argument", "Client", "Command", "Connection"]

Argument = bytes | str | int
Command = tuple[Argument, ...]
"""A command's name, in capitals, and its arguments."""


class Connection:
    """How scripts, pipelines and scans go to where a client's requests would go: by connections of
    its own. The client is left as it is."""

    def __init__(self, client: Client | Source | ClusterSource) -> None:
        self.client = client
        source = source_of(client)
        self.servers: Server | Cluster
        self.servers = Server(source) if isinstance(source, Source) else Cluster(source)

    @property
    def place(self) -> str:
        """Where the requests go, for people, without credentials."""
        return self.servers.place

    def run(self, script: Script, key: bytes, *arguments: Argument) -> Any:
        """Run a script on a key. The server takes it by its digest; one that has forgotten it, by
        a restart, a fail-over or SCRIPT FLUSH, gets the text, and so learns it again."""
        given = _encoded(arguments)
        try:
            return self.servers.send((b"EVALSHA", script.digest, 1, key, *given))
        except ResponseError as error:
            if not is_missing_script(error):
                raise
        return self.servers.send((b"EVAL", script.text, 1, key, *given))

    def run_all(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> list[Any]:
        """Run a script on each key, in one pipeline, or in a cluster in one for each node; the
        answers in the same order."""
        given = _encoded(arguments)
        answers = self._pipelined([(b"EVALSHA", script.digest, 1, key, *given) for key in keys])
        unknown = [index for index, answer in enumerate(answers) if is_missing_script(answer)]
        by_text: list[Encoded] = [
            (b"EVAL", script.text, 1, keys[index], *given) for index in unknown
        ]
        for index, answer in zip(unknown, self._pipelined(by_text), strict=True):
            answers[index] = answer
        return _without_errors(answers)

    def send(self, *command: Argument) -> Any:
        """Send one command, whose first argument is a key."""
        return self.servers.send(_encoded(command))

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one pipeline, or in a cluster in one for each node; their answers in
        the same order."""
        return _without_errors(self.try_all(commands))

    def try_all(self, commands: Sequence[Command]) -> list[Any]:
        """The same, with error answers among the answers."""
        return self._pipelined(list(map(_encoded, commands)))

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
            (b"SCAN", start, b"MATCH", pattern, b"COUNT", count, b"TYPE", kind.encode()),
        )
        following, keys = answer
        if int(following):
            return keys, (names[0], int(following))
        return keys, (names[1], 0) if len(names) > 1 else None

    def close(self) -> None:
        """Close the connections that were made here."""
        self.servers.close()

    def _pipelined(self, commands: Sequence[Encoded]) -> list[Any]:
        """The answers, exceptions among them."""
        return self.servers.send_all(commands) if commands else []


def _encoded(command: Command) -> Encoded:
    """The command in bytes: a client's own encoding may be another than UTF-8."""
    return tuple(each.encode() if isinstance(each, str) else each for each in command)


def _without_errors(answers: list[Any]) -> list[Any]:
    """The answers; the first exception among them is raised."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
