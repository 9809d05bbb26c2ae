"""boto3's client, and the private copy of it that a store sends over: requests that end in time,
over sockets that no other process has."""

from chatstore_dynamodb.client.factory import new_client
from chatstore_dynamodb.client.interface import Client
from chatstore_dynamodb.client.private_client import private_client

__all__ = ["Client", "new_client", "private_client"]
