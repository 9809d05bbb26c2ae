"""What chatstore says in DynamoDB's expression language: pure functions from a write, and what is
known of the item, to the parameters of one request that DynamoDB takes."""

from chatstore_dynamodb.expressions.append import append, first_append, next_append
from chatstore_dynamodb.expressions.clauses import free, visible_condition
from chatstore_dynamodb.expressions.listing import Listing, evaluated, page_request
from chatstore_dynamodb.expressions.replace import compare_and_set, rewrite, rewrite_stored
from chatstore_dynamodb.expressions.update import update

__all__ = [
    "Listing",
    "append",
    "compare_and_set",
    "evaluated",
    "first_append",
    "free",
    "next_append",
    "page_request",
    "rewrite",
    "rewrite_stored",
    "update",
    "visible_condition",
]
