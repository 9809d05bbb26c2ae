"""The store, as callers make one."""

from typing import Self

from chatstore.clock import Clock, utc_now
from chatstore.policy import RetentionPolicy
from chatstore.runtime.deadline import DEFAULT_DEADLINE, require_deadline, within
from chatstore.runtime.options import require_function, require_policy
from chatstore.store.base import BaseSessionStore
from chatstore_dynamodb.arguments import require_flag, require_name
from chatstore_dynamodb.client import Client, new_client
from chatstore_dynamodb.engine import DynamoDBEngine
from chatstore_dynamodb.items import DEFAULT_INDEX


class DynamoDBSessionStore(BaseSessionStore):
    """Sessions in a DynamoDB table, through boto3's low-level client.

    The caller owns `client`, which stays as it is and is not closed with the store: the store has
    a copy, with sockets of its own. The table, its user index `index_name` and its time to live are
    made by `chatstore schema apply`, never by the store; so is `history_table`, where sessions with
    history keep what is beyond their windows: by default `trinity-chat-history-dev` beside
    `trinity-chat-sessions-dev`. With `consistent_reads` (the default) `get`, `get_many` and `scan`
    see every write that was acknowledged before; without, they cost half as much and may lag.
    `list_sessions` reads an index, which always lags a little. A call ends within `deadline`
    seconds. Raises `ConfigurationError` for what is no such client, or no name that a table or an
    index can have.
    """

    engine: DynamoDBEngine  # pyright: ignore[reportIncompatibleVariableOverride]  it is set once

    def __init__(
        self,
        client: Client,
        table_name: str,
        *,
        index_name: str = DEFAULT_INDEX,
        history_table: str | None = None,
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> None:
        engine = DynamoDBEngine(
            client,
            table_name,
            index_name=index_name,
            history_table=history_table,
            consistent_reads=consistent_reads,
        )
        super().__init__(engine, policy=policy, clock=clock, deadline=deadline)

    @classmethod
    def connect(
        cls,
        table_name: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        retry_mode: str = "standard",
        index_name: str = DEFAULT_INDEX,
        history_table: str | None = None,
        consistent_reads: bool = True,
        policy: RetentionPolicy | None = None,
        clock: Clock = utc_now,
        deadline: float = DEFAULT_DEADLINE,
    ) -> Self:
        """A store with a client of its own, which it closes with itself. What `new_client` raises
        for its arguments, this does; it ends within `deadline`, or 10 seconds if that is more."""
        # To make a client takes a tenth of a second: what is wrong elsewhere is told before.
        require_name("table_name", table_name)
        require_name("index_name", index_name)
        if history_table is not None:
            require_name("history_table", history_table)
        require_flag("consistent_reads", consistent_reads)
        if policy is not None:
            require_policy(policy)
        require_function("clock", clock)
        # To make a client takes a while by itself, however short calls are to be.
        with within(max(require_deadline(deadline), DEFAULT_DEADLINE)):
            client = new_client(region=region, endpoint_url=endpoint_url, retry_mode=retry_mode)
        try:
            store = cls(
                client,
                table_name,
                index_name=index_name,
                history_table=history_table,
                consistent_reads=consistent_reads,
                policy=policy,
                clock=clock,
                deadline=deadline,
            )
        except BaseException:
            client.close()
            raise
        store.engine.own(client)
        return store
