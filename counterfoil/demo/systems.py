"""The demo's other systems: a database each, of the same server, made of SQL files.

A system is loaded the first time that it is asked for. What a user changed in it stays
changed until it is loaded again.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2
import psycopg2.errors
import psycopg2.extensions
from psycopg2 import sql

from counterfoil.common.errors import DemoError
from counterfoil.demo.databases import (
    MAINTENANCE,
    SQL_DIR,
    ensure_database,
    one_line_refusals,
    sql_of,
    url_of,
)
from counterfoil.postgres.server import running_server, start_server

# Counterfoil's own schemas may be there before the application's.
_HOLDS_TABLES = """
    select
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    where relation.relkind in ('r', 'p')
        and namespace.nspname !~ '^(pg_|information_schema$|counterfoil)'
    limit 1
"""


@dataclass(frozen=True)
class System:
    """A database of the demo's server.

    Attributes:
        name: what a user, profiles.yml and the server call it.
        files: globs of demo/, in the order in which what they match is run, sorted each.
            Rollbacks, which lie beside their migrations, are left out.
    """

    name: str
    files: tuple[str, ...]

    def sql_files(self) -> Iterator[Path]:
        """The files that make it, in order."""
        for pattern in self.files:
            for path in sorted(SQL_DIR.glob(pattern)):
                if not path.stem.endswith("_rollback"):
                    yield path


_TRVL_SOCIAL = (
    "trvl_social/platform.sql",
    "trvl_social/migrations/*.sql",
    "trvl_social/history.sql",
    "trvl_social/by_hand.sql",
    "trvl_social/rows.sql",
)

SYSTEMS = {
    system.name: system
    for system in (
        System(
            "cleanrylie",
            ("cleanrylie/schema.sql", "cleanrylie/migrations/*.sql", "cleanrylie/rows.sql"),
        ),
        System("hibachi", ("hibachi/schema.sql", "hibachi/rows.sql")),
        System("trvl_social", _TRVL_SOCIAL),
        System("trvl_social_claimed", (*_TRVL_SOCIAL, "trvl_social/claimed.sql")),
        System("wallets", ("wallets/schema.sql", "wallets/credits.sql", "wallets/rows.sql")),
    )
}


def start_system(data_dir: Path, name: str) -> str:
    """Start the demo's server, or find it running, and have a system in it.

    Args:
        data_dir: the directory that holds, or will hold, the server's files.
        name: a key of SYSTEMS.

    Returns:
        The libpq URL of the database, for psycopg2 and psql alike.

    Raises:
        DemoError: the system is unknown, or the server cannot be started or loaded.
    """
    system = _known(name)
    directory = start_server(data_dir)
    with one_line_refusals(data_dir, name), _alone(directory):
        ensure_database(directory, name)
        _fill(directory, system)
    return url_of(directory, name)


def load_system(data_dir: Path, name: str) -> str:
    """Make a system's database anew, whatever is in it: views and history go as well.

    Args:
        data_dir: the directory that holds the server's files.
        name: a key of SYSTEMS.

    Returns:
        The libpq URL of the database.

    Raises:
        DemoError: the system is unknown, the server does not run, or the database is in
            use or cannot be loaded.
    """
    system = _known(name)
    directory = running_server(data_dir)
    with one_line_refusals(data_dir, name), _alone(directory) as cursor:
        try:
            cursor.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))
        except psycopg2.errors.ObjectInUse as error:
            raise DemoError(
                "other sessions are connected to it",
                where=name,
                remedy="End them, then load again",
            ) from error
        ensure_database(directory, name)
        _fill(directory, system)
    return url_of(directory, name)


def _known(name: str) -> System:
    if name not in SYSTEMS:
        raise DemoError(
            f"there is no system {name!r}", remedy=f"Choose one of empwr, {', '.join(SYSTEMS)}"
        )
    return SYSTEMS[name]


@contextmanager
def _alone(directory: Path) -> Iterator[psycopg2.extensions.cursor]:
    """Keep other loads out, of whatever system: they may make the same roles."""
    with closing(psycopg2.connect(url_of(directory, MAINTENANCE))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(hashtextextended('counterfoil.demo', 0))")
            yield cursor


def _fill(directory: Path, system: System) -> None:
    """Run the system's files in one transaction, unless the database has tables."""
    with (
        closing(psycopg2.connect(url_of(directory, system.name))) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_HOLDS_TABLES)
        if cursor.rowcount:
            return
        for path in system.sql_files():
            cursor.execute(sql_of(path))
        # As the server would by itself in a minute: until then what an audit asks of the
        # catalog of a hundred new tables takes ten times as long.
        cursor.execute("analyze")
