"""Where the calls of one store go, and what is said there."""

import math
from collections.abc import Sequence

from chatstore.engine import seconds_left
from chatstore_sql.postgresql.connections import Row
from chatstore_sql.postgresql.lending import Connections
from chatstore_sql.postgresql.statements import Statement, Statements, Value

_SHARE = 0.9


class Database:
    """The connections of one store, and the statements for its schema."""

    def __init__(self, connections: Connections, say: Statements, place: str) -> None:
        self.connections = connections
        self.say = say
        self.place = place
        self.run = connections.run
        """Run one statement, which is a transaction of its own."""

    def run_step(self, statement: Statement, values: Sequence[Value]) -> list[Row]:
        """Run one step of what takes long: the server gives up at the step's deadline."""
        return self.connections.run_step(statement, values)


def lock_wait() -> int:
    """How many milliseconds the server may wait for another's lock: a little less than the call
    has, so that it gives up before the caller does. 0: as long as it takes."""
    left = seconds_left()
    return 0 if left is None else max(math.floor(left * 1000 * _SHARE), 1)
