"""The rows behind a failed check: fetched for it alone, counted and followed, some listed.

Here, and nowhere else, waivers are subtracted.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from typing import Any, cast

import sqlalchemy as sa

from counterfoil.audit.findings import (
    Acceptance,
    CheckResult,
    Finding,
    Trace,
    fingerprint,
    measure,
    trace_of,
)
from counterfoil.audit.waivers import Waiver
from counterfoil.common.sqltext import literal, quoted
from counterfoil.suites.severities import Severity, badness
from counterfoil.suites.suite import Check, Evidence, Suite
from counterfoil.suites.validator import Outcome
from counterfoil.views.parts import parts_of

# Beyond these the findings of one check are no longer told apart.
MOST_FOLLOWED = 100_000

# Our own columns beside the view's.
_JUDGED = "counterfoil_judged"
_SEVEREST_FIRST = "array_position(array['critical', 'warning', 'info'], {}) nulls first"
_KEY = "counterfoil_key"
_WAIVER = "counterfoil_waiver"
_IS_WAIVED = "counterfoil_is_waived"
# As to_jsonb writes a timestamptz in an audit's session, whose time zone is UTC.
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$")


@dataclass(frozen=True)
class Failure:
    """The failing rows of one check.

    Attributes:
        count: how many there are, exactly.
        waived_count: how many of them a waiver accepts, exactly.
        tenant_counts: by tenant, how many no waiver accepts; empty without a tenant column.
        findings: the largest, up to the limit, of those waived and of the others; and besides
            of those that were not there before.
        traces: what is followed: every one of them, or that they are too many.
        waivers: the waivers that hold for a row, by position.
        exceeded: those that name a row that is worse than their bound.
    """

    count: int
    waived_count: int = 0
    tenant_counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    traces: Sequence[Trace] = ()
    waivers: frozenset[int] = frozenset()
    exceeded: frozenset[int] = frozenset()

    @property
    def is_followed(self) -> bool:
        """Whether each of its rows is followed singly."""
        return len(self.traces) == self.count


def fetch_failure(
    connection: sa.Connection,
    suite: Suite,
    check: Check,
    outcome: Outcome,
    *,
    standing: Collection[str],
    unjudged: Sequence[str],
    waivers: Mapping[int, Waiver],
    known: Collection[str],
    limit: int,
) -> Failure:
    """How many rows fail the check, how many of them are waived, and the largest.

    Args:
        connection: one that sees the audit's instant.
        suite: the check's suite.
        check: a check that failed.
        outcome: Great Expectations' result of it.
        standing: the views that there are: a view of many tables is in several parts.
        unjudged: tables about which a summary can say nothing; their rows do not count.
        waivers: those in force for the check, by position.
        known: the fingerprints of its findings that were there before.
        limit: how many findings to list, of those that are waived and of those that are not.
    """
    sought = _Sought(suite, check, waivers, limit)
    if outcome.failing_queries:
        # Great Expectations' own, of a view that is in one part.
        failing = [" union all ".join(f"({query})" for query in outcome.failing_queries)]
    else:
        parts = parts_of(sought.evidence.relation, standing)
        failing = [_listing(sought, part, unjudged) for part in parts]
    failures = [_failure(sought, _read(connection, _statement(sought, rows))) for rows in failing]
    failure = failures[0] if len(failures) == 1 else _together(failures, sought)
    if failure.count > MOST_FOLLOWED:
        return replace(failure, traces=(_too_many(check, failure),))
    unlisted = _new_and_unlisted(failure, known, limit)
    if not unlisted:
        return failure
    rows = [_read(connection, _statement_of(sought, part, unlisted)) for part in failing]
    besides = {one.fingerprint: one for row in rows for one in _findings(sought, row)}
    return replace(
        failure,
        findings=[*failure.findings, *besides.values()],
        traces=[
            trace_of(besides[trace.fingerprint]) if trace.fingerprint in besides else trace
            for trace in failure.traces
        ],
    )


@dataclass(frozen=True)
class _Sought:
    """Whose failing rows are read, and what is to be known of them."""

    suite: Suite
    check: Check
    waivers: Mapping[int, Waiver]
    limit: int

    @property
    def evidence(self) -> Evidence:
        return self.suite.evidence_of(self.check)

    @property
    def size(self) -> str:
        """The size of a marked row, in SQL."""
        return f"marked.{quoted(self.check.size.column)}::numeric" if self.check.size else "null"

    @property
    def order(self) -> str:
        """The largest first; where rows differ in severity, the worst before the largest."""
        evidence = self.evidence
        order = [_SEVEREST_FIRST.format(quoted(evidence.severity))] if evidence.severity else []
        if self.check.size:
            order.append(f"abs({self.size}) desc nulls first")
        return ", ".join([*order, *(quoted(column) for column in evidence.key)])


def _read(connection: sa.Connection, statement: str) -> sa.Row[Any]:
    # It has no parameters: a percent sign in it, of a pattern or a value, is one.
    row = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).one()
    # Its locks are given back before the next takes as many.
    connection.rollback()
    return row


def _failure(sought: _Sought, row: sa.Row[Any]) -> Failure:
    findings = list({one.fingerprint: one for one in _findings(sought, row)}.values())
    return Failure(
        count=row.finding_count,
        waived_count=row.waived_count,
        tenant_counts=row.tenant_counts or {},
        findings=findings,
        traces=_traces(sought, row, findings),
        waivers=frozenset(row.held or ()),
        exceeded=frozenset(row.named or ()) - frozenset(row.held or ()),
    )


def _findings(sought: _Sought, row: sa.Row[Any]) -> Iterator[Finding]:
    return (_finding(sought, item) for item in row.listed or ())


def _traces(sought: _Sought, row: sa.Row[Any], findings: Sequence[Finding]) -> list[Trace]:
    """Every failing row, as far as it is followed; only those listed if they are too many."""
    if row.keys is None:
        return [trace_of(finding) for finding in findings]
    messages = {finding.fingerprint: finding.message for finding in findings}
    check, subject = sought.check, sought.evidence.subject
    traces = []
    for key, severity, tenant, about, size, is_waived in zip(
        row.keys, row.severities, row.tenants, row.subjects, row.sizes, row.waived, strict=True
    ):
        name = fingerprint(check.check_id, json.loads(key))
        traces.append(
            Trace(
                fingerprint=name,
                key=key,
                severity=cast("Severity", sys.intern(severity)) if severity else check.severity,
                tenant_id=tenant and sys.intern(tenant),
                subject=None if about is None else f"{subject} {about}",
                size=measure(size),
                is_waived=is_waived,
                message=messages.get(name),
            )
        )
    return traces


def _too_many(check: Check, failure: Failure) -> Trace:
    """What is followed of a check that fails more often than anybody can follow singly."""
    key: dict[str, str | None] = {"followed": "together"}
    return Trace(
        fingerprint=fingerprint(check.check_id, key),
        key=json.dumps(key),
        severity=check.severity,
        tenant_id=None,
        subject=None,
        size=None,
        is_waived=failure.waived_count == failure.count,
        message=f"{check.title}: {failure.count:,} findings, too many to follow each",
    )


def _new_and_unlisted(failure: Failure, known: Collection[str], limit: int) -> list[str]:
    """The keys of the largest that were not there before, as long as less than so many are
    listed.
    """
    listed = {finding.fingerprint for finding in failure.findings}
    room = limit - len(listed.difference(known))
    passed = listed.union(known)
    unlisted = (trace.key for trace in failure.traces if trace.fingerprint not in passed)
    return list(islice(unlisted, max(room, 0)))


def _together(failures: Sequence[Failure], sought: _Sought) -> Failure:
    """The failing rows of all parts, the largest of them listed as those of one would be."""

    def largest_first(finding: Finding) -> tuple[int, float, list[str]]:
        worst = badness(finding.severity) if sought.evidence.severity else 0
        size = inf if finding.size is None else abs(finding.size)
        key = [str(part) for part in finding.key.values()]
        return worst, -size if sought.check.size else 0, key

    listed = sorted((one for failure in failures for one in failure.findings), key=largest_first)
    counting = [finding for finding in listed if finding.waiver is None]
    waived = [finding for finding in listed if finding.waiver is not None]
    held = frozenset[int]().union(*(failure.waivers for failure in failures))
    tenants: Counter[str] = Counter()
    for failure in failures:
        tenants.update(failure.tenant_counts)
    return Failure(
        count=sum(failure.count for failure in failures),
        waived_count=sum(failure.waived_count for failure in failures),
        tenant_counts=tenants,
        findings=[*counting[: sought.limit], *waived[: sought.limit]],
        traces=[trace for failure in failures for trace in failure.traces],
        waivers=held,
        exceeded=frozenset[int]().union(*(failure.exceeded for failure in failures)) - held,
    )


def _marked(sought: _Sought, failing: str) -> str:
    """The failing rows with their keys, and the waivers that name and that hold for them.

    As JSON a value arrives whatever its type: Python's own dates, for one, end with 9999.
    """
    evidence, suite, check = sought.evidence, sought.suite, sought.check
    declared = suite.columns_of(*suite.checks) if suite.evidence else suite.columns_of(check)
    pairs = [f"{literal(name)}, to_jsonb({quoted(name)}) #>> '{{}}'" for name in evidence.key]
    # What is interpolated below are quoted identifiers, literals and numbers of our own.
    return f"""
        failing ({_listed(declared)}, {_JUDGED}) as ({failing}),
        keyed as (
            select
                {_listed(suite.columns_of(check))},
                jsonb_build_object({", ".join(pairs)}) as {_KEY}
            from failing
        ),
        waivers (waiver, waived_key, bound) as ({_waiver_rows(sought)}),
        marked as materialized (
            select
                marked.*,
                waivers.waiver as {_WAIVER},
                waivers.waiver is not null and coalesce(
                    waivers.bound is null
                    or {sought.size}
                    between least(0, waivers.bound) and greatest(0, waivers.bound),
                    false
                ) as {_IS_WAIVED}
            from keyed as marked left join waivers on marked.{_KEY} = waivers.waived_key
        )
    """  # noqa: S608


def _statement(sought: _Sought, failing: str) -> str:
    """One row: counts, tenants, listed rows and what is followed, of failing rows that are read
    once.
    """
    evidence = sought.evidence
    severity, tenant, subject = (
        f"{quoted(column)}::text" if column else "null::text"
        for column in (evidence.severity, evidence.tenant, evidence.subject)
    )
    largest = (
        f"(select * from marked where {condition} order by {sought.order} limit {sought.limit:d})"  # noqa: S608
        for condition in (f"not {_IS_WAIVED}", _IS_WAIVED)
    )
    return f"""
        with {_marked(sought, failing)}
        select
            (select count(*) from marked) as finding_count,
            (select count(*) from marked where {_IS_WAIVED}) as waived_count,
            {_tenant_counts(evidence)} as tenant_counts,
            (
                select array_agg(distinct {_WAIVER}) from marked where {_WAIVER} is not null
            ) as named,
            (select array_agg(distinct {_WAIVER}) from marked where {_IS_WAIVED}) as held,
            (
                select jsonb_agg(to_jsonb(listed)) from ({" union all ".join(largest)}) as listed
            ) as listed,
            followed.*
        from (select) as once
        left join (
            select
                array_agg({_KEY}::text) as keys,
                array_agg({severity}) as severities,
                array_agg({tenant}) as tenants,
                array_agg({subject}) as subjects,
                array_agg({sought.size}::numeric) as sizes,
                array_agg({_IS_WAIVED}) as waived
            from (select * from marked order by {sought.order}) as marked
            having count(*) between {sought.limit + 1:d} and {MOST_FOLLOWED:d}
        ) as followed on true
    """  # noqa: S608


def _statement_of(sought: _Sought, failing: str, keys: Sequence[str]) -> str:
    """One row: the rows with these keys."""
    wanted = literal(f"[{','.join(keys)}]")
    return f"""
        with {_marked(sought, failing)}
        select jsonb_agg(to_jsonb(marked)) as listed from marked
        where {_KEY} in (select jsonb_array_elements({wanted}::jsonb))
    """  # noqa: S608


def _waiver_rows(sought: _Sought) -> str:
    """The waivers that can name one of the check's rows; a bound needs a size to hold."""
    key, has_size = set(sought.evidence.key), sought.check.size is not None
    rows = [
        f"({position}, {literal(json.dumps(waiver.key))},"
        f" {'null' if waiver.bound is None else waiver.bound})"
        for position, waiver in sought.waivers.items()
        if waiver.key.keys() == key and (waiver.bound is None or has_size)
    ] or ["(null, null, null)"]
    return (
        "select waiver::integer, waived_key::jsonb, bound::numeric"  # noqa: S608
        f" from (values {', '.join(rows)}) as lines (waiver, waived_key, bound)"
    )


