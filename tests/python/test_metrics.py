"""The metrics file, read back by Prometheus's own parser."""

import threading
from pathlib import Path

from conftest import Database
from prometheus_client.parser import text_string_to_metric_families
from refusals import refused

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import PublishError
from counterfoil.publish.metrics import write_metrics

HOSTILE = 'x"} 1\ncounterfoil_audit_status{status="passed"} 1 # \\ {€}'


def read(file: Path) -> dict[tuple[str, ...], float]:
    """By name and the labels' values, each sample."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8"))
        for sample in family.samples
    }


def test_the_metrics_say_what_the_audit_does(overnight: Database, tmp_path: Path) -> None:
    audit = overnight.audit()
    file = tmp_path / "new folder" / "counterfoil.prom"
    write_metrics(audit, file)
    samples = read(file)
    assert samples["counterfoil_audit_status", "empwr", "critical"] == 1
    assert samples["counterfoil_audit_status", "empwr", "passed"] == 0
    assert samples["counterfoil_checks", "empwr", "fail"] == 3
    assert samples["counterfoil_checks", "empwr", "error"] == 0
    completed = samples["counterfoil_audit_completed_timestamp_seconds", "empwr"]
    assert completed == audit.finished_at.timestamp()
    assert samples["counterfoil_audit_duration_seconds", "empwr"] > 0
    check = "ledger.balance_matches_entries"
    assert samples["counterfoil_findings", check, "empwr", "capacity", "critical"] == 1
    assert (
        samples["counterfoil_rows_checked", "empwr", "capacity", "counterfoil.ledger_holds"] == 14
    )
    assert [path.name for path in file.parent.iterdir()] == ["counterfoil.prom"]


def test_what_was_not_judged_has_no_number(overnight: Database, tmp_path: Path) -> None:
    audit = overnight.audit()
    unjudged = audit.checks[0].model_copy(update={"status": "error", "rows_checked": None})
    write_metrics(audit.model_copy(update={"checks": [unjudged]}), tmp_path / "x.prom")
    samples = read(tmp_path / "x.prom")
    assert samples["counterfoil_checks", "empwr", "error"] == 1
    assert not any(name == "counterfoil_findings" for name, *_ in samples)
    assert not any(name == "counterfoil_rows_checked" for name, *_ in samples)


def test_a_hostile_name_stays_a_label(overnight: Database, tmp_path: Path) -> None:
    hostile = overnight.audit().model_copy(update={"database": HOSTILE})
    write_metrics(hostile, tmp_path / "x.prom")
    samples = read(tmp_path / "x.prom")
    assert samples["counterfoil_audit_status", HOSTILE.replace("\n", " "), "critical"] == 1
    assert not any("passed" in labels and value for labels, value in samples.items())


def test_a_scraper_never_meets_half_a_file(overnight: Database, tmp_path: Path) -> None:
    audit: Audit = overnight.audit()
    file = tmp_path / "x.prom"
    write_metrics(audit, file)
    whole = file.read_text()
    ended = threading.Event()

    def write() -> None:
        for _ in range(200):
            write_metrics(audit, file)
        ended.set()

    threading.Thread(target=write).start()
    while not ended.is_set():
        assert file.read_text() == whole


def test_a_file_that_cannot_be_written_is_said_in_a_line(
    overnight: Database, tmp_path: Path
) -> None:
    (tmp_path / "x.prom").mkdir()
    with refused(PublishError, "x.prom", "COUNTERFOIL_METRICS_FILE"):
        write_metrics(overnight.audit(), tmp_path / "x.prom")
    assert [path.name for path in tmp_path.iterdir()] == ["x.prom"]
