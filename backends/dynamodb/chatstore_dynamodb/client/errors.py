"""What goes wrong before there is an answer: with the environment, AWS's files, credentials and
options, and with requests that get none."""

import ssl
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's name for it
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoAuthTokenError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    RefreshWithMFAUnsupportedError,
    SSLError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
from urllib3.exceptions import LocationValueError

from chatstore.errors import (
    BackendAuthError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
)
from chatstore.values import plain
from chatstore.values.plain import masked, plain_text
from chatstore_dynamodb.error_codes import THROTTLED

CREDENTIALS = (
    NoAuthTokenError,
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    MetadataRetrievalError,
    RefreshWithMFAUnsupportedError,
    SSOError,
    TokenRetrievalError,
    UnknownCredentialError,
)
"""botocore's errors that say that there are no credentials to be had."""

_WHERE = "set them where boto3 looks for them: the environment, a profile, a role"


def at_opening(error: Exception) -> ChatStoreError:
    """The typed error for whatever boto3 raises where a client is made."""
    if isinstance(error, ChatStoreError):
        return error
    if isinstance(error, NoRegionError):
        return ConfigurationError(
            "dynamodb: no region; add ?region=eu-west-1 to the URL, or set AWS_REGION"
        )
    if isinstance(error, ProfileNotFound):
        return ConfigurationError(f"dynamodb: {masked(error)}; mend AWS_PROFILE")
    if _is_of_credentials(error):
        return of_credentials(error)
    return ConfigurationError(
        f"dynamodb: boto3 can't make a client ({_said(error)}); mend the URL's option, the AWS_ "
        "variable or the AWS file that it is about"
    )


def of_credentials(error: Exception) -> ChatStoreError:
    """The typed error for whatever boto3 raises where it fetches or renews credentials."""
    if isinstance(error, ClientError):
        # A token service's answer.
        response: dict[str, Any] = dict(error.response)
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        text = f"dynamodb: the credentials can't be renewed ({masked(error)})"
        if response.get("Error", {}).get("Code") in THROTTLED:
            return BackendThrottledError(f"{text}; wait a little and send the same call again")
        if status >= 500:
            return BackendUnavailableError(f"{text}; send the same call again")
        return BackendAuthError(f"{text}; see whether the role may be assumed")
    if isinstance(error, HTTPClientError | ConnectionError) and not is_wrong_for_good(error):
        return BackendUnavailableError(
            f"dynamodb: where the credentials come from can't be reached ({masked(error)}); "
            "send the same call again"
        )
    return BackendAuthError(f"dynamodb: no usable credentials ({_said(error)}); {_WHERE}")


def _is_of_credentials(error: Exception) -> bool:
    if isinstance(error, CREDENTIALS) or type(error).__name__.startswith("Login"):
        return True
    # A file or a service that only credentials come from.
    modules = set()
    trace = error.__traceback__
    while trace is not None:
        modules.add(trace.tb_frame.f_globals.get("__name__"))
        trace = trace.tb_next
    return "botocore.credentials" in modules


def _said(error: Exception) -> str:
    """What an exception says, as far as it is botocore's own; others may quote a secret."""
    if isinstance(error, BotoCoreError | ValueError | OSError):
        return masked(error)
    return type(error).__name__


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


def shown(value: object) -> str:
    """What somebody gave, as an error shows it: without credentials, either."""
    text = plain_text(value)
    return plain.shown(value if text is None else masked(text))
