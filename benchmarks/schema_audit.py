"""How long the schema audit of a large database takes.

    python benchmarks/schema_audit.py --tables 1000

makes a database of that many tables on the demo's server, three foreign keys each, walled
in by row security, builds the views of the schema pack, and audits it. Printed are the
seconds that the server took to answer, by view, and those of the whole audit.

    python benchmarks/schema_audit.py --tables 40 --schemas 50

makes the tables in each of fifty schemas, a tenant's each, and audits by a contract as it is
drafted. The draft, the preflight and the build are timed as well.
"""

import argparse
import os
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import sqlalchemy as sa
import yaml

from counterfoil import demo
from counterfoil.audit.audit import audit
from counterfoil.common.settings import Settings
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.session import Session

DATABASE = "schema_benchmark"
SCHEMA = """
    create table tenants (id uuid primary key);
    do $$
    declare
        number integer;
    begin
        for number in 1..{tables} loop
            execute format(
                'create table table_%s (
                    id bigint generated always as identity primary key,
                    tenant_id uuid not null references tenants (id),
                    first_id bigint,
                    second_id bigint,
                    title text not null,
                    created_at timestamptz not null default now(),
                    unique (tenant_id, id),
                    foreign key (tenant_id, first_id) references table_%s (tenant_id, id),
                    foreign key (tenant_id, second_id) references table_%s (tenant_id, id)
                )',
                number, greatest(number - 1, 1), greatest(number / 2, 1)
            );
            execute format('create index on table_%s (tenant_id, first_id)', number);
            execute format('create index on table_%s (tenant_id, second_id)', number);
            execute format('alter table table_%s enable row level security', number);
            execute format(
                'create policy own on table_%s using'
                ' (tenant_id = current_setting(''app.tenant'')::uuid)', number
            );
            if number %% 100 = 0 then
                commit;
            end if;
        end loop;
    end
    $$;
    analyze;
"""

# A schema for each tenant: tables of eight columns, with two foreign keys and a check each.
OF_TENANTS = """
    create table clients (id bigint primary key, schema_name text not null unique);
    create table plans (id bigint primary key);
    insert into clients select n, 'tenant_' || n from generate_series(1, {schemas}) as n;
    insert into plans values (1);
    do $$
    declare
        tenant text;
    begin
        for tenant in select schema_name from clients loop
            execute format('create schema %I', tenant);
            perform set_config('search_path', quote_ident(tenant) || ', public', true);
            for number in 1..{tables} loop
                execute format(
                    'create table table_%1$s (
                        id bigint generated always as identity primary key,
                        plan_id bigint references public.plans (id),
                        parent_id bigint references table_%2$s (id),
                        code text not null unique,
                        title text not null,
                        amount numeric(10, 2) check (amount >= 0),
                        is_open boolean not null default true,
                        created_at timestamptz not null default now()
                    );
                    create index on table_%1$s (plan_id);
                    create index on table_%1$s (parent_id)',
                    number, greatest(number - 1, 1)
                );
            end loop;
            commit;
        end loop;
    end
    $$;
    analyze;
"""


def main() -> None:
    """Prints the figures of docs/performance.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=1000)
    parser.add_argument("--schemas", type=int, help="schemas of tenants, with the tables in each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ |= {
            "DBT_PROFILES_DIR": name,
            "DBT_TARGET_PATH": f"{name}/target",
            "DBT_LOG_PATH": f"{name}/logs",
            "COUNTERFOIL_REPORTS_DIR": f"{name}/reports",
        }
        url = demo.start(Settings().demo_dir)
        host = str(demo.socket_dir(Settings().demo_dir))
        try:
            schema = OF_TENANTS if given.schemas else SCHEMA
            create(url, host, schema.format(tables=given.tables, schemas=given.schemas))
            write_profile(folder, host)
            contract = folder / "contract.yml"
            if given.schemas:
                with timed("draft"):
                    found = survey(Session.of(DATABASE, Settings()))
                    contract.write_text(draft(found))
            else:
                contract.write_text(yaml.safe_dump(declared(given.tables)))
            measure(contract)
        finally:
            execute(url, f"drop database if exists {DATABASE} with (force)")


def execute(url: str, *statements: str) -> None:
    """Runs each statement by itself, outside a transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def create(url: str, host: str, schema: str) -> None:
    """Makes the database anew."""
    execute(url, f"drop database if exists {DATABASE} with (force)", f"create database {DATABASE}")
    statements = schema.replace("%%", "%")
    execute(
        f"postgresql://postgres:@/{DATABASE}?host={host}",
        *re.split(r";\n(?=    (?:do|analyze))", statements),
    )


def write_profile(folder: Path, host: str) -> None:
    """The profile to audit by."""
    output = {"type": "postgres", "host": host, "port": 5432, "user": "postgres", "password": ""}
    output |= {"dbname": DATABASE, "schema": "counterfoil", "threads": 1}
    profiles = {"counterfoil": {"target": DATABASE, "outputs": {DATABASE: output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))


def declared(tables: int) -> dict[str, Any]:
    """A contract that declares every table and a key of each."""
    names = [f"table_{number}" for number in range(1, tables + 1)]
    keys = [{"table": name, "columns": ["tenant_id"], "references": "tenants"} for name in names]
    return {
        "database": DATABASE,
        "schema": "public",
        "packs": ["schema"],
        "tenant": {"table": "tenants", "column": "tenant_id"},
        "structure": {
            "tables": [{"tier": "critical", "names": ["tenants", *names]}],
            "foreign_keys": keys,
            "references_allowed": {},
            "row_security": {},
            "timestamps": ["created_at"],
        },
    }


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints the seconds by the clock."""
    begun = time.perf_counter()
    yield
    print(f"{time.perf_counter() - begun:7.2f} s  {what}, by the clock")


def measure(contract: Path) -> None:
    """Audits it, and prints what the server took."""
    settings = Settings()
    with timed("preflight"):
        plan = make_plan(DATABASE, contract, settings)
    with timed("build"):
        build_views(plan)
    seconds: dict[str, float] = defaultdict(float)
    started: list[float] = []
    statements = 0

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def start(*_: object) -> None:
        nonlocal statements
        statements += 1
        started.append(time.perf_counter())

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found = re.search(r"from (?:counterfoil\.)?([a-z_]+)", statement, re.IGNORECASE)
        seconds[found[1] if found else "other"] += time.perf_counter() - started.pop()

    begun = time.perf_counter()
    with open_snapshot(plan.session) as snapshot:
        found = audit(plan.scope, snapshot)
    wall = time.perf_counter() - begun
    for view, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{taken:7.2f} s  {view}")
    spent = sum(seconds.values())
    print(f"{spent:7.2f} s  of SQL, {statements} statements, {wall:.1f} s in all, {found.status}")


if __name__ == "__main__":
    main()
