"""Loading facts as tables, for the views of models/migrations/ to judge."""

import types
from collections.abc import Collection, Iterator, Sequence
from dataclasses import astuple, fields
from typing import Any, get_args, get_origin, get_type_hints

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values

from counterfoil.common.errors import MigrationsError
from counterfoil.migrations.facts import (
    Demand,
    Facts,
    Lint,
    MadeColumn,
    MigrationFile,
    ModelColumn,
    ModelTable,
    Parent,
    ParseFault,
    Refused,
    Relation,
    Revision,
    Suppression,
    Tree,
    UnqualifiedName,
)
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.schemas import STAGING_SCHEMA

# What it is when Postgres refuses either.
NOT_LOADED = Refusal(MigrationsError, "the facts of the migrations cannot be loaded")

_TABLES: dict[str, type] = {
    "trees": Tree,
    "files": MigrationFile,
    "parse_faults": ParseFault,
    "unqualified_names": UnqualifiedName,
    "revisions": Revision,
    "parents": Parent,
    "models": ModelTable,
    "model_columns": ModelColumn,
    "suppressions": Suppression,
    "refused": Refused,
    "made_relations": Relation,
    "made_columns": MadeColumn,
    "demands": Demand,
    "lints": Lint,
}
# What a replay brings, which stands while its tree has not changed.
_OF_REPLAYS = ("refused", "made_relations", "made_columns")
# Of a Counterfoil that read what statements do, and did not run them.
_FORMER = ("provided", "unknowns", "statements")
_TYPES: dict[Any, str] = {str: "text", int: "bigint", bool: "boolean", tuple: "text[]"}

_STANDING = """
    select attribute.attname, pg_catalog.format_type(attribute.atttypid, attribute.atttypmod)
    from pg_catalog.pg_attribute as attribute
    where attribute.attrelid = to_regclass(%s)
        and attribute.attnum > 0
        and not attribute.attisdropped
    order by attribute.attnum
"""


def create_tables(connection: Connection) -> None:
    """Makes the tables that facts are loaded into, unless they stand; the caller commits."""
    with connection.cursor() as cursor:
        # IF NOT EXISTS asks for the right to create a schema that is there already.
        cursor.execute("select to_regnamespace(%s) is null", (STAGING_SCHEMA,))
        if cursor.fetchone() == (True,):
            cursor.execute(sql.SQL("create schema {}").format(sql.Identifier(STAGING_SCHEMA)))
        for name in _FORMER:
            cursor.execute(sql.SQL("drop table if exists {} cascade").format(_table(name)))
        for name, cls in _TABLES.items():
            wanted = _columns(cls)
            cursor.execute(_STANDING, (f"{STAGING_SCHEMA}.migration_{name}",))
            standing = cursor.fetchall()
            if standing == wanted:
                continue
            if standing:
                # Of another version of Counterfoil; its views are made anew besides.
                cursor.execute(sql.SQL("drop table {} cascade").format(_table(name)))
            columns = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind))
                for column, kind in wanted
            )
            cursor.execute(sql.SQL("create table {} ({})").format(_table(name), columns))


def standing_replays(connection: Connection) -> set[tuple[str, str]]:
    """The trees whose replay stands in the tables, and what each was replayed from."""
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("select tree, replayed_from from {} where replayed_from <> ''").format(
                _table("trees")
            )
        )
        return set(cursor)


def load_facts(
    connection: Connection, facts: Facts, *, known: Collection[tuple[str, str]] = ()
) -> None:
    """Replaces what the tables hold; the caller commits, or rolls back.

    Args:
        connection: to the database of the views.
        facts: what is loaded.
        known: trees, and what they were replayed from, whose standing replay is kept.
    """
    kept = [tree.tree for tree in facts.trees if (tree.tree, tree.replayed_from) in known]
    with connection.cursor() as cursor:
        for name, cls in _TABLES.items():
            # Not a truncate: whoever reads them now is not made to wait.
            cursor.execute(
                sql.SQL("delete from {} where tree <> all(%s)").format(_table(name)),
                (kept if name in _OF_REPLAYS else [],),
            )
            rows = [tuple(_plain(astuple(fact))) for fact in getattr(facts, name)]
            columns = sql.SQL(", ").join(sql.Identifier(column) for column, _ in _columns(cls))
            insert = sql.SQL("insert into {} ({}) values %s").format(_table(name), columns)
            execute_values(cursor, insert, rows, page_size=1_000)
            cursor.execute(sql.SQL("analyze {}").format(_table(name)))


def _table(name: str) -> sql.Composable:
    return sql.Identifier(STAGING_SCHEMA, f"migration_{name}")


def _columns(cls: type) -> list[tuple[str, str]]:
    hints = get_type_hints(cls)
    return [(column.name, _type(hints[column.name])) for column in fields(cls)]


def _type(hint: Any) -> str:
    if isinstance(hint, types.UnionType):
        hint = next(part for part in get_args(hint) if part is not type(None))
    origin = get_origin(hint)
    return _TYPES.get(origin or hint, "text")


def _plain(values: Sequence[Any]) -> Iterator[Any]:
    """Values that Postgres takes: arrays as lists, and no text that is not UTF-8."""
    for value in values:
        if isinstance(value, str):
            yield value.replace("\0", "?").encode("utf-8", "replace").decode()
        else:
            yield list(value) if isinstance(value, tuple) else value
