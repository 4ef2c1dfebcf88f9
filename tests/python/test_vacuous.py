"""Nothing never passes: no rows, no value, no answer, no sight of the rows."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from applications import DATABASES, audited, created
from conftest import ROOT, Database
from copies import write_profiles
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.common.errors import BuildError, PreflightError
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.contract.derived import dbt_variables
from counterfoil.pipeline.preflight import check_database
from counterfoil.postgres.connection import Refusal
from counterfoil.postgres.instant import OpenTransaction
from counterfoil.postgres.session import Session
from counterfoil.suites.names import named
from counterfoil.suites.suite import Suite, load_suites
from counterfoil.views.dbt import Dbt

TENANCY = {"tenancy.references_stay_in_tenant", "tenancy.tenant_is_set"}
REFERENCES = {
    "integrity.references_resolve",
    "integrity.required_references_set",
    "integrity.paths_agree",
}
# A ledger's rows are of all its tables, and so are the results of its checks.
LEDGERS = {
    ledger: {
        named(check.check_id, ledger)
        for suite in load_suites(ROOT / "expectations")
        for narrowed in suite.narrowed_to(load_contract(ROOT))
        if narrowed.ledger == ledger
        for check in narrowed.checks
    }
    for ledger in ("capacity", "entries")
}
DUPLICATES = {"integrity.no_duplicates"}
FILLED = {"integrity.required_values_filled"}
ALLOWED = {"integrity.values_allowed"}

# What can be said of nothing, when a table is empty.
DERIVED = {
    "tenants": REFERENCES | ALLOWED,
    "studios": TENANCY | REFERENCES,
    "dancers": TENANCY | REFERENCES | DUPLICATES | FILLED,
    "competitions": TENANCY | REFERENCES | ALLOWED | LEDGERS["capacity"],
    "reservations": TENANCY | REFERENCES | FILLED | ALLOWED | set().union(*LEDGERS.values()),
    "competition_entries": TENANCY
    | REFERENCES
    | DUPLICATES
    | FILLED
    | set().union(*LEDGERS.values()),
    "capacity_ledger": TENANCY | REFERENCES | LEDGERS["capacity"],
}

NOT_YET_IN_USE = (
    "dancers",
    "competitions",
    "reservations",
    "competition_entries",
    "capacity_ledger",
)


def checks(audit: Audit) -> dict[str, CheckResult]:
    return {check.name: check for check in audit.checks}


def statuses(audit: Audit) -> dict[str, tuple[str, int]]:
    return {check.name: (check.status, check.finding_count) for check in audit.checks}


def keys(check: CheckResult) -> list[dict[str, str | None]]:
    return [finding.key for finding in check.findings]


@pytest.fixture(scope="module")
def healthy(overnight: Database) -> Audit:
    return overnight.audit()


@pytest.fixture
def execute(transaction: OpenTransaction) -> Callable[[str], list[Any]]:
    """Runs a statement in the test's own transaction; without foreign keys in the way."""

    def run(sql: str) -> list[Any]:
        with transaction.connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    run("set local session_replication_role = replica")
    return run


def rewrite(execute: Callable[[str], list[Any]], view: str, select: str) -> None:
    """Replaces a view by `select`, in which `genuine` is the view as it was."""
    ((definition,),) = execute(f"select pg_get_viewdef('{view}'::regclass)")
    genuine = definition.rstrip().rstrip(";")
    execute(f"create or replace view {view} as with genuine as ({genuine}) {select}")


def columns(execute: Callable[[str], list[Any]], view: str) -> dict[str, str]:
    rows = execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute"
        f" where attrelid = '{view}'::regclass and attnum > 0 order by attnum"
    )
    return dict(rows)


@pytest.mark.parametrize("table", DERIVED)
def test_an_emptied_table(
    table: str,
    overnight: Database,
    healthy: Audit,
    transaction: OpenTransaction,
    execute: Callable[[str], list[Any]],
) -> None:
    execute(f"delete from public.{table}")
    audit = overnight.audit(transaction)

    expected = statuses(healthy) | {"integrity.source_not_empty": ("fail", 1)}
    expected |= dict.fromkeys(DERIVED[table], ("unknown", 0))
    assert statuses(audit) == expected
    assert keys(checks(audit)["integrity.source_not_empty"]) == [{"table_name": table}]
    assert all(table in str(checks(audit)[check_id].detail) for check_id in DERIVED[table])
    assert audit.status == "critical"


