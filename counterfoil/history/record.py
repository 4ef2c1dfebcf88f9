"""Recording an audit: everything it found and changed, in one transaction or not at all."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import Json, execute_values

from counterfoil.audit.findings import (
    Audit,
    Change,
    CheckResult,
    Finding,
    History,
    Incident,
    PreviousAudit,
    TrendPoint,
    measure,
)
from counterfoil.common.errors import HistoryError
from counterfoil.history.closed_days import ClosedDays, record_closed_days
from counterfoil.history.incidents import Followed, follow, followed_checks
from counterfoil.history.recorded_openings import Openings, record_openings
from counterfoil.history.steps import steps_of
from counterfoil.history.tables import history_transaction
from counterfoil.postgres.session import Session
from counterfoil.publish.groups import tally
from counterfoil.publish.listing import MOST_STEPS, told_in_full
from counterfoil.suites.names import named

# How far back a report draws a failing check.
_TREND_LENGTH = 30

_INCIDENT_COLUMNS = tuple(each.name for each in fields(Incident))

_LEDGER = _INCIDENT_COLUMNS.index("ledger")
# What the history has for the ledger of what is of none: a key's column is never null.
_NONE = ""

_SIZES = [_INCIDENT_COLUMNS.index(name) for name in ("first_size", "size", "worst_size")]
# The same few values in 100,000 incidents.
_FEW = [
    _INCIDENT_COLUMNS.index(name)
    for name in ("check_id", "status", "severity", "owner", "tenant_id", "sized_by", "ledger")
]

# Of an incident that was there when its findings were last followed nothing is written.
_READ = ", ".join(
    "coalesce(last_seen_at, followed_at)" if name == "last_seen_at" else name
    for name in _INCIDENT_COLUMNS
)


@dataclass(frozen=True)
class Recording:
    """Where one audit is being written: the open transaction, and the audit's number."""

    cursor: Cursor
    audit_number: int


def record(
    audit: Audit,
    closed_days: Sequence[ClosedDays],
    session: Session,
    *,
    openings: Sequence[Openings] = (),
    also: Callable[[Recording, History], None] = lambda _recording, _history: None,
) -> History:
    """Writes the audit, and what it changed of the incidents. Once more, it writes nothing.

    Args:
        audit: what was found.
        closed_days: the ledgers' days as the audit saw them.
        session: whose historian writes.
        openings: what the ledgers' accounts open with, where that is to be recorded.
        also: what else belongs into the transaction.

    Returns:
        What the audit means beside those before it.

    Raises:
        HistoryError: it cannot be written, or another audit has the same id.
    """
    with history_transaction(session) as cursor:
        # Two audits of one database would each call the other's findings new.
        cursor.execute(
            "select pg_advisory_xact_lock(hashtextextended('counterfoil ' || %s, 0))",
            (audit.database,),
        )
        number = _number_of(cursor, audit)
        if number is not None:
            return _history(cursor, audit, number)
        number = _insert_audit(cursor, audit)
        recording = Recording(cursor, number)
        _follow(recording, audit)
        if closed_days:
            record_closed_days(cursor, audit, closed_days)
        record_openings(cursor, audit, openings)
        history = _history(cursor, audit, number)
        also(recording, history)
        _forget(cursor, session.settings.history_days)
        return history


