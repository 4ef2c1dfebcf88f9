"""The choices that a judgement of a folder of migrations offers."""

from typing import Literal

Layout = Literal["numbered", "sql-migrate", "supabase", "drizzle", "flyway", "alembic"]
Format = Literal["text", "json", "github", "sarif"]