def _tenant_counts(evidence: Evidence) -> str:
    if evidence.tenant is None:
        return "null::jsonb"
    tenant = quoted(evidence.tenant)
    return (
        "(select jsonb_object_agg(tenant, failing_rows) from ("  # noqa: S608
        f"select {tenant}::text as tenant, count(*) as failing_rows from marked"
        f" where not {_IS_WAIVED} and {tenant} is not null group by 1) as tenants)"
    )


def _listing(sought: _Sought, part: str, unjudged: Sequence[str]) -> str:
    """The rows that the evidence lists, but for tables that cannot be judged."""
    evidence, suite = sought.evidence, sought.suite
    listing = f"select {_listed(suite.columns_of(sought.check))}, null from {part}"  # noqa: S608
    conditions = [f"({evidence.where})"] if evidence.where else []
    if unjudged:
        excluded = ", ".join(literal(table) for table in unjudged)
        conditions += [f"{quoted(column)} not in ({excluded})" for column in suite.source_columns]
    return f"{listing} where {' and '.join(conditions)}" if conditions else listing


def _finding(sought: _Sought, row: Mapping[str, Any]) -> Finding:
    check, evidence = sought.check, sought.evidence
    # In the suite's order: jsonb has one of its own.
    key = {column: row[_KEY][column] for column in evidence.key}
    waiver = sought.waivers[row[_WAIVER]] if row[_IS_WAIVED] else None
    return Finding(
        fingerprint=fingerprint(check.check_id, key),
        severity=row[evidence.severity] if evidence.severity else check.severity,
        tenant_id=_as_text(row[evidence.tenant]) if evidence.tenant else None,
        key=key,
        observed={column: row[column] for column in evidence.observed},
        message=check.message.format_map({name: _Spoken(value) for name, value in row.items()}),
        subject=_subject(evidence, row),
        size=row[check.size.column] if check.size else None,
        waiver=waiver and accepted_by(waiver),
    )


