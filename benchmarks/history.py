"""How fast the history's views answer after many audits: `make bench-history`.

Fills the history of a copy of the demo's database with audits, and times the questions
that people and the audit itself ask of it: the median of nine, in milliseconds.
"""

import argparse
import statistics
import time
from contextlib import closing

import psycopg2

from counterfoil import demo
from counterfoil.common.settings import settings

CHECKS = 300
FINDINGS = 30
INCIDENTS = 5_000
REPEATS = 9

FILL = f"""
    insert into counterfoil_history.audits
        (audit_id, database_name, contract, status, snapshot_at, started_at, finished_at)
    select 'audit ' || n, 'empwr', 'x', 'critical', at, at, at
    from generate_series(1, %(audits)s) as n, lateral (
        select timestamptz '2022-01-01' + n * interval '1 day' as at
    ) as night;
    insert into counterfoil_history.check_results
    select audit_number, 'pack.check_' || n, 'critical',
        case when n <= 10 then 'fail' else 'pass' end,
        'Category', 'data', 'counterfoil.view', 1000, 0, 0, 0.1, null
    from counterfoil_history.audits cross join generate_series(1, {CHECKS}) as n
    where audit_id like 'audit %%';
    insert into counterfoil_history.findings
    select audit_number, 'pack.check_' || n %% 10 + 1, md5(n::text), 'critical', null, 'subject',
        jsonb_build_object('id', n), '{{}}', n, 'message', null, null, null
    from counterfoil_history.audits cross join generate_series(1, {FINDINGS}) as n
    where audit_id like 'audit %%';
    insert into counterfoil_history.incidents
        (database_name, check_id, fingerprint, status, severity, owner, key, message,
        first_seen_at, opened_at, last_seen_at)
    select 'empwr', 'pack.check_' || n %% 10 + 1, md5(n::text),
        case when n %% 10 = 0 then 'open' else 'resolved' end, 'critical', 'data', '{{}}', 'm',
        now(), now(), now()
    from generate_series(1, {INCIDENTS}) as n;
    insert into counterfoil_history.incident_changes
    select audit_number, incident_id, 'new', null, null, 1
    from counterfoil_history.audits
    inner join counterfoil_history.incidents on incident_id %% 1000 = audit_number %% 1000
    where audit_id like 'audit %%'
    on conflict do nothing;
    insert into counterfoil_history.table_volumes
    select audit_number, 'empwr', relname, 1000
    from counterfoil_history.audits cross join pg_stat_user_tables
    where audit_id like 'audit %%' and schemaname = 'public';
    analyze;
"""

QUESTIONS = {
    "the last results": "select * from counterfoil.latest_check_results",
    "one check's history": (
        "select * from counterfoil.check_history where check_id = 'pack.check_7'"
        " order by audit_number"
    ),
    "one audit's results": "select * from counterfoil.check_history where audit_id = 'audit 500'",
    "the open incidents": "select * from counterfoil.incidents where status = 'open'",
    "one incident's history": "select * from counterfoil.incident_history where incident_id = 77",
    "one finding's history": (
        "select * from counterfoil.finding_history where fingerprint = md5('7')"
    ),
    "the last audit's findings": (
        "select * from counterfoil.finding_history"
        " where audit_id = (select max(audit_id) from counterfoil.latest_check_results)"
    ),
    "tables against their last counts": "select * from counterfoil.source_tables",
    "when balances diverged": "select * from counterfoil.ledger_divergence",
}


def main() -> None:
    """Fills, asks, prints a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--audits", type=int, default=1_000)
    audits = parser.parse_args().audits
    url = demo.start(settings().demo_dir)
    with closing(psycopg2.connect(url.replace("/empwr?", "/postgres?"))) as admin:
        admin.autocommit = True
        with admin.cursor() as cursor:
            cursor.execute("drop database if exists history_bench")
            cursor.execute("create database history_bench template empwr")
            try:
                ask(url.replace("/empwr?", "/history_bench?"), audits)
            finally:
                cursor.execute("drop database history_bench with (force)")


def ask(url: str, audits: int) -> None:
    """Times each question on a history of that many audits."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(FILL, {"audits": audits})
        connection.commit()
        print(
            f"After {audits:,} audits of {CHECKS} checks:\n\n"
            "| Question | Rows | ms |\n|---|--:|--:|"
        )
        for question, query in QUESTIONS.items():
            times = []
            for _ in range(REPEATS):
                begun = time.perf_counter()
                cursor.execute(query)
                rows = cursor.fetchall()
                times.append(time.perf_counter() - begun)
            milliseconds = statistics.median(times) * 1000
            print(f"| {question} | {len(rows):,} | {milliseconds:.1f} |")


if __name__ == "__main__":
    main()
