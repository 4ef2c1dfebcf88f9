"""How a folder's migrations are named, ordered and applied: as the tool does that wrote it."""

from typing import Literal

Layout = Literal[
    "numbered",
    "alembic",
    "atlas",
    "dbmate",
    "diesel",
    "drizzle",
    "flyway",
    "golang-migrate",
    "goose",
    "liquibase",
    "node-pg-migrate",
    "play",
    "prisma",
    "sql-migrate",
    "sqitch",
    "sqlx",
    "supabase",
    "tern",
]