def test_every_table_in_use_is_emptied(overnight: Database) -> None:
    assert DERIVED.keys() == overnight.plan.scope.contract.tables_in_use


def test_a_wholly_empty_database(
    overnight: Database, transaction: OpenTransaction, execute: Callable[[str], list[Any]]
) -> None:
    for table in DERIVED:
        execute(f"delete from public.{table}")
    audit = overnight.audit(transaction)
    assert statuses(audit)["integrity.source_not_empty"] == ("fail", len(DERIVED))
    assert {check.check_id: check.status for check in audit.checks if check.is_quiet} == {
        # Not stale, but empty: that is the other check's to say.
        "integrity.source_fresh": "not applicable",
        "integrity.volume_plausible": "not applicable",
        "audit.every_check_ran": "pass",
        "audit.waivers_in_use": "not applicable",
    }
    assert audit.status == "critical"


def test_an_empty_table_hides_no_fault_of_another(
    overnight: Database, transaction: OpenTransaction, execute: Callable[[str], list[Any]]
) -> None:
    execute("delete from public.studios")
    execute(
        "update public.capacity_ledger set tenant_id = '00000000-0000-0000-0000-000000000002',"
        " reservation_id = '00000000-0000-0000-00ff-000000000001'"
        " where id = '00000000-0000-0000-0006-000000000022'"
    )
    found = checks(overnight.audit(transaction))

    entry = "00000000-0000-0000-0006-000000000022"
    assert keys(found["integrity.references_resolve"]) == [
        {"relationship": "capacity_ledger.reservation_id", "child_id": entry}
    ]
    assert found["integrity.references_resolve"].finding_count == 1
    assert keys(found["tenancy.references_stay_in_tenant"]) == [
        {"relationship": "capacity_ledger.competition_id", "child_id": entry}
    ]
    assert found["integrity.required_references_set"].status == "unknown"


def test_a_condition_lists_no_row_of_an_empty_table(
    overnight: Database, transaction: OpenTransaction, execute: Callable[[str], list[Any]]
) -> None:
    """Its `or` does not reach what is said of the empty one."""
    (suite,) = [s for s in overnight.plan.scope.suites if s.relation == "referential_integrity"]
    content = suite.model_dump(exclude_none=True)
    content["checks"][0]["evidence"]["where"] = "true or child_table is null"
    execute("delete from public.studios")
    execute(
        "update public.capacity_ledger set reservation_id = '00000000-0000-0000-00ff-000000000001'"
        " where id = '00000000-0000-0000-0006-000000000022'"
    )
    altered = overnight.judging(suites=(Suite.model_validate(content),))
    found = checks(altered.audit(transaction))["integrity.references_resolve"]
    assert [key["relationship"] for key in keys(found)] == ["capacity_ledger.reservation_id"]
    assert found.finding_count == 1


@pytest.fixture(scope="module")
def undeclared(overnight: Database) -> tuple[Contract, dict[str, str]]:
    """A contract that calls most tables not in use, and its views as dbt compiles them."""
    declared = load_contract(ROOT).model_dump(mode="json", by_alias=True, exclude_none=True)
    for table in NOT_YET_IN_USE:
        declared["tables"][table]["in_use"] = False
    declared["required_values"].append(
        {"name": "studio_name", "table": "studios", "column": "name"}
    )
    contract = Contract.model_validate(declared)
    views = {
        "empty_tables": "counterfoil_staging.empty_tables",
        "source_tables": "counterfoil.source_tables",
        "completeness": "counterfoil.completeness",
        "incomplete_rows": "counterfoil.incomplete_rows",
    }
    session, variables = overnight.plan.session, dbt_variables(contract)
    with (
        session.as_builder(Refusal(BuildError)) as builder,
        Dbt(ROOT, builder, session.builder, variables, overnight.settings) as dbt,
    ):
        outcome = dbt.invoke(["compile", "--select", *views], lambda _done, _of: None)
    assert outcome["success"], outcome
    compiled = Path(os.environ["DBT_TARGET_PATH"]) / "compiled" / "counterfoil" / "models"
    sql = {
        relation: next(compiled.rglob(f"{model}.sql")).read_text()
        for model, relation in views.items()
    }
    return contract, sql


def test_a_table_that_is_not_in_use_may_be_empty(
    overnight: Database,
    transaction: OpenTransaction,
    execute: Callable[[str], list[Any]],
    undeclared: tuple[Contract, dict[str, str]],
) -> None:
    contract, views = undeclared
    for relation, sql in views.items():
        execute(f"create or replace view {relation} as {sql}")
    for table in NOT_YET_IN_USE:
        execute(f"delete from public.{table}")
    audit = overnight.audit(transaction, contract)
    assert {check.status for check in audit.checks} == {"pass", "not applicable"}
    assert {check.category for check in audit.checks if check.status == "not applicable"} >= {
        "Ledgers"
    }
    assert audit.status == "passed"


