"""The databases of the demo's server: how one is reached and made, and how one refuses."""

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psycopg2
import psycopg2.errors
from psycopg2 import sql

from counterfoil.common.errors import DemoError
from counterfoil.common.folders import PRODUCT
from counterfoil.common.text import first_line
from counterfoil.postgres.server import log_file

MAINTENANCE = "postgres"
SQL_DIR = PRODUCT / "demo"


def url_of(directory: Path, database: str) -> str:
    """The libpq URL of a database of the server, for psycopg2 and psql alike.

    Args:
        directory: that of the server's Unix socket.
        database: its name.
    """
    return f"postgresql://postgres:@/{database}?host={quote(str(directory))}"


def ensure_database(directory: Path, database: str) -> None:
    """Make the database, unless it is there.

    Args:
        directory: that of the server's Unix socket.
        database: its name.

    Raises:
        psycopg2.Error: the server refuses.
    """
    with closing(psycopg2.connect(url_of(directory, MAINTENANCE))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select from pg_database where datname = %s", (database,))
            if cursor.rowcount:
                return
            # Another process starting the same demo may come first: just as well.
            with suppress(psycopg2.errors.DuplicateDatabase, psycopg2.errors.UniqueViolation):
                cursor.execute(sql.SQL("create database {}").format(sql.Identifier(database)))


@contextmanager
def one_line_refusals(data_dir: Path, database: str) -> Iterator[None]:
    """Turn what PostgreSQL says against it into one line that a user can act on.

    Args:
        data_dir: the directory that holds the server's files.
        database: the database that is spoken to.

    Raises:
        DemoError: in place of any error of PostgreSQL's.
    """
    try:
        yield
    except psycopg2.Error as error:
        raise DemoError(
            f"PostgreSQL refused: {first_line(error)}",
            where=database,
            remedy=f"Look at the server's log, {log_file(data_dir)}",
        ) from error


def sql_of(path: Path) -> str:
    """The text of one of the demo's SQL files."""
    return path.read_text(encoding="utf-8")
