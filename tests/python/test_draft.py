"""A drafted contract is taken as it is, and holds on the database that it was drafted from."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
import yaml
from applications import DATABASES, audited, created, execute, kept, night
from conftest import ROOT, Database
from copies import write_profiles
from refusals import refused

import counterfoil.draft.references
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import MigrationsError, PreflightError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, load_contract
from counterfoil.draft.contract import draft
from counterfoil.draft.migrations import migration_trees
from counterfoil.draft.survey import Choice, survey
from counterfoil.migrations.extract import read_trees
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.session import Session

# What is wrong with the databases themselves, and no fault of the draft's.
FOUND = {
    "rentals": {"schema.foreign_keys_indexed": 7},
    "records_and_books": {
        "ledger.balance_matches_entries": 1,
        "ledger.balance_matches_entries_exactly": 1,
    },
    "mess": {
        "schema.foreign_keys_carry_tenant": 1,
        "schema.foreign_keys_enforced": 1,
        "schema.foreign_keys_indexed": 4,
        "schema.primary_keys_present": 3,
    },
}


LINTS = ("schema.foreign_keys_indexed", "schema.foreign_keys_carry_tenant")


@pytest.fixture
def server(overnight: Database) -> Target:
    return overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})


@pytest.fixture(params=FOUND)
def database(
    request: pytest.FixtureRequest, server: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Target]:
    files = (DATABASES / "drafts" / f"{name}.sql" for name in request.param.split("_and_"))
    schema = ";\n".join(file.read_text(encoding="utf-8") for file in files)
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
    assert bool(load_contract(ROOT, file).ledgers) == (database.name == "records_and_books")
    audit = audited(database, file)
    assert failures(audit) == FOUND[database.name]
    lints = {check.severity for check in audit.checks if check.check_id in LINTS and check.findings}
    assert lints <= {"info"}, "the tables are small, and the contract does not ask"
    if database.name == "rentals":
        execute(database, "update pg_class set reltuples = 10000 where relname = 'film'")
        assert execute(
            database,
            "select severity, count(*) from counterfoil.foreign_key_indexes"
            " where not is_indexed group by severity order by severity",
        ) == [("info", 5), ("warning", 2)]
    if database.name != "mess":
        return
    left_out = """# Left out: 1 of 1 rows of "two\\nlines" have a true_id that 'true' has not."""
    assert left_out in file.read_text(encoding="utf-8")

    # A table that comes later is covered, though nobody edits the contract for it.
    with closing(psycopg2.connect(**database.libpq)) as connection, connection.cursor() as cursor:
        cursor.execute(
            "create table late (id bigint primary key, organization_id bigint not null,"
            " member_id bigint references members (id));"
            " insert into late values (1, 2, 1)"
        )
        connection.commit()
    text = file.read_text(encoding="utf-8")
    asks = text.replace("\nstructure:\n", "\nstructure:\n  tenant_in_keys: true\n")
    file.write_text(asks, encoding="utf-8")
    later = audited(database, file)
    carrying = {check.check_id: check for check in later.checks}["schema.foreign_keys_carry_tenant"]
    assert (carrying.severity, carrying.finding_count) == ("warning", 2), "the contract asks now"
    (leak,) = [c for c in later.checks if c.check_id == "tenancy.references_stay_in_tenant"]
    assert [finding.key for finding in leak.findings] == [
        {"relationship": "late.member_id", "child_id": "1"}
    ]


