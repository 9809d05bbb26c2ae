"""What of live tables is not as it must be, and what mends it."""

from collections.abc import Iterator
from typing import NamedTuple

from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.schema import definition
from chatstore_sql.postgresql.schema.mark import FORMAT, version_in
from chatstore_sql.postgresql.statements import Statement
from chatstore_sql.postgresql.tables import CODE_POINTS, DIALECT, indexes, tables

_APPLY = "run: chatstore schema apply --url URL"


class Difference(NamedTuple):
    """One thing that is not as it must be."""

    what: str
    mend: str


_RELATIONS = Statement(
    b"SELECT c.relname, obj_description(c.oid, 'pg_class'), "
    b"coalesce(i.indisvalid, true), array_to_string(c.reloptions, ' ') "
    b"FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    b"LEFT JOIN pg_index AS i ON i.indexrelid = c.oid WHERE n.nspname = $1",
    b"chatstore_verify_relations",
)
_COLUMNS = Statement(
    b"SELECT c.relname, a.attname, upper(format_type(a.atttypid, a.atttypmod)), o.collname "
    b"FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
    b"JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    b"LEFT JOIN pg_collation AS o ON o.oid = a.attcollation "
    b"WHERE n.nspname = $1 AND c.relkind IN ('r', 'p')",
    b"chatstore_verify_columns",
)
_FUNCTIONS = Statement(
    b"SELECT p.proname, p.prosrc FROM pg_proc AS p "
    b"JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = $1",
    b"chatstore_verify_functions",
)
_SETTINGS = Statement(
    b"SELECT current_setting('autovacuum'), current_setting('track_counts'), pg_is_in_recovery()",
    b"chatstore_verify_settings",
)


def differences(database: Database, schema_name: str) -> list[Difference]:
    """Everything that is not as it must be."""
    return list(_differences(database, schema_name))


def _differences(database: Database, schema_name: str) -> Iterator[Difference]:
    relations = {row[0]: row for row in database.run(_RELATIONS, (schema_name,))}
    if "chat_sessions" not in relations:
        yield Difference(f"there are no tables in the schema {schema_name}", _APPLY)
        return
    version = version_in(relations["chat_sessions"][1])
    if version is None:
        yield Difference(
            f"{schema_name}.chat_sessions is not chatstore's", "name another schema (?schema=)"
        )
        return
    if version != FORMAT:
        yield Difference(
            f"the tables have stored format {version}, and not {FORMAT}",
            _APPLY if version < FORMAT else "upgrade chatstore",
        )
    yield from _of_columns(database, schema_name)
    for name in indexes(schema_name):
        if name not in relations:
            yield Difference(f"the index {name} is missing", _APPLY)
        elif relations[name][2] != "t":
            yield Difference(
                f"the index {name} is not valid, and so not used",
                f"run: REINDEX INDEX CONCURRENTLY {schema_name}.{name}",
            )
    yield from _of_functions(database, schema_name)
    ((autovacuum, counts, in_recovery),) = database.run(_SETTINGS, ())
    if autovacuum != "on" or counts != "on":
        yield Difference(
            f"autovacuum is {autovacuum} and track_counts is {counts} on this server",
            "turn both on: each append leaves a dead row or two behind",
        )
    for name in ("chat_sessions", "chat_messages"):
        _, _, _, options = relations.get(name, (None, None, None, None))
        if "autovacuum_enabled=false" in (options or ""):
            yield Difference(
                f"autovacuum is off for {name}",
                f"run: ALTER TABLE {schema_name}.{name} RESET (autovacuum_enabled)",
            )
    if in_recovery == "t":
        yield Difference("this server is a replica, which takes no writes", "name the primary")


def _of_columns(database: Database, schema_name: str) -> Iterator[Difference]:
    there = {(row[0], row[1]): row[2:] for row in database.run(_COLUMNS, (schema_name,))}
    for table in tables(schema_name).sorted_tables:
        if not any(name == table.name for name, _ in there):
            yield Difference(f"the table {table.name} is missing", "restore a backup")
            continue
        for column in table.columns:
            found = there.get((table.name, column.name))
            where = f"{table.name}.{column.name}"
            if found is None:
                yield Difference(f"the column {where} is missing", "restore a backup")
                continue
            kind, collation = found
            expected = column.type.compile(dialect=DIALECT).partition(" COLLATE")[0]
            if kind != expected:
                yield Difference(f"{where} is {kind}, and not {expected}", "restore a backup")
            elif expected == "TEXT" and collation != CODE_POINTS:
                yield Difference(
                    f'{where} is ordered by {collation}, and not by code points ("{CODE_POINTS}")',
                    f"run: ALTER TABLE {schema_name}.{table.name} ALTER COLUMN {column.name} "
                    f'TYPE text COLLATE "{CODE_POINTS}"',
                )


def _of_functions(database: Database, schema_name: str) -> Iterator[Difference]:
    there = {row[0]: row[1] for row in database.run(_FUNCTIONS, (schema_name,))}
    for each in definition.functions(schema_name):
        if each.name not in there:
            yield Difference(f"the function {each.name} is missing", _APPLY)
        elif there[each.name] != each.body:
            yield Difference(f"the function {each.name} is of another version", _APPLY)