def _subject(evidence: Evidence, row: Mapping[str, Any]) -> str | None:
    if evidence.subject is None or row[evidence.subject] is None:
        return None
    return f"{evidence.subject} {row[evidence.subject]}"


def accepted_by(waiver: Waiver) -> Acceptance:
    """What is published of a waiver."""
    return Acceptance(
        owner=waiver.owner,
        reason=waiver.reason,
        expires_on=waiver.expires_on,
        bound=measure(waiver.bound),
    )


def waive(
    result: CheckResult, waivers: Mapping[int, Waiver]
) -> tuple[CheckResult, frozenset[int], frozenset[int]]:
    """What a check that no view lists comes to under its waivers.

    Args:
        result: of a check that lists all its findings.
        waivers: those in force for the check, by position.

    Returns:
        The result; the waivers that hold for a finding, and those whose bound one exceeds, by
        position.
    """
    findings, held, named = [], set(), set()
    for finding in result.findings:
        for position, waiver in waivers.items():
            if waiver.key == finding.key:
                named.add(position)
                if waiver.admits(finding.size):
                    finding = finding.model_copy(update={"waiver": accepted_by(waiver)})
                    held.add(position)
        findings.append(finding)
    waived_count = sum(finding.waiver is not None for finding in findings)
    status = result.status
    if status == "fail" and waived_count == result.finding_count:
        status = "unknown" if result.detail else "waived"
    waived = {"status": status, "waived_count": waived_count, "findings": findings}
    return result.model_copy(update=waived), frozenset(held), frozenset(named - held)


class _Spoken:
    """A value in a message: null is shown as such, whatever its format."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, specification: str) -> str:
        if self.value is None:
            return "null"
        if isinstance(self.value, str):
            return _INSTANT.sub(r"\1 \2 UTC", self.value)
        if isinstance(self.value, int | float):
            return format(self.value, specification)
        return str(self.value)


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
