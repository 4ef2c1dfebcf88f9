"""Reading what is kept of ledgers, one after the other: of one that cannot be read nothing is."""

import logging
from collections.abc import Callable, Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TypeVar

import psycopg2
import sqlalchemy as sa

from counterfoil.postgres.instant import Instant, pinned_connection
from counterfoil.postgres.words import words_of

log = logging.getLogger(__name__)

# Beyond this many bytes what a first audit keeps goes to disk.
_IN_MEMORY = 1 << 20

T = TypeVar("T")


def read_each(
    instant: Instant, ledgers: Iterable[str], read: Callable[[sa.Connection, str], T], what: str
) -> list[T]:
    """What is read of each ledger; one that Postgres refuses to read is logged, and left out.

    Args:
        instant: what every query sees.
        ledgers: their names.
        read: reads one.
        what: what is not kept of a ledger that cannot be read.

    Raises:
        UnavailableError: the connection was lost.
    """
    names, results = [*ledgers], []
    if not names:
        return []
    with pinned_connection(instant) as connection:
        for ledger in names:
            try:
                results.append(read(connection, ledger))
            except (sa.exc.DBAPIError, psycopg2.Error) as cause:
                instant.check_unbroken()
                log.warning("Of ledger %s %s: %s", ledger, what, words_of(cause))
            connection.rollback()
    return results


def copied(connection: sa.Connection, query: str) -> IO[bytes]:
    """What a query gives, as COPY writes it."""
    driver = connection.connection.dbapi_connection
    assert isinstance(driver, psycopg2.extensions.connection)
    rows = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - read once the audit is recorded
    with driver.cursor() as cursor:
        try:
            cursor.copy_expert(f"copy ({query}) to stdout", rows)
        except psycopg2.Error:
            if driver.closed:
                # SQLAlchemy did not see that, and the instant hears of it from there.
                connection.execute(sa.text("select 1"))
            raise
    return rows
