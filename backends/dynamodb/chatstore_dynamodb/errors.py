"""From AWS's errors to chatstore's. Each message has the AWS code and the request id in it; none
has credentials."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's name for it
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    MessageTooLargeError,
    SchemaError,
)
from chatstore_dynamodb.schema.advice import schema_command

_THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "TransactionInProgressException",
        "LimitExceededException",
    }
)
_REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_CREDENTIALS = (
    NoCredentialsError,
    PartialCredentialsError,
    CredentialRetrievalError,
    TokenRetrievalError,
    SSOError,
)
_WRONG_KEYS = (
    "key element",
    "key schema",
    "required keys",
    "key condition not supported",
    "conditions on the keys",
    "missed the key",
    "missing the key",
    "type mismatch for key",
    "type mismatch for index key",
    "exceeded the maximum allowed key",
    "start key",
    "starting key",
)


def is_failed_condition(error: ClientError) -> bool:
    """Whether the request's condition did not hold; nothing was written."""
    return code_of(error) == "ConditionalCheckFailedException"


def is_refused(error: ClientError) -> bool:
    """Whether AWS does not let these credentials do that."""
    code = code_of(error)
    return code in _REFUSED or code.startswith("KMS")


def is_too_large(error: ClientError) -> bool:
    """Whether the item would have passed DynamoDB's 400 KB; nothing was written."""
    return "item size" in _text(error).lower() and code_of(error) == "ValidationException"


def is_wrong_key(error: ClientError) -> bool:
    """Whether a key in the request is not one that the table can have."""
    text = _text(error).lower()
    return code_of(error) == "ValidationException" and any(sign in text for sign in _WRONG_KEYS)


def returned_item(error: ClientError) -> dict[str, Any] | None:
    """The item that came back with a failed condition, if the engine returned one."""
    response: dict[str, Any] = dict(error.response)
    return response.get("Item") or None


def translate(error: Exception, table_name: str, url: str = "") -> ChatStoreError | None:
    """The typed error for one of botocore's; None for any other exception. `url` is the table's,
    for the advice to name; without one there is no advice to follow."""
    if isinstance(error, ClientError):
        return _of_service(error, table_name, url)
    if isinstance(error, _CREDENTIALS):
        return BackendAuthError(
            f"dynamodb: no usable credentials ({error}); set them where boto3 looks for them"
        )
    if isinstance(error, HTTPClientError | ConnectionError):
        return BackendUnavailableError(
            f"dynamodb: table {table_name!r} can't be reached ({error}); "
            "the outcome of a write is unknown, send the same call again"
        )
    if isinstance(error, BotoCoreError):
        return BackendError(f"dynamodb: {error}")
    return None


def _of_service(error: ClientError, table_name: str, url: str) -> ChatStoreError:
    code = code_of(error)
    what = f"dynamodb: {code} on table {table_name!r} (request {_request_id(error)}): "
    what += _text(error)
    if code in _THROTTLED:
        return BackendThrottledError(f"{what}; wait a little and send the same call again")
    if is_refused(error):
        return BackendAuthError(f"{what}; the README has the policy that chatstore needs")
    if code == "ResourceNotFoundException":
        part = "user index" if "index" in _text(error).lower() else "table"
        return _schema_error(what, f"the {part} is missing, or not yet active", url)
    if code == "ValidationException":
        return _invalid(error, what, url)
    if _status(error) >= 500 or code in {"RequestTimeout", "RequestTimeoutException"}:
        return BackendUnavailableError(f"{what}; send the same call again")
    return BackendError(what)


def _invalid(error: ClientError, what: str, url: str) -> ChatStoreError:
    text = _text(error).lower()
    if is_too_large(error):
        return MessageTooLargeError(
            "session",
            "DynamoDB's 400 KB for an item, whoever wrote what is in it",
            "more, with this write",
            what,
        )
    if "specified index" in text or "index not found" in text:
        return _schema_error(what, "the user index is missing", url)
    if is_wrong_key(error):
        return _schema_error(what, "the table or its index has other keys", url)
    return BackendError(what)


def _schema_error(what: str, reason: str, url: str) -> SchemaError:
    advice = (
        f": `{schema_command('verify', url)}` says what differs, "
        f"`{schema_command('apply', url)}` creates what is missing"
    )
    return SchemaError(f"{what}; {reason}{advice if url else ''}")


def _response(error: ClientError, part: str) -> Mapping[str, Any]:
    response: dict[str, Any] = dict(error.response)
    return response.get(part) or {}


def code_of(error: ClientError) -> str:
    """AWS's own code for the error."""
    return str(_response(error, "Error").get("Code", "unknown"))


def _text(error: ClientError) -> str:
    return str(_response(error, "Error").get("Message", "no message"))


def _request_id(error: ClientError) -> str:
    return str(_response(error, "ResponseMetadata").get("RequestId", "unknown"))


def _status(error: ClientError) -> int:
    return int(_response(error, "ResponseMetadata").get("HTTPStatusCode", 0))
