"""What the catalog says of rows, and the rows: keys of one partition, names, indexes."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from applications import created
from built import ensure_built
from conftest import Database
from copies import write_profiles

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import CheckResult
from counterfoil.common.settings import Settings
from counterfoil.contract.references import Relationship
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.profiles import Target

# Rows of words_word that it does not have stand for those that it has in the wrong place.
_SCHEMA = """
    create collation sorted ({collation});
    create table tenants (id bigint primary key);
    insert into tenants values (1);
    create table products (id bigint primary key, tenant_id bigint not null references tenants);
    insert into products values (1, 1);

    create table events (
        id bigint, tenant_id bigint not null, product_id bigint, day date, primary key (id, day)
    ) partition by range (day);
    create table events_2024 partition of events for values from ('2024-01-01') to ('2025-01-01');
    create table events_2025 partition of events for values from ('2025-01-01') to ('2026-01-01');
    insert into events values (1, 1, 1, '2024-01-01'), (2, 1, 2, '2024-01-01'),
        (3, 1, 3, '2025-01-01');
    alter table events_2024 add foreign key (product_id) references products not valid;

    create table visits (id bigint, tenant_id bigint not null, product_id bigint)
        partition by list (tenant_id);
    create table visits_1 partition of visits for values in (1) partition by range (id);
    create table visits_1_all partition of visits_1 default;
    create table visits_rest partition of visits default;
    alter table visits_1 add foreign key (product_id) references products;
    insert into visits values (1, 1, 1);
    alter table visits_rest add foreign key (product_id) references products;

    create table codes (tenant_id bigint not null, code text not null, note text);
    create unique index on codes (code) where note is null;
    create unique index on codes (note);
    create unique index on codes (tenant_id, code) include (note);
    create table notes (tenant_id bigint not null, note text);
    create unique index on notes (note);

    create table words (word text collate sorted not null, text text);
    create unique index words_word on words (word);
    insert into words select 'word ' || number, repeat(number::text, 100)
    from generate_series(1, 20000) as number;
    update pg_index set indisready = false where indexrelid = 'words_word'::regclass;
    insert into words values ('word 1', 'again'), ('unheard of', 'once');
    update pg_index set indisready = true where indexrelid = 'words_word'::regclass;
    create table uses (id bigint primary key, word text collate sorted not null);
    insert into uses select number, 'word ' || number from generate_series(1, 500) as number;
    insert into uses values (501, 'unheard of');
"""

_CONTRACT = """
database: archive
schema: public
packs: [tenancy, integrity]
tenant: {table: tenants, column: tenant_id}
tables:
  tenants: {key: id, in_use: true}
  words: {key: word, in_use: true, global: true}
  uses: {key: id, in_use: true, global: true}
relationships:
  - {child: uses, column: word, parent: words}
business_keys:
  - {name: words, table: words, columns: [word]}
"""


@pytest.fixture(scope="module")
def plan(
    overnight: Database, environment: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Plan]:
    """A plan of the archive's audit, its views built."""
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    folder = tmp_path_factory.mktemp("archive")
    contract = folder / "contract.yml"
    contract.write_text(_CONTRACT)
    with closing(psycopg2.connect(**server.libpq)) as connection:
        has_builtin = connection.server_version >= 180000
    collation = "provider = icu, locale = 'en'"
    if has_builtin:
        collation = "provider = builtin, locale = 'C.UTF-8'"
    with created(server, "archive", _SCHEMA.format(collation=collation)) as target:
        execute(target, "vacuum analyze")
        yield planned(target, contract, folder)


def planned(target: Target, contract: Path, folder: Path) -> Plan:
    with pytest.MonkeyPatch.context() as patch:
        write_profiles(folder, target)
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        plan = make_plan(target.name, contract, Settings())
        ensure_built(plan)
    return plan


def execute(target: Target, statement: str) -> None:
    with closing(psycopg2.connect(**target.libpq)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(statement)


def checks_of(plan: Plan) -> dict[str, CheckResult]:
    with open_snapshot(plan.session) as snapshot:
        return {check.check_id: check for check in audit(plan.scope, snapshot).checks}


def test_a_key_of_one_partition_is_a_reference_of_its_rows_alone(plan: Plan) -> None:
    discovered = plan.scope.contract.relationships
    assert Relationship(child="events_2024", column="product_id", parent="products") in discovered
    assert not [
        name for key in discovered if (name := key.name).startswith(("events.", "events_2025"))
    ]
    resolve = checks_of(plan)["integrity.references_resolve"]
    assert {"relationship": "events_2024.product_id", "child_id": '[2, "2024-01-01"]'} in [
        finding.key for finding in resolve.findings
    ]


def test_a_key_of_every_partition_is_the_tables(plan: Plan) -> None:
    discovered = plan.scope.contract.relationships
    assert Relationship(child="visits", column="product_id", parent="products") in discovered
    assert not [name for key in discovered if (name := key.name).startswith("visits_")]


def test_a_row_without_a_primary_key_is_named_by_a_unique_index(plan: Plan) -> None:
    tables = plan.scope.contract.tables
    assert tables["codes"].key == ("tenant_id", "code")
    assert tables["notes"].key == "ctid"


def test_an_index_of_another_collation_is_not_read(plan: Plan) -> None:
    trusting = checks_of(plan)
    assert trusting["integrity.no_duplicates"].status == "pass"
    orphans = [finding.key for finding in trusting["integrity.references_resolve"].findings]
    assert {"relationship": "uses.word", "child_id": "501"} in orphans

    builder = plan.session.builder
    execute(builder, "update pg_collation set collversion = '0' where collname = 'sorted'")
    distrusting = checks_of(plan)
    (duplicate,) = distrusting["integrity.no_duplicates"].findings
    assert duplicate.key["least_row_id"] == "word 1"
    orphans = [finding.key for finding in distrusting["integrity.references_resolve"].findings]
    assert {"relationship": "uses.word", "child_id": "501"} not in orphans