# What is done to the database of drafts/plantings.sql after its draft, and what tells of it.
PLANTED = """
    alter table customers drop constraint left_later;
    alter table customers drop constraint no_second_life;
    alter table customers drop constraint email_is_one;
    alter table customers add constraint email_is_one check (email like '%@%') not valid;
    drop index customers_email;
    insert into customers (email, joined_on) values ('1@example.com', '2024-01-01');
    drop index customers_nickname;
    alter table customers drop column name;
    alter table orders alter column total drop not null;
    alter table orders disable trigger stamp;
    create index beginning on orders (customer_id);
    alter table order_lines_2024 drop constraint sold;
    insert into order_lines values (77, 1, '2024-03-03', 1);
    alter table order_lines_2024 add constraint sold
        foreign key (of_order) references orders (id) not valid;
    delete from order_lines where line = 1 and of_order between 1 and 20;
    alter table order_lines_2025 set unlogged;
    select setval('orders_id_seq', 7);
    grant all on orders to public;
    grant truncate on customers to anon;
    truncate mail_queue;
    insert into remarks values (61, 41, 'Customer'), (62, 99, 'Shop::Order'), (63, 1, 'Note');
    select open_branch('branch_east');
    insert into branches values (9, 'gone', 'branch_gone');
    drop table branch_north.sales;
    alter table branch_south.goods drop column shade;
    alter table branch_west.sales add constraint of_another
        foreign key (good_id) references branch_north.goods (id);
"""
TELLING: dict[str, list[dict[str, str]]] = {
    "schema.unique_and_checks_as_declared": [
        {"table_name": "customers", "constraint_name": "left_later", "kind": "check"},
        {"table_name": "customers", "constraint_name": "no_second_life", "kind": "exclusion"},
        {"table_name": "customers", "constraint_name": "email_is_one", "kind": "check"},
        {"table_name": "customers", "constraint_name": "email", "kind": "unique"},
    ],
    "schema.indexes_as_declared": [
        {"table_name": "customers", "column_names": "customers_nickname", "kind": "unique index"}
    ],
    "schema.expected_columns_exist": [
        {"table_name": "customers", "column_name": "name"},
        {"table_name": "orders", "column_name": "total"},
        {"table_name": "branch_south.goods", "column_name": "shade"},
    ],
    "schema.expected_tables_exist": [{"table_name": "branch_north.sales"}],
    "schema.clients_have_schemas": [{"schema_name": "branch_gone"}],
    "schema.tenant_schemas_have_clients": [{"schema_name": "branch_east"}],
    "schema.foreign_keys_stay_in_tenant_schema": [
        {"table_name": "branch_west.sales", "constraint_name": "of_another"}
    ],
    "schema.triggers_as_declared": [{"table_name": "orders", "trigger_name": "stamp"}],
    "schema.no_redundant_indexes": [{"table_name": "orders", "index_name": "beginning"}],
    "schema.foreign_keys_enforced": [{"table_name": "order_lines_2024", "constraint_name": "sold"}],
    "integrity.references_resolve": [
        {"relationship": "order_lines_2024.of_order", "child_id": '[77, 1, "2024-03-03"]'},
        {"relationship": "remarks.about_id (Shop::Order)", "child_id": "62"},
        {"relationship": "remarks.about_id", "child_id": "63"},
    ],
    "integrity.volume_plausible": [{"table_name": "order_lines"}],
    "schema.tables_logged": [{"table_name": "order_lines"}],
    "schema.sequences_ahead_of_rows": [{"sequence_name": "orders_id_seq"}],
    "schema.privileges_as_expected": [
        {"table_name": "orders", "role_name": "public"},
        {"table_name": "customers", "role_name": "anon"},
    ],
}