@pytest.mark.parametrize("blank", ["", " ", "\t\r\n \v"])
def test_a_blank_is_not_filled(
    blank: str,
    overnight: Database,
    transaction: OpenTransaction,
    execute: Callable[[str], list[Any]],
    undeclared: tuple[Contract, dict[str, str]],
) -> None:
    contract, views = undeclared
    for relation, sql in views.items():
        execute(f"create or replace view {relation} as {sql}")
    studio = "00000000-0000-0000-0001-000000000002"
    execute(f"update public.studios set name = $blank${blank}$blank$ where id = '{studio}'")
    filled = checks(overnight.audit(transaction, contract))["integrity.required_values_filled"]
    assert keys(filled) == [{"rule": "studio_name", "row_id": studio}]
    assert filled.finding_count == 1


def test_a_view_without_rows_is_an_error(
    overnight: Database, transaction: OpenTransaction, execute: Callable[[str], list[Any]]
) -> None:
    for suite in overnight.plan.scope.suites:
        rewrite(execute, f"counterfoil.{suite.relation}", "select * from genuine where false")
    audit = overnight.audit(transaction)
    for suite in overnight.plan.scope.suites:
        for check in suite.checks:
            result = checks(audit)[named(check.check_id, suite.ledger)]
            if suite.may_be_empty:
                assert result.status == "not applicable", check.check_id
                continue
            assert (result.status, result.finding_count) == ("error", 0), check.check_id
            assert result.detail == f"{suite.name} has no rows: there was nothing to judge"
    assert audit.status == "error"


def facts(suite: Suite) -> set[str]:
    return {check.expectation.column for check in suite.checks}


def test_a_fact_that_is_always_null_never_passes(
    overnight: Database, transaction: OpenTransaction, execute: Callable[[str], list[Any]]
) -> None:
    for suite in overnight.plan.scope.suites:
        view = f"counterfoil.{suite.relation}"
        selected = [
            f"null::{type_} as {column}" if column in facts(suite) else column
            for column, type_ in columns(execute, view).items()
        ]
        rewrite(execute, view, f"select {', '.join(selected)} from genuine")
    found = checks(overnight.audit(transaction))
    for suite in overnight.plan.scope.suites:
        for check in suite.checks:
            result = found[named(check.check_id, suite.ledger)]
            if suite.is_summary:
                assert result.status == "error", result
            else:
                assert (result.status, result.finding_count) == ("fail", result.rows_checked)


def test_one_null_fact_is_one_finding(
    overnight: Database,
    healthy: Audit,
    transaction: OpenTransaction,
    execute: Callable[[str], list[Any]],
) -> None:
    """The first row of each suite by its key, which fails in none of the demo's."""
    for suite in overnight.plan.scope.suites:
        view = f"counterfoil.{suite.relation}"
        keys = suite.evidence.key if suite.evidence else [first_column(execute, view)]
        keys = ["relationship"] if suite.relation == "referential_integrity" else keys
        key = ", ".join(keys)
        first = f"select {key} from genuine where {suite.condition} order by {key} limit 1"
        is_first = f"({suite.condition} and ({key}) = ({first}))"
        selected = [
            f"case when not ({is_first}) then {column} end as {column}"
            if column in facts(suite)
            else column
            for column in columns(execute, view)
        ]
        rewrite(execute, view, f"select {', '.join(selected)} from genuine")
    found, was = checks(overnight.audit(transaction)), checks(healthy)
    for suite in overnight.plan.scope.suites:
        for check in suite.checks:
            result = found[named(check.check_id, suite.ledger)]
            if suite.is_summary:
                assert result.status == "error", result
            else:
                assert result.finding_count == was[result.name].finding_count + 1, result


def first_column(execute: Callable[[str], list[Any]], view: str) -> str:
    return next(iter(columns(execute, view)))


@pytest.fixture
def raising(superuser: Connection) -> Iterator[str]:
    """A view of competitions, two of whose columns cannot be computed for London alone."""
    with superuser.cursor() as cursor:
        cursor.execute("""
            create view counterfoil.raising as
            select
                account,
                account_label,
                discrepancy_amount,
                abs(discrepancy_amount) as distance_amount,
                opening_amount,
                opening_amount / (discrepancy_amount + 50) as divided,
                (opening_amount * 3579139 - discrepancy_amount * 30)::int as overflown
            from counterfoil.ledger_balances
            where is_stored
        """)
        try:
            yield "raising"
        finally:
            cursor.execute("drop view counterfoil.raising")


