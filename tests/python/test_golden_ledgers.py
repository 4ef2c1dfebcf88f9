"""Ledgers of five applications that keep stored numbers: each fault brings exactly its findings,
with its cause, and is repaired as far as something is proven.

A case of tests/databases/ledgers/<name>/cases.yml breaks lawful books as the application itself
would, or does what only looks like a fault. Every fourth, with --long each, is tried a second time
with every row somewhere else and every id another one. All are judged by the rows that fail
(failing_rows.py), and every eighth by a whole audit too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from pathlib import Path
from typing import Any

import pytest
from applications import DATABASES, built, created
from conftest import ROOT, Database
from failing_rows import audit_by_rows, differences
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from pydantic import BaseModel, ConfigDict, Field, field_validator
from rewritten import Renaming, rewrite
from shown import shown

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import CounterfoilError, RepairError
from counterfoil.common.yamlfile import parse_model, read_yaml
from counterfoil.postgres.instant import OpenTransaction, open_transaction
from counterfoil.postgres.profiles import Target
from counterfoil.publish.markdown import render_markdown
from counterfoil.repair.repair_plan import plan_repair
from counterfoil.repair.script import render, render_inverse
from counterfoil.repair.strategies import Request, Strategy
from counterfoil.suites.suite import load_suites

LEDGERS = DATABASES / "ledgers"
# A folder's books are those of its schema.sql, upon those of another folder.
UPON = {
    "double_entry_unordered": LEDGERS / "double_entry",
    "double_entry_unkeyed": LEDGERS / "double_entry",
    "wallets": ROOT / "demo" / "wallets",
}
# The demo has these books as well, with other rows.
CONTRACTS = {"wallets": ROOT / "contracts" / "wallets.yml"}
BOOKS = [file.parent.name for file in sorted(LEDGERS.glob("*/cases.yml"))]
# All that the books tell of has happened by then.
AS_OF = datetime(2026, 3, 31, 4, tzinfo=UTC)

_EXPLAINED = """
    select
        ledger, balance, account::text as account, discrepancy_amount as discrepancy,
        certain_amount as certain, ambiguous_amount as ambiguous,
        unexplained_amount as unexplained, candidate_count as candidates
    from counterfoil.ledger_balances
    where discrepancy_amount <> 0
"""

# Two hundred wallets with twelve invoices each that have no entry, none like another, all of which
# the balance followed.
_MANY_CAUSES = """
    insert into wallets (id, organization_id, customer_id, balance_cents, balance_currency)
    select uid((5000 + n)::text), uid('a1'), uid((5000 + n)::text), 100000, 'EUR'
    from generate_series(1, 200) as n;

    insert into wallet_transactions
    select
        uid((60000 + n)::text), uid((5000 + n)::text), uid('a1'), 0, 1, 1000, 1000,
        '2026-03-01 08:00+00', 100000
    from generate_series(1, 200) as n;

    insert into invoices
    select
        uid((700000 + 100 * n + k)::text), uid('a1'), uid((5000 + n)::text), 'finalized',
        100 * k + 3 * k * k + n, '2026-03-18 16:00+00', '2026-03-18 16:04:09+00'
    from generate_series(1, 200) as n, generate_series(1, 12) as k;

    update wallets set
        credits_balance = 1000,
        balance_cents = balance_cents - (
            select sum(amount_cents) from invoices where wallet_id = wallets.id
        )
    where id in (select uid((5000 + n)::text) from generate_series(1, 200) as n)
"""

# More digits than any of the books has.
_EXACT = Context(prec=200)

Key = frozenset[tuple[str, str | None]]


class Explained(BaseModel):
    """How much of an account's discrepancy is accounted for, the rest unexplained, and how many
    rows may be its cause by their size alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ledger: str
    balance: str
    account: str
    discrepancy: Decimal = Field(allow_inf_nan=True)
    certain: Decimal = Decimal(0)
    ambiguous: Decimal = Decimal(0)
    candidates: int = 0


class Repair(BaseModel):
    """A repair of what a case breaks: what is found once its script was run, or why there is none.

    Of the accounts named, or of all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strategy: Strategy
    accounts: tuple[str, ...] = ()
    expect: dict[str, tuple[dict[str, str | None], ...]] = Field(default_factory=dict)
    refused: str | None = None


class Fault(BaseModel):
    """What a case does, in one statement or more: `expect` are the keys of its findings,
    `explained` the accounts that are off, `sizes` how large the findings of a check are, and
    `says` parts of what is said, `tenants` those whose findings they are, and `repairs` what can
    be done about it, each tried by itself.

    `unknown` are the checks that then cannot be judged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    break_: tuple[str, ...] = Field(alias="break")
    expect: dict[str, tuple[dict[str, str | None], ...]]
    unknown: tuple[str, ...] = ()
    explained: tuple[Explained, ...] = ()
    sizes: dict[str, tuple[float, ...]] = Field(default_factory=dict)
    says: tuple[str, ...] = ()
    tenants: frozenset[str] = frozenset()
    repairs: tuple[Repair, ...] = ()

    @field_validator("break_", mode="before")
    @classmethod
    def _one_is_a_list(cls, statements: Any) -> Any:
        return [statements] if isinstance(statements, str) else statements


