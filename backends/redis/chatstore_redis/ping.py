"""What a server is asked to prove before it is told to be usable; nothing is written."""

from redis.exceptions import ResponseError

from chatstore_redis.commands import Command, command
from chatstore_redis.deployment import Deployment
from chatstore_redis.errors import is_missing_script, translate
from chatstore_redis.keys import Keys
from chatstore_redis.scripts import PING

_PLACES = 32
"""So many keys lie in slots all over a cluster: one node of several has not got them all."""


def ping(deployment: Deployment, keys: Keys) -> None:
    """Return if the server does what the store needs; else raise what it, or redis-py, says."""
    places = [keys.nobodys(number) for number in range(_PLACES)]
    requests: list[Command] = [
        # Redis below 6.2 lacks BYLEX.
        command("ZRANGE", key, "-", "+", "BYLEX", "LIMIT", 0, 1)
        for key in places
    ]
    # Either way to run a script may be forbidden on its own, and a master may have turned into a
    # replica.
    for key in deployment.one_on_each(places):
        requests += [
            PING.by_digest((key,)),
            PING.by_text((key,)),
        ]
    for answer in deployment.try_all(requests):
        if isinstance(answer, Exception) and not is_missing_script(answer):
            raise answer
        if isinstance(answer, bytes) and answer:
            refused, _, refusal = answer.decode(errors="replace").partition(" ")
            error = ResponseError(refusal)
            typed = translate(error, deployment.place)
            assert typed is not None
            raise type(typed)(f"{typed} (refused: {refused})") from error
