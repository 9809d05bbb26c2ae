"""One server, through a pool of this store's own."""

from collections.abc import Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

from redis.exceptions import ResponseError

from chatstore.runtime import deadline
from chatstore_redis.client_settings import ServerSettings
from chatstore_redis.commands import Command, joined, packed
from chatstore_redis.connections import BoundedConnection
from chatstore_redis.errors import refined

_ASKING = packed(b"ASKING")

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Node:
    """A server that is asked once. Answers hold bytes; an error answer is raised, or stands in its
    place in a list.

    At each turn a pool of redis-py's does about half as much work as the whole request. So a
    connection that is ready for the next request waits here, where the pool has nothing to see to
    in between.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._pool: Any = settings.new_pool()
        self._keeps_ready = settings.has_plain_pool
        self._ready: list[BoundedConnection] = []

    def ask(self, command: bytes) -> Any:
        """Send one command."""
        return self._talk(BoundedConnection.ask, command)

    def ask_imported(self, command: bytes) -> Any:
        """Send one command about a slot that is still being moved to this node."""

        def talk(connection: BoundedConnection) -> Any:
            connection.ask(_ASKING)
            return connection.ask(command)

        return self._talk(talk)

    def ask_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands in one pipeline."""

        def talk(connection: BoundedConnection) -> list[Any]:
            connection.tell(*joined(commands))
            return hear_all(connection, len(commands))

        return self._talk(talk)

    def take(self) -> BoundedConnection:
        """A connection that is ready, to be given back."""
        while self._ready:
            try:
                connection = self._ready.pop()
            except IndexError:  # another thread was quicker
                break
            if connection.is_ready():
                return connection
            # The pool sees to one that the server has closed.
            self._pool.release(connection)
        taken: BoundedConnection = self._pool.get_connection()
        return taken

    def give_back(self, connection: BoundedConnection) -> None:
        """Have a connection used again: one with nothing left to read, or closed."""
        if self._keeps_ready and connection.can_wait:
            self._ready.append(connection)
        else:
            self._pool.release(connection)

    def close(self) -> None:
        """Close every connection."""
        self._pool.disconnect()

    def _talk(
        self,
        talk: Callable[Concatenate[BoundedConnection, Arguments], Result],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Result:
        connection = self.take()
        try:
            with deadline.broken_off_by(connection.break_off):
                return talk(connection, *arguments, **options)
        except ResponseError as error:
            raise refined(error) from error.__cause__
        except BaseException:
            connection.disconnect()
            raise
        finally:
            self.give_back(connection)


class Server:
    """One server that is all of a deployment: requests are sent again as its settings say."""

    def __init__(self, settings: ServerSettings) -> None:
        self.place = settings.place
        self._node = Node(settings)
        self._retries = settings.retries

    def send(self, command: Command) -> Any:
        """Send one command."""
        return self._retries.call(self._node.ask, command.text)

    def send_all(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands; the answers, error answers among them."""
        return self._retries.call(self._node.ask_all, commands)

    def owner(self, key: bytes) -> object:
        """What stands for the server of a key."""
        return None

    def group(self, key: bytes, otherwise: int) -> int:
        """A number that is the same for keys that one script may have; `otherwise` if all may."""
        return otherwise

    def masters(self) -> dict[str, Node]:
        """The nodes to walk over, by name."""
        return {"": self._node}

    def send_to(self, node: Node, command: bytes) -> Any:
        """Send one command to a node."""
        return self._retries.call(node.ask, command)

    def close(self) -> None:
        """Close every connection."""
        self._node.close()


def ask_together(requests: Sequence[tuple[Node, Sequence[Command]]]) -> list[list[Any] | Exception]:
    """Send commands to several nodes, and only then wait for the answers; for each node its
    answers, or why it gave none."""
    taken: list[BoundedConnection] = []
    results: list[BoundedConnection | Exception] = []

    def break_off() -> None:
        for connection in taken:
            connection.break_off()

    with deadline.broken_off_by(break_off):
        for node, commands in requests:
            results.append(_told(node, commands, taken))
        return [
            result if isinstance(result, Exception) else _heard(result, node, len(commands))
            for result, (node, commands) in zip(results, requests, strict=True)
        ]


def _told(
    node: Node, commands: Sequence[Command], taken: list[BoundedConnection]
) -> BoundedConnection | Exception:
    try:
        connection = node.take()
    except Exception as error:  # noqa: BLE001  the caller decides on it
        return error
    taken.append(connection)
    try:
        # Whoever comes after the time was up has nobody to break it off.
        deadline.seconds_left()
        connection.tell(*joined(commands))
    except Exception as error:  # noqa: BLE001  the caller decides on it
        connection.disconnect()
        node.give_back(connection)
        return error
    return connection


def _heard(connection: BoundedConnection, node: Node, number: int) -> list[Any] | Exception:
    try:
        return hear_all(connection, number)
    except Exception as error:  # noqa: BLE001  the caller decides on it
        connection.disconnect()
        return error
    finally:
        node.give_back(connection)


def hear_all(connection: BoundedConnection, number: int) -> list[Any]:
    """So many answers, error answers among them."""
    return [_answer(connection) for _ in range(number)]


def _answer(connection: BoundedConnection) -> Any:
    try:
        return connection.hear()
    except ResponseError as error:
        return refined(error)
