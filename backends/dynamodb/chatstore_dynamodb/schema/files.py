"""The files that operators deploy a table from: for the AWS command line, for CloudFormation and
for Terraform."""

import json
from pathlib import Path
from typing import Any

from chatstore.errors import ConfigurationError
from chatstore_dynamodb.history.chunks import POSITION
from chatstore_dynamodb.items import HISTORY_ID
from chatstore_dynamodb.schema.definition import (
    TTL_ATTRIBUTE,
    AnyDefinition,
    HistoryDefinition,
    TableDefinition,
    definition_from,
)

CREATE_PREFIX = "create-"
TTL_PREFIX = "configure-ttl-"
TEMPLATE_SUFFIX = ".cloudformation.json"


def deployment_files(definition: TableDefinition) -> dict[str, str]:
    """The text of each file, by its name."""
    table = definition.table_name
    return {
        f"{CREATE_PREFIX}{table}.json": _json(definition.create_table),
        f"{TTL_PREFIX}{table}.json": _json(definition.time_to_live),
        f"{table}{TEMPLATE_SUFFIX}": _json(cloudformation(definition)),
        f"{table}.tf": terraform(definition),
    }


def history_files(definition: HistoryDefinition) -> dict[str, str]:
    """The same of a history table, which has no time to live."""
    table = definition.table_name
    return {
        f"{CREATE_PREFIX}{table}.json": _json(definition.create_table),
        f"{table}{TEMPLATE_SUFFIX}": _json(_template(table, definition.create_table, "history")),
        f"{table}.tf": _history_terraform(definition),
    }


def definitions_in(folder: Path) -> list[AnyDefinition]:
    """The tables that a folder's create-table files describe. Raises `ConfigurationError` for one
    that can't be read, or says what chatstore would not write."""
    definitions: list[AnyDefinition] = []
    for file in sorted(folder.glob(f"{CREATE_PREFIX}*.json")):
        try:
            definitions.append(definition_from(json.loads(file.read_text())))
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{file}: can't be read ({error})") from error
        except ConfigurationError as error:
            raise ConfigurationError(f"{file}: {error}") from error
    return definitions


def cloudformation(definition: TableDefinition) -> dict[str, Any]:
    """A template with the table as its one resource, kept when the stack goes."""
    properties = {
        **definition.create_table,
        "TimeToLiveSpecification": {"AttributeName": TTL_ATTRIBUTE, "Enabled": True},
    }
    return _template(definition.table_name, properties, "sessions")


def _template(table_name: str, properties: dict[str, Any], what: str) -> dict[str, Any]:
    name = f"Chat{what.capitalize()}"
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": f"Chat {what} in the DynamoDB table {table_name}",
        "Resources": {
            name: {
                "Type": "AWS::DynamoDB::Table",
                "DeletionPolicy": "Retain",
                "UpdateReplacePolicy": "Retain",
                "Properties": properties,
            }
        },
        "Outputs": {
            "TableName": {"Value": {"Ref": name}},
            "TableArn": {"Value": {"Fn::GetAtt": [name, "Arn"]}},
        },
    }


def terraform(definition: TableDefinition) -> str:
    """A resource of the AWS provider; the provider's own configuration is the reader's."""
    create = definition.create_table
    attributes = _attributes(create)
    projection = definition.index_projection
    included = projection.get("NonKeyAttributes")
    names = f"    non_key_attributes = [{', '.join(map(_quoted, included))}]\n" if included else ""
    return f"""resource "aws_dynamodb_table" "chat_sessions" {{
  name         = {_quoted(definition.table_name)}
  billing_mode = {_quoted(create["BillingMode"])}
  hash_key     = "sessionId"
{attributes}
  global_secondary_index {{
    name            = {_quoted(definition.index_name)}
    hash_key        = "userId"
    range_key       = "createdAt"
    projection_type = {_quoted(projection["ProjectionType"])}
{names}  }}

  ttl {{
    attribute_name = {_quoted(TTL_ATTRIBUTE)}
    enabled        = true
  }}

  lifecycle {{
    prevent_destroy = true
  }}
}}
"""


def _history_terraform(definition: HistoryDefinition) -> str:
    create = definition.create_table
    return f"""resource "aws_dynamodb_table" "chat_history" {{
  name         = {_quoted(definition.table_name)}
  billing_mode = {_quoted(create["BillingMode"])}
  hash_key     = {_quoted(HISTORY_ID)}
  range_key    = {_quoted(POSITION)}
{_attributes(create)}
  lifecycle {{
    prevent_destroy = true
  }}
}}
"""


def _attributes(create_table: dict[str, Any]) -> str:
    return "".join(
        f"""
  attribute {{
    name = {_quoted(each["AttributeName"])}
    type = {_quoted(each["AttributeType"])}
  }}
"""
        for each in create_table["AttributeDefinitions"]
    )


def _json(document: object) -> str:
    return json.dumps(document, indent=2) + "\n"


def _quoted(text: str) -> str:
    # DynamoDB's names have no character that HCL would need escaped.
    return f'"{text}"'
