"""The nightly audit as a flow: counterfoil/pipeline does the work, Prefect shows it."""

from pathlib import Path
from tempfile import TemporaryDirectory

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from counterfoil.audit.audit_id import AuditId, new_audit_id
from counterfoil.audit.exit_codes import EXIT_PASSED, FailOn, exit_code
from counterfoil.common.settings import settings
from counterfoil.contract.packs import Pack
from counterfoil.flows.host import PrefectHost
from counterfoil.flows.labels import label_run
from counterfoil.pipeline.run import Job, Order, carry_out
from counterfoil.publish.headlines import outcome


@flow(name="nightly", flow_run_name="audit of {target}", retries=0)
def nightly(
    target: str = "demo",
    contract: Path | None = None,
    fail_on: FailOn = "warning",
    *,
    packs: tuple[Pack, ...] = (),
    full_rebuild: bool = False,
    audit_id: AuditId | None = None,
    data_docs: bool = False,
) -> State:
    """Prove that a database still agrees with itself, and publish what was found.

    Args:
        target: the output of profiles.yml to audit.
        contract: a file that replaces the project's own contract.
        fail_on: the least severity for which the run ends Failed; an error always does.
        packs: which of the contract's packs are audited; all of them if none is named.
        full_rebuild: build the views, and run their data tests, though nothing changed.
        audit_id: the audit's name, of letters, digits, `.`, `_` and `-`; a new one if none is
            given.
        data_docs: whether to publish Great Expectations' own site besides; some seconds.
    """
    with TemporaryDirectory() as scratch:
        order = Order(
            target,
            audit_id or new_audit_id(),
            contract,
            packs,
            full_rebuild=full_rebuild,
            site=Path(scratch) / "data_docs" if data_docs else None,
        )
        ended = carry_out(Job(order, settings(), PrefectHost()))
    if ended.audit is None or ended.failure is not None:
        return Failed(message=ended.failure)
    label_run(ended.audit.status)
    state = Completed if exit_code(ended.audit.status, fail_on) == EXIT_PASSED else Failed
    return state(message=outcome(ended.audit))
