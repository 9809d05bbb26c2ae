"""Making what is missing. Nothing is ever dropped."""

from chatstore.errors import SchemaError
from chatstore_sql.postgresql.connections import Connection
from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.schema import definition
from chatstore_sql.postgresql.schema.mark import FORMAT, require_format, version_in
from chatstore_sql.postgresql.statements import Statement
from chatstore_sql.postgresql.tables import create_tables, indexes

_LOCK = 0x63686174
"""The lock by which those who apply wait for each other: "chat" in ASCII."""

_FIND = Statement(
    b"SELECT c.relname, obj_description(c.oid, 'pg_class') FROM pg_class AS c "
    b"JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1",
    b"chatstore_relations",
)
_FUNCTIONS = Statement(
    b"SELECT p.proname, p.prosrc FROM pg_proc AS p "
    b"JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = $1",
    b"chatstore_functions",
)
_HAS_SCHEMA = Statement(
    b"SELECT count(*) FROM pg_namespace WHERE nspname = $1", b"chatstore_has_schema"
)


def apply(database: Database, schema_name: str) -> list[str]:
    """Make what is missing in a schema, and bring older tables of ours to this format, in one
    transaction; what was done. Raises `SchemaError`, and has changed nothing, where the tables are
    not ours or are newer."""
    with database.connections.transaction() as connection:
        connection.run_plain(f"SELECT pg_advisory_xact_lock({_LOCK})")
        return _applied(connection, database.place, schema_name)


def _applied(connection: Connection, place: str, schema_name: str) -> list[str]:
    done: list[str] = []

    def perform(statement: str, what: str) -> None:
        connection.run_plain(statement)
        done.append(what)

    if connection.run(_HAS_SCHEMA, (schema_name,)) == [["0"]]:
        perform(definition.create_schema(schema_name), f"made the schema {schema_name}")
    found = {row[0]: row[1] for row in connection.run(_FIND, (schema_name,))}
    ours = {"chat_sessions", "chat_messages", "chat_leftovers"}
    version = version_in(found.get("chat_sessions"))
    if version is None:
        if foreign := sorted(name for name in found if name in ours):
            raise SchemaError(
                f"{place}: {schema_name}.{foreign[0]} is there and is not chatstore's; name "
                "another schema (?schema=)"
            )
        for statement in create_tables(schema_name):
            connection.run_plain(statement)
        perform(definition.set_mark(schema_name), "made the tables and their indexes")
    elif version > FORMAT:
        require_format(place, version)
    else:
        for older in range(version, FORMAT):
            for statement in definition.MIGRATIONS[older]:
                connection.run_plain(statement.replace("@schema@", f'"{schema_name}"'))
            perform(
                definition.set_mark(schema_name, older + 1),
                f"brought the tables from format {older} to {older + 1}",
            )
        for name, statement in indexes(schema_name).items():
            if name not in found:
                perform(statement, f"made the index {name}")
    there = {row[0]: row[1] for row in connection.run(_FUNCTIONS, (schema_name,))}
    for each in definition.functions(schema_name):
        if there.get(each.name) != each.body:
            is_new = each.name not in there
            perform(each.text, f"{'made' if is_new else 'replaced'} the function {each.name}")
    return done
