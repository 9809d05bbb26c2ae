"""The requests that the store sends, over a client of one server or of a cluster."""

from collections.abc import Iterator, Sequence
from typing import Any

from redis import Redis
from redis.cluster import ClusterNode, RedisCluster

from chatstore_redis.errors import is_missing_script
from chatstore_redis.scripts import Script

Client = Redis | RedisCluster
Argument = bytes | str | int
Command = tuple[Argument, ...]
"""A command's name, in capitals, and its arguments."""

_AS_BYTES: dict[str, Any] = {"NEVER_DECODE": True}
"""Answers come as bytes, whatever `decode_responses` and `encoding` the caller's client has."""


class Connection:
    """A client, and how scripts, pipelines and scans go through it."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def run(self, script: Script, key: bytes, *arguments: Argument) -> Any:
        """Run a script on a key. The server takes it by its digest; one that has forgotten it, by
        a restart, a fail-over or SCRIPT FLUSH, gets the text, and so learns it again."""
        execute: Any = self.client.execute_command
        try:
            return execute("EVALSHA", script.digest, 1, key, *arguments, **_AS_BYTES)
        except Exception as error:
            if not is_missing_script(error):
                raise
        return execute("EVAL", script.text, 1, key, *arguments, **_AS_BYTES)

    def run_all(self, script: Script, keys: Sequence[bytes], *arguments: Argument) -> list[Any]:
        """Run a script on each key, in one pipeline, or in a cluster in one for each node; the
        answers in the same order."""
        by_digest = [("EVALSHA", script.digest, 1, key, *arguments) for key in keys]
        answers = self._pipelined(by_digest)
        unknown = [index for index, answer in enumerate(answers) if is_missing_script(answer)]
        by_text = [("EVAL", script.text, 1, keys[index], *arguments) for index in unknown]
        for index, answer in zip(unknown, self._pipelined(by_text), strict=True):
            answers[index] = answer
        return _without_errors(answers)

    def send(self, *command: Argument) -> Any:
        """Send one command."""
        execute: Any = self.client.execute_command
        return execute(*command, **_AS_BYTES)

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one pipeline, or in a cluster in one for each node; their answers in
        the same order."""
        return _without_errors(self._pipelined(commands))

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
        masters = self._masters()
        # A node that has left meanwhile is passed over: its slots are on the others now.
        names = [name for name in sorted(masters) if name >= node]
        if not names:
            return [], None
        start = cursor if names[0] == node else 0
        options: dict[str, Any] = {}
        if (target := masters[names[0]]) is not None:
            options["target_nodes"] = target
        execute: Any = self.client.execute_command
        answer = execute(
            "SCAN", start, "MATCH", pattern, "COUNT", count, "TYPE", kind, **options, **_AS_BYTES
        )
        following, keys = answer
        if isinstance(following, dict):
            # A cluster's client gives a cursor for each node that it asked.
            following = following[names[0]]
        if int(following):
            return keys, (names[0], int(following))
        return keys, (names[1], 0) if len(names) > 1 else None

    def close(self) -> None:
        """Close the client and its connections."""
        self.client.close()
        if isinstance(self.client, RedisCluster):
            # A cluster's client leaves its nodes' connections open, until it is collected.
            self.client.disconnect_connection_pools()  # type: ignore[no-untyped-call]

    def _pipelined(self, commands: Sequence[Command]) -> list[Any]:
        """The answers, exceptions among them."""
        if not commands:
            return []
        open_pipeline: Any = self.client.pipeline
        with open_pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command, **_AS_BYTES)
            answers: list[Any] = pipeline.execute(raise_on_error=False)
        return answers

    def _masters(self) -> dict[str, ClusterNode | None]:
        if isinstance(self.client, RedisCluster):
            masters: list[ClusterNode] = self.client.get_primaries()  # type: ignore[no-untyped-call]
            return {node.name: node for node in masters}
        return {"": None}


def _without_errors(answers: list[Any]) -> list[Any]:
    """The answers; the first exception among them is raised."""
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
