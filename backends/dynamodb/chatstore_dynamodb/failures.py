"""What is wrong with a request that got no answer: something that passes, or something that stays
until somebody mends it."""

import re
import ssl

from botocore.exceptions import HTTPClientError, SSLError
from urllib3.exceptions import LocationValueError

from chatstore.values.plain import plain_text
from chatstore.values.plain import shown as shown_plainly

_PASSING_TLS = ("EOF", "reset", "timed out", "closed")
"""How a TLS handshake fails that merely was cut off."""


def is_wrong_for_good(error: BaseException) -> bool:
    """Whether a request can't be sent, this way, however often it is tried: its TLS does not fit,
    or an address, a file or a setting that it needs is wrong."""
    if isinstance(error, SSLError):
        return not any(sign in str(error) for sign in _PASSING_TLS)
    # botocore's word for whatever it does not expect when it sends.
    if type(error) is not HTTPClientError:
        return False
    wrapped = error.kwargs.get("error")
    if isinstance(wrapped, ssl.SSLError | OSError | ValueError | TypeError | KeyError):
        return not isinstance(wrapped, TimeoutError | ConnectionResetError | BrokenPipeError)
    return isinstance(wrapped, LocationValueError)


def masked(text: object) -> str:
    """A driver's text, without the credentials that somebody may have put into a URL."""
    return re.sub(r"(?s)//.*@", "//***@", str(text))


def shown(value: object) -> str:
    """What somebody gave, as an error shows it: without credentials, either."""
    text = plain_text(value)
    return shown_plainly(value if text is None else masked(text))
