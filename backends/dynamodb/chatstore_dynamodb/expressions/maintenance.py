"""What the operators' calls ask for: all of a user's sessions, all live or all expired ones; and
the conditions under which what was found may still be removed."""

from typing import Any

from chatstore_dynamodb.items import key


def owned_by(user_id: str) -> dict[str, Any]:
    """The Query for the ids of all that is stored of a user."""
    return {
        "KeyConditionExpression": "userId=:user",
        "ProjectionExpression": "sessionId",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
    }


def still_owned_by(user_id: str) -> dict[str, Any]:
    """The condition of a DeleteItem: the session is this user's."""
    return {
        "ConditionExpression": "userId=:user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
    }


def expired(now_seconds: int) -> dict[str, Any]:
    """The Scan for the ids of all that has expired."""
    return {
        "FilterExpression": "#ttl<=:now",
        "ProjectionExpression": "sessionId",
        **_ttl_and_now(now_seconds),
    }


def still_expired(now_seconds: int) -> dict[str, Any]:
    """The condition of a DeleteItem: nobody renewed the session meanwhile."""
    return {"ConditionExpression": "#ttl<=:now", **_ttl_and_now(now_seconds)}


def live(now_seconds: int, *, limit: int, after: str | None) -> dict[str, Any]:
    """The Scan for some live sessions, after the one whose id is given."""
    start = {} if after is None else {"ExclusiveStartKey": key(after)}
    return {
        "FilterExpression": "NOT #ttl<=:now",
        "Limit": limit,
        **_ttl_and_now(now_seconds),
        **start,
    }


def _ttl_and_now(now_seconds: int) -> dict[str, Any]:
    return {
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":now": {"N": str(now_seconds)}},
    }
