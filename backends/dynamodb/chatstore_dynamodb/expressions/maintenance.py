"""What the operators' calls ask for: all of a user's sessions, all live or all expired ones; and
the conditions under which what was found may still be removed."""

from typing import Any

from chatstore_dynamodb.items import GONE, HISTORY_ID, key

_NO_CHUNKS = f"attribute_not_exists({HISTORY_ID})"
_GONE = {"N": str(GONE)}


def owned_by(user_id: str) -> dict[str, Any]:
    """The Query for the ids of all that is stored of a user."""
    return {
        "KeyConditionExpression": "userId=:user",
        "ProjectionExpression": "sessionId",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
    }


def still_owned_by(user_id: str) -> dict[str, Any]:
    """The condition of a DeleteItem: the session is this user's, and has no chunks."""
    return {
        "ConditionExpression": f"userId=:user AND {_NO_CHUNKS}",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
    }


def expired(now_seconds: int) -> dict[str, Any]:
    """The Scan for the ids of all that has expired, and for the lives of those with chunks."""
    return {
        "FilterExpression": "#ttl<=:now",
        "ProjectionExpression": f"sessionId,{HISTORY_ID}",
        **_ttl_and_now(now_seconds),
    }


def still_expired(now_seconds: int) -> dict[str, Any]:
    """The condition of a DeleteItem: nobody renewed the session meanwhile, and it has no chunks."""
    return {"ConditionExpression": f"#ttl<=:now AND {_NO_CHUNKS}", **_ttl_and_now(now_seconds)}


def mark_expired(history_id: str, now_seconds: int) -> dict[str, Any]:
    """The UpdateItem that marks a life which has expired as gone, whatever clock looks at it."""
    parameters = _ttl_and_now(now_seconds)
    parameters["ExpressionAttributeValues"] |= {":life": {"S": history_id}, ":gone": _GONE}
    return {
        "ConditionExpression": f"#ttl<=:now AND {HISTORY_ID}=:life",
        "UpdateExpression": "SET #ttl=:gone",
        **parameters,
    }


def mark_owned(history_id: str, user_id: str) -> dict[str, Any]:
    """The UpdateItem that marks a life as gone, if it is this user's."""
    return {
        "ConditionExpression": f"userId=:user AND {HISTORY_ID}=:life",
        "UpdateExpression": "SET #ttl=:gone",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {
            ":user": {"S": user_id},
            ":life": {"S": history_id},
            ":gone": _GONE,
        },
    }


def still_gone(history_id: str) -> dict[str, Any]:
    """The condition of a DeleteItem: the item is still that of the life that was marked as gone."""
    return {
        "ConditionExpression": f"#ttl=:gone AND {HISTORY_ID}=:life",
        "ExpressionAttributeNames": {"#ttl": "ttl"},
        "ExpressionAttributeValues": {":life": {"S": history_id}, ":gone": _GONE},
    }


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
