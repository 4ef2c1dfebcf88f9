"""The rows behind a failed check: fetched for it alone, capped, and counted exactly.

Here, and nowhere else, waivers are subtracted.
"""

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any

import sqlalchemy as sa

from counterfoil.audit.findings import Acceptance, CheckResult, Finding, fingerprint, measure
from counterfoil.audit.waivers import Waiver
from counterfoil.common.sqltext import literal, quoted
from counterfoil.suites.severities import badness
from counterfoil.suites.suite import Check, Evidence, Suite
from counterfoil.suites.validator import Outcome
from counterfoil.views.parts import parts_of

Key = Mapping[str, str | None]

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
        findings: the largest, up to the limit, waived ones besides; and those looked for.
        waivers: the waivers that hold for a row, by position.
        exceeded: those that name a row that is worse than their bound.
    """

    count: int
    waived_count: int = 0
    tenant_counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    waivers: frozenset[int] = frozenset()
    exceeded: frozenset[int] = frozenset()


def fetch_failure(
    connection: sa.Connection,
    suite: Suite,
    check: Check,
    outcome: Outcome,
    *,
    standing: Collection[str],
    unjudged: Sequence[str],
    waivers: Mapping[int, Waiver],
    looked_for: Sequence[Key],
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
        looked_for: keys whose rows are wanted if they fail, however small they are.
        limit: how many findings to list, of those that are waived and of those that are not.
    """
    evidence = suite.evidence_of(check)
    keys = [key for key in looked_for if key.keys() == set(evidence.key)]
    if outcome.failing_queries:
        # Great Expectations' own, of a view that is in one part.
        failing = [" union all ".join(f"({query})" for query in outcome.failing_queries)]
    else:
        parts = parts_of(evidence.relation, standing)
        failing = [_listing(suite, evidence, part, unjudged) for part in parts]
    failures = []
    for rows in failing:
        statement = _statement(evidence, rows, waivers, keys, limit)
        failures.append(_failure(connection, statement, check, evidence, waivers))
        # Its locks are given back before the next takes as many.
        connection.rollback()
    return failures[0] if len(failures) == 1 else _together(failures, evidence, keys, limit)


def _failure(
    connection: sa.Connection,
    statement: str,
    check: Check,
    evidence: Evidence,
    waivers: Mapping[int, Waiver],
) -> Failure:
    # It has no parameters: a percent sign in it, of a pattern or a value, is one.
    row = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).one()
    findings = {
        finding.fingerprint: finding
        for finding in (_finding(check, evidence, waivers, item) for item in row.listed or ())
    }
    return Failure(
        count=row.finding_count,
        waived_count=row.waived_count,
        tenant_counts=row.tenant_counts or {},
        findings=list(findings.values()),
        waivers=frozenset(row.held or ()),
        exceeded=frozenset(row.named or ()) - frozenset(row.held or ()),
    )


def _together(
    failures: Sequence[Failure], evidence: Evidence, looked_for: Sequence[Key], limit: int
) -> Failure:
    """The failing rows of all parts, the largest of them listed as those of one would be."""

    def largest_first(finding: Finding) -> tuple[int, float, list[str]]:
        worst = badness(finding.severity) if evidence.severity else 0
        size = inf if finding.size is None else abs(finding.size)
        return worst, -size if evidence.size else 0, [str(part) for part in finding.key.values()]

    listed = sorted((one for failure in failures for one in failure.findings), key=largest_first)
    counting = [finding for finding in listed if finding.waiver is None][:limit]
    waived = [finding for finding in listed if finding.waiver is not None][:limit]
    wanted = [finding for finding in listed if finding.key in looked_for]
    held = frozenset[int]().union(*(failure.waivers for failure in failures))
    tenants: Counter[str] = Counter()
    for failure in failures:
        tenants.update(failure.tenant_counts)
    return Failure(
        count=sum(failure.count for failure in failures),
        waived_count=sum(failure.waived_count for failure in failures),
        tenant_counts=tenants,
        findings=[*{one.fingerprint: one for one in (*counting, *waived, *wanted)}.values()],
        waivers=held,
        exceeded=frozenset[int]().union(*(failure.exceeded for failure in failures)) - held,
    )


