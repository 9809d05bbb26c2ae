"""Commands, in the form in which they are sent."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

Argument = bytes | str | int

_PIECE = 65_536
"""About how many bytes are handed to a socket at a time."""


class Command(NamedTuple):
    """One command, and the key whose server is to have it."""

    key: bytes
    text: bytes


def command(name: str, key: bytes | str, *arguments: Argument) -> Command:
    """A command whose first argument is a key."""
    encoded = key if isinstance(key, bytes) else key.encode()
    return Command(encoded, packed(name, encoded, *arguments))


def packed(*arguments: Argument) -> bytes:
    """A command's name and arguments as Redis reads them."""
    return b"*%d\r\n%b" % (len(arguments), packed_part(*arguments))


def packed_part(*arguments: Argument) -> bytes:
    """Some of them, to be put together with others."""
    texts = [each if type(each) is bytes else str(each).encode() for each in arguments]
    return b"".join([b"$%d\r\n%b\r\n" % (len(text), text) for text in texts])


def joined(commands: Iterable[Command]) -> Iterator[bytes]:
    """The commands of a pipeline, in pieces to be sent one after another."""
    parts: list[bytes] = []
    length = 0
    for each in commands:
        parts.append(each.text)
        length += len(each.text)
        if length >= _PIECE:
            yield b"".join(parts)
            parts, length = [], 0
    if parts:
        yield b"".join(parts)
