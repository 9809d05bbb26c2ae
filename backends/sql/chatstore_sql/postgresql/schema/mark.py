"""The mark that tells tables of ours, and of which format."""

import re

from chatstore.errors import BackendAuthError, SchemaError
from chatstore_sql.postgresql.database import Database
from chatstore_sql.postgresql.names import quoted
from chatstore_sql.postgresql.statements import Statement

FORMAT = 1
"""The version of the stored format."""

_MARK = re.compile("chatstore, stored format ([1-9][0-9]{0,8})")


def mark_text(version: int) -> str:
    """The comment on the sessions' table."""
    return f"chatstore, stored format {version}"


def version_in(comment: str | None) -> int | None:
    """The format that a comment tells; None if it is not ours."""
    found = _MARK.fullmatch(comment or "")
    return None if found is None else int(found[1])


def require_ours(database: Database, schema_name: str) -> None:
    """Raise unless the tables are ours, of this format, and this user may read and write there.
    One round trip."""
    table = f"{quoted(schema_name)}.chat_sessions"
    asked = Statement(
        b"SELECT obj_description(to_regclass($1), 'pg_class'), "
        b"to_regclass($1) IS NOT NULL, "
        b"has_table_privilege(to_regclass($1), 'SELECT'), "
        b"has_table_privilege(to_regclass($1), 'INSERT'), "
        b"has_table_privilege(to_regclass($1), 'UPDATE'), "
        b"has_table_privilege(to_regclass($1), 'DELETE'), "
        b"pg_is_in_recovery()",
        b"chatstore_ping",
    )
    ((comment, is_there, *rights, in_recovery),) = database.run(asked, (table,))
    if is_there != "t":
        raise SchemaError(
            f"{database.place}: there are no tables in the schema {schema_name}; run: chatstore "
            "schema apply --url URL"
        )
    version = version_in(comment)
    if version is None:
        raise SchemaError(
            f"{database.place}: the table {schema_name}.chat_sessions is not chatstore's; name "
            "another schema"
        )
    require_format(database.place, version)
    if "f" in rights:
        raise BackendAuthError(
            f"{database.place}: this user may not read and write in {schema_name}; grant what the "
            "README says an application needs"
        )
    if in_recovery == "t":
        raise BackendAuthError(
            f"{database.place}: this server is a replica, which takes no writes; name the primary"
        )


def require_format(place: str, version: int) -> None:
    """Raise `SchemaError` unless the stored format is the one known here."""
    if version > FORMAT:
        raise SchemaError(
            f"{place}: a newer chatstore has made these tables (stored format {version}; this one "
            f"knows {FORMAT}); upgrade chatstore, or name another schema"
        )
    if version < FORMAT:
        raise SchemaError(
            f"{place}: the tables have stored format {version}; run: chatstore schema apply --url "
            "URL"
        )