def _number_of(cursor: Cursor, audit: Audit) -> int | None:
    """The number of this very audit, if it has been recorded; None if it has not."""
    cursor.execute(
        "select audit_number, database_name, started_at from audits where audit_id = %s",
        (audit.audit_id,),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    number, database, started_at = row
    if (database, started_at) != (audit.database, audit.started_at):
        raise HistoryError(
            f"another audit, of {database} at {started_at:%Y-%m-%d %H:%M:%S}, has that id",
            where=f"audit {audit.audit_id}",
            remedy="Run it again under an id of its own",
        )
    return int(number)


def _insert_audit(cursor: Cursor, audit: Audit) -> int:
    cursor.execute(
        "insert into audits (audit_id, database_name, contract, status, snapshot_at, started_at,"
        " finished_at, packs_left_out) values (%s, %s, %s, %s, %s, %s, %s, %s)"
        " returning audit_number",
        (
            audit.audit_id,
            audit.database,
            audit.contract,
            audit.status,
            audit.snapshot_at,
            audit.started_at,
            audit.finished_at,
            audit.packs_left_out,
        ),
    )
    (number,) = cursor.fetchone() or (0,)
    execute_values(
        cursor,
        "insert into check_results (audit_number, check_id, ledger, severity, status, category,"
        " owner, relation, rows_checked, finding_count, waived_count, seconds, detail, size,"
        " sized_by) values %s",
        [(number, *_result_row(check)) for check in audit.checks],
    )
    execute_values(
        cursor,
        "insert into findings (audit_number, check_id, fingerprint, severity, tenant_id, subject,"
        " key, observed, size, message, waived_by, waived_because, waived_until) values %s",
        [
            (number, check.check_id, *_finding_row(finding))
            for check in audit.checks
            for finding in check.findings
        ],
    )
    execute_values(
        cursor,
        "insert into table_volumes (audit_number, database_name, table_name, row_count) values %s",
        [
            (number, audit.database, row["table_name"], row["row_count"])
            for row in audit.sections.get("tables", [])
        ],
    )
    return int(number)


def _result_row(check: CheckResult) -> tuple[Any, ...]:
    return (
        check.check_id,
        check.ledger or _NONE,
        check.severity,
        check.status,
        check.category,
        check.owner,
        check.relation,
        check.rows_checked,
        check.finding_count,
        check.waived_count,
        check.seconds,
        check.detail,
        check.size,
        check.sized_by,
    )


def _finding_row(finding: Finding) -> tuple[Any, ...]:
    waiver = finding.waiver
    return (
        finding.fingerprint,
        finding.severity,
        finding.tenant_id,
        finding.subject,
        Json(finding.key),
        Json(finding.observed),
        finding.size,
        finding.message,
        *((waiver.owner, waiver.reason, waiver.expires_on) if waiver else (None, None, None)),
    )


def _follow(recording: Recording, audit: Audit) -> None:
    """What the audit changed of the incidents: of the others nothing is written."""
    cursor = recording.cursor
    known = _known_incidents(cursor, audit)
    _write_incidents(recording, audit, follow(audit, known, _last_followed(cursor, audit)))
    _write_followed(cursor, audit)


def _known_incidents(cursor: Cursor, audit: Audit) -> list[Incident]:
    """All that are not resolved, and those whose finding is there again."""
    unresolved = _incidents(cursor, audit, "status <> 'resolved'")
    known = {incident.fingerprint for incident in unresolved}
    traces = (trace for check in audit.checks for trace in check.traces)
    others = [trace.fingerprint for trace in traces if trace.fingerprint not in known]
    back = "status = 'resolved' and fingerprint in (select unnest(%s::text[]))"
    return unresolved + _incidents(cursor, audit, back, [others])


def _last_followed(cursor: Cursor, audit: Audit) -> dict[str, datetime]:
    cursor.execute(
        "select check_id, nullif(ledger, %s), followed_at from followed_checks"
        " where database_name = %s",
        (_NONE, audit.database),
    )
    return {named(check_id, ledger): at for check_id, ledger, at in cursor}


def _write_followed(cursor: Cursor, audit: Audit) -> None:
    execute_values(
        cursor,
        "insert into followed_checks (database_name, check_id, ledger, followed_at) values %s"
        " on conflict (database_name, check_id, ledger) do update"
        " set followed_at = excluded.followed_at",
        [
            (audit.database, check.check_id, check.ledger or _NONE, audit.snapshot_at)
            for check in followed_checks(audit)
            if check.traces
        ],
    )


def _incidents(
    cursor: Cursor, audit: Audit, condition: str, parameters: Sequence[Any] = ()
) -> list[Incident]:
    theirs = f"database_name = %s and ({condition})"
    return incidents_where(cursor, theirs, (audit.database, *parameters))


def incidents_where(cursor: Cursor, condition: str, parameters: Sequence[Any]) -> list[Incident]:
    """Those of which a condition in SQL over the table is true, the first opened first."""
    # Named: they come in pages, where the driver would hold all of them besides.
    with cursor.connection.cursor("incidents") as reading:
        reading.execute(
            f"select {_READ} from incidents"  # noqa: S608 - our own words
            " left join followed_checks using (database_name, check_id, ledger)"
            f" where {condition} order by opened_at, incident_id",
            parameters,
        )
        return [_incident(row) for row in reading]


def _incident(row: Iterable[Any]) -> Incident:
    values = list(row)
    for place in _SIZES:
        values[place] = measure(values[place])
    for place in _FEW:
        values[place] = values[place] and sys.intern(values[place])
    values[_LEDGER] = values[_LEDGER] or None
    return Incident(*values)


def _write_incidents(recording: Recording, audit: Audit, followed: Sequence[Followed]) -> None:
    cursor = recording.cursor
    fresh = {(one.incident.check_id, one.incident.ledger) for one in followed if _begins(one)}
    clean = _last_clean(recording, audit, fresh)
    columns = [name for name in _INCIDENT_COLUMNS if name != "incident_id"]
    kept = ("check_id", "fingerprint", "first_seen_at")
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in kept)

    def row(one: Followed) -> Iterator[Any]:
        incident = one.incident
        is_seen = incident.status != "resolved" and incident.last_seen_at == audit.snapshot_at
        written: dict[str, Any] = {"key": Json(incident.key), "ledger": incident.ledger or _NONE}
        if is_seen:
            written["last_seen_at"] = None
        if _begins(one):
            written["clean_before"] = clean.get(incident.check)
        yield audit.database
        yield from (written.get(name, getattr(incident, name)) for name in columns)

    execute_values(
        cursor,
        f"insert into incidents (database_name, {', '.join(columns)}) values %s"  # noqa: S608
        f" on conflict (database_name, check_id, fingerprint) do update set {updates}",
        (tuple(row(one)) for one in followed),
        page_size=1000,
    )
    execute_values(
        cursor,
        "insert into incident_changes (audit_number, incident_id, change, status_before,"
        " size_before, size_after) select changed.audit_number, incidents.incident_id,"
        " changed.change, changed.status_before, changed.size_before::numeric,"
        " changed.size_after::numeric from (values %s) as changed (audit_number, database_name,"
        " check_id, fingerprint, change, status_before, size_before, size_after)"
        " inner join incidents using (database_name, check_id, fingerprint)",
        (
            (
                recording.audit_number,
                audit.database,
                change.incident.check_id,
                change.incident.fingerprint,
                change.change,
                change.status_before,
                change.size_before,
                change.incident.size,
            )
            for change in (one.change for one in followed)
            if change is not None
        ),
        page_size=1000,
    )


