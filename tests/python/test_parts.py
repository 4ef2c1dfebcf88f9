"""Views of more tables than one statement may touch: in parts, and told as one."""

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import psycopg2
import pytest
import yaml
from applications import created
from conftest import Database
from copies import write_profiles

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.settings import Settings
from counterfoil.contract import derived
from counterfoil.contract.contract import Contract
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot

TABLES = 30
MOST = 8

SCHEMA = """
    create table tenants (id int primary key);
    insert into tenants values (1), (2);
    do $$
    begin
        for number in 0..{last} loop
            execute format(
                'create table table_%1$s (id int primary key, tenant_id int, other_id int);'
                ' insert into table_%1$s values (1, 1, 1), (2, 2, 2)', number
            );
        end loop;
    end $$;
    -- A leak and orphans far apart, and more than are listed.
    update table_3 set other_id = 2 where id = 1;
    insert into table_11 select n, 1, 99 from generate_series(10, 12) as n;
    insert into table_29 select n, 1, 99 from generate_series(10, 13) as n;
    update table_20 set tenant_id = null where id = 2;
    delete from table_25;
"""

# The most of those that one session holds a lock on.
LOCKED = r"""
    select coalesce(max(held), 0)
    from (
        select count(distinct pg_locks.relation) as held
        from pg_locks
        join pg_class on pg_class.oid = pg_locks.relation
        join pg_database on pg_database.oid = pg_locks.database
        where pg_database.datname = current_database()
            and pg_class.relname ~ '^(table_[0-9]+|tenants)$'
            and pg_class.relkind = 'r'
        group by pg_locks.pid
    ) as sessions
"""


def contract() -> Contract:
    names = [f"table_{number}" for number in range(TABLES)]
    return Contract.model_validate(
        {
            "database": "many",
            "schema": "public",
            "packs": ["tenancy", "integrity"],
            # Fifty at most, in one part: few of these, as of the others.
            "tenant": {"table": "tenants", "column": "tenant_id", "overview": ["table_1"]},
            "tables": {name: {"key": "id", "in_use": True} for name in ["tenants", *names]},
            "relationships": [
                {"child": child, "column": "other_id", "parent": parent}
                for child, parent in zip(names[1:], names, strict=False)
            ],
            "required_values": [
                {"name": f"{name}_other", "table": name, "column": "other_id"} for name in names
            ],
        }
    )


@pytest.fixture(scope="module")
def plan(overnight: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plan]:
    folder = tmp_path_factory.mktemp("many")
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    with (
        created(server, "many", SCHEMA.format(last=TABLES - 1)) as target,
        pytest.MonkeyPatch.context() as patch,
    ):
        write_profiles(folder, target)
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        file = folder / "contract.yml"
        declared = contract().model_dump(mode="json", by_alias=True, exclude_none=True)
        file.write_text(yaml.safe_dump(declared))
        yield make_plan("many", Path(file), Settings(evidence_limit=5))


def told(audit: Audit) -> dict[str, object]:
    """All that an audit says, but for when and how long, and the order of a summary's rows."""
    checks = {check.check_id: check.model_dump(exclude={"seconds"}) for check in audit.checks}
    sections = {name: sorted(map(str, rows)) for name, rows in audit.sections.items()}
    return checks | sections | {"score": audit.score, "empty": audit.empty_tables}


def watched(plan: Plan) -> tuple[Audit, int]:
    """An audit, and the most tables that one of its sessions ever held a lock on."""
    most: list[int] = [0]
    over = Event()

    def watch() -> None:
        with closing(psycopg2.connect(**plan.session.builder.libpq)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not over.is_set():
                    cursor.execute(LOCKED)
                    most.append((cursor.fetchone() or (0,))[0])
                    time.sleep(0.001)

    watching = Thread(target=watch)
    watching.start()
    try:
        with open_snapshot(plan.session) as snapshot:
            found = audit(plan.scope, snapshot, audit_id="many")
    finally:
        over.set()
        watching.join()
    return found, max(most)


def parts_of(plan: Plan, relation: str) -> list[str]:
    """The views that it is made of."""
    with closing(psycopg2.connect(**plan.session.builder.libpq)) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "select viewname from pg_views where viewname ~ %s order by 1", (f"^{relation}(__|$)",)
        )
        return [name for (name,) in cursor]


def test_parts_say_what_one_view_says_and_lock_few_tables(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived, "_MOST_TABLES", MOST)
    build_views(plan)
    assert parts_of(plan, "orphaned_rows")[:2] == ["orphaned_rows", "orphaned_rows__2"]
    in_parts, held = watched(plan)
    assert 0 < held <= MOST
    failed = {check.check_id: check.finding_count for check in in_parts.checks if check.findings}
    assert failed["integrity.references_resolve"] == 7
    assert failed["tenancy.references_stay_in_tenant"] == 1
    assert failed["tenancy.tenant_is_set"] == 1
    assert in_parts.empty_tables == ["table_25"]
    monkeypatch.undo()
    assert build_views(plan).views.are_new, "what follows from the contract has changed"
    assert parts_of(plan, "orphaned_rows") == ["orphaned_rows"]
    whole, held = watched(plan)
    assert held > MOST
    for name, said in told(whole).items():
        assert told(in_parts)[name] == said
