"""What makes a table another than the one that is asked for."""

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], object]


def other_keys(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"][0]["AttributeName"] = "id"
    create["KeySchema"][0]["AttributeName"] = "id"


def a_range_key(create: dict[str, Any]) -> None:
    create["AttributeDefinitions"].append({"AttributeName": "sort", "AttributeType": "S"})
    create["KeySchema"].append({"AttributeName": "sort", "KeyType": "RANGE"})


def of_type(name: str, kind: str) -> Change:
    def change(create: dict[str, Any]) -> None:
        for each in create["AttributeDefinitions"]:
            if each["AttributeName"] == name:
                each["AttributeType"] = kind

    return change


def without_index(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"]
    del create["AttributeDefinitions"][1:]


def other_application(create: dict[str, Any]) -> None:
    without_index(create)
    other_keys(create)


def index_of_one_key(create: dict[str, Any]) -> None:
    del create["GlobalSecondaryIndexes"][0]["KeySchema"][1]
    del create["AttributeDefinitions"][2]


def keys_only(create: dict[str, Any]) -> None:
    create["GlobalSecondaryIndexes"][0]["Projection"] = {"ProjectionType": "KEYS_ONLY"}


def another_index_by_number(create: dict[str, Any]) -> None:
    create["GlobalSecondaryIndexes"][0]["IndexName"] = "by-number"
    of_type("userId", "N")(create)
