"""An audit sees one instant: what others commit while it runs is not there for it."""

import time

import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import SnapshotError
from counterfoil.postgres.instant import OpenTransaction, open_snapshot, pinned_connection

# Each would be a finding, had any of the audit's queries seen it: of a view fetched whole,
# of a bundled one, of its evidence.
COMMITTED_BY_OTHERS = """
    update competitions set available_reservation_tokens = available_reservation_tokens - 7;
    update reservations set status = 'Approved' where status = 'approved';
    update dancers set date_of_birth = null;
"""


def found(audit: Audit) -> dict[str, tuple[str, int]]:
    return {check.check_id: (check.status, check.finding_count) for check in audit.checks}


@pytest.fixture
def restored(superuser: Connection) -> Connection:
    """Puts back what the test committed, since every other test shares the rows."""
    with superuser.cursor() as cursor:
        cursor.execute("create temp table c as select * from competitions")
        cursor.execute("create temp table r as select * from reservations")
        cursor.execute("create temp table d as select * from dancers")
        yield superuser
        cursor.execute(
            "update competitions set available_reservation_tokens = c.available_reservation_tokens"
            " from c where c.id = competitions.id;"
            "update reservations set status = r.status from r where r.id = reservations.id;"
            "update dancers set date_of_birth = d.date_of_birth from d where d.id = dancers.id"
        )


def test_rows_committed_during_an_audit_are_not_seen(
    overnight: Database, restored: Connection
) -> None:
    before = found(overnight.audit())
    with open_snapshot(overnight.plan.session) as snapshot:
        with restored.cursor() as cursor:
            cursor.execute(COMMITTED_BY_OTHERS)
        during = found(overnight.audit(snapshot))
    after = found(overnight.audit())

    assert during == before
    assert after["ledger.balance_matches_entries"] == ("fail", 12)
    assert after["integrity.values_allowed"][0] == "fail"
    assert after["integrity.required_values_filled"] == ("fail", 214)


def test_an_audit_of_an_open_transaction_sees_it_and_leaves_it_open(
    overnight: Database, transaction: OpenTransaction
) -> None:
    before = found(overnight.audit())
    with transaction.connection.cursor() as cursor:
        cursor.execute("update public.dancers set date_of_birth = null")
        during = found(overnight.audit(transaction))
        cursor.execute("select count(*) from public.dancers where date_of_birth is null")
        assert cursor.fetchone() == (214,)

    assert during["integrity.required_values_filled"] == ("fail", 214)
    assert found(overnight.audit()) == before


# Not transactional: to a snapshot from before them the table is empty.
REWRITES = {
    "reload": """
        begin;
        create temp table kept on commit drop as select * from dancers;
        truncate dancers;
        insert into dancers select * from kept;
        commit
    """,
    "alter": """
        begin;
        alter table dancers add column rewritten timestamptz default clock_timestamp();
        alter table dancers drop column rewritten;
        commit
    """,
}


@pytest.mark.parametrize("rewrite", REWRITES.values(), ids=REWRITES.keys())
def test_a_table_rewritten_during_an_audit_ends_it(
    rewrite: str, overnight: Database, superuser: Connection
) -> None:
    before = found(overnight.audit())
    with (
        open_snapshot(overnight.plan.session) as snapshot,
        superuser.cursor() as cursor,
    ):
        cursor.execute(rewrite)
        with pytest.raises(SnapshotError, match=r"public\.dancers was truncated or rewritten"):
            overnight.audit(snapshot)
    assert found(overnight.audit()) == before


def test_a_table_vacuumed_during_an_audit_keeps_its_rows(
    overnight: Database, superuser: Connection
) -> None:
    before = found(overnight.audit())
    with (
        open_snapshot(overnight.plan.session) as snapshot,
        superuser.cursor() as cursor,
    ):
        cursor.execute("vacuum full dancers")
        assert found(overnight.audit(snapshot)) == before


def test_the_audit_cannot_write(overnight: Database) -> None:
    with (
        open_snapshot(overnight.plan.session) as snapshot,
        pinned_connection(snapshot) as connection,
        pytest.raises(Exception, match="read-only transaction"),
    ):
        connection.exec_driver_sql("update public.competitions set name = name")


def test_the_exporter_holds_no_lock_on_any_table(
    overnight: Database, superuser: Connection
) -> None:
    with (
        open_snapshot(overnight.plan.session),
        superuser.cursor() as cursor,
    ):
        cursor.execute(
            "select count(*) from pg_locks join pg_class on pg_class.oid = relation"
            " where relnamespace = 'public'::regnamespace"
        )
        assert cursor.fetchone() == (0,)


def test_nothing_is_left_behind(overnight: Database, superuser: Connection) -> None:
    overnight.audit()
    deadline = time.monotonic() + 5
    with superuser.cursor() as cursor:
        while True:
            cursor.execute(
                "select count(*) from pg_stat_activity where application_name = 'counterfoil'"
            )
            # A backend takes its leave some time after its client has.
            if cursor.fetchone() == (0,) or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        cursor.execute("select query from pg_stat_activity where application_name = 'counterfoil'")
        assert cursor.fetchall() == []


def test_sessions_are_read_only_and_bounded(overnight: Database) -> None:
    with (
        open_snapshot(overnight.plan.session) as snapshot,
        pinned_connection(snapshot) as connection,
    ):
        settings = {
            name: connection.exec_driver_sql(f"show {name}").scalar()
            for name in (
                "transaction_read_only",
                "transaction_isolation",
                "row_security",
                "statement_timeout",
                "lock_timeout",
                "timezone",
                "application_name",
            )
        }
    assert settings == {
        "transaction_read_only": "on",
        "transaction_isolation": "repeatable read",
        "row_security": "off",
        "statement_timeout": "10min",
        "lock_timeout": "5s",
        "timezone": "UTC",
        "application_name": "counterfoil",
    }