def raising_suite(raises: str, observed: tuple[str, ...] = ()) -> Suite:
    def check(name: str, column: str, max_value: int) -> dict[str, Any]:
        return {
            "check_id": f"test.{name}",
            "title": name,
            "why": "-",
            "remedy": "-",
            "owner": "-",
            "severity": "warning",
            "category": "Test",
            "message": "{account_label}",
            "expectation": {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": column, "max_value": max_value},
            },
        }

    return Suite.model_validate(
        {
            "relation": "raising",
            "pack": "ledger",
            "evidence": {
                "relation": "raising",
                "key": ["account"],
                "observed": ["account_label", *observed],
            },
            "checks": [
                check("passes", "opening_amount", 600),
                check("raises", raises, 600),
                check("fails", "distance_amount", 0),
            ],
            "file": "expectations/raising.yml",
        }
    )


@pytest.mark.parametrize(
    ("column", "error"),
    [("divided", "division by zero"), ("overflown", "numeric value out of range (22003)")],
)
def test_a_column_that_raises_is_an_error_of_its_own_checks(
    column: str, error: str, overnight: Database, healthy: Audit, raising: str
) -> None:
    suites = (raising_suite(column), *overnight.plan.scope.suites)
    audit = overnight.judging(suites=suites).audit()
    assert error in str(checks(audit)["test.raises"].detail)
    assert statuses(audit) == statuses(healthy) | {
        "test.passes": ("pass", 0),
        "test.raises": ("error", 0),
        "test.fails": ("fail", 1),
    }
    assert audit.status == "error"


def test_evidence_that_raises_is_an_error(
    overnight: Database, healthy: Audit, raising: str
) -> None:
    suite = raising_suite("opening_amount", observed=("divided",))
    audit = overnight.judging(suites=(suite, *overnight.plan.scope.suites)).audit()
    fails = checks(audit)["test.fails"]
    assert (fails.status, fails.detail) == (
        "error",
        "its evidence cannot be read: division by zero (22012)",
    )
    assert statuses(healthy).items() <= statuses(audit).items()


@pytest.fixture
def replaced(superuser: Connection) -> Iterator[Callable[[str, str], None]]:
    """Replaces views for everybody, and puts them back."""
    genuine: dict[str, str] = {}
    with superuser.cursor() as cursor:

        def execute(sql: str) -> list[Any]:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

        def replace_view(view: str, select: str) -> None:
            ((genuine[view],),) = execute(f"select pg_get_viewdef('{view}'::regclass)")
            rewrite(execute, view, select)

        yield replace_view
        for view, definition in genuine.items():
            execute(f"create or replace view {view} as {definition}")


def test_a_section_that_raises_costs_no_check(
    overnight: Database, healthy: Audit, replaced: Callable[[str, str], None]
) -> None:
    replaced(
        "counterfoil.tenant_overview",
        "select tenant_id, tenant_label, table_name, row_count / (row_count - 7) as row_count"
        " from genuine",
    )
    audit = overnight.audit()
    assert statuses(audit) == statuses(healthy)
    assert "tenants" not in audit.sections
    assert audit.sections["ledger_balances"] == healthy.sections["ledger_balances"]


@pytest.mark.parametrize("view", ["ledger_balances", "tenant_isolation"])
def test_a_view_that_raises_is_an_error_of_its_own_checks(
    view: str,
    overnight: Database,
    healthy: Audit,
    superuser: Connection,
    replaced: Callable[[str, str], None],
) -> None:
    with superuser.cursor() as cursor:
        cursor.execute(
            "select attname from pg_attribute where attnum > 0"
            f" and attrelid = 'counterfoil.{view}'::regclass order by attnum"
        )
        names = [name for (name,) in cursor]
    types = {
        "ledger_balances": {"is_off": "int::boolean", "is_out_of_range": "int::boolean"},
        "tenant_isolation": {"leaked_row_count": "bigint", "unjudged_because": "text"},
    }[view]
    raised = ", ".join(
        f"(count(*) over () / 0)::{types[name]} as {name}" if name in types else name
        for name in names
    )
    replaced(f"counterfoil.{view}", f"select {raised} from genuine")
    audit = overnight.audit()

    own = {
        named(check.check_id, suite.ledger)
        for suite in overnight.plan.scope.suites
        if suite.relation == view
        for check in suite.checks
        if suite.is_summary or check.expectation.column in types
    }
    found = statuses(audit)
    assert {found[check_id][0] for check_id in own} == {"error"}
    for check_id in statuses(healthy).keys() - own:
        assert found[check_id] == statuses(healthy)[check_id], checks(audit)[check_id]
    assert audit.status == "error"