def _begins(followed: Followed) -> bool:
    """Whether the finding was not there the last time."""
    change = followed.change
    return change is not None and (change.status_before in (None, "resolved"))


def _last_clean(
    recording: Recording, audit: Audit, checks: Collection[tuple[str, str | None]]
) -> dict[str, Any]:
    """By check, as its result is named, the last instant at which what is new was not there.

    Unknown where that audit did not judge the check, or did not follow all its findings: it
    may have been among the others.
    """
    recording.cursor.execute(
        "select checked.check_id, nullif(checked.ledger, %(none)s), last.snapshot_at"
        " from unnest(%(check_ids)s::text[], %(ledgers)s::text[]) as checked (check_id, ledger)"
        " cross join lateral ("
        "  select audits.snapshot_at, check_results.* from check_results"
        "  join audits using (audit_number)"
        "  where check_results.check_id = checked.check_id"
        "   and check_results.ledger = checked.ledger"
        "   and audits.database_name = %(database)s"
        "   and check_results.audit_number < %(number)s"
        "  order by check_results.audit_number desc limit 1"
        " ) as last"
        " where last.status in ('pass', 'fail', 'waived') and last.detail is null"
        "  and last.is_followed",
        {
            "check_ids": [check_id for check_id, _ in checks],
            "ledgers": [ledger or _NONE for _, ledger in checks],
            "none": _NONE,
            "database": audit.database,
            "number": recording.audit_number,
        },
    )
    return {named(check_id, ledger): at for check_id, ledger, at in recording.cursor}


