"""A night without an audit: a Prefect automation that notices what did not happen."""

import json
from datetime import timedelta

from prefect.automations import AutomationCore
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.events.actions import SendNotification
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.settings import PREFECT_API_URL

from counterfoil.common.errors import AlertError
from counterfoil.flows.events import COMPLETED, database_resource


def watch_for_absence(database: str, block: str, within: timedelta) -> str:
    """Makes the automation on Prefect's server, or brings the one that stands up to date.

    It notifies when `within` has passed without a completed audit, and again each time that
    it passes once more.

    Args:
        database: the contract's name for it.
        block: a notification block of Prefect's, as type/name.
        within: at least 10 seconds; for a nightly audit some hours more than a day.

    Returns:
        The automation's name.

    Raises:
        AlertError: Prefect has no such block, or no server that stays.
    """
    if PREFECT_API_URL.value() is None:
        raise AlertError(
            "Prefect's server would end with this command, and notice nothing",
            where="environment variable PREFECT_API_URL",
            remedy="Set it to the server that runs the deployment",
        )
    try:
        notifier = Block.load(block)
    except ValueError:
        notifier = None
    if not isinstance(notifier, NotificationBlock) or notifier._block_document_id is None:
        raise AlertError(
            f"Prefect has no notification block '{block}'",
            where="--block",
            remedy="`prefect block ls` shows what it has, as type/name",
        )
    hours = within.total_seconds() / 3600
    # Prefect renders these; a name of hostile letters is text in them, not a template.
    name = f"{{{{ {json.dumps(database)} }}}}"
    automation = AutomationCore(
        name=f"counterfoil: a night without an audit of {database}",
        description=f"Notifies by {block} when no audit was completed for {hours:g} hours.",
        trigger=EventTrigger(
            posture=Posture.Proactive,
            expect={COMPLETED},
            match={"prefect.resource.id": database_resource(database)},
            threshold=1,
            within=within,
        ),
        actions=[
            SendNotification(
                block_document_id=notifier._block_document_id,
                subject=f"Counterfoil {name}: no audit",
                body=f"No audit of {name} was completed for {hours:g} hours, so nobody knows"
                " what is true now. Look at the deployment's runs, and at its worker.",
            )
        ],
    )
    with get_client(sync_client=True) as client:
        standing = client.read_automations_by_name(automation.name)
        if standing:
            client.update_automation(standing[0].id, automation)
        else:
            client.create_automation(automation)
    return automation.name
