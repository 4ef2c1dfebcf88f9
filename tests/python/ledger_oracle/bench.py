"""Loads the rows of an application into Postgres, and asks its views what is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values

from ledger_oracle.declared import Books
from ledger_oracle.shapes import Application, quoted


class Bench:
    """One connection to an empty database; every application is gone after its turn.

    Args:
        connection: a superuser's, in autocommit.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        return "a bench"

    @contextmanager
    def loaded(self, app: Application, books: Books) -> Iterator[None]:
        """The database with these tables and rows and no others, while in the block."""
        self.execute("begin")
        try:
            self.execute(app.ddl())
            for table in app.tables.values():
                self._insert(table.name, table.columns, books[table.name])
            yield
        finally:
            self.execute("rollback")

    def _insert(
        self, table: str, columns: dict[str, tuple[str, str]], rows: list[dict[str, Any]]
    ) -> None:
        if not rows:
            return
        names = ", ".join(quoted(name) for name, _ in columns.values()).replace("%", "%%")
        values = ", ".join(f"%s::{kind}" for _, kind in columns.values())
        with self.connection.cursor() as cursor:
            execute_values(
                cursor,
                f"insert into public.{quoted(table).replace('%', '%%')} ({names}) values %s",
                [[row[name] for name in columns] for row in rows],
                template=f"({values})",
                page_size=1_000,
            )

    def execute(self, statement: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()
