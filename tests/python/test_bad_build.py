"""A build that fails says why, drops nobody's view, and leaves nothing taken for built."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from conftest import ROOT, Database
from copies import copy_of, write_profiles
from psycopg2.extensions import connection as Connection  # noqa: N812
from refusals import refused

from counterfoil.common.errors import BuildError
from counterfoil.contract.derived import dbt_variables
from counterfoil.history.built_views import replaced_views
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.connection import Refusal
from counterfoil.views.build import Build
from counterfoil.views.dbt import Dbt


@pytest.fixture(scope="module")
def rebuilt(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A copy of the demo's database that a test may break for good."""
    folder = tmp_path_factory.mktemp("profiles")
    with pytest.MonkeyPatch.context() as patch, copy_of(overnight, "counterfoil_rebuilt") as copy:
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        write_profiles(folder, copy.plan.session.builder)
        yield copy


@pytest.fixture
def admin(rebuilt: Database) -> Iterator[Connection]:
    with closing(psycopg2.connect(rebuilt.url)) as connection:
        connection.autocommit = True
        yield connection


def ensure(database: Database) -> bool:
    return build_views(database.plan).views.are_new


def standing(admin: Connection) -> Build:
    found = Build.read(admin)
    assert found is not None
    return found


def fake_dbt(monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> list[str]:
    """Has dbt come to that outcome; returns the commands that it is given."""
    commands: list[str] = []

    def invoke(_: Dbt, command: list[str], *__: object) -> dict[str, Any]:
        commands.append(" ".join(command))
        return {"success": False, "exception": None, "nodes": [], **outcome}

    monkeypatch.setattr(Dbt, "invoke", invoke)
    return commands


@pytest.fixture
def stale(admin: Connection) -> Iterator[Build]:
    """The views, marked as of another project; marked as they were in the end."""
    good = standing(admin)
    Build("another project", good.views).write(admin)
    yield good
    good.write(admin)


def test_a_model_that_fails(
    rebuilt: Database, admin: Connection, stale: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = {"name": "validity", "relation": "counterfoil.validity", "status": "error"}
    hostile = "Database Error in model validity \x1b[31m[red] syntax error"
    commands = fake_dbt(monkeypatch, nodes=[node | {"message": hostile}])
    with refused(BuildError, "dbt run: validity: Database Error in model validity", "[red]"):
        ensure(rebuilt)
    assert commands == ["run"], "a full refresh would drop views and help nothing"
    assert standing(admin).project_hash not in (stale.project_hash, "another project")


def test_a_data_test_that_fails(rebuilt: Database, admin: Connection, stale: Build) -> None:
    """With dbt itself: the application's rows are as they are, and the rest is judged."""
    with admin.cursor() as cursor:
        cursor.execute(
            "create table public.kept as select * from public.tenants;"
            "alter table public.tenants drop constraint tenants_pkey cascade,"
            " drop constraint tenants_subdomain_key;"
            "insert into public.tenants select * from public.tenants limit 1"
        )
        try:
            views = build_views(rebuilt.plan).views
            said = views.unproven["tenant_overview"]
            assert (
                said == "data test tenant_overview_grain, fail: Got 5 results, configured to"
                " fail if != 0"
            )
            assert "validity" not in views.unproven
            found = rebuilt.judging(unproven=views.unproven).audit()
        finally:
            cursor.execute(
                "alter table public.tenants disable trigger all;"
                "delete from public.tenants;"
                "insert into public.tenants select * from public.kept;"
                "drop table public.kept;"
                "alter table public.tenants add primary key (id),"
                " add constraint tenants_subdomain_key unique (subdomain)"
            )
    statuses = {check.check_id: check.status for check in found.checks}
    assert statuses["integrity.values_allowed"] == "pass"
    assert standing(admin).project_hash.endswith(" unproven"), "the next night tries again"


def test_a_data_test_that_cannot_be_asked(
    rebuilt: Database, stale: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database says may quote a row."""
    built = [
        {"name": view, "relation": view, "status": "success", "message": "", "parts": 1}
        for view in stale.views
    ]
    outcomes = iter([{"success": True, "exception": None, "nodes": built}])
    said = 'Database Error: invalid input syntax for type date: "Zoe, born 2011"'
    node = {"name": "grain", "status": "error", "message": said, "concerns": ["validity"]}
    failed = {"success": False, "exception": None, "nodes": [node]}
    monkeypatch.setattr(Dbt, "invoke", lambda *_: next(outcomes, failed))
    assert build_views(rebuilt.plan).views.unproven == {
        "validity": "data test grain, error: see the log"
    }


def test_a_contract_that_switches_every_model_off(
    rebuilt: Database, stale: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dbt(monkeypatch, success=True)
    with refused(BuildError, "the contract switches every model off", "packs"):
        ensure(rebuilt)


def test_a_project_that_dbt_cannot_parse(
    rebuilt: Database, stale: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_dbt(monkeypatch, exception="Compilation Error\n  dbt found two models\n\n named x.")
    with refused(BuildError, "dbt run: Compilation Error dbt found two models named x. Correct"):
        ensure(rebuilt)


def test_dbt_that_does_not_start(
    rebuilt: Database, stale: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with refused(BuildError, "dbt ended with 1: no output", "dbt debug"):
        ensure(rebuilt)


def test_an_analysts_view_on_one_that_changed(rebuilt: Database, admin: Connection) -> None:
    """With dbt itself: Postgres cannot replace the view in place, and nobody's view goes."""
    good = standing(admin)
    with admin.cursor() as cursor:
        cursor.execute(
            "drop view counterfoil.tenant_overview cascade;"
            "create view counterfoil.tenant_overview as select 1 as before;"
            "create schema analyst;"
            "create view analyst.mine as select before from counterfoil.tenant_overview"
        )
        Build("another project", good.views).write(admin)
        with refused(
            BuildError,
            "tenant_overview",
            "cannot change name of view column",
            "these depend on our views: analyst.mine",
            "drop those views and run again",
        ):
            ensure(rebuilt)
        cursor.execute("select before from analyst.mine")
        assert cursor.fetchone() == (1,)
        cursor.execute("drop schema analyst cascade")
    assert ensure(rebuilt)
    assert standing(admin) == good
    assert not ensure(rebuilt)


# What makes a view read another table, or column, than its names mean, and what undoes it.
SWAPS = {
    "a table": (
        "alter table public.studios rename to studios_old;"
        "create table public.studios (like public.studios_old including all)",
        "drop table public.studios; alter table public.studios_old rename to studios",
    ),
    "to another schema": (
        "create schema archive; alter table public.studios set schema archive;"
        "create table public.studios (like archive.studios including all)",
        "drop table public.studios; alter table archive.studios set schema public;"
        "drop schema archive",
    ),
    "a schema": (
        "alter schema public rename to gone; create schema public",
        "drop schema public; alter schema gone rename to public",
    ),
    "a column": (
        "alter table public.studios rename name to name_old;"
        "alter table public.studios add name text",
        "alter table public.studios drop name; alter table public.studios rename name_old to name",
    ),
}


@pytest.mark.parametrize(("swap", "back"), SWAPS.values(), ids=SWAPS)
def test_a_swap_below_a_view(rebuilt: Database, admin: Connection, swap: str, back: str) -> None:
    session = rebuilt.plan.session
    assert replaced_views(session) == []
    with admin.cursor() as cursor:
        cursor.execute(swap)
        try:
            assert "counterfoil.ledger_holds" in replaced_views(session)
        finally:
            cursor.execute(back)
    assert replaced_views(session) == []


# What makes a rule mean something else, for whoever takes the database's word for it.
OTHERWISE = """
    alter database {0} set standard_conforming_strings to off;
    alter database {0} set quote_all_identifiers to on;
    alter database {0} set transform_null_equals to on;
    alter database {0} set datestyle to 'german';
    alter database {0} set timezone to 'Asia/Tokyo';
    alter database {0} set client_encoding to 'latin1';
    create function public.plus(state bigint, value uuid) returns bigint
        language sql as 'select 1::bigint';
    create aggregate public.count(uuid) (sfunc = public.plus, stype = bigint, initcond = '1');
"""


def test_a_view_that_was_replaced_and_names_that_were_taken(
    rebuilt: Database, admin: Connection
) -> None:
    """With dbt itself: whatever the database has otherwise, the same views are built."""
    name = rebuilt.plan.session.builder.dbname
    with admin.cursor() as cursor:
        cursor.execute(OTHERWISE.format(name))
        cursor.execute("select pg_get_viewdef('counterfoil.ledger_balances'::regclass)")
        good = cursor.fetchone()
        columns = "select * from counterfoil.ledger_balances"
        cursor.execute(f"create table public.hidden as {columns} limit 0")
        cursor.execute(
            "create or replace view counterfoil.ledger_balances as select * from public.hidden"
        )
        try:
            built = build_views(rebuilt.plan)
            assert built.replaced == ("counterfoil.ledger_balances",)
            cursor.execute("select pg_get_viewdef('counterfoil.ledger_balances'::regclass)")
            assert cursor.fetchone() == good
            assert not ensure(rebuilt)
        finally:
            cursor.execute(f"alter database {name} reset all")
            cursor.execute(
                "drop table public.hidden; drop aggregate public.count(uuid);"
                "drop function public.plus(bigint, uuid)"
            )


def test_data_tests_write_nothing(rebuilt: Database, admin: Connection) -> None:
    """Whatever a view calls, it is called read-only."""
    session = rebuilt.plan.session
    with admin.cursor() as cursor:
        cursor.execute("select pg_get_viewdef('counterfoil.source_tables'::regclass)")
        (good,) = cursor.fetchone() or ("",)
        cursor.execute("create sequence public.calls")
        cursor.execute(
            "create or replace view counterfoil.source_tables as"
            f" select * from ({good.rstrip(';')}) as good where nextval('public.calls') > 0"
        )
        try:
            variables = dbt_variables(rebuilt.plan.scope.contract)
            with (
                session.as_builder(Refusal(BuildError)) as builder,
                Dbt(ROOT, builder, session.builder, variables, session.settings) as dbt,
            ):
                said = dbt.invoke(["test", "--select", "source_tables_grain"], unheard)
            assert "read-only transaction" in said["nodes"][0]["message"]
        finally:
            cursor.execute(f"create or replace view counterfoil.source_tables as {good}")
            cursor.execute("drop sequence public.calls")


def unheard(_done: int, _of: int) -> None:
    """The progress of a test that nobody watches."""


def test_the_mark_of_another_tool(rebuilt: Database, admin: Connection) -> None:
    for comment in ("Our views", "{}", "[]", json.dumps({"counterfoil": {"hash": 1}})):
        with admin.cursor() as cursor:
            cursor.execute("comment on schema counterfoil is %s", (comment,))
        assert Build.read(admin) is None