def _statement(
    evidence: Evidence,
    failing: str,
    waivers: Mapping[int, Waiver],
    looked_for: Sequence[Key],
    limit: int,
) -> str:
    """One row: counts, tenants and listed rows, of failing rows that are read once.

    As JSON a value arrives whatever its type: Python's own dates, for one, end with 9999.
    """
    pairs = [f"{literal(name)}, to_jsonb({quoted(name)}) #>> '{{}}'" for name in evidence.key]
    size = f"keyed.{quoted(evidence.size)}::numeric" if evidence.size else "null::numeric"
    # What is interpolated below are quoted identifiers, literals and numbers of our own.
    return f"""
        with failing ({_listed(evidence.columns)}, {_JUDGED}) as ({failing}),
        keyed as (select failing.*, jsonb_build_object({", ".join(pairs)}) as {_KEY} from failing),
        waivers (waiver, waived_key, bound) as ({_waiver_rows(evidence, waivers)}),
        marked as materialized (
            select
                keyed.*,
                waivers.waiver as {_WAIVER},
                waivers.waiver is not null and coalesce(
                    waivers.bound is null
                    or {size} between least(0, waivers.bound) and greatest(0, waivers.bound),
                    false
                ) as {_IS_WAIVED}
            from keyed left join waivers on keyed.{_KEY} = waivers.waived_key
        )
        select
            (select count(*) from marked) as finding_count,
            (select count(*) from marked where {_IS_WAIVED}) as waived_count,
            {_tenant_counts(evidence)} as tenant_counts,
            (
                select array_agg(distinct {_WAIVER}) from marked where {_WAIVER} is not null
            ) as named,
            (select array_agg(distinct {_WAIVER}) from marked where {_IS_WAIVED}) as held,
            (
                select jsonb_agg(to_jsonb(listed))
                from ({_listings(evidence, looked_for, limit)}) as listed
            ) as listed
    """  # noqa: S608


def _waiver_rows(evidence: Evidence, waivers: Mapping[int, Waiver]) -> str:
    """The waivers that can name one of the check's rows; a bound needs a size to hold."""
    rows = [
        f"({position}, {_json(waiver.key)}, {'null' if waiver.bound is None else waiver.bound})"
        for position, waiver in waivers.items()
        if waiver.key.keys() == set(evidence.key) and (waiver.bound is None or evidence.size)
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


def _listings(evidence: Evidence, looked_for: Sequence[Key], limit: int) -> str:
    """The largest that count, the largest that are waived, and those looked for; where rows
    differ in severity, the worst before the largest.
    """
    order = [_SEVEREST_FIRST.format(quoted(evidence.severity))] if evidence.severity else []
    if evidence.size:
        order.append(f"abs({quoted(evidence.size)}::numeric) desc nulls first")
    largest = ", ".join([*order, *(quoted(column) for column in evidence.key)])
    conditions = [
        f"not {_IS_WAIVED} order by {largest} limit {limit:d}",
        f"{_IS_WAIVED} order by {largest} limit {limit:d}",
    ]
    if looked_for:
        conditions.append(f"{_KEY} in ({', '.join(map(_json, looked_for))})")
    return " union all ".join(
        f"(select * from marked where {condition})"  # noqa: S608
        for condition in conditions
    )


def _listing(suite: Suite, evidence: Evidence, part: str, unjudged: Sequence[str]) -> str:
    """The rows that the evidence lists, but for tables that cannot be judged."""
    listing = f"select {_listed(evidence.columns)}, null from {part}"  # noqa: S608
    conditions = [f"({evidence.where})"] if evidence.where else []
    if unjudged:
        excluded = ", ".join(literal(table) for table in unjudged)
        conditions += [f"{quoted(column)} not in ({excluded})" for column in suite.source_columns]
    return f"{listing} where {' and '.join(conditions)}" if conditions else listing


def _finding(
    check: Check, evidence: Evidence, waivers: Mapping[int, Waiver], row: Mapping[str, Any]
) -> Finding:
    # In the suite's order: jsonb has one of its own.
    key = {column: row[_KEY][column] for column in evidence.key}
    waiver = waivers[row[_WAIVER]] if row[_IS_WAIVED] else None
    return Finding(
        fingerprint=fingerprint(check.check_id, key),
        severity=row[evidence.severity] if evidence.severity else check.severity,
        tenant_id=_as_text(row[evidence.tenant]) if evidence.tenant else None,
        key=key,
        observed={column: row[column] for column in evidence.observed},
        message=check.message.format_map({name: _Spoken(value) for name, value in row.items()}),
        subject=_subject(evidence, row),
        size=row[evidence.size] if evidence.size else None,
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


def waive(result: CheckResult, waivers: Mapping[int, Waiver]) -> tuple[CheckResult, frozenset[int]]:
    """What a check that no view lists comes to under its waivers.

    Its findings have no size, so that a waiver with a bound holds for none of them.

    Args:
        result: of a check that lists all its findings.
        waivers: those in force for the check, by position.

    Returns:
        The result, and the waivers that hold for a finding, by position.
    """
    findings, held = [], set()
    for finding in result.findings:
        for position, waiver in waivers.items():
            if waiver.bound is None and waiver.key == finding.key:
                finding = finding.model_copy(update={"waiver": accepted_by(waiver)})
                held.add(position)
        findings.append(finding)
    waived_count = sum(finding.waiver is not None for finding in findings)
    status = result.status
    if status == "fail" and waived_count == result.finding_count:
        status = "unknown" if result.detail else "waived"
    waived = {"status": status, "waived_count": waived_count, "findings": findings}
    return result.model_copy(update=waived), frozenset(held)


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


def _json(key: Key) -> str:
    return f"{literal(json.dumps(key))}::jsonb"
