"""What is known of each tool that applies migrations, and where that was read.

How its files are named stands in docs/migrations.md.
"""

import re
from dataclasses import dataclass
from typing import Literal

from counterfoil.contract.layouts import Layout

Transaction = Literal["all", "file", "script", "statement"]
Rollbacks = Literal["wanted", "if any", "none"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        source: where what stands here was read.
        transaction: what is done or undone together: all files that are applied at once, one
            file, a file if it holds more than one statement (it is sent as one query, which is
            a transaction then), or one statement.
        rollbacks: whether each migration should have one: always, if a single one is there,
            or never, since the tool applies none.
        is_ordered_by_name: its files are applied in the order of their names; else of their
            numbers.
        records: where it usually keeps what it applied; the first that is there is taken.
        without_transaction: what in a file says that it wants no transaction.
        is_session_per_file: what one file sets, the next does not find set.
    """

    source: str
    transaction: Transaction
    rollbacks: Rollbacks
    is_ordered_by_name: bool = False
    records: tuple[str, ...] = ()
    without_transaction: str | None = None
    is_session_per_file: bool = False

    def transaction_of(self, text: str) -> Transaction:
        """What is done together of a file of this text."""
        opted_out = self.without_transaction and re.search(
            self.without_transaction, text, re.IGNORECASE | re.MULTILINE
        )
        return "statement" if opted_out else self.transaction


TOOLS: dict[Layout, Tool] = {
    "numbered": Tool(
        "no tool's: names alone",
        "statement",
        "if any",
        records=("schema_migrations", "goose_db_version", "_prisma_migrations"),
        is_session_per_file=True,
    ),
    "supabase": Tool(
        "https://supabase.com/docs/guides/deployment/database-migrations",
        "file",
        "none",
        is_ordered_by_name=True,
        records=("supabase_migrations.schema_migrations",),
        is_session_per_file=True,
    ),
    "prisma": Tool(
        "https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate",
        "script",
        "none",
        is_ordered_by_name=True,
        records=("_prisma_migrations",),
    ),
    "drizzle": Tool(
        "https://orm.drizzle.team/docs/migrations",
        "all",
        "none",
        records=("drizzle.__drizzle_migrations", "__drizzle_migrations"),
    ),
    "sqlx": Tool(
        "https://docs.rs/sqlx/latest/sqlx/macro.migrate.html",
        "file",
        "if any",
        records=("_sqlx_migrations",),
        without_transaction=r"^\s*--\s*no-transaction",
    ),
    "golang-migrate": Tool(
        "https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md",
        "script",
        "wanted",
        records=("schema_migrations",),
    ),
    "diesel": Tool(
        "https://docs.diesel.rs/master/diesel_migrations/struct.FileBasedMigrations.html",
        "file",
        "wanted",
        is_ordered_by_name=True,
        records=("__diesel_schema_migrations",),
    ),
    "dbmate": Tool(
        "https://github.com/amacneil/dbmate#creating-migrations",
        "file",
        "wanted",
        is_ordered_by_name=True,
        records=("schema_migrations",),
        without_transaction=r"migrate:(?:up|down).*transaction:\s*false",
    ),
    "goose": Tool(
        "https://pressly.github.io/goose/documentation/annotations/",
        "file",
        "wanted",
        records=("goose_db_version",),
        without_transaction=r"^--\s*\+goose\s+NO\s+TRANSACTION",
    ),
    "sql-migrate": Tool(
        "https://github.com/rubenv/sql-migrate#writing-migrations",
        "file",
        "wanted",
        records=("gorp_migrations",),
        without_transaction=r"^--\s*\+migrate\s+(?:up|down).*notransaction",
    ),
    "node-pg-migrate": Tool("https://salsita.github.io/node-pg-migrate/", "all", "wanted"),
    "tern": Tool(
        "https://github.com/jackc/tern#migrations",
        "file",
        "wanted",
        without_transaction=r"^----\s*tern:\s*disable-tx",
    ),
    "play": Tool(
        "https://www.playframework.com/documentation/latest/Evolutions", "statement", "wanted"
    ),
    "liquibase": Tool(
        "https://docs.liquibase.com/concepts/changelogs/sql-format.html",
        "file",
        "if any",
        is_ordered_by_name=True,
        without_transaction=r"^--\s*changeset\b.*runInTransaction:\s*false",
    ),
    "sqitch": Tool(
        "https://sqitch.org/docs/manual/sqitch-deploy/",
        "statement",
        "wanted",
        is_session_per_file=True,
    ),
    "atlas": Tool(
        "https://atlasgo.io/concepts/migration-directory-integrity",
        "file",
        "if any",
        is_ordered_by_name=True,
        without_transaction=r"^--\s*atlas:txmode\s+none",
    ),
    "flyway": Tool(
        "https://documentation.red-gate.com/flyway/flyway-concepts/migrations",
        "file",
        "if any",
        records=(
            "flyway_schema_history",
            "schema_version",
        ),
        without_transaction=r"\bindex\s+concurrently\b|^\s*(?:vacuum|reindex|alter\s+system)\b",
        is_session_per_file=True,
    ),
    "alembic": Tool(
        "https://alembic.sqlalchemy.org/en/latest/tutorial.html",
        "all",
        "wanted",
        records=("alembic_version",),
    ),
}
