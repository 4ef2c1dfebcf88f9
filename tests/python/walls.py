"""A database behind walls: the application's tables, and the roles of `counterfoil grants`."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from built import ensure_built
from conftest import ROOT
from copies import AS_OF, write_profiles
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.contract.grants import render_grants
from counterfoil.history.closed_days import read_closed_days
from counterfoil.history.recall import recall
from counterfoil.history.record import record
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.preflight import check_auditor
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.lock import only_audit
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

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
        superuser, builder, auditor, historian, reader: it, as each of them.
        grants: the script that made the last four.
    """

    superuser: Target
    builder: Target
    auditor: Target
    historian: Target
    reader: Target
    grants: str

    def audit(self) -> Audit:
        """All that an audit does, from the plan on, as its roles."""
        plan = make_plan(self.builder.name, None, Settings())
        with only_audit(plan.session):
            build_views(plan)
            check_auditor(plan.session)
            known = recall(plan.scope.database, plan.session)
            with open_snapshot(plan.session) as snapshot:
                closed_days = read_closed_days(snapshot, plan.scope.contract)
                found = audit(replace(plan.scope, known=known), snapshot)
            history = record(found, closed_days, plan.session)
        return found.model_copy(update={"history": history})

    def make_views(self) -> None:
        """Makes its views as other tests have built them; an audit would build them itself."""
        ensure_built(make_plan(self.builder.name, None, Settings()))

    @contextmanager
    def connect(self, target: Target | None = None) -> Iterator[Connection]:
        """A connection in autocommit, as a superuser unless it is said who."""
        with closing(psycopg2.connect(**(target or self.superuser).libpq)) as connection:
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


def found(audit: Audit) -> dict[str, tuple[str, int]]:
    """What came of each check."""
    return {check.check_id: (check.status, check.finding_count) for check in audit.checks}


@contextmanager
def walled(
    server: Target, name: str, folder: Path, *, as_of: str | None = AS_OF
) -> Iterator[Walled]:
    """A new database of that name on the server, with the overnight rows and nothing built.

    Args:
        server: any database of the server, as a superuser.
        name: of the database, and of the target in the profiles.yml written to `folder`.
        as_of: what 'now' means in it; None for its own now.
    """
    superuser = server.model_copy(update={"name": name, "dbname": name})
    builder, auditor, historian, reader = (
        superuser.model_copy(update={"name": f"{name}{suffix}", "user": user})
        for suffix, user in zip(("", "_audit", "_history", "_reader"), ROLES, strict=True)
    )
    session = Session(builder, auditor, historian, Settings())
    grants = render_grants(load_contract(ROOT, None), session, reader=READER)
    database = sql.Identifier(name)
    with closing(psycopg2.connect(**(server.libpq | {"dbname": "postgres"}))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute(sql.SQL("create database {}").format(database))
            if as_of:
                cursor.execute(
                    sql.SQL("alter database {} set counterfoil.as_of = {}").format(
                        database, sql.Literal(as_of)
                    )
                )
    with (
        closing(psycopg2.connect(**superuser.libpq)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for file in ("schema.sql", "overnight.sql"):
            cursor.execute((ROOT / "demo/empwr" / file).read_text())
        connection.commit()
        # Twice: the second time it must change nothing, and not fail.
        cursor.execute(grants)
        cursor.execute(grants)
    write_profiles(folder, builder, auditor, historian)
    try:
        yield Walled(superuser, builder, auditor, historian, reader, grants)
    finally:
        with closing(psycopg2.connect(**(server.libpq | {"dbname": "postgres"}))) as admin:
            admin.autocommit = True
            with admin.cursor() as cursor:
                cursor.execute(sql.SQL("drop database {} with (force)").format(database))
                for role in ROLES:
                    cursor.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
