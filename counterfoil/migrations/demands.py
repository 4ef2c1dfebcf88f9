"""What statements ask of the rows that a live table has, and whether those would do.

No empty server can tell: there a column may always be made NOT NULL, and a table dropped.
"""

import json
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.migrations.facts import Demand, DemandKind
from counterfoil.migrations.grammar import demands_of, named_in, plain_name
from counterfoil.migrations.scripts import Script

log = logging.getLogger(__name__)

# A question of a large table is not worth more; what is not answered is unknown.
LONGEST_QUESTION_MS = 10_000

_ASKS = re.compile(
    r"(?=alter\s+table|create\s+unique|drop\s+table)"
    r".*\b(?:not\s+null|unique|primary\s+key|drop)\b",
    re.IGNORECASE | re.DOTALL,
)
_CHANGES_ROWS = re.compile(r"(?:insert|update|delete|merge|truncate|copy)\b", re.IGNORECASE)
_MAY_CHANGE_ANY = re.compile(r"(?:do|call|select|with)\b", re.IGNORECASE)
_ANY = "%"

# Which demands what stands in the database has not met already.
_OPEN = """
    select wanted.number
    from jsonb_to_recordset(%s) as wanted
        (number integer, schema_name text, table_name text, kind text, columns text[])
    join pg_catalog.pg_namespace as namespace on namespace.nspname = wanted.schema_name
    join pg_catalog.pg_class as relation
        on relation.relnamespace = namespace.oid
        and relation.relname = wanted.table_name
        and relation.relkind in ('r', 'p')
    cross join lateral (
        select count(*) as found, bool_and(attribute.attnotnull) as are_not_null
        from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = relation.oid
            and attribute.attname = any(wanted.columns)
            and not attribute.attisdropped
    ) as standing
    where case wanted.kind
        when 'drop table' then true
        when 'new column' then standing.found = 0
        when 'not null' then not standing.are_not_null
        when 'drop column' then standing.found = 1
        else standing.found = cardinality(wanted.columns) and not exists (
            select from pg_catalog.pg_index as index
            where index.indrelid = relation.oid
                and index.indisunique
                and index.indpred is null
                and wanted.columns = (
                    select array_agg(attribute.attname::text order by attribute.attname)
                    from pg_catalog.pg_attribute as attribute
                    where attribute.attrelid = relation.oid
                        and attribute.attnum = any(index.indkey)
                )
        )
    end
"""
# By kind, what is asked of a table of its columns; what is true would fail, or be lost.
_QUESTIONS: dict[DemandKind, str] = {
    "new column": "select exists (select from {table})",
    "not null": "select exists (select from {table} where {any_null})",
    "unique": "select exists (select from {table} where not ({any_null})"
    " group by {columns} having count(*) > 1)",
    "drop table": "select exists (select from {table})",
    "drop column": "select exists (select from {table} where not ({any_null}))",
}


def read_demands(tree: str, default_schema: str, scripts: Sequence[Script]) -> list[Demand]:
    """What files ask of rows, in the order in which they are applied."""
    found: list[Demand] = []
    changed: dict[str, str] = {}
    for script in scripts:
        for piece in script.pieces:
            if piece.is_conditional or not piece.sql:
                continue
            if _MAY_CHANGE_ANY.match(piece.sql):
                changed[_ANY] = script.file
            elif _CHANGES_ROWS.match(piece.sql):
                changed |= dict.fromkeys(named_in(piece.sql), script.file)
            elif _ASKS.match(piece.sql):
                for kind, schema, name, columns in demands_of(piece.sql):
                    changers = {changed.get(_ANY), changed.get(plain_name(schema, name))} - {None}
                    place = (tree, script.file, piece.line, kind)
                    about = (schema or default_schema, name, columns)
                    found.append(Demand(*place, *about, tuple(sorted(map(str, changers)))))
    return found


def ask(demands: Iterable[Demand], connection: Connection) -> list[Demand]:
    """The demands that the database has not met already, each with what its rows say.

    The transaction is the caller's to end. Nothing of a row is read but that it is there.
    """
    known = list(demands)
    wanted = [
        {
            "number": number,
            "schema_name": one.schema_name,
            "table_name": one.table_name,
            "kind": one.kind,
            "columns": sorted(one.columns),
        }
        for number, one in enumerate(known)
    ]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, (json.dumps(wanted),))
        open_ = [known[number] for (number,) in cursor.fetchall()]
        cursor.execute(
            "select set_config('statement_timeout', %s, true)", (f"{LONGEST_QUESTION_MS}",)
        )
    return [replace(one, is_so=_answer(one, connection)) for one in open_]


def _answer(demand: Demand, connection: Connection) -> bool | None:
    columns = [sql.Identifier(column) for column in demand.columns]
    question = sql.SQL(_QUESTIONS[demand.kind]).format(
        table=sql.Identifier(demand.schema_name, demand.table_name),
        columns=sql.SQL(", ").join(columns),
        any_null=sql.SQL(" or ").join(sql.SQL("{} is null").format(one) for one in columns),
    )
    with connection.cursor() as cursor:
        cursor.execute("savepoint question")
        try:
            cursor.execute(question)
            row = cursor.fetchone()
            cursor.execute("release savepoint question")
        except psycopg2.Error as cause:
            if connection.closed:
                raise
            cursor.execute("rollback to savepoint question")
            log.info("%s:%s: its rows cannot be asked: %s", demand.file, demand.line, cause.pgcode)
            return None
        return bool(row and row[0])
