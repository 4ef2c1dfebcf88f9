"""The audit as metrics, in Prometheus's text format, for node_exporter's textfile collector.

Labels are the database, check ids, views and severities: no name of a tenant or of a row.
"""

from collections import Counter
from pathlib import Path
from typing import get_args

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from counterfoil.audit.findings import Audit, AuditStatus, CheckStatus
from counterfoil.common.errors import PublishError
from counterfoil.common.text import one_line
from counterfoil.suites.severities import WORST_FIRST


def write_metrics(audit: Audit, file: Path) -> None:
    """Writes the file aside, then renames it: a scraper finds the old audit or the new one.

    Args:
        audit: what was found; its open incidents are counted if it was recorded.
        file: ends in .prom for node_exporter; one file per database.

    Raises:
        PublishError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_to_textfile(str(file), audit_metrics(audit))
    except OSError as cause:
        raise PublishError(
            f"the metrics cannot be written: {cause.strerror}",
            where=str(file),
            remedy="Give COUNTERFOIL_METRICS_FILE a path that can be written",
        ) from None


def audit_metrics(audit: Audit) -> CollectorRegistry:
    """The metrics of one audit; each has the label `database`."""
    registry = CollectorRegistry()
    database = one_line(audit.database)

    def gauge(name: str, says: str, *labels: str) -> Gauge:
        return Gauge(f"counterfoil_{name}", says, ["database", *labels], registry=registry)

    status = gauge("audit_status", "1 for the status of the last audit.", "status")
    for each in get_args(AuditStatus):
        status.labels(database, each).set(each == audit.status)
    gauge("audit_completed_timestamp_seconds", "When the last audit was completed.").labels(
        database
    ).set(audit.finished_at.timestamp())
    gauge("audit_snapshot_timestamp_seconds", "The instant that the last audit saw.").labels(
        database
    ).set(audit.snapshot_at.timestamp())
    gauge("audit_duration_seconds", "What the last audit took.").labels(database).set(
        (audit.finished_at - audit.started_at).total_seconds()
    )

    by_status = Counter(check.status for check in audit.checks)
    checks = gauge("checks", "Checks by what they came to.", "status")
    for each in get_args(CheckStatus):
        checks.labels(database, each).set(by_status[each])

    of_a_check = ("check_id", "ledger", "severity")
    findings = gauge("findings", "Failing rows that no waiver accepts.", *of_a_check)
    waived = gauge("findings_waived", "Failing rows that are waived.", *of_a_check)
    rows = gauge("rows_checked", "Rows that were looked at.", "relation", "ledger")
    for check in audit.checks:
        labels = (database, one_line(check.check_id), one_line(check.ledger or ""), check.severity)
        # What could not be judged has no number; 0 would be one.
        if not check.is_unjudged:
            findings.labels(*labels).set(check.counts)
            waived.labels(*labels).set(check.waived_count)
        if check.rows_checked is not None:
            rows.labels(database, one_line(check.relation), one_line(check.ledger or "")).set(
                check.rows_checked
            )

    if audit.history is not None:
        open_ones = Counter(audit.history.tally.open_incidents)
        incidents = gauge("incidents_open", "Open incidents.", "severity")
        for each in WORST_FIRST:
            incidents.labels(database, each).set(open_ones[each])
    return registry
