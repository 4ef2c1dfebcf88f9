"""How long the schema audit of a large database takes.

    python benchmarks/schema_audit.py --tables 1000

makes a database of that many tables on the demo's server, three foreign keys each, walled
in by row security, builds the views of the schema pack, and audits it. Printed are the
seconds that the server took to answer, by view, and those of the whole audit.
"""

import argparse
import os
import re
import tempfile
import time
from collections import defaultdict
from contextlib import closing
from pathlib import Path

import psycopg2
import sqlalchemy as sa
import yaml

from counterfoil import demo
from counterfoil.audit.audit import audit
from counterfoil.common.settings import Settings
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.instant import open_snapshot

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


def main() -> None:
    """Prints the figures of docs/performance.md."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tables", type=int, default=1000)
    tables = parser.parse_args().tables
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
            create(url, host, tables)
            contract = write_contract(folder, host, tables)
            measure(contract)
        finally:
            execute(url, f"drop database if exists {DATABASE} with (force)")


def execute(url: str, *statements: str) -> None:
    """Runs each statement by itself, outside a transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in statements:
            cursor.execute(statement)


def create(url: str, host: str, tables: int) -> None:
    """Makes the database anew."""
    execute(url, f"drop database if exists {DATABASE} with (force)", f"create database {DATABASE}")
    statements = SCHEMA.format(tables=tables).replace("%%", "%")
    execute(
        f"postgresql://postgres:@/{DATABASE}?host={host}",
        *re.split(r";\n(?=    (?:do|analyze))", statements),
    )


def write_contract(folder: Path, host: str, tables: int) -> Path:
    """A contract that declares every table and a key of each, and the profile to audit by."""
    output = {"type": "postgres", "host": host, "port": 5432, "user": "postgres", "password": ""}
    output |= {"dbname": DATABASE, "schema": "counterfoil", "threads": 1}
    profiles = {"counterfoil": {"target": DATABASE, "outputs": {DATABASE: output}}}
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles))
    names = [f"table_{number}" for number in range(1, tables + 1)]
    keys = [{"table": name, "columns": ["tenant_id"], "references": "tenants"} for name in names]
    contract = {
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
    file = folder / "contract.yml"
    file.write_text(yaml.safe_dump(contract))
    return file


def measure(contract: Path) -> None:
    """Audits it, and prints what the server took."""
    settings = Settings()
    plan = make_plan(DATABASE, contract, settings)
    build_views(plan)
    seconds: dict[str, float] = defaultdict(float)
    started: list[float] = []

    @sa.event.listens_for(sa.Engine, "before_cursor_execute")
    def start(*_: object) -> None:
        started.append(time.perf_counter())

    @sa.event.listens_for(sa.Engine, "after_cursor_execute")
    def stop(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found = re.search(r"from (?:counterfoil\.)?([a-z_]+)", statement, re.IGNORECASE)
        seconds[found[1] if found else "other"] += time.perf_counter() - started.pop()

    begun = time.perf_counter()
    with open_snapshot(plan.session) as snapshot:
        found = audit(plan.scope, snapshot)
    wall = time.perf_counter() - begun
    for view, spent in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{spent:7.2f} s  {view}")
    print(f"{sum(seconds.values()):7.2f} s  of SQL, {wall:.1f} s in all, {found.status}")


if __name__ == "__main__":
    main()