def _history(cursor: Cursor, audit: Audit, number: int) -> History:
    incidents = _incidents(cursor, audit, "status in ('open', 'waived')")
    changes = _changes(cursor, audit, number, incidents)
    # As they are: to be validated once more, 100,000 would be copied.
    return History.model_construct(
        previous=_previous(cursor, audit, number),
        tally=tally(incidents, changes),
        changes=changes,
        incidents=incidents,
        trends=_trends(cursor, audit, number),
        steps=steps_of(cursor, told_in_full(incidents, audit.unjudged_names), MOST_STEPS),
    )


def _previous(cursor: Cursor, audit: Audit, number: int) -> PreviousAudit | None:
    cursor.execute(
        "select audit_id, snapshot_at, status from audits"
        " where database_name = %s and audit_number < %s order by audit_number desc limit 1",
        (audit.database, number),
    )
    row = cursor.fetchone()
    if row is None:
        return None
    return PreviousAudit(audit_id=row[0], snapshot_at=row[1], status=row[2])


def _changes(
    cursor: Cursor, audit: Audit, number: int, unresolved: Sequence[Incident]
) -> list[Change]:
    cursor.execute(
        "select incident_id, change, size_before, status_before from incident_changes"
        " where audit_number = %s",
        (number,),
    )
    changed = {incident_id: rest for incident_id, *rest in cursor}
    ended = (
        "status = 'resolved' and incident_id in"
        " (select incident_id from incident_changes where audit_number = %s)"
    )
    incidents = [one for one in unresolved if one.incident_id in changed]
    incidents += _incidents(cursor, audit, ended, [number])
    return [
        Change(
            change=changed[incident.incident_id][0],
            incident=incident,
            size_before=measure(changed[incident.incident_id][1]),
            status_before=changed[incident.incident_id][2],
        )
        for incident in incidents
    ]


def _trends(cursor: Cursor, audit: Audit, number: int) -> dict[str, list[TrendPoint]]:
    failing = {check.name: check for check in audit.checks if check.status in ("fail", "waived")}
    cursor.execute(
        "select check_id, nullif(ledger, %s), snapshot_at, audit_id, check_results.status,"
        " finding_count, size, sized_by"
        " from (select * from audits where database_name = %s and audit_number <= %s"
        "  order by audit_number desc limit %s) as audits"
        " join check_results using (audit_number)"
        " where check_id = any(%s) order by check_id, audit_number",
        (
            _NONE,
            audit.database,
            number,
            _TREND_LENGTH,
            [check.check_id for check in failing.values()],
        ),
    )
    trends: dict[str, list[TrendPoint]] = {}
    for check_id, ledger, snapshot_at, audit_id, status, finding_count, size, sized_by in cursor:
        if check := failing.get(named(check_id, ledger)):
            point = TrendPoint(
                snapshot_at=snapshot_at,
                audit_id=audit_id,
                status=status,
                finding_count=finding_count,
                size=measure(size) if sized_by == check.sized_by else None,
            )
            trends.setdefault(check.name, []).append(point)
    return trends


def _forget(cursor: Cursor, days: int) -> None:
    """Drops audits beyond the setting, and incidents resolved before; never the last audit.

    The baselines of closed days stay: they are what a changed day is held against.
    """
    cursor.execute(
        "delete from audits where recorded_at < now() - make_interval(days => %s)"
        " and audit_number < (select max(audit_number) from audits as later"
        "  where later.database_name = audits.database_name)",
        (days,),
    )
    cursor.execute(
        "delete from incidents where status = 'resolved'"
        " and resolved_at < now() - make_interval(days => %s)"
        " and not exists (select from incident_changes"
        "  where incident_changes.incident_id = incidents.incident_id)",
        (days,),
    )
