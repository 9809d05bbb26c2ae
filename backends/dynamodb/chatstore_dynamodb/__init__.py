"""chatstore's sessions in a DynamoDB table."""

from chatstore_dynamodb.store import DynamoDBSessionStore

__all__ = ["DynamoDBSessionStore"]
