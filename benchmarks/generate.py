"""A database of any size for the benchmarks: lawful, deterministic, and loaded fast.

    python benchmarks/generate.py --entries 1000000

makes the database `bench_<entries>` on an embedded server under .counterfoil/bench, unless
it is there already, and prints its libpq URL.
"""

import argparse
import time
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

from counterfoil.postgres import server

ROOT = Path(__file__).parents[1]
DATA_DIR = ROOT / ".counterfoil" / "bench"
SCHEMA = ROOT / "demo" / "empwr" / "schema.sql"
ROWS = Path(__file__).with_name("generate.sql")
AS_OF = "2025-10-29T06:00:00Z"


def main() -> None:
    """Generates and prints the URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="ledger entries")
    print(generate(parser.parse_args().entries))


def generate(entries: int) -> str:
    """The libpq URL of a database of that many ledger entries.

    Args:
        entries: ledger entries; everything else is in proportion.
    """
    directory = server.start_server(DATA_DIR)
    name = f"bench_{entries}"
    with closing(psycopg2.connect(_url(directory, "postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_database where datname = %s", (name,))
            if cursor.fetchone():
                return _url(directory, name)
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name + "_new")))
    started = time.perf_counter()
    _fill(_url(directory, name + "_new"), entries)
    with closing(psycopg2.connect(_url(directory, "postgres"))) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL("alter database {} rename to {}").format(
                    sql.Identifier(name + "_new"), sql.Identifier(name)
                )
            )
            cursor.execute(
                sql.SQL("alter database {} set counterfoil.as_of = {}").format(
                    sql.Identifier(name), sql.Literal(AS_OF)
                )
            )
    print(f"generated {entries:,} ledger entries in {time.perf_counter() - started:.0f} s")
    return _url(directory, name)


def _fill(url: str, entries: int) -> None:
    """Loads the rows before their indexes, then lets Postgres see what it has."""
    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("set maintenance_work_mem = '1GB'")
        cursor.execute(SCHEMA.read_text(encoding="utf-8"))
        cursor.execute(
            "select indexname, indexdef from pg_indexes"
            " where schemaname = 'public' and indexdef not like 'CREATE UNIQUE%'"
        )
        indexes = cursor.fetchall()
        for index, _ in indexes:
            cursor.execute(sql.SQL("drop index {}").format(sql.Identifier(index)))
        cursor.execute(ROWS.read_text(encoding="utf-8"), {"entries": entries})
        for _, definition in indexes:
            cursor.execute(definition)
        cursor.execute("vacuum analyze")
    connection.close()


def _url(directory: Path, database: str) -> str:
    return f"postgresql://postgres:@/{database}?host={directory}"


if __name__ == "__main__":
    main()
