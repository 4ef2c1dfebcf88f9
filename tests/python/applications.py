"""Databases of other applications than the demo's: a schema and its contract each."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
import pytest
from built import ensure_built
from conftest import ROOT, Database
from copies import write_profiles
from psycopg2 import sql

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.pipeline.host import Host
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.run import Job, Order, carry_out
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target

DATABASES = ROOT / "tests" / "databases"


@contextmanager
def created(server: Target, name: str, schema: str, encoding: str = "UTF8") -> Iterator[Target]:
    """A database of that schema on the server, gone afterwards with its roles."""
    with closing(psycopg2.connect(**server.libpq)) as admin, admin.cursor() as cursor:
        admin.autocommit = True
        cursor.execute("select oid from pg_roles")
        roles = [oid for (oid,) in cursor]
        cursor.execute(
            sql.SQL("create database {} template template0 encoding {} locale 'C'").format(
                sql.Identifier(name), sql.Literal(encoding)
            )
        )
        target = server.model_copy(update={"name": name, "dbname": name})
        try:
            with closing(psycopg2.connect(**target.libpq)) as connection, connection.cursor() as c:
                c.execute(schema)
                connection.commit()
            yield target
        finally:
            cursor.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
            cursor.execute("select rolname from pg_roles where oid <> all(%s)", (roles,))
            for (role,) in cursor.fetchall():
                cursor.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


@contextmanager
def application(
    server: Target, name: str, folder: Path, encoding: str = "UTF8"
) -> Iterator[Database]:
    """The database of tests/databases/<name> on the server, its views built."""
    files = DATABASES / name
    schema = (files / "schema.sql").read_text(encoding="utf-8")
    with (
        created(server, name, schema, encoding) as target,
        built(target, files / "contract.yml", folder) as database,
    ):
        yield database


@contextmanager
def built(target: Target, contract: Path, folder: Path) -> Iterator[Database]:
    """The target's database with the views of that contract."""
    with pytest.MonkeyPatch.context() as patch:
        write_profiles(folder, target)
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        plan = make_plan(target.name, contract, Settings())
        ensure_built(plan)
    yield Database(target.name, folder / "log", plan)


def audited(target: Target, file: Path) -> Audit:
    """An audit of the target by the contract of `file`, its views built first."""
    plan = make_plan(target.name, file, Settings())
    ensure_built(plan)
    with open_snapshot(plan.session) as snapshot:
        return audit(plan.scope, snapshot)


@contextmanager
def kept(server: Target, name: str, schema: str, contract: str, folder: Path) -> Iterator[Target]:
    """A database of that schema, with contract and reports in a folder, for `night`."""
    with created(server, name, schema) as target, pytest.MonkeyPatch.context() as patch:
        write_profiles(folder, target)
        (folder / "contract.yml").write_text(contract, encoding="utf-8")
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("COUNTERFOIL_REPORTS_DIR", str(folder / "reports"))
        patch.chdir(folder)
        yield target


def night(target: Target, audit_id: str) -> Audit:
    """A run over it, from the plan to what is published."""
    order = Order(target.name, audit_id, Path("contract.yml"))
    ended = carry_out(Job(order, Settings(), Host()))
    assert ended.failure is None
    assert ended.audit is not None
    return ended.audit


def execute(target: Target, sql: str) -> list[tuple[object, ...]]:
    """Runs it, and gives the rows that it returns."""
    with closing(psycopg2.connect(**target.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        connection.commit()
        return cursor.fetchall() if cursor.description else []
