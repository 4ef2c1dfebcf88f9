"""The outbox: alerts are written with the audit that they tell of, and delivered after it.

Whatever dies in between, an alert is neither lost nor changed. It is sent twice only if the
process dies, or the recipient hangs, between taking it and being marked; the second has the
same alert_id.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.alerts.compose import Alert, Told, compose, compose_failure
from counterfoil.alerts.recipients import Recipient
from counterfoil.alerts.send import ready, send
from counterfoil.audit.findings import Audit, History
from counterfoil.common.settings import Settings
from counterfoil.history.record import Recording
from counterfoil.history.tables import history_transaction
from counterfoil.postgres.session import Session
from counterfoil.publish.report import report_url

log = logging.getLogger(__name__)


def queue_alerts(
    recipients: Sequence[Recipient], audit: Audit, settings: Settings
) -> Callable[[Recording, History], None]:
    """What `record` is to do also: write what the audit owes each recipient."""

    def queue(recording: Recording, history: History) -> None:
        cursor = recording.cursor
        open_ids = [one.incident_id for one in history.incidents if one.status == "open"]
        for recipient in recipients:
            told = _told(cursor, audit.database, recipient, open_ids)
            report = report_url(settings.reports_path / audit.audit_id, settings.reports_url)
            alert = compose(recipient, audit, history, told, report)
            if alert is not None:
                is_sent = alert.asks or not recipient.pages
                _insert(cursor, audit.database, audit.audit_id, alert, is_sent=is_sent)
        _forget(cursor, settings.history_days)

    return queue


def queue_failure(
    recipients: Sequence[Recipient],
    database: str,
    session: Session,
    *,
    audit_id: str,
    reason: str,
    audit: Audit | None,
) -> None:
    """Writes that an audit could not be completed, for whoever has not heard that yet.

    Args:
        recipients: of alerts.
        database: the contract's name for it.
        session: whose historian writes.
        audit_id: the audit's name.
        reason: why, in a line.
        audit: what was found nevertheless.

    Raises:
        HistoryError, TargetError: the history cannot be written.
    """
    with history_transaction(session) as cursor:
        for recipient in recipients:
            told = _told(cursor, database, recipient, [])
            if told.judged is not False or told.is_unjudged_due:
                alert = compose_failure(
                    recipient, name=database, audit_id=audit_id, reason=reason, audit=audit
                )
                _insert(cursor, database, audit_id, alert, is_sent=True)


def deliver(recipients: Sequence[Recipient], database: str, session: Session) -> None:
    """Sends what waits, the oldest first. What fails is kept, and tried by the next audit.

    Each alert is claimed, sent and marked in a transaction of its own; another audit that
    delivers meanwhile passes over it. A recipient has `alert_timeout_s` seconds for all of
    its alerts together, so one that hangs keeps nobody else waiting for longer.

    Raises:
        HistoryError, TargetError: the history cannot be read or written.
    """
    by_name = {recipient.name: recipient for recipient in recipients}
    seconds = dict.fromkeys(by_name, float(session.settings.alert_timeout_s))
    tried: list[str] = []
    while names := [name for name, left in seconds.items() if left > 0]:
        with history_transaction(session) as cursor:
            # The server may be set to end a transaction that waits for somebody else.
            cursor.execute("set local idle_in_transaction_session_timeout = 0")
            alert = _claim(cursor, database, names, tried)
            if alert is None:
                break
            ready(by_name[alert.recipient])
            began = monotonic()
            error = send(by_name[alert.recipient], alert, seconds[alert.recipient])
            seconds[alert.recipient] -= monotonic() - began
            _mark(cursor, alert, error)
        tried.append(alert.alert_id)
        if error is None:
            log.info("Notified '%s': %s", alert.recipient, alert.title)
    with history_transaction(session) as cursor:
        _warn_of_waiting(cursor, database)


def _told(cursor: Cursor, database: str, recipient: Recipient, open_ids: Sequence[int]) -> Told:
    """What a recipient knows, by the clock of the database.

    A reminder is for people, who live by the wall clock: an audit of a dated snapshot, or a
    clock that went back, would remind them too often or never. It is due half a day early,
    because two nights never start at the very same second.
    """
    parameters = {
        "database": database,
        "recipient": recipient.name,
        "open_ids": list(open_ids),
        "days": recipient.remind_after_days,
    }
    cursor.execute(
        "select judged, composed_at < now() - (make_interval(days => %(days)s) - interval '12 h')"
        " from alerts where database_name = %(database)s and recipient = %(recipient)s"
        " and judged is not null order by alert_number desc limit 1",
        parameters,
    )
    judged, is_unjudged_due = cursor.fetchone() or (None, None)
    if recipient.remind_after_days is None:
        return Told(judged=judged)
    cursor.execute(
        "select unnest(%(open_ids)s::bigint[]) except"
        " select unnest(incident_ids) from alerts"
        " where database_name = %(database)s and recipient = %(recipient)s"
        " and composed_at >= now() - (make_interval(days => %(days)s) - interval '12 h')",
        parameters,
    )
    due = frozenset(incident_id for (incident_id,) in cursor)
    return Told(due=due, judged=judged, is_unjudged_due=bool(is_unjudged_due))


def _insert(cursor: Cursor, database: str, audit_id: str, alert: Alert, *, is_sent: bool) -> None:
    """Writes it, to be sent; or as told already, since what a recipient knows is read here."""
    cursor.execute(
        "insert into alerts (alert_id, database_name, audit_id, recipient, tone, title, body,"
        " incident_ids, judged, delivered_at)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, case when not %s then now() end)"
        " on conflict (alert_id) do nothing",
        (
            alert.alert_id,
            database,
            audit_id,
            alert.recipient,
            alert.tone,
            alert.title,
            alert.body,
            list(alert.incident_ids),
            alert.judged,
            is_sent,
        ),
    )


def _claim(
    cursor: Cursor, database: str, names: Sequence[str], tried: Sequence[str]
) -> Alert | None:
    cursor.execute(
        "select alert_id, recipient, tone, title, body from alerts"
        " where delivered_at is null and database_name = %s"
        " and recipient = any(%s) and alert_id <> all(%s)"
        " order by alert_number limit 1 for update skip locked",
        (database, list(names), list(tried)),
    )
    row = cursor.fetchone()
    return Alert(*row) if row else None


def _mark(cursor: Cursor, alert: Alert, error: str | None) -> None:
    cursor.execute(
        "update alerts set attempts = attempts + 1, last_error = %s,"
        " delivered_at = case when %s then clock_timestamp() end where alert_id = %s",
        (error, error is None, alert.alert_id),
    )


def _warn_of_waiting(cursor: Cursor, database: str) -> None:
    """Nothing is given up; it is reported again until somebody corrects it."""
    cursor.execute(
        "select distinct on (recipient) recipient,"
        "  count(*) over (partition by recipient),"
        "  min(composed_at) over (partition by recipient),"
        "  coalesce(last_error, 'alerts.yml names no such recipient')"
        " from alerts where delivered_at is null and database_name = %s"
        " order by recipient, attempts desc",
        (database,),
    )
    for recipient, number, since, error in cursor:
        _warn(recipient, number, since, error)


def _warn(recipient: str, number: int, since: datetime, error: str) -> None:
    log.warning(
        "'%s' could not be notified (%s): %d waiting since %s, to be tried by the next audit",
        recipient,
        error,
        number,
        f"{since:%Y-%m-%d %H:%M %Z}",
    )


def _forget(cursor: Cursor, days: int) -> None:
    """Drops what was delivered beyond the setting; what waits is kept."""
    cursor.execute(
        "delete from alerts where delivered_at < now() - make_interval(days => %s)", (days,)
    )
