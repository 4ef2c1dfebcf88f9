"""Packs: a database without booking tables gets the generic views, and no others."""

from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import yaml
from conftest import ROOT, Database
from psycopg2 import sql

import counterfoil.audit.audit
from counterfoil.audit.findings import Audit
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot

CONTRACT = {
    "database": "shop",
    "schema": "Shop Floor",
    "packs": ["integrity"],
    "tables": {
        'odd "table"': {"key": "Id", "in_use": True},
        "order": {"key": "id", "in_use": True},
    },
    "relationships": [{"child": "order", "column": "odd Id", "parent": 'odd "table"'}],
}
SCHEMA = '''
    create schema "Shop Floor";
    create table "Shop Floor"."odd ""table""" ("Id" integer primary key);
    create table "Shop Floor"."order" (id bigint primary key, "odd Id" integer);
    insert into "Shop Floor"."odd ""table""" values (1);
    insert into "Shop Floor"."order" values (10, 1), (20, null);
'''


@pytest.fixture(scope="module")
def shop(overnight: Database) -> Iterator[str]:
    """A database of another application, with names that need quoting."""
    admin = psycopg2.connect(overnight.url)
    admin.autocommit = True
    with admin.cursor() as cursor:
        cursor.execute("create database shop")
    url = overnight.url.replace("/empwr", "/shop")
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    connection.close()
    yield url
    with admin.cursor() as cursor:
        cursor.execute(sql.SQL("drop database shop with (force)"))
    admin.close()


# Whatever the contract asks for, what its audits found can be read.
RESULTS = {path.stem for path in (ROOT / "models" / "results").glob("*.sql")}


def plan_for(
    contract: dict[str, object], overnight: Database, tmp_path: Path, patch: pytest.MonkeyPatch
) -> Plan:
    profile = {"type": "postgres", "user": "postgres", "password": "", "port": 5432}
    profile |= {
        "host": overnight.plan.session.builder.host,
        "dbname": "shop",
        "schema": "counterfoil",
    }
    outputs = {"counterfoil": {"target": "shop", "outputs": {"shop": profile}}}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump(outputs))
    (tmp_path / "shop.yml").write_text(yaml.safe_dump(contract))
    patch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    return make_plan("shop", tmp_path / "shop.yml", overnight.settings)


def audit(plan: Plan, overnight: Database) -> Audit:
    build_views(plan)
    with open_snapshot(plan.session) as snapshot:
        return counterfoil.audit.audit.audit(plan.scope, snapshot)


def views(url: str) -> set[str]:
    with psycopg2.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("select viewname from pg_views where schemaname like 'counterfoil%'")
        found = {name for (name,) in cursor}
    connection.close()
    return found


def test_only_what_the_contract_asks_for(
    shop: str, overnight: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_for(CONTRACT, overnight, tmp_path, monkeypatch)
    first = audit(plan, overnight)

    assert {check.check_id: check.status for check in first.checks} == {
        "integrity.references_resolve": "pass",
        "integrity.required_references_set": "pass",
        "integrity.source_not_empty": "pass",
        "integrity.source_fresh": "pass",
        "integrity.volume_plausible": "pass",
        "audit.waivers_in_use": "not applicable",
        "audit.every_check_ran": "pass",
    }
    assert first.status == "passed"
    assert views(shop) - RESULTS == {
        "empty_tables",
        "orphaned_rows",
        "referential_integrity",
        "source_tables",
        "unset_references",
    }

    required = [{**CONTRACT["relationships"][0], "required": True}]  # type: ignore[index]
    keys = [{"name": "one_order_each", "table": "order", "columns": ["odd Id"]}]
    why = {"integrity.required_references_set": "An order of nobody is paid by nobody."}
    changed = CONTRACT | {"relationships": required, "business_keys": keys, "why": why}
    orders = CONTRACT["tables"]["order"] | {"pii": ["odd Id"]}  # type: ignore[index]
    changed |= {
        "tables": CONTRACT["tables"] | {"order": orders},  # type: ignore[operator]
        "allowed_values": [
            {"name": "odd", "table": "order", "column": "odd Id", "max": 0, "nullable": True}
        ],
    }
    second = audit(plan_for(changed, overnight, tmp_path, monkeypatch), overnight)

    (unset,) = [c for c in second.checks if c.check_id == "integrity.required_references_set"]
    assert unset.why == "An order of nobody is paid by nobody."
    assert [finding.key for finding in unset.findings] == [
        {"relationship": "order.odd Id", "child_id": "20"}
    ]
    (outside,) = [c for c in second.checks if c.check_id == "integrity.values_allowed"]
    assert [finding.message for finding in outside.findings] == [
        "order 10 has odd Id (withheld: personal), which is not allowed"
    ]
    assert {"uniqueness", "duplicate_rows"} <= views(shop)

    audit(plan, overnight)
    assert "uniqueness" not in views(shop), "a view that is no longer asked for stays behind"
