"""The audit of many databases: a run each, on whichever worker is free, and one summary."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from prefect import flow, get_client
from prefect.artifacts import acreate_markdown_artifact
from prefect.client.schemas.objects import FlowRun, State
from prefect.concurrency.asyncio import concurrency
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Completed, Failed
from prefect.utilities.urls import url_for

from counterfoil.audit.audit_id import new_audit_id
from counterfoil.audit.exit_codes import EXIT_PASSED, FailOn, exit_code
from counterfoil.common.errors import CounterfoilError, FlowError
from counterfoil.common.settings import settings
from counterfoil.flows.labels import status_of
from counterfoil.pipeline.fleet import Member, load_fleet
from counterfoil.postgres.server import announce
from counterfoil.publish.fleet_report import DatabaseOutcome, FleetAudit, render_fleet, worst_first
from counterfoil.publish.folder import publish_folder

AUDIT = "nightly/audit"


@flow(name="fleet", flow_run_name="fleet {group}", retries=0)
async def fleet(
    databases: Path = Path("databases.yml"),
    group: str = "nightly",
    fail_on: FailOn = "warning",
    longest_hours: float = 6,
) -> State:
    """Audit every database of a list, and publish one summary, worst first.

    Args:
        databases: the list.
        group: which of its entries.
        fail_on: the least severity for which the run ends Failed; an error always does.
        longest_hours: how long one audit is waited for, its time in the queue included.
    """
    started_at = datetime.now(UTC)
    try:
        announce(settings().demo_dir)
        members = load_fleet(databases, group, settings().project_dir)
        await check_prefect_is_ready(members)
        outcomes = await asyncio.gather(
            *(audit(member, fail_on, longest_hours * 3600) for member in members)
        )
        summary = FleetAudit(
            fleet_id=new_audit_id(),
            group=group,
            started_at=started_at,
            finished_at=datetime.now(UTC),
            outcomes=worst_first(outcomes),
        )
        await publish(summary)
    except CounterfoilError as error:
        return Failed(message=str(error))
    outcome = summary.verdict
    if summary.status != "passed":
        worst = summary.outcomes[0]
        outcome += f"; {worst.target}: {worst.message}"
    if exit_code(summary.status, fail_on) == EXIT_PASSED:
        return Completed(message=outcome)
    return Failed(message=outcome)


async def check_prefect_is_ready(members: tuple[Member, ...]) -> None:
    """That there is a deployment to run, workers to run it, and a limit for each server.

    Raises:
        FlowError: there is not; says which command makes it.
    """
    async with get_client() as client:
        try:
            deployment = await client.read_deployment_by_name(AUDIT)
        except ObjectNotFound:
            raise FlowError(
                f"there is no deployment {AUDIT}", remedy="prefect deploy --all"
            ) from None
        if deployment.work_pool_name is None:
            raise FlowError(
                f"deployment {AUDIT} has no work pool any more",
                remedy="prefect work-pool create counterfoil --type process; prefect deploy --all",
            )
        for limit in sorted({member.limit for member in members}):
            try:
                await client.read_global_concurrency_limit_by_name(limit)
            except ObjectNotFound:
                raise FlowError(
                    f"there is no global concurrency limit {limit}",
                    where="databases.yml",
                    remedy=f"prefect gcl create {limit} --limit 2",
                ) from None


async def audit(member: Member, fail_on: FailOn, longest_s: float) -> DatabaseOutcome:
    """Run one database's audit, when its server has a place free, and wait for its end."""
    audit_id = new_audit_id()
    parameters = {
        "target": member.entry.target,
        "contract": member.entry.contract and str(member.entry.contract),
        "fail_on": fail_on,
        "audit_id": audit_id,
    }
    page = None
    try:
        async with concurrency(member.limit, strict=True):
            run = await arun_deployment(
                AUDIT,
                parameters=parameters,
                timeout=longest_s,
                poll_interval=2,
                tags=["counterfoil", member.entry.owner],
            )
        page = _page(run.id)
        status, message = status_of(run), _message(run)
    except Exception as cause:
        # Whatever it is, the other databases are still to be heard.
        status, message = "error", f"its audit could not be run: {type(cause).__name__}: {cause}"
    return DatabaseOutcome(
        target=member.entry.target,
        owner=member.entry.owner,
        status=status,
        message=message,
        audit_id=audit_id,
        page=page,
    )


async def publish(summary: FleetAudit) -> None:
    """Publish the summary: its folder first, then what Prefect's own pages show."""
    reports = settings().reports_path
    files = render_fleet(summary, reports)
    publish_folder(reports / "fleet", summary.fleet_id, files)
    await acreate_markdown_artifact(
        key="fleet-report", markdown=files["report.md"], description=summary.verdict
    )


def _page(flow_run_id: UUID) -> str | None:
    return url_for("flow-run", obj_id=flow_run_id)


def _message(run: FlowRun) -> str:
    if run.state is None or not run.state.is_final():
        return "its audit has not ended: is there a worker?"
    return run.state.message or str(run.state.name)
