"""DynamoDB's error codes, and what each kind means for whoever sent the request."""

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        # Another request is at the same item: nothing was written, and it is soon over.
        "ReplicatedWriteConflictException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
"""DynamoDB asks for fewer requests, or for a little time; nothing was done."""

TRANSIENT = frozenset(
    {
        "InternalFailure",
        "InternalServerError",
        "InternalServerErrorException",
        "RequestAbortedException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)
"""DynamoDB failed; what became of the request is not known. So did any answer of 500 and more."""

BUSY = frozenset(
    {
        "ResourceInUseException",
        "TableInUseException",
    }
)
"""The table is being made, changed or deleted."""

REFUSED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthFailure",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidIdentityToken",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "NotAuthorized",
        "OptInRequired",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "UnauthorizedOperation",
        "UnrecognizedClientException",
    }
)
"""AWS does not let these credentials do that."""

MISSING = frozenset(
    {"IndexNotFoundException", "ResourceNotFoundException", "TableNotFoundException"}
)
"""The table or its index is not there."""

FOREIGN = frozenset({"InvalidAction", "UnknownOperationException"})
"""The endpoint is no DynamoDB."""
