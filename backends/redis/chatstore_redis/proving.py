"""What a server is asked to prove before it is told to be usable; nothing is written."""

from redis.exceptions import ResponseError

from chatstore_redis.connection import Command, Connection
from chatstore_redis.errors import is_missing_script
from chatstore_redis.keys import Keys
from chatstore_redis.scripts import PROVE

_PLACES = 32
"""So many keys lie in slots all over a cluster: one node of several has not got them all."""


def prove(connection: Connection, keys: Keys) -> None:
    """Return if the server does what the store needs; else raise what it, or redis-py, says."""
    places = [keys.nobodys(number) for number in range(_PLACES)]
    requests: list[Command] = [
        # Redis below 6.2 lacks BYLEX.
        ("ZRANGE", key, "-", "+", "BYLEX", "LIMIT", 0, 1)
        for key in places
    ]
    # Either way to run a script may be forbidden on its own, and a master may have turned into a
    # replica.
    for key in connection.one_on_each(places):
        requests += [
            ("EVALSHA", PROVE.digest, 1, key),
            ("EVAL", PROVE.text, 1, key),
        ]
    for answer in connection.try_all(requests):
        if isinstance(answer, Exception) and not is_missing_script(answer):
            raise answer
        if isinstance(answer, bytes) and answer:
            raise ResponseError(answer.decode(errors="replace"))
