"""What chatstore says in DynamoDB's expression language: pure functions from a write, and what is
known of the item, to the parameters of one request that DynamoDB takes."""

from chatstore_dynamodb.expressions.append import append, next_append
from chatstore_dynamodb.expressions.clauses import free, visible_condition
from chatstore_dynamodb.expressions.first import first_append, first_rewrite, first_update
from chatstore_dynamodb.expressions.listing import Listing, evaluated, page_request, without_history
from chatstore_dynamodb.expressions.replace import amend, compare_and_set, rewrite, rewrite_stored
from chatstore_dynamodb.expressions.update import update, update_stored

__all__ = [
    "Listing",
    "amend",
    "append",
    "compare_and_set",
    "evaluated",
    "first_append",
    "first_rewrite",
    "first_update",
    "free",
    "next_append",
    "page_request",
    "rewrite",
    "rewrite_stored",
    "update",
    "update_stored",
    "visible_condition",
    "without_history",
]
