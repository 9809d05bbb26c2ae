"""What requests consume, by DynamoDB's own account."""

import uuid
from pathlib import Path
from typing import Any

from chatstore import Message
from chatstore_dynamodb.client import Client
from chatstore_dynamodb.engine import DynamoDBEngine

README = Path(__file__).parent.parent / "README.md"


class Metered:
    """A client that asks every request what it consumed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.units: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def metered(**parameters: Any) -> dict[str, Any]:
            answer: dict[str, Any] = method(ReturnConsumedCapacity="INDEXES", **parameters)
            self.units.append(answer["ConsumedCapacity"])
            return answer

        return metered

    def measure(self, engine: DynamoDBEngine) -> None:
        """Let an engine send through this client."""
        client: Any = self
        engine.table.client = engine.histories.chunks.client = client


def message(number: int) -> Message:
    return Message(
        type="user_query", content=f"{number:0200}", message_id=str(uuid.UUID(int=number))
    )
