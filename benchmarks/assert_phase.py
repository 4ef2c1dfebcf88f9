"""The audit's assert phase against the same questions asked by hand.

    make bench ENTRIES="1000000 3000000 10000000"

generates databases of that many ledger entries, builds the views, and times in one run:
every query of benchmarks/naive.sql, one by one in psql; the audit's assert phase; and
looking one competition and one reservation up in their views. Prints the table of
docs/performance.md, and draws docs/performance.svg if there is more than one size.

Beside the clock it reads what the processor spent: the clock depends on what else the
machine does. Linux alone says that.
"""

import argparse
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2
from generate import DATA_DIR, generate
from jinja2 import Environment, FileSystemLoader

from counterfoil.pipeline.views import build_views
from counterfoil.postgres.embedded import binaries
from counterfoil.postgres.instant import open_snapshot

NAIVE = Path(__file__).with_name("naive.sql")
PLOT = Path(__file__).parents[1] / "docs" / "performance.svg"
PLOT_TEMPLATE = Path(__file__).with_name("growth.svg.j2")
LOOKUPS = 30


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, of the server's processor, and of this process's."""

    clock: float
    server: float
    own: float


@dataclass(frozen=True)
class Measurement:
    """What one database came to; lookups in milliseconds, memory in MB."""

    entries: int
    by_hand: Cost
    audit: Cost
    competition_ms: float
    reservation_ms: float
    peak_mb: float

    @property
    def row(self) -> str:
        """A row of the table in docs/performance.md."""
        hand, audit = self.by_hand, self.audit
        return (
            f"| {self.entries:,} | {hand.clock:.0f} s | {audit.clock:.0f} s"
            f" | {audit.clock / hand.clock:.2f} | {hand.server:.0f} s | {audit.server:.0f} s"
            f" | {audit.server / hand.server:.2f} | {audit.own:.1f} s"
            f" | {self.competition_ms:.0f} ms | {self.reservation_ms:.1f} ms"
            f" | {self.peak_mb:.0f} MB |"
        )


def main() -> None:
    """Prints the figures, and draws them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[1_000_000])
    measured = [measure(entries) for entries in sorted(parser.parse_args().entries)]
    print(
        "\n| Ledger entries | By hand | Audit | Ratio | By hand, CPU | Audit, CPU | Ratio"
        " | Python's CPU | One competition | One reservation | Python's peak |\n"
        "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    )
    for measurement in measured:
        print(measurement.row)
    if len(measured) > 1:
        draw(measured)


def measure(entries: int) -> Measurement:
    """One row of the table, printed as it comes."""
    import great_expectations  # noqa: F401 - its import is start-up, not assertion

    url = generate(entries)
    point_profile_at(url)
    print(f"\n{entries:,} ledger entries, views built in {build_seconds():.0f} s", flush=True)
    by_hand = cost_of(lambda: ask_by_hand(url))
    print(f"  by hand, {len(queries())} queries: {by_hand}", flush=True)
    audit = cost_of(run_audit)
    measurement = Measurement(
        entries,
        by_hand,
        audit,
        lookup_ms(url, "ledger_balances", "account"),
        lookup_ms(url, "ledger_holds", "hold"),
        peak_mb(),
    )
    print(f"  assert phase: {audit}\n  {measurement.row}", flush=True)
    failing, listed, count = failing_seconds()
    print(
        f"  {count:,} failing rows: {failing:.1f} s, all counted, {listed} listed,"
        f" {peak_mb():.0f} MB at most",
        flush=True,
    )
    return measurement


def cost_of(work: Callable[[], None]) -> Cost:
    """What some work costs whose sessions end with it."""
    server, own, clock = server_cpu(), time.process_time(), time.perf_counter()
    work()
    clock, own = time.perf_counter() - clock, time.process_time() - own
    time.sleep(1)  # A session takes its leave some time after its client has.
    return Cost(clock, server_cpu() - server, own)


def server_cpu() -> float:
    """The processor's seconds of every session of the server that has ended."""
    pid = (DATA_DIR / "postgres" / "postmaster.pid").read_text().split()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


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


def ask_by_hand(url: str) -> None:
    """Every query by itself in psql, its rows thrown away."""
    psql = binaries() / "psql"
    for _, sql in queries():
        subprocess.run(
            [psql, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, url],
            input=sql,
            text=True,
            check=True,
        )


def build_seconds() -> float:
    """Seconds that building the views takes with their data tests; none if they stand."""
    from counterfoil.common.settings import settings
    from counterfoil.pipeline.plan import make_plan

    started = time.perf_counter()
    build_views(make_plan("production", None, settings()))
    return time.perf_counter() - started


def run_audit() -> None:
    """The assert phase, which must find nothing."""
    from counterfoil.audit.audit import audit
    from counterfoil.common.settings import settings
    from counterfoil.pipeline.plan import make_plan

    plan = make_plan("production", None, settings())
    with open_snapshot(plan.session) as snapshot:
        found = audit(plan.scope, snapshot)
    assert found.status == "passed", [c.check_id for c in found.checks if c.status != "pass"]


def failing_seconds() -> tuple[float, int, int]:
    """Seconds for a check that every ledger entry fails; findings listed, and counted."""
    from counterfoil.audit.audit import audit
    from counterfoil.common.settings import settings
    from counterfoil.pipeline.plan import make_plan
    from counterfoil.suites.suite import Expectation

    plan = make_plan("production", None, settings())
    (suite,) = [suite for suite in plan.scope.suites if suite.relation == "ledger_entries"]
    impossible = Expectation(
        type="expect_column_values_to_be_in_set",
        kwargs={"column": "change_amount", "value_set": [0]},
    )
    check = suite.checks[0].model_copy(update={"expectation": impossible})
    started = time.perf_counter()
    with open_snapshot(plan.session) as snapshot:
        suites = (suite.model_copy(update={"checks": (check,)}),)
        found = audit(replace(plan.scope, suites=suites), snapshot)
    result = found.checks[0]
    return time.perf_counter() - started, len(result.findings), result.finding_count


def lookup_ms(url: str, view: str, key: str) -> float:
    """The median of looking random rows up by their key, in milliseconds."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        table = {"account": "competitions", "hold": "reservations"}[key]
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
    """The largest resident set of this process, so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw(measured: Sequence[Measurement]) -> None:
    """The growth of both, as a picture."""
    most_entries = measured[-1].entries
    most_seconds = max(cost.server for each in measured for cost in (each.by_hand, each.audit))
    template = Environment(
        loader=FileSystemLoader(PLOT_TEMPLATE.parent), autoescape=True, trim_blocks=True
    ).get_template(PLOT_TEMPLATE.name)
    step = max(10 ** (len(f"{most_seconds:.0f}") - 1) // 2, 1)
    svg = template.render(
        along=lambda entries: round(480 * entries / most_entries, 1),
        up=lambda seconds: round(280 - 280 * seconds / most_seconds, 1),
        seconds=range(0, int(most_seconds) + 1, step),
        entries=[0, *(each.entries for each in measured)],
        lines=[
            ("by hand", "#4c78a8", [(each.entries, each.by_hand.server) for each in measured]),
            ("by the audit", "#b5530f", [(each.entries, each.audit.server) for each in measured]),
        ],
    )
    PLOT.write_text(f"{svg}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
