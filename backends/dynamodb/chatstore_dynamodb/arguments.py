"""What a caller says of the table: checked before anything is opened."""

import re

from chatstore.errors import ConfigurationError
from chatstore.values.plain import plain_text
from chatstore_dynamodb.client.errors import shown

_NAME = re.compile(r"[A-Za-z0-9_.-]{1,255}|arn:[\x21-\x7e]{1,1020}")


def require_name(field: str, name: object) -> str:
    """Return a name that a table or an index can have; raise `ConfigurationError` for another."""
    text = plain_text(name)
    if text is None or not _NAME.fullmatch(text):
        raise ConfigurationError(
            f"dynamodb: {field} must be 3 to 255 letters, digits, _, - and ., not {shown(name)}"
        )
    return text


def require_flag(field: str, flag: object) -> bool:
    """Return True or False; raise `ConfigurationError` for anything else."""
    if type(flag) is not bool:
        raise ConfigurationError(f"dynamodb: {field} must be True or False, not {shown(flag)}")
    return flag
