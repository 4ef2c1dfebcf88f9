"""The history's tables: made and brought up to date by themselves, before an audit."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.common.errors import HistoryError
from counterfoil.history.renaming import rename_checks
from counterfoil.postgres.connection import Refusal, connected
from counterfoil.postgres.schemas import HISTORY_SCHEMA
from counterfoil.postgres.session import Session

log = logging.getLogger(__name__)

_MIGRATIONS = Path(__file__).parent / "migrations"
# What no SQL can: fingerprints are made of a check's id.
_RENAMING = 7
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"


def ensure_history(session: Session) -> None:
    """Makes the history's schema, or brings it up to this version's, in one transaction.

    The builder, to whom the views belong, is granted SELECT.

    Raises:
        HistoryError: a newer Counterfoil made it, or the role may not write to it.
    """
    with history_transaction(session) as cursor:
        cursor.execute(_LOCK, (HISTORY_SCHEMA,))
        cursor.execute("select to_regnamespace(%s) is not null", (HISTORY_SCHEMA,))
        if cursor.fetchone() == (False,):
            cursor.execute(_in_schema("create schema {}"))
        cursor.execute(
            _in_schema(
                "create table if not exists {}.schema_migrations"
                " (version integer primary key, name text not null,"
                " applied_at timestamptz not null default now())"
            )
        )
        cursor.execute("select coalesce(max(version), 0) from schema_migrations")
        (standing,) = cursor.fetchone() or (0,)
        migrations = _migrations()
        if standing > max(migrations):
            raise HistoryError(
                f"the history is of version {standing}, this Counterfoil knows {max(migrations)}",
                where=f"schema {HISTORY_SCHEMA}, {session.historian}",
                remedy="Run the newer Counterfoil that made it",
            )
        for version, file in sorted(migrations.items()):
            if version > standing:
                cursor.execute(file.read_text(encoding="utf-8"))
                if version == _RENAMING:
                    rename_checks(cursor)
                cursor.execute(
                    "insert into schema_migrations (version, name) values (%s, %s)",
                    (version, file.stem),
                )
                log.info("History: %s", file.stem)
        _let_read(cursor, session.builder.user)


@contextmanager
def history_transaction(session: Session) -> Iterator[Cursor]:
    """One transaction in the history's schema, committed at the end.

    Raises:
        HistoryError: the database refuses; nothing of it is kept then.
        UnavailableError: the connection was lost; it may have been kept.
    """
    refusal = Refusal(
        HistoryError,
        "cannot be written",
        where=f"schema {HISTORY_SCHEMA}, {session.historian}",
        remedy="Let that role own the schema: `counterfoil grants` prints how",
    )
    own = connected(session.historian, session.settings, refusal)
    with own as connection, connection, connection.cursor() as cursor:
        cursor.execute(_in_schema("set local search_path to {}"))
        yield cursor


def _migrations() -> dict[int, Path]:
    files = _MIGRATIONS.glob("*.sql")
    return {int(match[0]): file for file in files if (match := re.match(r"\d+", file.name))}


def _let_read(cursor: Cursor, reader: str) -> None:
    """The owner of the views reads the history through them: its role needs SELECT."""
    cursor.execute(
        "select current_user = %(reader)s"
        " or bool_and(has_table_privilege(%(reader)s, pg_class.oid, 'select'))"
        " and has_schema_privilege(%(reader)s, %(schema)s, 'usage')"
        " from pg_class where relnamespace = %(schema)s::regnamespace and relkind = 'r'",
        {"reader": reader, "schema": HISTORY_SCHEMA},
    )
    if cursor.fetchone() == (True,):
        return
    role = sql.Identifier(reader)
    cursor.execute(_in_schema("grant usage on schema {} to {}", role))
    cursor.execute(_in_schema("grant select on all tables in schema {} to {}", role))


def _in_schema(statement: str, *names: sql.Composable) -> sql.Composed:
    return sql.SQL(statement).format(sql.Identifier(HISTORY_SCHEMA), *names)
