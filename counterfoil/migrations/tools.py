"""What is known of each tool that applies migrations, and where that was read.

| Tool | Files | Rollback |
|---|---|---|
| numbered | 0001_x.sql, 0001_x/up.sql: of a tool that left no trace | _rollback, .down, marker |
| supabase | 20250101120000_x.sql | none |
| prisma | 20250101120000_x/migration.sql | none |
| drizzle | 0000_x.sql, named in meta/_journal.json | none |
| sqlx | 20250101120000_x.sql or .up.sql | .down.sql |
| golang-migrate | 1_x.up.sql | 1_x.down.sql |
| diesel | 2025-01-01-120000_x/up.sql | down.sql |
| dbmate | 20250101120000_x.sql, -- migrate:up | -- migrate:down |
| goose | 00001_x.sql, -- +goose Up | -- +goose Down |
| sql-migrate | 1_x.sql, -- +migrate Up | -- +migrate Down |
| node-pg-migrate | 1700000000000_x.sql, -- Up Migration | -- Down Migration |
| tern | 001_x.sql | ---- create above / drop below ---- |
| play | 1.sql, # --- !Ups | # --- !Downs |
| liquibase | any .sql, --liquibase formatted sql | --rollback |
| sqitch | deploy/x.sql, named in sqitch.plan | revert/x.sql |
| atlas | 20250101120000_x.sql, named in atlas.sum | .down.sql |
| flyway | V1.2__x.sql, R__x.sql | U1.2__x.sql |
| alembic | *.py with revision and down_revision | downgrade() |
"""

from dataclasses import dataclass
from typing import Literal

from counterfoil.contract.layouts import Layout

Rollbacks = Literal["wanted", "if any", "none"]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        source: where what stands here was read.
        rollbacks: whether each migration should have one: always, if a single one is there,
            or never, since the tool applies none.
        is_ordered_by_name: its files are applied in the order of their names; else of their
            numbers.
        records: where it usually keeps what it applied; the first that is there is taken.
    """

    source: str
    rollbacks: Rollbacks
    is_ordered_by_name: bool = False
    records: tuple[str, ...] = ()


TOOLS: dict[Layout, Tool] = {
    "numbered": Tool(
        "no tool's: names alone",
        "wanted",
        records=("schema_migrations", "goose_db_version", "_prisma_migrations"),
    ),
    "supabase": Tool(
        "https://supabase.com/docs/guides/deployment/database-migrations",
        "none",
        is_ordered_by_name=True,
        records=("supabase_migrations.schema_migrations",),
    ),
    "prisma": Tool(
        "https://www.prisma.io/docs/orm/prisma-migrate/understanding-prisma-migrate",
        "none",
        is_ordered_by_name=True,
        records=("_prisma_migrations",),
    ),
    "drizzle": Tool(
        "https://orm.drizzle.team/docs/migrations",
        "none",
        records=("drizzle.__drizzle_migrations", "__drizzle_migrations"),
    ),
    "sqlx": Tool(
        "https://docs.rs/sqlx/latest/sqlx/macro.migrate.html",
        "if any",
        records=("_sqlx_migrations",),
    ),
    "golang-migrate": Tool(
        "https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md",
        "wanted",
        records=("schema_migrations",),
    ),
    "diesel": Tool(
        "https://docs.diesel.rs/master/diesel_migrations/struct.FileBasedMigrations.html",
        "wanted",
        is_ordered_by_name=True,
        records=("__diesel_schema_migrations",),
    ),
    "dbmate": Tool(
        "https://github.com/amacneil/dbmate#creating-migrations",
        "wanted",
        is_ordered_by_name=True,
        records=("schema_migrations",),
    ),
    "goose": Tool(
        "https://pressly.github.io/goose/documentation/annotations/",
        "wanted",
        records=("goose_db_version",),
    ),
    "sql-migrate": Tool(
        "https://github.com/rubenv/sql-migrate#writing-migrations",
        "wanted",
        records=("gorp_migrations",),
    ),
    "node-pg-migrate": Tool("https://salsita.github.io/node-pg-migrate/", "wanted"),
    "tern": Tool(
        "https://github.com/jackc/tern#migrations",
        "wanted",
    ),
    "play": Tool("https://www.playframework.com/documentation/latest/Evolutions", "wanted"),
    "liquibase": Tool(
        "https://docs.liquibase.com/concepts/changelogs/sql-format.html",
        "if any",
        is_ordered_by_name=True,
    ),
    "sqitch": Tool("https://sqitch.org/docs/manual/sqitch-deploy/", "wanted"),
    "atlas": Tool(
        "https://atlasgo.io/concepts/migration-directory-integrity",
        "if any",
        is_ordered_by_name=True,
    ),
    "flyway": Tool(
        "https://documentation.red-gate.com/flyway/flyway-concepts/migrations",
        "if any",
        records=(
            "flyway_schema_history",
            "schema_version",
        ),
    ),
    "alembic": Tool(
        "https://alembic.sqlalchemy.org/en/latest/tutorial.html",
        "wanted",
        records=("alembic_version",),
    ),
}
