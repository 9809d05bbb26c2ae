"""The example of an AWS Lambda function, and the events that AppSync sends it."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

EXAMPLE = Path(__file__).parents[3] / "examples" / "trini_lambda.py"


def load() -> ModuleType:
    """The function's module, new as in a new execution environment."""
    spec = importlib.util.spec_from_file_location("trini_lambda", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def event(field: str, user: str = "ana", **arguments: object) -> dict[str, Any]:
    """An event for one field of the GraphQL schema."""
    return {"info": {"fieldName": field}, "identity": {"sub": user}, "arguments": arguments}
