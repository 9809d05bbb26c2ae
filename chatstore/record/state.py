"""A session's state, its preferences and metadata: how much of it there may be."""

from chatstore.errors import InvalidInputError
from chatstore.models import JsonObject
from chatstore.values.json_values import portable, stored_size, utf8_size
from chatstore.values.plain import require_mapping

MAX_KEYS = 256
MAX_STATE_BYTES = 32_768


def require_map(field: str, entries: object) -> JsonObject:
    """The normal form of `entries`; `InvalidInputError` unless it is an object of at most 256 keys
    and 32 KiB. Names whose value is None are counted too: a patch removes them."""
    given = entries if type(entries) is dict else require_mapping(field, entries, most=MAX_KEYS)
    normal: JsonObject = portable(field, given)[0]
    require_key_count(field, len(normal))
    require_state_bytes(field, state_size(normal))
    return normal


def state_size(entries: JsonObject) -> int:
    """What preferences or metadata count towards their 32 KiB: each entry's `entry_size`."""
    # Three bytes of a map, and one for each entry, are no entry's own.
    return stored_size(entries) - 3 - len(entries)


def entry_size(name: str, value: object) -> int:
    """The stored size of one entry, name and value, in bytes."""
    return utf8_size(name) + stored_size(value)


def require_key_count(field: str, count: int) -> None:
    """Raise `InvalidInputError` if a map would have more than 256 keys."""
    if count > MAX_KEYS:
        raise InvalidInputError(field, f"a dict of at most {MAX_KEYS} keys", f"one of {count} keys")


def require_state_bytes(field: str, size: int) -> None:
    """Raise `InvalidInputError` if the entries of a map would be larger than 32 KiB together."""
    if size > MAX_STATE_BYTES:
        raise InvalidInputError(
            field,
            f"at most {MAX_STATE_BYTES} bytes together, names and values",
            f"{size} bytes",
            "keep what is longer elsewhere, and its address here",
        )
