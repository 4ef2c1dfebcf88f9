"""A drafted contract is taken as it is, and holds on the database that it was drafted from."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from applications import DATABASES, audited, created
from conftest import ROOT, Database
from copies import write_profiles
from refusals import refused

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import MigrationsError, PreflightError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.draft.contract import draft
from counterfoil.draft.migrations import migration_trees
from counterfoil.draft.survey import survey
from counterfoil.migrations.extract import read_trees
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

# What is wrong with the databases themselves, and no fault of the draft's.
FOUND = {
    "rentals": {"schema.foreign_keys_indexed": 7},
    "records": {},
    "mess": {
        "schema.foreign_keys_carry_tenant": 1,
        "schema.foreign_keys_enforced": 1,
        "schema.foreign_keys_indexed": 4,
        "schema.primary_keys_present": 3,
        "schema.tenant_column_present": 5,
    },
}


@pytest.fixture
def server(overnight: Database) -> Target:
    return overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})


@pytest.fixture(params=FOUND)
def database(
    request: pytest.FixtureRequest, server: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    schema = (DATABASES / "drafts" / f"{request.param}.sql").read_text(encoding="utf-8")
    with created(server, request.param, schema) as target:
        write_profiles(tmp_path, target)
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        yield target


def failures(audit: Audit) -> dict[str, int]:
    assert not audit.unjudged, audit.unjudged
    return {check.check_id: check.finding_count for check in audit.checks if check.findings}


def test_a_draft_holds_on_its_own_database(database: Target, tmp_path: Path) -> None:
    file = tmp_path / "draft.yml"
    file.write_text(draft(survey(Session.alone(database, Settings()))), encoding="utf-8")
    assert failures(audited(database, file)) == FOUND[database.name]
    if database.name != "mess":
        return
    left_out = """# Left out: 1 rows of "two\\nlines" have a true_id that 'true' has not."""
    assert left_out in file.read_text(encoding="utf-8")

    # A table that comes later is covered, though nobody edits the contract.
    with closing(psycopg2.connect(**database.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table late (id bigint primary key, organization_id bigint not null,"
            " member_id bigint references members (id));"
            " insert into late values (1, 2, 1)"
        )
        connection.commit()
    later = audited(database, file)
    (leak,) = [c for c in later.checks if c.check_id == "tenancy.references_stay_in_tenant"]
    assert [finding.key for finding in leak.findings] == [
        {"relationship": "late.member_id", "child_id": "1"}
    ]


def test_what_is_guessed_is_said_to_be(server: Target) -> None:
    schema = (DATABASES / "drafts" / "records.sql").read_text(encoding="utf-8")
    with created(server, "guessed", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
    assert text.count("# guessed: no constraint says so") == 5
    assert "# Left out: 1 rows of InvoiceLine have a TrackId that Track has not." in text


def test_no_table_is_one_clear_error(server: Target) -> None:
    with created(server, "nought", "select 1") as target:
        with refused(PreflightError, "no table of an application's"):
            survey(Session.alone(target, Settings()))


def test_tables_without_rows_are_asked_nothing_of(server: Target) -> None:
    with created(server, "new", "create table a (id int primary key)") as target:
        text = draft(survey(Session.alone(target, Settings())))
    contract = Contract.model_validate(yaml.safe_load(text))
    assert contract.packs == ("schema", "health")
    assert "No table has a row" in text


def test_keys_of_several_columns_and_tables_that_inherit_are_drafted(server: Target) -> None:
    schema = """
        create table shelves (zone text, shelf int, primary key (zone, shelf));
        create table parcels (
            id int primary key, zone text, shelf int, foreign key (zone, shelf) references shelves
        );
        create table old_parcels () inherits (parcels);
        insert into parcels values (1, null, null);
        create table readings (at timestamptz primary key);
        create table readings_1 () inherits (readings);
        insert into readings_1 values (now());
    """
    with created(server, "stock", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
    contract = Contract.model_validate(yaml.safe_load(text))
    (reference,) = contract.relationships
    assert (reference.name, reference.parent) == ("parcels.(zone, shelf)", "shelves")
    assert contract.parent_columns(reference) == ("zone", "shelf")
    only = {name: table.only for name, table in contract.tables.items()}
    assert only["parcels"] is True
    assert only["readings"] is False, "it has no rows but those of the other"
    assert only["readings_1"] is None


def test_migrations_are_declared_as_they_are_found(overnight: Database, tmp_path: Path) -> None:
    trees = migration_trees(ROOT / "demo", tmp_path)
    contract = Contract.model_validate(yaml.safe_load(draft(survey(overnight.plan.session), trees)))
    assert "migrations" in contract.packs
    assert {name: tree.layout for name, tree in contract.migrations.items()} == {
        "cleanrylie/migrations": "numbered",
        "hibachi/before": "alembic",
        "hibachi/versions": "alembic",
        "trvl_social/migrations": "supabase",
    }
    facts = read_trees(contract.migrations, tmp_path)
    assert {file.tree for file in facts.files} == contract.migrations.keys()


@pytest.mark.parametrize("folder", ["nowhere", "docs"])
def test_a_folder_without_migrations_is_refused(folder: str, tmp_path: Path) -> None:
    with refused(MigrationsError, folder):
        migration_trees(ROOT / folder, tmp_path)


def test_the_demo_is_drafted_with_its_tenant(overnight: Database) -> None:
    contract = Contract.model_validate(yaml.safe_load(draft(survey(overnight.plan.session))))
    declared = load_contract(ROOT)
    assert declared.tenant is not None
    # What it is called, and what is counted of it, is the author's.
    drafted = declared.tenant.model_copy(update={"label": None, "overview": ()})
    assert contract.tenant == drafted
    assert contract.tables_in_use == declared.tables_in_use
    assert {r.name for r in contract.relationships} == {r.name for r in declared.relationships}


def test_the_demo_declares_all_that_is_discovered(overnight: Database) -> None:
    assert overnight.plan.scope.contract == load_contract(ROOT)
