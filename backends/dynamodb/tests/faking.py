"""Answers that no emulator gives: AWS's errors, put in the place of a request's own."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.awsrequest import AWSResponse

from chatstore_dynamodb.client import Client

from .events import handled

REQUEST_ID = "REQUEST-ID-OF-THE-FAKE"


class _Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()


@contextmanager
def refusing(
    client: Client, code: str, text: str = "refused", *, status: int = 400, operation: str = "*"
) -> Iterator[None]:
    """Answer every request (of one operation) with an error of AWS's. DynamoDB Local never gets the
    request; moto carries it out all the same, since it answers from within the client."""

    def answer(**_: Any) -> AWSResponse:
        body = json.dumps({"__type": f"com.amazonaws.dynamodb#{code}", "message": text}).encode()
        headers = {"x-amzn-RequestId": REQUEST_ID}
        return AWSResponse("http://127.0.0.1", status, headers, _Raw(body))  # type: ignore[arg-type]

    event = f"before-send.dynamodb{'' if operation == '*' else f'.{operation}'}"
    with handled(client, event, answer):
        yield
