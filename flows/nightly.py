"""The nightly audit: plan, build, assert, record, publish, notify."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from counterfoil.alerts.failure import alert_of_failure
from counterfoil.alerts.outbox import deliver, queue_alerts
from counterfoil.audit import audit, new_audit_id
from counterfoil.build import ensure_views
from counterfoil.contract import Pack
from counterfoil.database import open_snapshot
from counterfoil.demo import announce
from counterfoil.errors import CounterfoilError, LockError, PublishError
from counterfoil.findings import Audit
from counterfoil.gate import EXIT_PASSED, FailOn, exit_code
from counterfoil.history.closed_days import ClosedDays, read_closed_days
from counterfoil.history.recall import Recalled, recall
from counterfoil.history.record import record
from counterfoil.lock import only_audit
from counterfoil.migrations.deployment import load_migrations
from counterfoil.plan import Plan, make_plan
from counterfoil.preflight import check_auditor
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.metrics import write_metrics
from counterfoil.publish.report import publish_report, report_url
from counterfoil.publish.words import headlines, verdict
from counterfoil.settings import settings
from flows.artifacts import Progress, publish_artifacts
from flows.events import emit_events
from flows.labels import label_run
from flows.retries import WHEN_UNAVAILABLE

log = logging.getLogger("counterfoil.nightly")


@dataclass(frozen=True)
class Asserted:
    """What was found, and what recording it needs besides."""

    audit: Audit
    recalled: Recalled
    closed_days: ClosedDays | None


@flow(name="nightly", flow_run_name="audit of {target}", retries=0)
def nightly(
    target: str = "demo",
    contract: Path | None = None,
    fail_on: FailOn = "warning",
    *,
    packs: tuple[Pack, ...] = (),
    full_rebuild: bool = False,
    audit_id: str | None = None,
    data_docs: bool = False,
) -> State:
    """Prove that a database still agrees with itself, and publish what was found.

    Args:
        target: the output of profiles.yml to audit.
        contract: a file that replaces the project's own contract.
        fail_on: the least severity for which the run ends Failed; an error always does.
        packs: which of the contract's packs are audited; all of them if none is named.
        full_rebuild: build the views, and run their data tests, though nothing changed.
        audit_id: the audit's name; a new one if none is given.
        data_docs: whether to publish Great Expectations' own site besides; some seconds.
    """
    with TemporaryDirectory() as scratch:
        site = Path(scratch) / "data_docs" if data_docs else None
        return audit_and_publish(
            target,
            contract,
            fail_on=fail_on,
            packs=packs,
            full_rebuild=full_rebuild,
            audit_id=audit_id or new_audit_id(),
            site=site,
        )


def audit_and_publish(
    target: str,
    contract: Path | None,
    *,
    fail_on: FailOn,
    packs: Collection[Pack],
    full_rebuild: bool,
    audit_id: str,
    site: Path | None,
) -> State:
    """The flow itself: a task a line, and what their outcome means."""
    found: Audit | None = None
    try:
        plan = make_the_plan(target, contract, packs)
        with only_audit(plan.builder, settings()):
            build_views(plan, full_rebuild)
            asserted = assert_expectations(plan, audit_id, site)
            found = asserted.audit
            try:
                audit = record_audit(plan, asserted)
            except CounterfoilError:
                # What was found is not lost with the history of it.
                publish(asserted.audit, site)
                raise
            publish(audit, site)
            label_run(audit.status)
        notify(plan)
    except LockError as error:
        # The audit that runs is the one that has something to tell.
        return Failed(message=str(error))
    except CounterfoilError as error:
        notify_of_failure(target, contract, audit_id, str(error), found)
        return Failed(message=str(error))
    except Exception as error:
        # Its message is the log's: a driver's may quote a row.
        reason = f"{type(error).__name__}, which nobody foresaw; the log has more"
        notify_of_failure(target, contract, audit_id, reason, found)
        raise
    outcome = "; ".join([verdict(audit), *headlines(audit, most=1)])
    if exit_code(audit.status, fail_on) == EXIT_PASSED:
        return Completed(message=outcome)
    return Failed(message=outcome)


@task(name="plan", cache_policy=NO_CACHE, **WHEN_UNAVAILABLE)
def make_the_plan(target: str, contract: Path | None, packs: Collection[Pack]) -> Plan:
    """Read and check everything, before the database is asked anything."""
    announce(settings().demo_dir)
    plan = make_plan(target, contract, settings(), packs)
    log.info("Auditing %s, %s", plan.scope.contract.database, plan.auditor)
    return plan


@task(name="build", cache_policy=NO_CACHE, **WHEN_UNAVAILABLE)
def build_views(plan: Plan, full_rebuild: bool) -> None:
    """Build the reconciliation views, if anything has changed, for the auditor to read."""
    load_migrations(plan.scope.contract, plan.contract_dir, plan.builder, settings())
    ensure_views(plan, settings(), although_unchanged=full_rebuild)
    check_auditor(plan.auditor, settings())


@task(name="assert", cache_policy=NO_CACHE, **WHEN_UNAVAILABLE)
def assert_expectations(plan: Plan, audit_id: str, site: Path | None) -> Asserted:
    """Assert every suite, all of them at one instant."""
    scope = plan.scope
    recalled = recall(scope.contract.database, plan.historian, settings())
    with open_snapshot(plan.auditor, settings(), primary=plan.builder) as snapshot:
        log.info("Everything is read as of %s", f"{snapshot.as_of:%Y-%m-%d %H:%M:%S %Z}")
        closed_days = read_closed_days(snapshot, scope.audited)
        found = audit(
            replace(scope, looked_for=recalled.keys),
            snapshot,
            audit_id=audit_id,
            data_docs=site,
            progress=Progress(scope.contract.database),
        )
    return Asserted(found, recalled, closed_days)


@task(name="record", cache_policy=NO_CACHE, **WHEN_UNAVAILABLE)
def record_audit(plan: Plan, asserted: Asserted) -> Audit:
    """Keep what was found, and say what is new since the last audit."""
    history = record(
        asserted.audit,
        asserted.recalled,
        asserted.closed_days,
        plan.historian,
        settings(),
        also=queue_alerts(plan.recipients, asserted.audit, settings()),
    )
    return asserted.audit.model_copy(update={"history": history})


@task(name="publish", cache_policy=NO_CACHE)
def publish(audit: Audit, site: Path | None) -> None:
    """Publish the audit: its folder first, then what Prefect's own pages show."""
    report = render_markdown(audit)
    folder = publish_report(audit, report, settings().reports_path, site)
    publish_artifacts(audit, report, report_url(folder, settings().reports_url))
    emit_events(audit)
    log.info("Published %s", folder)
    file = settings().metrics_file
    # Those of some packs would take the place of all the others'.
    if file and not audit.packs_left_out:
        try:
            write_metrics(audit, file.expanduser())
        except PublishError as error:
            # The audit has been published; whoever scrapes sees that this one is missing.
            log.warning("%s", error)


@task(name="notify", cache_policy=NO_CACHE)
def notify(plan: Plan) -> None:
    """Send the alerts that wait. Whatever becomes of them, the verdict stays what it is."""
    try:
        deliver(plan.recipients, plan.scope.contract.database, plan.historian, settings())
    except CounterfoilError as error:
        log.warning("Alerts wait for the next audit: %s", error)


@task(name="notify of failure", cache_policy=NO_CACHE)
def notify_of_failure(
    target: str, contract: Path | None, audit_id: str, reason: str, found: Audit | None
) -> None:
    """Say that there is no audit, or none on record, by whatever still works."""
    alert_of_failure(
        target, contract, audit_id=audit_id, reason=reason, audit=found, settings=settings()
    )
