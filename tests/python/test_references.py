"""References and keys of which the catalog proves little, and what Postgres cannot compare."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from applications import application
from conftest import Database
from failing_rows import audit_by_rows

from counterfoil.audit.findings import CheckResult
from counterfoil.contract.catalog import Catalog
from counterfoil.postgres.instant import OpenTransaction, open_transaction

ADA, BEA = (f"00000000-0000-0000-0000-00000000000{end}" for end in "ab")


@pytest.fixture(scope="module")
def strained(
    overnight: Database, environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    with application(server, "strained", tmp_path_factory.mktemp("strained")) as database:
        yield database


@contextmanager
def after(database: Database, *statements: str) -> Iterator[OpenTransaction]:
    """A transaction in which that was done, and is undone."""
    with open_transaction(database.plan.session.builder, database.settings) as transaction:
        with transaction.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        yield transaction


def checks(database: Database, *statements: str) -> dict[str, CheckResult]:
    with after(database, *statements) as transaction:
        return {one.check_id: one for one in audit_by_rows(database, transaction).checks}


def found(result: CheckResult) -> list[tuple[str | None, ...]]:
    return [tuple(finding.key.values()) for finding in result.findings]


def test_a_parent_that_is_not_unique_multiplies_nothing(strained: Database) -> None:
    """The room is missing once, though the booking's rate is there three times."""
    audit = checks(
        strained,
        f"insert into public.rates values ('{ADA}', 'full')",
        "update public.bookings set room = 9",
        "insert into public.bookings select 2, org_id, 'half', null from public.bookings",
    )
    assert found(audit["integrity.references_resolve"]) == [
        ("bookings.rate", "2"),
        ("bookings.room", "1"),
    ]
    assert audit["integrity.references_resolve"].finding_count == 2
    assert found(audit["integrity.keys_unique"]) == [("tables.rates.key", f'["{ADA}", "full"]')]


def test_a_leak_is_judged_by_all_parents(strained: Database) -> None:
    """Both organisations have that rate: no booking of either leaks. One has this."""
    audit = checks(
        strained,
        f"insert into public.rates values ('{BEA}', 'none'), ('{BEA}', 'none')",
        "update public.bookings set rate = 'none'",
    )
    (leak,) = audit["tenancy.references_stay_in_tenant"].findings
    assert leak.key == {"relationship": "bookings.rate", "child_id": "1"}
    assert leak.observed["parent_tenant_id"] == BEA
    lawful = checks(strained)["tenancy.references_stay_in_tenant"]
    assert (lawful.status, lawful.finding_count) == ("unknown", 0)


def test_a_tenant_of_a_domain_is_a_tenant(strained: Database) -> None:
    audit = checks(strained, "update public.payments set invoice_id = 2")
    assert found(audit["tenancy.references_stay_in_tenant"]) == [("payments.invoice_id", "1")]


def test_two_collations_are_compared_as_their_foreign_key_does(strained: Database) -> None:
    audit = checks(
        strained,
        "alter table public.uses drop constraint uses_word_fkey",
        "update public.uses set word = 'Word'",
    )
    assert found(audit["integrity.references_resolve"]) == [("uses.word", "1")]


def test_what_cannot_be_compared_is_unknown_by_reference(strained: Database) -> None:
    """And the rest of the database is judged, in this very audit."""
    audit = strained.audit()
    results = {one.check_id: one for one in audit.checks}
    resolve = results["integrity.references_resolve"]
    assert resolve.status == "unknown"
    assert resolve.detail is not None
    for part in (
        "notes.booking (text) does not compare with bookings.id (bigint): operator does not"
        " exist: text = bigint. Change a type, say as what it is read (as), or take it out of"
        " relationships",
        "letters.org_id (text) does not compare with orgs.id (uuid): operator does not exist:"
        " text = uuid. Change a type, or name letters under tenant.global_tables",
    ):
        assert part in resolve.detail
    stay = results["tenancy.references_stay_in_tenant"]
    assert stay.status == "unknown"
    assert "letters.org_id (text) does not compare with invoices.org_id" in str(stay.detail)
    shown = {
        row["relationship"]: row["unjudged_because"]
        for name in ("references", "relationships")
        for row in audit.sections[name]
    }
    assert {name for name, why in shown.items() if why} == {
        "notes.booking",
        "letters.org_id",
        "letters.invoice_id",
    }
    assert results["tenancy.tenant_is_set"].status == "pass"


def test_rows_of_inheriting_tables_are_told(strained: Database) -> None:
    """They would hide that the table itself is empty; `only` says whose they are."""
    audit = checks(strained, "delete from only public.papers")
    for check_id in ("integrity.source_not_empty", "integrity.keys_unique"):
        assert audit[check_id].status == "unknown"
        assert "Say tables.papers.only: true if they are not its rows" in str(
            audit[check_id].detail
        )
    twice = checks(strained, "insert into public.old_papers select * from only public.papers")
    assert found(twice["integrity.keys_unique"]) == [("tables.papers.key", "1")]


def test_a_table_may_be_judged_by_its_own_rows_alone(strained: Database) -> None:
    audit = checks(strained, "delete from only public.files")
    assert found(audit["integrity.source_not_empty"]) == [("files",)]
    twice = checks(strained, "insert into public.old_files select * from only public.files")
    assert found(twice["integrity.keys_unique"]) == []


def test_what_proves_a_key(strained: Database) -> None:
    """An index of all rows, that is valid, and in the order that its collation has today."""
    with after(
        strained,
        """
        create table public.proofs (
            id int primary key deferrable initially deferred,
            part int not null,
            expression int not null,
            invalid int not null unique,
            nullable int unique,
            stale text collate "pg_c_utf8" not null unique,
            only_with_id int not null,
            unique (only_with_id, id)
        )
        """,
        "create unique index on public.proofs (part) where id > 0",
        "create unique index on public.proofs ((expression + 1))",
        "update pg_index set indisvalid = false"
        " where indexrelid = 'public.proofs_invalid_key'::regclass",
        "update pg_collation set collversion = '0' where collname = 'pg_c_utf8'",
    ) as transaction:
        table = Catalog.read(transaction.connection, ["public"]).tables["proofs"]
    proven = {column for column in table.types if table.is_unique([column])}
    assert proven == {"id", "nullable"}
    assert table.is_unique(["only_with_id", "id"])
    assert "nullable" not in table.not_null