def test_what_is_planted_after_a_draft_is_told(
    server: Target, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schema = (DATABASES / "drafts" / "plantings.sql").read_text(encoding="utf-8")
    with kept(server, "plantings", schema, "", tmp_path) as target:
        text = draft(survey(Session.alone(target, Settings())))
        (tmp_path / "contract.yml").write_text(text, encoding="utf-8")
        first = keys_of(night(target, "first"))
        execute(target, PLANTED)
        second = keys_of(night(target, "second"))
    new = {name: keys - first.get(name, set()) for name, keys in second.items()}
    assert {name: keys for name, keys in new.items() if keys} == {
        name: {frozenset(key.items()) for key in keys} for name, keys in TELLING.items()
    }
    orphan = {"relationship": "notes.customer_id", "child_id": "50"}
    assert first == {"integrity.references_resolve": {frozenset(orphan.items())}}
    assert "of 41 rows looked at 1 have no parent" in text
    for left_out in (
        "rates: a foreign table",
        "tags.ofId: 1 of the 2 values of ofType name no table that it can reference",
        "of 61 rows looked at 0 have no parent",
        "events.subject_id: a column beside it says of which table it is",
        "notes.order_id: it is text, and the key of orders bigint",
        "schema branch_archive among those of tenants: it is called like one of them",
        "branch\\_%: [public]",
    ):
        assert left_out in text, text


# The same of drafts/shops.sql.
PLANTED_IN_SHOPS = """
    delete from data.lines where order_id % 2 = 0;
    delete from data.parcels where order_id % 2 = 0;
    insert into data.parcels values (77, 77, 1);
    alter table data.parcels alter column order_id drop not null;
    alter table data.products alter column shop_id drop not null;
    create view api.orders as select id, customer_id from data.orders;
    drop policy own on data.payments;
    alter table data.payments disable row level security;
    create table api.visits (id bigint primary key, shop_id bigint not null);
    grant delete on data.currencies to shopper;
"""
TELLING_OF_SHOPS: dict[str, list[dict[str, str]]] = {
    "integrity.volume_plausible": [{"table_name": "lines"}, {"table_name": "parcels"}],
    "integrity.references_resolve": [{"relationship": "parcels.order_id", "child_id": "77"}],
    "schema.tenant_column_present": [{"table_name": "parcels"}, {"table_name": "products"}],
    "schema.expected_columns_exist": [
        {"table_name": "parcels", "column_name": "order_id"},
        {"table_name": "products", "column_name": "shop_id"},
    ],
    "schema.views_respect_row_security": [{"view_name": "api.orders"}],
    "schema.row_security_enabled": [{"table_name": "payments"}, {"table_name": "api.visits"}],
    "schema.policies_as_declared": [{"table_name": "payments", "policy_name": "own"}],
    "schema.no_unexpected_tables": [{"table_name": "api.visits"}],
    "schema.privileges_as_expected": [{"table_name": "currencies", "role_name": "shopper"}],
}


def test_what_is_planted_among_tenants_is_told(
    server: Target, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    schema = (DATABASES / "drafts" / "shops.sql").read_text(encoding="utf-8")
    with kept(server, "shops", schema, "", tmp_path) as target:
        execute(target, "create table api.logo (id bigint primary key)")
        opened = draft(survey(Session.alone(target, Settings())))
        execute(target, "drop table api.logo")
        text = draft(survey(Session.alone(target, Settings())))
        (tmp_path / "contract.yml").write_text(text, encoding="utf-8")
        first = keys_of(night(target, "first"))
        execute(target, PLANTED_IN_SHOPS)
        second = keys_of(night(target, "second"))
    assert {*first} <= {*LINTS}, text
    structure = Contract.model_validate(yaml.safe_load(text)).structure
    assert structure
    assert structure.row_security
    assert structure.row_security.visitors == ("guest", "shopper")
    assert structure.row_security.required == ("*", "orders", "payments")
    assert "# Within their reach, and without any: api.logo." in opened
    assert "    required: [orders, payments]\n" in opened
    told = {name: keys for name, keys in second.items() if name not in LINTS}
    assert told == {
        name: {frozenset(key.items()) for key in keys} for name, keys in TELLING_OF_SHOPS.items()
    }


@pytest.mark.parametrize(
    ("names", "like"),
    [
        (("tenant_a1", "tenant_a2", "tenant_b"), "tenant\\_%"),
        (("t1", "t12", "t13"), "t%"),
        (("Eu-shop", "us-shop", "uk-shop"), "%-shop"),
        (("acme", "alto", "apex"), "%"),
    ],
)
def test_schemas_of_tenants_are_recognised(
    server: Target, names: tuple[str, ...], like: str
) -> None:
    each = """
        create schema "{0}";
        create table "{0}".a (id int primary key, one text, other {1});
        create table "{0}".b (id int primary key);
        create table "{0}".c (id int primary key);
        create table "{0}".d (id int primary key);
        create table "{0}".e (id int primary key);
        insert into clients values ('{0}', 'x');
    """
    types = ("int", "text", "date")
    schema = "create schema worker; create table clients (subdomain varchar(63), title text);"
    schema += "".join(each.format(*of_one) for of_one in zip(names, types, strict=True))
    schema += f'create table "{names[1]}".f (); drop table "{names[0]}".d;'
    empty = like.replace("\\", "").replace("%", "new")
    schema += f"create schema \"{empty}\"; insert into clients values ('{empty}', 'x');"
    with created(server, "schemas_of_tenants", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
        execute(target, "insert into clients select * from clients")
        repeated = draft(survey(Session.alone(target, Settings())))
        execute(target, "update clients set subdomain = upper(title)")
        unlisted = draft(survey(Session.alone(target, Settings())))
    contract = Contract.model_validate(yaml.safe_load(text))
    found = contract.tenant_schemas
    assert found
    assert (found.like, found.of.table, found.of.column) == (like, "clients", "subdomain")
    assert found.tables[0].names == ("a", "b", "c", "d", "e")
    assert [(one.column, one.type) for one in found.columns if one.table == "a"] == [
        ("id", "integer"),
        ("one", "text"),
        ("other", None),
    ]
    assert f"#   {names[0]}: lacks d\n#   {names[1]}: has f besides\n" in text
    assert f"#   {empty}: has no table\n" in text
    assert contract.schemas == (("public", "worker") if like == "%" else ("public",))
    for text in (repeated, unlisted):
        assert "have the same tables, and no column lists each once" in text
    assert Contract.model_validate(yaml.safe_load(unlisted)).tenant_schemas is None


def keys_of(audit: Audit) -> dict[str, set[frozenset[tuple[str, str | None]]]]:
    assert not audit.unjudged, audit.unjudged
    return {
        check.check_id: {frozenset(finding.key.items()) for finding in check.findings}
        for check in audit.checks
        if check.findings
    }


def test_what_is_guessed_is_said_to_be(server: Target) -> None:
    schema = (DATABASES / "drafts" / "records.sql").read_text(encoding="utf-8")
    with created(server, "guessed", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
    assert text.count("# guessed: no constraint says so") == 5
    assert "# Left out: 1 of 2 rows of InvoiceLine have a TrackId that Track has not." in text


def test_no_table_is_one_clear_error(server: Target) -> None:
    with created(server, "nought", "select 1") as target:
        with refused(PreflightError, "no table of an application's"):
            survey(Session.alone(target, Settings()))


def test_what_a_role_may_not_read_is_left_out(server: Target) -> None:
    schema = """
        create role looker login;
        create schema closed;
        create table closed.a (id int primary key);
        create table b (id int primary key);
        create table walled (id int primary key);
        alter table walled enable row level security;
        create table job_log (id int primary key, b_id bigint);
        create unlogged table drafts (id int primary key);
        insert into b values (1);
        insert into job_log values (1, 1);
        insert into drafts values (1);
    """
    with created(server, "looked_at", schema) as target:
        looker = Session.alone(target.model_copy(update={"user": "looker"}), Settings())
        with refused(PreflightError, "none of the 4 tables can be read"):
            survey(looker)
        execute(target, "grant select on b, walled, job_log, drafts to looker")
        text = draft(survey(looker))
        execute(target, "revoke select on job_log from looker")
        less = draft(survey(looker))
        chosen = draft(survey(looker, Choice(["public"], ["job*", "nothing*"])))
        with refused(PreflightError, "role looker may not use schema closed"):
            survey(looker, Choice(["closed"]))
        with refused(PreflightError, "no schema 'other' with tables"):
            survey(looker, Choice(["public", "other"]))
    for said in (
        "#   schema closed: role looker may not use it",
        "#   walled: row security hides rows of it from role looker",
        "  # It may be empty at any time: guessed, by its name.\n  job_log: {key: id}",
        "  # It may be empty at any time: a crash empties it.\n  drafts: {key: id}",
        "  - {child: job_log, column: b_id, parent: b}  # guessed",
        "    - {table: walled, column: id, type: integer, nullable: false}",
    ):
        assert said in text, text
    assert "#   job_log: role looker may not read it" in less
    assert "b_id, parent" not in less
    contract = Contract.model_validate(yaml.safe_load(chosen))
    assert contract.tables.keys() == {"b", "drafts"}
    assert contract.structure is not None
    assert [group.names for group in contract.structure.tables if group.tier == "supporting"] == [
        ("drafts",),
        ("job*",),
    ]


def test_a_guess_that_takes_too_long_costs_that_guess(
    server: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = """
        create table b (id int primary key);
        create table c (id int primary key, b_id int);
        insert into b values (1);
        insert into c select n, 1 from generate_series(1, 10000) as n;
    """
    monkeypatch.setattr(counterfoil.draft.references, "_PATIENCE", "1ms")
    with created(server, "slow", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
    assert "{child: c, column: b_id, parent: b}  # guessed: no constraint says so, nor do" in text


def test_policies_say_what_an_owner_is_and_what_is_shared(server: Target) -> None:
    schema = (DATABASES / "clinic" / "schema.sql").read_text(encoding="utf-8")
    schema += "; create policy read on visits for select using (true)"
    with created(server, "owned", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
    contract = Contract.model_validate(yaml.safe_load(text))
    assert contract.tenant
    assert contract.structure
    walls = contract.structure.row_security
    assert walls
    assert walls.required == ("memberships", "patients", "visits")
    assert walls.owner_columns == ("user_id",)
    assert walls.shared == ("visits",)


def test_what_its_rows_cross_is_no_tenant(server: Target) -> None:
    schema = (DATABASES / "lorries" / "schema.sql").read_text(encoding="utf-8")
    with created(server, "crossed", schema) as target:
        text = draft(survey(Session.alone(target, Settings())))
        execute(
            target,
            "alter table trips add about_type text, add about_id integer;"
            " update trips set about_id = previous_trip, about_type = 'Trip', previous_trip = null",
        )
        of_types = draft(survey(Session.alone(target, Settings())))
    for found in (text, of_types):
        assert "#   tenant lorries: 19 of 19 rows with its plate reference another one's" in found
        assert Contract.model_validate(yaml.safe_load(found)).tenant is None


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
    drafted = declared.tenant.model_copy(update={"label": None, "overview": None})
    assert contract.tenant == drafted
    assert contract.tables_in_use == declared.tables_in_use
    assert {r.name for r in contract.relationships} == {r.name for r in declared.relationships}


def test_the_demo_declares_all_that_is_discovered(overnight: Database) -> None:
    assert overnight.plan.scope.contract == load_contract(ROOT)
