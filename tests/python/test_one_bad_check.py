"""A check that fails to run is an error; the rest is judged and published."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from conftest import ROOT, Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from refusals import changed, refused
from shown import shown

from counterfoil.audit.exit_codes import exit_code
from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.common.errors import PreflightError, SuiteError, UnavailableError
from counterfoil.postgres.instant import open_snapshot
from counterfoil.publish.headlines import headlines
from counterfoil.publish.markdown import render_markdown
from counterfoil.suites.suite import Suite, load_suites

RAISES = "1 / (random() * 0)::int = 1"
SLEEPS = "pg_sleep(3) is not null"
# What Postgres says of it begins: invalid input syntax for type date: "Zoe
QUOTES = "(overlay('Zoe\n born' placing '' from (random() * 0)::int + 1 for 0))::date is null"
HANGS_UP = "pg_terminate_backend(pg_backend_pid()) is null"

FAILING = (
    "select rule, table_name, column_name, required_when, row_count,"
    " 1::bigint as incomplete_row_count, unjudged_because from ({}) as rows"
)
RAISING_WITHOUT_ROWS = (
    "select rows.* from (select 1 / (random() * 0)::int as x offset 0) as one"
    " left join ({}) as rows on true where one.x = 1"
)


def made(cursor: Cursor, view: str) -> tuple[str, str]:
    """The view with its options, which Postgres forgets if they are not said again; its query."""
    cursor.execute(
        "select concat(' with (' || array_to_string(reloptions, ', ') || ')'),"
        " pg_get_viewdef(oid) from pg_class where oid = %s::regclass",
        (view,),
    )
    options, definition = cursor.fetchone() or ("", "")
    return f"{view}{options}", definition.strip().rstrip(";")


@contextmanager
def replaced(admin: Connection, view: str, replacement: str) -> Iterator[None]:
    """Another definition for a view, of the same columns; `{}` stands for its own."""
    with admin.cursor() as cursor:
        genuine, definition = made(cursor, view)
        cursor.execute(f"create or replace view {view} as {replacement.format(definition)}")
        try:
            yield
        finally:
            cursor.execute(f"create or replace view {genuine} as {definition}")


@contextmanager
def broken(admin: Connection, view: str, condition: str = RAISES) -> Iterator[None]:
    with replaced(admin, view, f"select * from ({{}}) as rows where {condition}"):
        yield


@contextmanager
def dropped(admin: Connection, view: str) -> Iterator[None]:
    with admin.cursor() as cursor:
        genuine, definition = made(cursor, view)
        cursor.execute(f"drop view {view}")
        try:
            yield
        finally:
            cursor.execute(f"create view {genuine} as {definition}")


@pytest.fixture(scope="module")
def sound(overnight: Database) -> dict[str, CheckResult]:
    """What each check comes to when all of them run."""
    return by_id(overnight.audit())


def by_id(audit: Audit) -> dict[str, CheckResult]:
    # What a view took is never twice the same.
    return {check.name: check.model_copy(update={"seconds": None}) for check in audit.checks}


def assert_in_error(audit: Audit, sound: dict[str, CheckResult], view: str, says: str) -> None:
    """The checks over the view are in error; all others as ever."""
    judged = by_id(audit)
    assert judged.keys() == sound.keys()
    over_view = {name for name, check in sound.items() if check.relation == f"counterfoil.{view}"}
    assert over_view
    for name, check in judged.items():
        if name not in over_view:
            assert check == sound[name], name
            continue
        assert check.status == "error", name
        if check.relation == f"counterfoil.{view}":
            assert says in (check.detail or ""), check.detail
        assert (check.detail or "").isprintable()
        assert check.findings == []
    assert audit.status == "error"
    assert exit_code(audit.status, "never") == 3
    report = render_markdown(shown(audit))
    assert "# INCOMPLETE: audit of empwr" in report
    assert all(name in report for name in over_view)
    assert "Traceback" not in report + " ".join(line.told for line in headlines(audit))


@pytest.mark.parametrize("view", ["ledger_balances", "ledger_holds", "source_tables", "uniqueness"])
def test_a_view_that_raises(
    overnight: Database, superuser: Connection, sound: dict[str, CheckResult], view: str
) -> None:
    with broken(superuser, f"counterfoil.{view}"):
        audit = overnight.audit()
    assert_in_error(audit, sound, view, "cannot be read: division by zero")


@pytest.mark.parametrize("view", ["ledger_balances", "uniqueness"])
def test_what_postgres_quotes_of_a_row_is_the_logs(
    overnight: Database,
    superuser: Connection,
    sound: dict[str, CheckResult],
    caplog: pytest.LogCaptureFixture,
    view: str,
) -> None:
    with broken(superuser, f"counterfoil.{view}", QUOTES):
        audit = overnight.audit()
    assert_in_error(audit, sound, view, "cannot be read: invalid datetime format (22007)")
    assert "Zoe" not in audit.model_dump_json()
    assert 'invalid input syntax for type date: "Zoe' in caplog.text


@pytest.mark.parametrize("view", ["ledger_entries", "uniqueness"])
def test_a_view_that_takes_too_long(
    overnight: Database, superuser: Connection, sound: dict[str, CheckResult], view: str
) -> None:
    hurried = overnight.settings.model_copy(update={"statement_timeout_s": 1})
    with broken(superuser, f"counterfoil.{view}", SLEEPS):
        audit = overnight.connecting(settings=hurried).audit()
    assert_in_error(audit, sound, view, "canceling statement due to statement timeout")


@pytest.mark.parametrize("view", ["ledger_holds", "uniqueness"])
def test_a_connection_that_is_cut(overnight: Database, superuser: Connection, view: str) -> None:
    """What the other checks said meanwhile is of no use: the instant is gone with it."""
    with (
        broken(superuser, f"counterfoil.{view}", HANGS_UP),
        refused(UnavailableError, "the connection was lost"),
    ):
        overnight.audit()


def test_a_view_that_only_the_report_reads(
    overnight: Database, superuser: Connection, sound: dict[str, CheckResult]
) -> None:
    with broken(superuser, "counterfoil.tenant_overview"):
        audit = overnight.audit()
    assert by_id(audit) == sound
    assert "tenants" not in audit.sections
    assert "Who shares the database" not in render_markdown(shown(audit))


def test_evidence_that_cannot_be_read(
    overnight: Database, superuser: Connection, sound: dict[str, CheckResult]
) -> None:
    """A failed check without its rows would be a finding that nobody can act on."""
    with (
        replaced(superuser, "counterfoil.completeness", FAILING),
        replaced(superuser, "counterfoil.incomplete_rows", RAISING_WITHOUT_ROWS),
    ):
        audit = overnight.audit()
    assert_in_error(audit, sound, "completeness", "its evidence cannot be read: division by zero")


def test_evidence_that_lists_nothing(
    overnight: Database, superuser: Connection, sound: dict[str, CheckResult]
) -> None:
    with replaced(superuser, "counterfoil.completeness", FAILING):
        audit = overnight.audit()
    assert_in_error(
        audit, sound, "completeness", "completeness counts failures, incomplete_rows lists none"
    )


def test_an_error_of_great_expectations_own(
    overnight: Database, sound: dict[str, CheckResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    from great_expectations.datasource.fluent import PostgresDatasource

    add_asset = PostgresDatasource._add_asset

    def refuse(self: Any, asset: Any) -> Any:
        if asset.name == "ledger_holds (capacity)":
            raise LookupError("no such asset\nand a second line")
        return add_asset(self, asset)

    monkeypatch.setattr(PostgresDatasource, "_add_asset", refuse)
    says = "ledger_holds (capacity) cannot be read: no such asset"
    assert_in_error(overnight.audit(), sound, "ledger_holds", says)


# What is found out only where the views are, and still before anything is judged.

Altered = Callable[[str, str, Any], Database]


@pytest.fixture
def altered(overnight: Database, tmp_path: Path) -> Altered:
    """The database with one suite in place of all, changed under a key."""

    def alter(suite: str, key: str, value: Any) -> Database:
        (tmp_path / "expectations").mkdir()
        content = yaml.safe_load(next((ROOT / "expectations").rglob(f"{suite}.yml")).read_text())
        file = tmp_path / "expectations" / "altered.yml"
        file.write_text(yaml.safe_dump(changed(content, key, value)))
        suites = load_suites(tmp_path / "expectations")
        return overnight.judging(suites=suites)

    return alter


@pytest.mark.parametrize(
    ("suite", "key", "value", "says"),
    [
        ("uniqueness", "relation", "uniquenes", "unknown relation 'uniquenes'"),
        ("uniqueness", "checks.0.evidence.relation", "rows", "unknown relation 'rows'"),
        ("uniqueness", "rows_checked", "rows", "rows_checked: unknown column 'rows' of uniq"),
        ("uniqueness", "source_columns", ["tab"], "source_columns: unknown column 'tab'"),
        (
            "uniqueness",
            "checks.0.expectation.kwargs.column",
            "duplicates",
            "integrity.no_duplicates kwargs.column: unknown column 'duplicates'",
        ),
        (
            "ledger_holds",
            "checks.0.size.column",
            "tokens",
            "ledger.hold_has_entry evidence: unknown column 'tokens'",
        ),
    ],
)
def test_an_unknown_relation_or_column(
    altered: Altered, suite: str, key: str, value: Any, says: str
) -> None:
    with refused(SuiteError, "expectations/altered.yml", says):
        altered(suite, key, value).audit()


def test_a_view_dropped_after_it_was_built(overnight: Database, superuser: Connection) -> None:
    with (
        dropped(superuser, "counterfoil.duplicate_rows"),
        refused(SuiteError, "uniqueness.yml", "unknown relation 'duplicate_rows'"),
    ):
        overnight.audit()


@pytest.mark.parametrize(
    ("suite", "key", "value", "says"),
    [
        ("uniqueness", "rows_checked", "rule", "rows_checked names 'rule', which is no count"),
        ("ledger_holds", "checks.0.size.column", "hold_status", "its evidence cannot be read"),
        (
            "ledger_balances",
            "checks.1.expectation",
            {
                "type": "expect_column_values_to_match_regex",
                "kwargs": {"column": "account_label", "regex": "["},
            },
            "invalid regular expression",
        ),
        (
            "ledger_balances",
            "checks.1.expectation",
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "account_label", "max_value": 1},
            },
            "cannot be computed on column of type TEXT",
        ),
    ],
)
def test_a_check_that_the_database_refuses(
    altered: Altered, suite: str, key: str, value: Any, says: str
) -> None:
    audit = altered(suite, key, value).audit()
    assert audit.status == "error"
    details = [check.detail or "" for check in audit.checks if check.status == "error"]
    assert details
    assert all(says in detail and detail.isprintable() for detail in details), details


def judging_where(overnight: Database, where: str) -> Database:
    """All suites, but that every table is taken to be empty, and listed under a condition."""
    (suite,) = [s for s in overnight.plan.scope.suites if s.relation == "source_tables"]
    content = suite.model_dump(exclude_none=True)
    content = changed(content, "checks.0.expectation.kwargs.value_set", [True])
    listed = {"relation": "source_tables", "where": where, "key": ["table_name"]}
    altered = Suite.model_validate(
        changed(changed(content, "checks.0.evidence", listed), "checks.0.message", "{table_name}")
    )
    suites = [altered if s is suite else s for s in overnight.plan.scope.suites]
    return overnight.judging(suites=tuple(suites))


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("is_lost", 'its evidence cannot be read: column "is_lost" does not exist'),
        ("is_empty)", 'its evidence cannot be read: syntax error at or near ")"'),
        ("table_name", "its evidence cannot be read: argument of WHERE must be type boolean"),
        ("row_count / 0 = 1", "its evidence cannot be read: division by zero"),
        ("is_empty", "source_tables counts failures, source_tables where is_empty lists none"),
    ],
)
def test_a_condition_that_lists_nothing(
    overnight: Database, sound: dict[str, CheckResult], where: str, says: str
) -> None:
    judged = by_id(judging_where(overnight, where).audit())
    refused = judged.pop("integrity.source_not_empty")
    assert (refused.status, refused.findings) == ("error", [])
    assert says in (refused.detail or "")
    assert judged == {name: sound[name] for name in judged}
    assert len(judged) == len(sound) - 1


def test_a_condition_reaches_postgres_as_it_is(overnight: Database) -> None:
    """Neither a percent sign nor a colon in it is the driver's."""
    where = "table_name like '%s' and row_count::text !~ '%(x)s|:x' or table_name = ':%'"
    judged = by_id(judging_where(overnight, where).audit())["integrity.source_not_empty"]
    with closing(psycopg2.connect(overnight.url)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "select table_name from counterfoil.source_tables where right(table_name, 1) = 's'"
        )
        expected = sorted(name for (name,) in cursor)
    assert judged.status == "fail"
    assert len(expected) > 1
    assert judged.finding_count == len(expected)
    assert [finding.key["table_name"] for finding in judged.findings] == expected


def test_a_table_that_somebody_locks(overnight: Database) -> None:
    """Whether it is empty cannot be told, so nothing that rests on it may pass."""
    hurried = overnight.settings.model_copy(update={"lock_timeout_s": 1})
    with closing(psycopg2.connect(overnight.url)) as other, other.cursor() as cursor:
        cursor.execute("lock table reservations in access exclusive mode")
        with refused(PreflightError, "database empwr", "canceling statement due to lock timeout"):
            overnight.connecting(settings=hurried).audit()


def test_a_snapshot_that_is_no_more(overnight: Database, superuser: Connection) -> None:
    with (
        refused(UnavailableError, "target 'demo'", "the connection was lost"),
        open_snapshot(overnight.plan.session) as snapshot,
    ):
        with superuser.cursor() as cursor:
            cursor.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where application_name = 'counterfoil'"
            )
        overnight.audit(snapshot)
