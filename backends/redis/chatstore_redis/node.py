"""One server, through a pool of this store's own."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from redis.exceptions import ResponseError

from chatstore.runtime import deadline
from chatstore_redis.errors import refined
from chatstore_redis.source import Source

Encoded = tuple[bytes | int, ...]
"""A command's name, in capitals, and its arguments."""

Wire = Any
"""A `BoundedConnection`; redis-py's methods of it have no types."""

Result = TypeVar("Result")


class Node:
    """A server that is asked once. Answers hold bytes; an error answer is raised, or stands in its
    place in a list."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._pool = source.new_pool()

    def ask(self, command: Encoded) -> Any:
        """Send one command."""

        def talk(connection: Wire) -> Any:
            connection.send_command(*command)
            return connection.read_response(disable_decoding=True)

        return self._talk(talk)

    def ask_imported(self, command: Encoded) -> Any:
        """Send one command about a slot that is still being moved to this node."""

        def talk(connection: Wire) -> Any:
            connection.send_command(b"ASKING")
            connection.read_response()
            connection.send_command(*command)
            return connection.read_response(disable_decoding=True)

        return self._talk(talk)

    def ask_all(self, commands: Sequence[Encoded]) -> list[Any]:
        """Send commands in one pipeline."""

        def talk(connection: Wire) -> list[Any]:
            send_all(connection, commands)
            return read_all(connection, len(commands))

        return self._talk(talk)

    def take(self) -> Wire:
        """A connection that is ready, to be given back."""
        return self._pool.get_connection()

    def give_back(self, connection: Wire) -> None:
        """Have a connection used again: one with nothing left to read, or closed."""
        connection.is_watched = False
        self._pool.release(connection)

    def close(self) -> None:
        """Close every connection."""
        self._pool.disconnect()

    def _talk(self, talk: Callable[[Wire], Result]) -> Result:
        connection = self.take()
        try:
            with deadline.broken_off_by(connection.break_off):
                connection.is_watched = True
                return talk(connection)
        except ResponseError as error:
            raise refined(error) from error.__cause__
        except BaseException:
            connection.disconnect()
            raise
        finally:
            self.give_back(connection)


class Server:
    """One server that is all of a deployment: requests are sent again as its source says."""

    def __init__(self, source: Source) -> None:
        self.place = source.place
        self._node = Node(source)
        self._retries = source.retries

    def send(self, command: Encoded) -> Any:
        """Send one command."""
        return self._retries.call(lambda: self._node.ask(command))

    def send_all(self, commands: Sequence[Encoded]) -> list[Any]:
        """Send commands; the answers, error answers among them."""
        return self._retries.call(lambda: self._node.ask_all(commands))

    def owner(self, key: bytes) -> object:
        """What stands for the server of a key."""
        return None

    def masters(self) -> dict[str, Node]:
        """The nodes to walk over, by name."""
        return {"": self._node}

    def send_to(self, node: Node, command: Encoded) -> Any:
        """Send one command to a node."""
        return self._retries.call(lambda: node.ask(command))

    def close(self) -> None:
        """Close every connection."""
        self._node.close()


def ask_together(requests: Sequence[tuple[Node, Sequence[Encoded]]]) -> list[list[Any] | Exception]:
    """Send commands to several nodes, and only then wait for the answers; for each node its
    answers, or why it gave none."""
    taken: list[Wire] = []
    results: list[Wire | Exception] = []

    def break_off() -> None:
        for connection in taken:
            connection.break_off()

    with deadline.broken_off_by(break_off):
        for node, commands in requests:
            results.append(_sent(node, commands, taken))
        return [
            result if isinstance(result, Exception) else _answers(result, node, len(commands))
            for result, (node, commands) in zip(results, requests, strict=True)
        ]


def _sent(node: Node, commands: Sequence[Encoded], taken: list[Wire]) -> Wire | Exception:
    try:
        connection = node.take()
    except Exception as error:  # noqa: BLE001  the caller decides on it
        return error
    taken.append(connection)
    connection.is_watched = True
    try:
        # Whoever comes after the time was up has nobody to break it off.
        deadline.seconds_left()
        send_all(connection, commands)
    except Exception as error:  # noqa: BLE001  the caller decides on it
        connection.disconnect()
        node.give_back(connection)
        return error
    return connection


def _answers(connection: Wire, node: Node, number: int) -> list[Any] | Exception:
    try:
        return read_all(connection, number)
    except Exception as error:  # noqa: BLE001  the caller decides on it
        connection.disconnect()
        return error
    finally:
        node.give_back(connection)


def send_all(connection: Wire, commands: Sequence[Encoded]) -> None:
    """Send commands, without waiting."""
    connection.send_packed_command(connection.pack_commands(commands))


def read_all(connection: Wire, number: int) -> list[Any]:
    """So many answers, error answers among them."""
    return [_answer(connection) for _ in range(number)]


def _answer(connection: Wire) -> Any:
    try:
        return connection.read_response(disable_decoding=True)
    except ResponseError as error:
        return refined(error)