@dataclass(frozen=True)
class Case:
    """A fault of some books, or what only looks like one.

    Attributes:
        books: the folder that it is of.
        name: the key in the folder's file.
        fault: what is broken, and what that must bring.
    """

    books: str
    name: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.books}.{self.name}"


def cases() -> Iterator[Case]:
    for books in BOOKS:
        file = LEDGERS / books / "cases.yml"
        for name, fault in read_yaml(file, CounterfoilError).items():
            where = f"{file}, case {name}"
            yield Case(books, name, parse_model(Fault, fault, where=where, error=CounterfoilError))


CASES = list(cases())
AUDITED = {*map(str, CASES[::8])}
REWRITTEN = {*map(str, CASES[::4])}
REPAIRS = [(case, repair) for case in CASES for repair in case.fault.repairs]


def schema_of(books: str) -> str:
    """The SQL that makes them."""
    folders = [UPON[books], LEDGERS / books] if books in UPON else [LEDGERS / books]
    files = [folder / "schema.sql" for folder in folders]
    return "".join(file.read_text(encoding="utf-8") for file in files if file.exists())


def contract_of(books: str) -> Path:
    """The file of their contract."""
    return CONTRACTS.get(books, LEDGERS / books / "contract.yml")


@contextmanager
def opened(server: Target, books: str, folder: Path) -> Iterator[Database]:
    """The books of that name on the server, their views built."""
    with (
        created(server, books, schema_of(books)) as target,
        built(target, contract_of(books), folder) as database,
    ):
        yield database


@pytest.fixture(scope="module")
def database_of(
    shared: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Database]]:
    """The books by name, their views built; each is made when it is first asked for."""
    server = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    made: dict[str, Database] = {}
    with ExitStack() as stack:

        def of(books: str) -> Database:
            if books not in made:
                folder = tmp_path_factory.mktemp(books)
                made[books] = stack.enter_context(opened(server, books, folder))
            return made[books]

        yield of


@contextmanager
def transaction_of(database: Database) -> Iterator[OpenTransaction]:
    """A transaction that audits can see into, and that is rolled back."""
    with open_transaction(
        database.plan.session.builder, database.settings, as_of=AS_OF
    ) as transaction:
        yield transaction


def break_books(cursor: Cursor, statements: Iterable[str]) -> None:
    """Runs the statements as the application would, to which its tables need no schema."""
    cursor.execute("show search_path")
    ((path,),) = cursor.fetchall()
    cursor.execute("set local search_path = public")
    for statement in statements:
        cursor.execute(statement)
    cursor.execute("select set_config('search_path', %s, true)", (path,))


def expected(fault: Fault | Repair, renaming: Renaming) -> dict[str, frozenset[Key]]:
    return {
        check_id: frozenset(frozenset(renaming.key(key).items()) for key in keys)
        for check_id, keys in fault.expect.items()
    }


def found(audit: Audit) -> dict[str, frozenset[Key]]:
    """The findings by check, of all ledgers; all of them are listed."""
    failed = [check for check in audit.checks if check.status == "fail"]
    assert all(len(check.findings) == check.finding_count for check in failed)
    keys: dict[str, frozenset[Key]] = {}
    for check in failed:
        of_ledger = frozenset(frozenset(finding.key.items()) for finding in check.findings)
        keys[check.check_id] = keys.get(check.check_id, frozenset()) | of_ledger
    return keys


def explained(cursor: Cursor) -> list[dict[str, Any]]:
    cursor.execute(_EXPLAINED)
    names = [column.name for column in cursor.description or ()]
    return in_order(dict(zip(names, row, strict=True)) for row in cursor)


def to_explain(fault: Fault, renaming: Renaming) -> list[dict[str, Any]]:
    return in_order(
        account.model_dump()
        | {
            "account": renaming.text(account.account),
            "unexplained": account.discrepancy - account.certain - account.ambiguous,
        }
        for account in fault.explained
    )


