"""A run: plan, build, audit, record, publish, notify. docs/deploy.md says what may go wrong."""

import logging
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from counterfoil.alerts.failure import alert_of_failure
from counterfoil.alerts.outbox import deliver, queue_alerts
from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import CounterfoilError, LockError, PublishError
from counterfoil.common.settings import Settings
from counterfoil.contract.packs import Pack
from counterfoil.history.closed_days import ClosedDays, read_closed_days
from counterfoil.history.recall import recall
from counterfoil.history.record import record
from counterfoil.history.recorded_openings import Openings, read_openings
from counterfoil.pipeline.host import Host
from counterfoil.pipeline.plan import Plan, make_plan
from counterfoil.pipeline.preflight import check_auditor
from counterfoil.pipeline.views import Built, build_views
from counterfoil.postgres.instant import open_snapshot
from counterfoil.postgres.lock import only_audit
from counterfoil.postgres.server import announce
from counterfoil.publish.body import body_of
from counterfoil.publish.listing import listed
from counterfoil.publish.markdown import render_markdown
from counterfoil.publish.metrics import write_metrics
from counterfoil.publish.report import publish_report, report_url

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """What is asked of a run.

    Attributes:
        target: the output of profiles.yml to audit.
        audit_id: the audit's name.
        contract_file: a contract that replaces the dbt project's own; None keeps that.
        packs: which of the contract's are audited; all of them if none is named.
        full_rebuild: build the views, and run their data tests, though nothing changed.
        site: where Great Expectations' own site is to be; None for none.
    """

    target: str
    audit_id: str
    contract_file: Path | None = None
    packs: tuple[Pack, ...] = ()
    full_rebuild: bool = False
    site: Path | None = None


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        audit: what was found and published; None if nothing was.
        failure: why the run failed, in a line; None if it did not.
    """

    audit: Audit | None
    failure: str | None = None


@dataclass(frozen=True)
class _Asserted:
    """What was found, and what recording it needs besides."""

    audit: Audit
    closed_days: list[ClosedDays]
    openings: list[Openings]


@dataclass
class Job:
    """An order under way: what it is carried out with, and what it has found so far.

    Attributes:
        order: what is asked of it.
        settings: the operator's.
        host: what carries its steps out.
        found: the audit, as soon as there is one, on record or not.
    """

    order: Order
    settings: Settings
    host: Host
    found: Audit | None = None


def carry_out(job: Job) -> Ended:
    """Plans the order and runs it; the recipients of a failure are notified.

    Raises:
        Exception: what was not expected, once the recipients were notified.
    """
    host = job.host
    try:
        plan = host.retried("plan", partial(_plan, job))
        return Ended(run(plan, job))
    except LockError as error:
        # The audit that runs is the one that notifies.
        return Ended(None, str(error))
    except CounterfoilError as error:
        host.once("notify of failure", partial(_notify_of_failure, job, str(error)))
        return Ended(job.found, str(error))
    except Exception as error:
        # Its message is the log's: a driver's may quote a row.
        reason = f"unexpected {type(error).__name__}: see the log"
        host.once("notify of failure", partial(_notify_of_failure, job, reason))
        raise


def run(plan: Plan, job: Job) -> Audit:
    """Builds, asserts, records, publishes and notifies: one line per step.

    Returns:
        The audit as it was published, with its history.

    Raises:
        LockError: another audit of the database runs.
        CounterfoilError: a step failed. What was found is published all the same.
    """
    host = job.host
    with only_audit(plan.session):
        built = host.retried("build", partial(_build, plan, job))
        asserted = host.retried("assert", partial(_assert, plan, job, built))
        job.found = asserted.audit
        try:
            job.found = host.retried("record", partial(_record, plan, job, asserted))
        except CounterfoilError:
            # What was found is not lost with the history of it.
            host.once("publish", partial(_publish, plan, job, asserted.audit))
            raise
        host.once("publish", partial(_publish, plan, job, job.found))
    host.once("notify", partial(_notify, plan, job))
    return job.found


def _plan(job: Job) -> Plan:
    """Reads and checks everything, before the database is asked what is true."""
    order = job.order
    announce(job.settings.demo_dir)
    plan = make_plan(order.target, order.contract_file, job.settings, order.packs)
    log.info("Auditing %s, %s", plan.scope.database, plan.session.auditor)
    return plan


def _build(plan: Plan, job: Job) -> Built:
    """Builds the reconciliation views, if anything has changed, for the auditor to read."""
    built = build_views(plan, although_unchanged=job.order.full_rebuild, progress=job.host.built)
    check_auditor(plan.session)
    return built


def _assert(plan: Plan, job: Job, built: Built) -> _Asserted:
    """Asserts every suite, all of them at one instant."""
    scope, order = plan.scope, job.order
    known = recall(scope.database, plan.session)
    with open_snapshot(plan.session) as snapshot:
        log.info("Everything is read as of %s", f"{snapshot.as_of:%Y-%m-%d %H:%M:%S %Z}")
        closed_days = read_closed_days(snapshot, scope.audited)
        openings = read_openings(snapshot, scope.audited)
        found = audit(
            replace(scope, known=known, unproven=built.views.unproven),
            snapshot,
            audit_id=order.audit_id,
            data_docs=order.site,
            progress=job.host.progress(scope.database),
        ).model_copy(
            update={
                "rebuilt_views": list(built.replaced),
                "target": order.target,
                "psql": plan.session.auditor.psql,
            }
        )
    return _Asserted(found, closed_days, openings)


def _record(plan: Plan, job: Job, asserted: _Asserted) -> Audit:
    """Keeps what was found, and says what is new since the last audit."""
    history = record(
        asserted.audit,
        asserted.closed_days,
        plan.session,
        openings=asserted.openings,
        also=queue_alerts(plan.recipients, asserted.audit, job.settings),
    )
    return listed(asserted.audit.model_copy(update={"history": history}))


def _publish(plan: Plan, job: Job, found: Audit) -> None:
    """Publishes the audit: its folder first, then what the host shows of it."""
    settings = job.settings
    body = body_of(found, plan.scope.reports)
    report = render_markdown(body)
    folder = publish_report(body, report, settings.reports_path, job.order.site)
    job.host.show(body, report, report_url(folder, settings.reports_url))
    log.info("Published %s", folder)
    # Metrics of some packs would take the place of all the others'.
    if settings.metrics_file and not found.packs_left_out:
        try:
            write_metrics(found, settings.metrics_file.expanduser())
        except PublishError as error:
            # The audit has been published; whoever scrapes sees that this one is missing.
            log.warning("%s", error)


def _notify(plan: Plan, job: Job) -> None:
    """Sends the alerts that wait. Whatever becomes of them, the verdict stays what it is."""
    database = plan.scope.database
    try:
        deliver(plan.recipients, database, plan.session)
    except CounterfoilError as error:
        log.warning("Alerts wait for the next audit: %s", error)


def _notify_of_failure(job: Job, reason: str) -> None:
    """Says that there is no audit, or none on record, by whatever still works."""
    alert_of_failure(
        job.order.target,
        job.order.contract_file,
        audit_id=job.order.audit_id,
        reason=reason,
        audit=job.found,
        settings=job.settings,
    )