POLICIES = {
    "own_tenant": "using (tenant_id = '00000000-0000-0000-0000-000000000001')",
    "every_row": "using (true)",
    "none": None,
}


def secure(execute: Callable[[str], Any], role: str, policy: str | None) -> None:
    execute(f"create role {role} login")
    execute(f"grant usage on schema public, counterfoil, counterfoil_staging to {role}")
    execute(f"grant select on all tables in schema public to {role}")
    execute("alter table public.dancers enable row level security, force row level security")
    if policy:
        execute(f"create policy seen on public.dancers {policy}")


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
def test_an_audit_whose_views_are_hidden_rows_from_raises(
    policy: str | None,
    overnight: Database,
    transaction: OpenTransaction,
    execute: Callable[[str], list[Any]],
) -> None:
    secure(execute, "policed", policy)
    views = execute(
        "select schemaname || '.' || viewname from pg_views where schemaname ~ 'counter'"
    )
    execute("grant all on schema counterfoil, counterfoil_staging to policed")
    for (view,) in views:
        execute(f"alter view {view} owner to policed")
    with pytest.raises(PreflightError, match="row-level security policy"):
        overnight.audit(transaction)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())
@pytest.mark.parametrize("owns_the_table", [False, True])
def test_preflight_refuses_a_role_that_rows_are_hidden_from(
    policy: str | None, owns_the_table: bool, overnight: Database, superuser: Connection
) -> None:
    target = overnight.plan.session.builder.model_copy(update={"user": "policed"})
    with superuser.cursor() as cursor:
        try:
            secure(cursor.execute, "policed", policy)
            if owns_the_table:
                cursor.execute("alter table public.dancers owner to policed")
            with pytest.raises(PreflightError, match=r"hides rows of public\.dancers"):
                check_database(
                    overnight.plan.scope.contract, Session.alone(target, overnight.settings)
                )
            cursor.execute("alter role policed bypassrls")
            with pytest.raises(PreflightError, match="does not own SCHEMA counterfoil,"):
                check_database(
                    overnight.plan.scope.contract, Session.alone(target, overnight.settings)
                )
        finally:
            cursor.execute("alter table public.dancers owner to postgres")
            cursor.execute("drop policy if exists seen on public.dancers")
            cursor.execute(
                "alter table public.dancers disable row level security, no force row level security"
            )
            cursor.execute("drop owned by policed; drop role policed")


def test_a_table_that_is_gone_is_the_finding(
    overnight: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And a schema: what would have been said of their rows is unknown, and the rest is said."""
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    files = DATABASES / "market"
    gone = "drop table public.products cascade; drop schema billing cascade;"
    # The server's market, if it is there already, has made the roles.
    schema = re.sub(
        "^create role .*$",
        lambda role: f"do $$ begin {role[0]} exception when duplicate_object then end $$;",
        (files / "schema.sql").read_text(encoding="utf-8"),
        flags=re.MULTILINE,
    )
    with created(server, "market_without", f"{schema};{gone}") as target:
        write_profiles(tmp_path, target)
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        audit = audited(target, files / "contract.yml")
    said = {check.check_id: check for check in audit.checks}
    assert [finding.message for finding in said["integrity.source_not_empty"].findings] == [
        "billing.invoices is in use and does not exist",
        "products is in use and does not exist",
    ]
    unknown = {check_id for check_id, check in said.items() if check.status == "unknown"}
    assert unknown == {
        "integrity.deleted_parents_have_no_children",
        "integrity.keys_unique",
        "integrity.no_duplicates",
        "integrity.references_resolve",
        "integrity.references_whole",
        "integrity.required_references_set",
        "tenancy.references_stay_in_tenant",
        "tenancy.tenant_is_set",
    }
    assert said["integrity.references_resolve"].detail == (
        "billing.invoices, products: in use, and without rows (judged once there are some);"
        " products does not exist; billing.invoices does not exist"
    )
    assert not [check_id for check_id, check in said.items() if check.status == "error"]
    assert said["schema.expected_tables_exist"].finding_count == 2
