"""Keeps credentials out of what is shown, wherever a driver's text may have put them."""

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, unquote

from chatstore.cli.printable import printable
from chatstore.environment import CACHE_URL_VARIABLE, URL_VARIABLE

_HIDDEN = "***"
_URL_VARIABLES = (URL_VARIABLE, CACHE_URL_VARIABLE)
_SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "REDISCLI_AUTH")
_SHORTEST_OF_A_VARIABLE = 8
_SHORTEST_ANYWHERE = 4
"""A shorter secret is hidden where it stands as a word alone: parts of words can't tell it."""

_SECRET_NAME = re.compile(r"pass|secret|token|auth|credential", re.IGNORECASE)
_USER_INFORMATION = re.compile(
    r"(?<=://)(?!(?:user(?:name)?)?:password@)[^/?#\s'\"]*@", re.IGNORECASE
)
"""But for what an error says such a URL looks like."""

_SECRET_OPTION = re.compile(
    r"([?&;][^=&;\s]*(?:pass|secret|token|auth|credential)[^=&;\s]*=)[^&;\s'\"]+", re.IGNORECASE
)


class Secrecy:
    """The credentials that a command was given, for its texts to be rid of."""

    def __init__(self, arguments: Iterable[str], environment: Mapping[str, str]) -> None:
        given = [each.partition("=")[2] for each in arguments if each.startswith("-")]
        urls = [*arguments, *given, *(environment.get(each, "") for each in _URL_VARIABLES)]
        secrets = {secret for url in urls if "://" in url for secret in _secrets_of(url)}
        for name in _SECRET_VARIABLES:
            if len(value := environment.get(name, "")) >= _SHORTEST_OF_A_VARIABLE:
                secrets.add(value)
        # The longest first: one may be a part of another.
        self._patterns = [_pattern(each) for each in sorted(secrets, key=len, reverse=True)]

    def without(self, text: str) -> str:
        """`text` with each credential replaced by `***`, as it was given and as it is decoded."""
        text = _USER_INFORMATION.sub(f"{_HIDDEN}@", text)
        text = _SECRET_OPTION.sub(rf"\1{_HIDDEN}", text)
        for pattern in self._patterns:
            text = pattern.sub(_HIDDEN, text)
        return text


def shown_url(url: str) -> str:
    """A URL as people may see it."""
    return Secrecy([url], {}).without(url)


def _secrets_of(url: str) -> Iterator[str]:
    rest = url.partition("://")[2]
    # By the last @: a password with a slash, which no URL may have, is still no text to show.
    user_information, separator, _ = rest.rpartition("@")
    found = [user_information.partition(":")[2]] if separator else []
    query = url.partition("?")[2].partition("#")[0]
    found += [value for name, value in parse_qsl(query) if _SECRET_NAME.search(name)]
    for secret in found:
        for form in (secret, unquote(secret)):
            if form:
                # Also as it stands in the repr of a text, and as it is shown.
                yield from (form, repr(form)[1:-1], printable(form))


def _pattern(secret: str) -> re.Pattern[str]:
    escaped = re.escape(secret)
    if len(secret) < _SHORTEST_ANYWHERE:
        escaped = rf"(?<!\w){escaped}(?!\w)"
    return re.compile(escaped)
