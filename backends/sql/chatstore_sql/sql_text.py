"""Statements of SQLAlchemy Core, compiled once to text.

Core's `execute` would wrap and convert at every call; the text runs on the driver's own cursor.
Most parameters are named, and given as dicts. Those of what each append says stand in their places,
and are given as tuples: the driver looks up no names.
"""

from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy import GenerativeSelect, Integer, bindparam, literal_column
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import CompilerElement

Parameters = Mapping[str, object] | tuple[object, ...]
NO_PARAMETERS: Parameters = {}

Limited = TypeVar("Limited", bound=GenerativeSelect)

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")
_IN_PLACES = SQLiteDialect_pysqlite(paramstyle="qmark")
_FROM_START = literal_column("0", Integer)


def text_of(statement: CompilerElement) -> str:
    """The statement's text."""
    return str(statement.compile(dialect=_DIALECT))


def in_places(statement: CompilerElement, *names: str) -> str:
    """The statement's text, whose parameters are given in the order of these names."""
    compiled = statement.compile(dialect=_IN_PLACES)
    assert isinstance(compiled, SQLCompiler)
    places = compiled.positiontup
    assert places == list(names), f"the statement's order is {places}"
    return str(compiled)


def first(statement: Limited) -> Limited:
    """The statement for its first rows, as many as the parameter `limit` says."""
    # Without an offset of its own, SQLAlchemy adds a parameter that nobody gives.
    return statement.limit(bindparam("limit")).offset(_FROM_START)
