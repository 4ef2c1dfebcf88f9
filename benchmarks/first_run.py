"""How long a first run takes on a database of many tables: the plan, and dbt's build.

    python benchmarks/first_run.py --tables 2000

makes a database of that many tables on the demo's server, a tenant's column and a foreign key
each, and a contract that declares them all; with --drafted the contract is the draft of it, by
which the database is audited and reported, twice. Printed are seconds, the processor time of this
process and of dbt's, and the most memory that one of them took so far.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

import psycopg2
import yaml

from counterfoil import demo
from counterfoil.common.settings import Settings
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.pipeline.host import Host
from counterfoil.pipeline.plan import make_plan
from counterfoil.pipeline.run import Job, Order, carry_out
from counterfoil.pipeline.views import build_views
from counterfoil.postgres.session import Session

DATABASE = "first_run_benchmark"
TABLE = """
    create table table_{number} (
        id bigint primary key,
        tenant_id int not null references tenants (id),
        other_id bigint references table_{other} (id)
    );
    insert into table_{number} values (1, 1, 1);
"""

T = TypeVar("T")


def main() -> None:
    """Prints a line for each phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=2_000)
    parser.add_argument("--drafted", action="store_true")
    arguments = parser.parse_args()
    tables = arguments.tables
    demo.start(Settings().demo_dir, None)
    host = str(demo.socket_dir(Settings().demo_dir))
    make_database(host, tables)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "profiles.yml").write_text(yaml.safe_dump(profile(host)), encoding="utf-8")
        file = folder / "contract.yml"
        os.environ["DBT_PROFILES_DIR"] = scratch
        os.environ["DBT_TARGET_PATH"] = str(folder / "target")
        if arguments.drafted:
            os.environ["COUNTERFOIL_REPORTS_DIR"] = str(folder / "reports")
            session = Session.of(DATABASE, Settings())
            text = timed("draft", tables, lambda: draft(survey(session)))
            file.write_text(text, encoding="utf-8")
            for audit_id in ("first run", "second run"):
                timed(audit_id, tables, lambda name=audit_id: audited(name, file))
            return
        file.write_text(yaml.safe_dump(contract(tables)), encoding="utf-8")
        plan = timed("plan", tables, lambda: make_plan(DATABASE, file, Settings()))
        timed("build", tables, lambda: build_views(plan))


def audited(audit_id: str, file: Path) -> None:
    """A run from the plan to the report."""
    order = Order(DATABASE, audit_id.replace(" ", "-"), file)
    ended = carry_out(Job(order, Settings(), Host()))
    if ended.failure or ended.audit is None:
        sys.exit(f"{audit_id}: {ended.failure}")


def timed(phase: str, tables: int, work: Callable[[], T]) -> T:
    """The result of the work; prints what it took."""
    before, began = processor_seconds(), time.perf_counter()
    result = work()
    took = time.perf_counter() - began
    own, dbts = (now - then for now, then in zip(processor_seconds(), before, strict=True))
    most = max(
        resource.getrusage(whose).ru_maxrss
        for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(
        f"{tables:,} tables, {phase}: {took:.1f} s; processor {own:.1f} s, dbt's {dbts:.1f} s;"
        f" {most // 1024:,} MB",
        flush=True,
    )
    return result


def processor_seconds() -> tuple[float, float]:
    """Those of this process so far, and of the processes that it has started and that ended."""
    usages = (
        resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    own, others = (usage.ru_utime + usage.ru_stime for usage in usages)
    return own, others


def make_database(host: str, tables: int) -> None:
    """The tables, a row each."""
    with closing(psycopg2.connect(host=host, user="postgres", dbname="postgres")) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(f"drop database if exists {DATABASE} with (force)")
        cursor.execute(f"create database {DATABASE}")
    with closing(psycopg2.connect(host=host, user="postgres", dbname=DATABASE)) as connection:
        cursor = connection.cursor()
        cursor.execute("create table tenants (id int primary key); insert into tenants values (1)")
        for number in range(tables):
            cursor.execute(TABLE.format(number=number, other=max(number - 1, 0)))
            if number % 100 == 0:
                # A transaction holds a lock on each table that it makes.
                connection.commit()
        connection.commit()


def profile(host: str) -> dict[str, object]:
    """A profiles.yml whose one output is that database."""
    output = {"type": "postgres", "host": host, "port": 5432, "user": "postgres", "password": ""}
    output |= {"dbname": DATABASE, "schema": "counterfoil", "threads": 2}
    return {"counterfoil": {"target": DATABASE, "outputs": {DATABASE: output}}}


def contract(tables: int) -> dict[str, object]:
    """A contract that declares all of it."""
    names = [f"table_{number}" for number in range(tables)]
    return {
        "database": DATABASE,
        "schema": "public",
        "packs": ["tenancy", "integrity"],
        "tenant": {"table": "tenants", "column": "tenant_id"},
        "tables": {name: {"key": "id", "in_use": True} for name in ["tenants", *names]},
        "relationships": [
            {"child": child, "column": "other_id", "parent": parent}
            for child, parent in zip(names, [names[0], *names], strict=False)
        ],
    }


if __name__ == "__main__":
    main()
