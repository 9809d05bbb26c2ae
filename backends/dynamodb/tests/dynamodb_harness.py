"""The contract's harnesses for DynamoDB: moto in this process, and DynamoDB Local."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import ClassVar

from moto import mock_aws

from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.harness import TableHarness
from chatstore_dynamodb.url import read_url

from .quick_answers import quick_answers

__all__ = [
    "REGION",
    "MotoHarness",
    "TableHarness",
    "local_client",
    "local_harness",
    "moto_client",
]

REGION = "eu-west-1"

_TWO_STEPS = (
    "moto checks a condition and writes the item in two steps, without a lock: of 800 concurrent "
    "appends that it acknowledged, 724 were there"
)

_COUNTS_TWICE = (
    "moto counts what an update replaces as well as what replaces it, and refuses an item that is "
    "too large by that after it has changed a part of it"
)


class MotoHarness(TableHarness):
    """moto: an emulation of the API's surface, in this process."""

    faults: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(
            (
                "test_no_append_is_lost",
                "test_no_message_of_a_history_is_lost",
                "test_one_message_from_many_is_stored_once",
                "test_one_create_wins",
                "test_get_or_create_agrees",
                "test_updates_of_different_keys_all_stay",
                "test_one_conditional_write_wins",
                "test_the_last_of_many_rewrites_wins",
            ),
            _TWO_STEPS,
        ),
        **dict.fromkeys(
            (
                "test_an_amended_message_must_fit",
                "test_bytes_bound_what_is_shown_of_a_history",
                "test_an_append_to_a_history_has_336000_bytes",
                "test_a_page_has_a_megabyte",
            ),
            _COUNTS_TWICE,
        ),
    }

    def __init__(self, client: Client) -> None:
        super().__init__("dynamodb-moto", client)


@contextmanager
def moto_client() -> Iterator[Client]:
    """A client of an empty moto; making one takes longer than most tests."""
    with mock_aws(), quick_answers():
        client = new_client(region=REGION)
        # Nobody looks here at a signature, or at who asks: both take a sixth of a request's time.
        parts = vars(client)
        creator = parts["_user_agent_creator"]
        for handler in (
            parts["_request_signer"].handler,
            # Older versions of botocore have none for each request.
            getattr(creator, "rebuild_and_replace_user_agent_handler", None),
        ):
            if handler is not None:
                client.meta.events.unregister("request-created.dynamodb", handler)
        yield client


@lru_cache
def local_client(url: str) -> Client:
    """The client of DynamoDB Local that the tests share."""
    address = read_url(url)
    return new_client(region=address.region, endpoint_url=address.endpoint_url)


def local_harness(url: str, *, projection: str = "ALL") -> TableHarness:
    """A fresh table in DynamoDB Local."""
    return TableHarness("dynamodb-local", local_client(url), projection=projection)
