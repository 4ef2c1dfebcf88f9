"""A database behind walls: the application's tables, and the roles of `counterfoil grants`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from conftest import ROOT, Database
from copies import AS_OF, write_profiles
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.build import ensure_views
from counterfoil.contract import load_contract
from counterfoil.findings import Audit
from counterfoil.grants import render_grants
from counterfoil.plan import make_plan
from counterfoil.preflight import check_auditor
from counterfoil.profiles import Target
from counterfoil.settings import Settings

# As much in need of quotes as a role's name can be.
BUILDER = 'Builder "of" views.$roles$'
AUDITOR = "the auditor's é"
HISTORIAN = "user"
READER = "counterfoil_reader"
ROLES = (BUILDER, AUDITOR, HISTORIAN, READER)


@dataclass(frozen=True)
class Walled:
    """A database whose audits run as the roles of `counterfoil grants`, and as no other.

    Attributes:
        database: it, its URL a superuser's.
        builder, auditor, historian, reader: it, as each of the roles.
        grants: the script that made them.
    """

    database: Database
    builder: Target
    auditor: Target
    historian: Target
    reader: Target
    grants: str

    def audit(self) -> Audit:
        """All that an audit does, from the plan on, as its roles."""
        settings = Settings()
        plan = make_plan(self.builder.name, None, settings)
        ensure_views(plan.contract, plan.builder, settings)
        check_auditor(plan.auditor, settings)
        return replace(self.database, settings=settings, plan=plan).audit()

    @contextmanager
    def connect(self, target: Target | None = None) -> Iterator[Connection]:
        """A connection in autocommit, as a superuser unless it is said who."""
        libpq = (target or self.database.plan.builder).libpq
        with closing(psycopg2.connect(**(libpq | {"dbname": self.builder.dbname}))) as connection:
            connection.autocommit = True
            yield connection

    def books(self) -> dict[str, str]:
        """A checksum of each of the application's tables: its rows, columns and privileges."""
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
            tables = [name for (name,) in cursor.fetchall()]
            sums = {}
            for table in tables:
                cursor.execute(
                    sql.SQL(
                        "select count(*), md5(string_agg(t::text, ' ' order by t::text)),"
                        " (select relacl::text from pg_class where oid = {}::regclass)"
                        " from public.{} as t"
                    ).format(sql.Literal(f"public.{table}"), sql.Identifier(table))
                )
                sums[table] = str(cursor.fetchone())
            return sums


@contextmanager
def walled(server: Target, like: Database, name: str, folder: Path) -> Iterator[Walled]:
    """A new database of that name on the server, with the overnight rows and nothing built.

    Args:
        server: any database of the server, as a superuser.
        like: the settings, and the log, of the server.
        name: of the database, and of the target in the profiles.yml written to `folder`.
    """
    target = server.model_copy(update={"name": name, "dbname": name})
    builder, auditor, historian, reader = (
        target.model_copy(update={"name": f"{name}{suffix}", "user": user})
        for suffix, user in zip(("", "_audit", "_history", "_reader"), ROLES, strict=True)
    )
    grants = render_grants(
        load_contract(ROOT, None),
        builder=builder,
        auditor=auditor,
        historian=historian,
        reader=READER,
    )
    with closing(psycopg2.connect(**(server.libpq | {"dbname": "postgres"}))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            cursor.execute(
                sql.SQL("alter database {} set counterfoil.as_of = {}").format(
                    sql.Identifier(name), sql.Literal(AS_OF)
                )
            )
            try:
                with (
                    closing(psycopg2.connect(**target.libpq)) as connection,
                    connection,
                    connection.cursor() as inside,
                ):
                    for file in ("schema.sql", "overnight.sql"):
                        inside.execute((ROOT / "demo/empwr" / file).read_text())
                    connection.commit()
                    # Twice: the second time it must change nothing, and not fail.
                    inside.execute(grants)
                    inside.execute(grants)
                write_profiles(folder, builder, auditor, historian)
                yield Walled(
                    replace(
                        like,
                        url=like.url.replace("/empwr?", f"/{name}?"),
                        plan=replace(like.plan, builder=target, auditor=target),
                    ),
                    builder,
                    auditor,
                    historian,
                    reader,
                    grants,
                )
            finally:
                cursor.execute(
                    sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
                )
                for role in ROLES:
                    cursor.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
