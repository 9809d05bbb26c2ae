"""From AWS's errors to chatstore's. Each message has the AWS code and the request id in it; none
has credentials."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ChecksumError,
    ClientError,
    ConnectionError,  # noqa: A004  botocore's name for it
    HTTPClientError,
    IncompleteReadError,
    StubResponseError,
)

from chatstore.errors import (
    BackendAuthError,
    BackendError,
    BackendThrottledError,
    BackendUnavailableError,
    ChatStoreError,
    ConfigurationError,
    MessageTooLargeError,
    SchemaError,
)
from chatstore.values.plain import masked
from chatstore_dynamodb.client.errors import CREDENTIALS, is_wrong_for_good, of_credentials
from chatstore_dynamodb.error_codes import BUSY, FOREIGN, MISSING, REFUSED, THROTTLED, TRANSIENT
from chatstore_dynamodb.place import Place

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
    return code in REFUSED or code.startswith("KMS")


def is_too_large(error: ClientError) -> bool:
    """Whether the item would have passed DynamoDB's 400 KB; nothing was written."""
    return "item size" in _text(error).lower() and code_of(error) == "ValidationException"


def is_wrong_key(error: ClientError) -> bool:
    """Whether a key in the request is not one that the table can have."""
    text = _text(error).lower()
    return code_of(error) == "ValidationException" and any(sign in text for sign in _WRONG_KEYS)


def is_not_projected(error: ClientError) -> bool:
    """Whether an index has not all that a Query names."""
    return "does not project" in _text(error) and code_of(error) == "ValidationException"


def returned_item(error: ClientError) -> dict[str, Any] | None:
    """The item that came back with a failed condition, if the engine returned one."""
    response: dict[str, Any] = dict(error.response)
    return response.get("Item") or None


def translate(error: Exception, table: Place | str) -> ChatStoreError | None:
    """The typed error for one of botocore's; None for any other exception. `table` is where it
    is, or its name."""
    place = Place(table) if isinstance(table, str) else table
    if isinstance(error, ClientError):
        return _of_service(error, place)
    if isinstance(error, CREDENTIALS):
        return of_credentials(error)
    if isinstance(error, HTTPClientError | ConnectionError | ChecksumError | IncompleteReadError):
        return _of_transport(error, place)
    if isinstance(error, StubResponseError):
        return BackendError(f"{place}: {error}")
    if isinstance(error, BotoCoreError):
        # What it refuses to send: by a setting, an argument or a file.
        return ConfigurationError(
            f"{place}: {masked(error)}; mend the URL's option, the AWS_ "
            "variable or the AWS file that it is about"
        )
    return None


def _of_transport(error: Exception, place: Place) -> ChatStoreError:
    if is_wrong_for_good(error):
        # The text of what a header can't hold would be the header's.
        said = "a header can't be sent" if "header" in str(error).lower() else masked(error)
        return ConfigurationError(
            f"{place} can't be reached this way ({said}); see the "
            "endpoint, the proxy (HTTPS_PROXY, HTTP_PROXY) and the certificates (AWS_CA_BUNDLE)"
        )
    return BackendUnavailableError(
        f"{place} can't be reached ({masked(error)}); "
        "the outcome of a write is unknown, send the same call again"
    )


def _of_service(error: ClientError, place: Place) -> ChatStoreError:
    code = code_of(error)
    what = f"{place}: {code} (request {_request_id(error)}): {_text(error)}"
    if code in THROTTLED or _status(error) == 429:
        return BackendThrottledError(f"{what}; wait a little and send the same call again")
    if is_refused(error):
        return BackendAuthError(f"{what}; the README has the policy that chatstore needs")
    if code in MISSING:
        part = "user index" if "index" in _text(error).lower() else "table"
        return _schema_error(place, what, f"the {part} is missing, or not yet active")
    if code == "ValidationException":
        return _invalid(error, place, what)
    if _status(error) >= 500 or code in TRANSIENT:
        return BackendUnavailableError(f"{what}; send the same call again")
    if code in BUSY:
        return BackendUnavailableError(
            f"{what}; the table is being made, changed or deleted: send the same call again when "
            "it is active"
        )
    if code in FOREIGN:
        return ConfigurationError(f"{what}; endpoint_url is not DynamoDB's")
    return BackendError(what)


def _invalid(error: ClientError, place: Place, what: str) -> ChatStoreError:
    text = _text(error).lower()
    if is_too_large(error):
        return MessageTooLargeError(
            "session",
            "within DynamoDB's 400 KB for an item, whoever wrote what is in it",
            "larger, as this write would make it",
            what,
        )
    if "specified index" in text or "index not found" in text:
        return _schema_error(place, what, "the user index is missing")
    if is_wrong_key(error):
        # Keys can't be changed: there is nothing that `apply` could do.
        return SchemaError(
            f"{what}; the table or its index has other keys: {place.schema_command('verify')} says "
            "what differs"
        )
    return BackendError(what)


def _schema_error(place: Place, what: str, reason: str) -> SchemaError:
    return SchemaError(
        f"{what}; {reason}: {place.schema_command('verify')} says what differs, "
        f"{place.schema_command('apply')} creates what is missing"
    )


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
