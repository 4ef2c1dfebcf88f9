"""The demo's wallets say exactly what docs/demo.md says of them, and pass once it is put right."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pytest
from applications import built, created
from conftest import ROOT, Database
from pages import steps_of
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from shown import shown
from test_golden_ledgers import contract_of, explained, in_order
from test_migrations import keys

from counterfoil import demo
from counterfoil.audit.findings import Audit
from counterfoil.ledger.account import read_account
from counterfoil.postgres.instant import open_snapshot
from counterfoil.publish.markdown import render_markdown
from counterfoil.repair.repair_plan import plan_repair
from counterfoil.repair.script import render
from counterfoil.repair.strategies import Request

# Of the wallets whose balance is off.
BIKES, FOODS, BAKERY = (
    {"ledger": "wallets", "balance": "cents", "account": account}
    for account in ("w11", "w8", "w13")
)
FOUND = {
    "ledger.balance_matches_entries": [BIKES, BAKERY, FOODS],
    "ledger.balance_matches_entries_exactly": [BIKES, BAKERY, FOODS],
    "ledger.hold_has_entry": [{"ledger": "wallets", "holds": "invoices", "hold": "RM-1105"}],
    "ledger.refund_within_hold": [{"ledger": "wallets", "holds": "invoices", "hold": "KM-2102"}],
}
EXPLAINED = [
    BIKES | {"discrepancy": -24000, "certain": -24000, "unexplained": 0, "candidates": 0},
    FOODS | {"discrepancy": -7500, "certain": 0, "unexplained": -7500, "candidates": 1},
    BAKERY | {"discrepancy": 10000, "certain": 0, "unexplained": 10000, "candidates": 3},
]
SAID = {
    "w11": (
        "Kestrel Bikes (wallets) is off by -24000 cents: invoice RM-1105 has no entry"
        " (24000 cents, finalized, 2026-03-18 16:04:09 UTC); stored 28029, expected 52029,"
        " unexplained 0"
    ),
    "w8": (
        "Harbor Foods (wallets) is off by -7500 cents: nothing on record says why; entry t841 is"
        " the only one of this size, of 8: it may be missing from the balance, but the size alone"
        " cannot tell whether; stored 6146, expected 13646, unexplained -7500"
    ),
    "w13": (
        "Maple Bakery (wallets) is off by +10000 cents: nothing on record says why; one of 3"
        " entries of this size may have been counted twice (newest t1303, t1302, t1301); the size"
        " alone cannot tell which, or whether; stored 20951, expected 10951, unexplained 10000"
    ),
}
# organization, currency: wallets, invoices, transactions
ROWS = """
    select
        organizations.name, min(balance_currency), max(balance_currency),
        count(*),
        sum((select count(*) from invoices where wallet_id = wallets.id))::int,
        sum((select count(*) from wallet_transactions where wallet_id = wallets.id))::int
    from wallets
    join organizations on organizations.id = organization_id
    group by organizations.name
    order by 1
"""


@pytest.fixture(scope="module")
def database(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database of the system, its views built."""
    files = demo.SYSTEMS["wallets"].sql_files()
    schema = "".join(file.read_text(encoding="utf-8") for file in files)
    server = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    with (
        created(server, "wallets", schema) as target,
        built(target, contract_of("wallets"), tmp_path_factory.mktemp("wallets")) as made,
    ):
        yield made


@pytest.fixture(scope="module")
def audit(database: Database) -> Audit:
    """An audit of it, before anything is repaired."""
    return database.audit()


@contextmanager
def cursor_of(database: Database) -> Iterator[Cursor]:
    """A cursor, as the application's owner has it, each of whose statements is committed."""
    with closing(psycopg2.connect(**database.plan.session.builder.libpq)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def test_there_are_four_faults_and_no_other(audit: Audit) -> None:
    assert keys(audit) == FOUND
    assert audit.status == "critical"
    assert not audit.unjudged
    assert audit.snapshot_at.isoformat() == "2026-03-31T05:00:00+00:00"


def test_what_is_said_of_each_and_how_large_it_is(audit: Audit) -> None:
    checks = {check.check_id: check.findings for check in audit.checks if check.findings}
    off = checks["ledger.balance_matches_entries"]
    assert {finding.key["account"]: finding.message for finding in off} == SAID
    assert {finding.key["account"]: finding.size for finding in off} == {
        "w11": -24000,
        "w13": 10000,
        "w8": -7500,
    }
    (refund,) = checks["ledger.refund_within_hold"]
    assert refund.size == 8787
    assert refund.message == (
        "invoice KM-2102 (Umber Ceramics, voided, 2026-02-25 18:21:00 UTC)"
        " was given back 17574 cents of 8787 taken"
    )
    tenants = {finding.key["account"]: finding.tenant_id for finding in off}
    assert tenants == dict.fromkeys(SAID, "relay")
    assert refund.tenant_id == "kumo"


def test_each_is_explained_to_the_cent(database: Database) -> None:
    with cursor_of(database) as cursor:
        assert explained(cursor) == in_order(account | {"ambiguous": 0} for account in EXPLAINED)


def test_no_zeros_are_added_by_the_type_of_an_amount(database: Database, audit: Audit) -> None:
    """What is paid in has five digits after its point, and is counted in cents."""
    text = render_markdown(shown(audit))
    assert "-24,000" in text
    zeros = re.search(r".*\d\.\d*0\b", re.sub(r"took [\d.]+ s", "", text))
    assert not zeros, zeros
    with open_snapshot(database.plan.session) as snapshot:
        contract = database.plan.scope.contract
        state = read_account(snapshot, contract, "wallets", "w11")
        repair = plan_repair(snapshot, contract, Request("backfill", None, ()))
    assert state.balances[0]["discrepancy_amount"] == "-24000"
    assert {len(row["change_amount"] or "") for row in state.timeline.rows} == {5, 6}
    script = render(repair, lock_timeout_s=1)
    assert "wallets: -24000 -> 0 cents; stored 28029 -> 28029" in script.header
    assert "-24000 -> 0\n" in script.body


def test_how_much_there_is(database: Database) -> None:
    with cursor_of(database) as cursor:
        cursor.execute(ROWS)
        assert cursor.fetchall() == [
            ("Kumo Maps", "USD", "USD", 12, 39, 77),
            ("Relay Mail", "EUR", "EUR", 18, 58, 115),
        ]


def test_once_repaired_as_the_page_does_it_passes(database: Database, audit: Audit) -> None:
    assert audit.status == "critical"
    (by_hand,) = (
        step.typed
        for step in steps_of(ROOT / "docs" / "demo.md")
        if any("t2141" in line for line in step.typed)
    )
    with cursor_of(database) as cursor:
        for request in (Request("backfill", None, ()), Request("recalculate", None, ("w8",))):
            with open_snapshot(database.plan.session) as snapshot:
                repair = plan_repair(snapshot, database.plan.scope.contract, request)
            cursor.execute(str(render(repair, lock_timeout_s=1)))
        cursor.execute("\n".join(by_hand))
    repaired = database.audit()
    assert not keys(repaired)
    assert repaired.status == "passed"
