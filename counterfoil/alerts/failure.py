"""Telling that an audit could not be completed, with whatever of it still works."""

import logging
from pathlib import Path

from counterfoil.alerts.compose import Alert, compose_failure
from counterfoil.alerts.outbox import deliver, queue_failure
from counterfoil.alerts.recipients import Recipient, load_recipients
from counterfoil.alerts.send import send
from counterfoil.audit.findings import Audit
from counterfoil.common.errors import AlertError, CounterfoilError
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import load_contract
from counterfoil.postgres.session import Session

log = logging.getLogger(__name__)


def alert_of_failure(
    target: str,
    contract_file: Path | None,
    *,
    audit_id: str,
    reason: str,
    audit: Audit | None,
    settings: Settings,
) -> None:
    """Tells every recipient, whatever it takes otherwise: nobody knows what is true now.

    By the outbox if the history can be written, so that it is sent once until an audit is
    completed. Else at once, and again by the next audit: nothing remembers it.

    Args:
        target: the output of profiles.yml that was to be audited.
        contract_file: a contract that replaces the dbt project's own; None keeps that.
        audit_id: the audit's name.
        reason: why, in a line.
        audit: what was found nevertheless.
        settings: the operator's.
    """
    try:
        recipients = load_recipients(settings.alerts_path)
    except AlertError as error:
        log.warning("No alert can be sent: %s", error)
        return
    if not recipients:
        return
    try:
        session = Session.of(target, settings)
        database = load_contract(settings.project_dir, contract_file).database
        queue_failure(
            recipients,
            database,
            session,
            audit_id=audit_id,
            reason=reason,
            audit=audit,
        )
    except CounterfoilError:
        name = audit.database if audit else f"target {target}"
        for recipient in recipients:
            alert = compose_failure(
                recipient, name=name, audit_id=audit_id, reason=reason, audit=audit
            )
            _send_at_once(recipient, alert, settings)
        return
    try:
        deliver(recipients, database, session)
    except CounterfoilError as error:
        log.warning("Alerts wait for the next audit: %s", error)


def _send_at_once(recipient: Recipient, alert: Alert, settings: Settings) -> None:
    error = send(recipient, alert, settings.alert_timeout_s)
    if error is None:
        log.info("Notified '%s': %s", recipient.name, alert.title)
    else:
        log.warning("'%s' could not be notified: %s", recipient.name, error)
