"""What whoever has a folder of migrations judged may choose."""

from typing import Literal

Layout = Literal["numbered", "sql-migrate", "supabase", "drizzle", "flyway", "alembic"]
Format = Literal["text", "json", "github", "sarif"]
