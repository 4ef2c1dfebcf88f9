"""An audit's status as a label of its run: what another flow, on another machine, can read."""

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.runtime import flow_run

from counterfoil.audit.findings import AuditStatus
from counterfoil.publish.fleet_report import WORST_FIRST

_STATUS = "counterfoil.status"


def label_run(status: AuditStatus) -> None:
    """Labels the current run with what its audit came to."""
    with get_client(sync_client=True) as client:
        client.update_flow_run_labels(flow_run.id, {_STATUS: status})


def status_of(run: FlowRun) -> AuditStatus:
    """What the run's audit came to; a run that says nothing, or did not end, is an error."""
    label = run.labels.get(_STATUS)
    if run.state is None or not run.state.is_final():
        return "error"
    return next((status for status in WORST_FIRST if status == label), "error")