def in_order(accounts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """With numbers as text, so that NaN is like NaN, and 1.50 like 1.5."""
    return sorted(
        (
            {
                name: value if isinstance(value, str) else f"{Decimal(value).normalize(_EXACT):f}"
                for name, value in account.items()
            }
            for account in accounts
        ),
        key=lambda account: (account["ledger"], account["balance"], account["account"]),
    )


def judge(
    database: Database, transaction: OpenTransaction, fault: Fault, renaming: Renaming
) -> Audit:
    """That what an audit finds is what the fault must bring, each id renamed."""
    audit = audit_by_rows(database, transaction)
    said = {
        check.name: [check.detail, *(finding.message for finding in check.findings)]
        for check in audit.checks
        if not check.is_quiet
    }
    assert found(audit) == expected(fault, renaming), said
    assert {check.check_id for check in audit.unjudged} == {*fault.unknown}, said
    with transaction.connection.cursor() as cursor:
        assert explained(cursor) == to_explain(fault, renaming), said
    for check_id, sizes in fault.sizes.items():
        findings = [
            finding
            for check in audit.checks
            if check.check_id == check_id
            for finding in check.findings
        ]
        assert sorted(finding.size or 0 for finding in findings) == sorted(sizes), said
    return audit


def as_text(audit: Audit, caplog: pytest.LogCaptureFixture) -> str:
    """What is published of it: what cannot be shown is logged, and left out."""
    caplog.clear()
    text = render_markdown(shown(audit))
    assert not caplog.records
    return text


@pytest.mark.parametrize("books", BOOKS)
def test_lawful_books_bring_nothing(
    books: str, database_of: Callable[[str], Database], caplog: pytest.LogCaptureFixture
) -> None:
    database = database_of(books)
    lawful = Fault.model_validate({"break": [], "expect": {}})
    with transaction_of(database) as transaction:
        judge(database, transaction, lawful, Renaming({}))
        audit = database.audit(transaction)
        assert audit.status == "passed", audit
        judged = {check.check_id for check in audit.applicable}
        assert "ledger.balance_matches_entries" in judged
        assert "Ledgers" in as_text(audit, caplog)
        with transaction.connection.cursor() as cursor:
            renaming = rewrite(cursor)
        judge(database, transaction, lawful, renaming)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_fault(
    case: Case,
    database_of: Callable[[str], Database],
    caplog: pytest.LogCaptureFixture,
    request: pytest.FixtureRequest,
) -> None:
    database = database_of(case.books)
    with transaction_of(database) as transaction, transaction.connection.cursor() as cursor:
        break_books(cursor, case.fault.break_)
        audit = judge(database, transaction, case.fault, Renaming({}))
        said = [finding.message for check in audit.checks for finding in check.findings]
        said += [check.detail for check in audit.checks if check.detail]
        if case.fault.tenants:
            tenants = {finding.tenant_id for check in audit.checks for finding in check.findings}
            assert tenants == case.fault.tenants
        for part in case.fault.says:
            assert any(part in message for message in said), said
        if str(case) in AUDITED:
            audited = database.audit(transaction)
            assert not differences(audit, audited)
            assert as_text(audited, caplog)
        if str(case) in REWRITTEN or request.config.getoption("--long"):
            judge(database, transaction, case.fault, rewrite(cursor))


@pytest.mark.parametrize(
    ("case", "repair"), REPAIRS, ids=lambda one: str(one) if isinstance(one, Case) else one.strategy
)
def test_repair(case: Case, repair: Repair, database_of: Callable[[str], Database]) -> None:
    database = database_of(case.books)
    request = Request(repair.strategy, None, repair.accounts)
    with transaction_of(database) as transaction, transaction.connection.cursor() as cursor:
        break_books(cursor, case.fault.break_)
        if repair.refused:
            with pytest.raises(RepairError, match=repair.refused):
                plan_repair(transaction, database.plan.scope.contract, request)
            return
        plan = plan_repair(transaction, database.plan.scope.contract, request)
        break_books(cursor, [render(plan, lock_timeout_s=1).body])
        audit = audit_by_rows(database, transaction)
        assert found(audit) == expected(repair, Renaming({}))
        # As its commit does.
        cursor.execute("drop table if exists counterfoil_accounts, counterfoil_entries")
        break_books(cursor, [render_inverse(plan, lock_timeout_s=1).body])
        audit = audit_by_rows(database, transaction)
        assert found(audit) == expected(case.fault, Renaming({}))


def test_two_hundred_accounts_with_twelve_causes_each_are_explained_in_time(
    database_of: Callable[[str], Database],
) -> None:
    """Every set of an account's causes is tried; of the accounts that are listed, and no others."""
    database = database_of("wallets")
    with transaction_of(database) as transaction, transaction.connection.cursor() as cursor:
        break_books(cursor, [_MANY_CAUSES])
        cursor.execute("set local statement_timeout = '60s'")
        audit = database.audit(transaction)
    assert audit.status == "critical"
    assert not audit.unjudged
    (off,) = (
        check
        for check in audit.checks
        if (check.check_id, check.ledger) == ("ledger.balance_matches_entries", "wallets")
    )
    assert (off.finding_count, len(off.findings)) == (200, database.plan.scope.evidence_limit)
    for finding in off.findings:
        assert finding.observed["certain_amount"] == finding.size
        assert ": of 12 causes, the largest being: invoice " in finding.message


def test_every_check_of_the_pack_is_broken_and_its_size_said() -> None:
    suites = [suite for suite in load_suites(ROOT / "expectations") if suite.pack == "ledger"]
    checks = [check for suite in suites for check in suite.checks]
    broken = {check_id for case in CASES for check_id in case.fault.expect}
    sized = {check_id for case in CASES for check_id in case.fault.sizes}
    # What a day held when it was closed stands in a history: tests/faults has one.
    of_a_history = {"ledger.closed_days_unchanged"}
    assert {check.check_id for check in checks} - of_a_history == broken
    assert {check.check_id for check in checks if check.size} - of_a_history == sized
