"""The rows behind a failed check: fetched for it alone, capped, and counted exactly."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from counterfoil.findings import Finding, fingerprint
from counterfoil.suites import Check, Evidence, Suite
from counterfoil.validate import Outcome

_JUDGED = "counterfoil_judged"
_SEVEREST_FIRST = "array_position(array['critical', 'warning', 'info'], {}) nulls first"
# As to_jsonb writes a timestamptz in an audit's session, whose time zone is UTC.
_INSTANT = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?\+00:00$")


def fetch_findings(
    connection: sa.Connection,
    suite: Suite,
    check: Check,
    outcome: Outcome,
    *,
    unjudged: Sequence[str],
    limit: int,
) -> tuple[int, list[Finding]]:
    """How many rows fail the check, and the largest of them.

    Args:
        connection: one that sees the audit's instant.
        suite: the check's suite.
        check: a check that failed.
        outcome: what Great Expectations said of it.
        unjudged: tables about which a summary can say nothing; their rows do not count.
        limit: how many findings to list.

    Returns:
        The exact number of failing rows, and at most `limit` findings: by severity where
        rows differ in it, by size, then by key.
    """
    evidence = suite.evidence_of(check)
    failing = _failing_rows(suite, evidence, outcome, unjudged)
    order = [_SEVEREST_FIRST.format(_quoted(evidence.severity))] if evidence.severity else []
    if evidence.size:
        order.append(f"abs({_quoted(evidence.size)}::numeric) desc nulls first")
    order += [_quoted(column) for column in evidence.key]
    # The count is taken before the limit, in the same scan. As JSON a value arrives whatever
    # its type: Python's own dates, for one, end with the year 9999.
    statement = (
        f"select to_jsonb(failing) as evidence, count(*) over () as finding_count"  # noqa: S608
        f" from ({failing}) as failing ({_listed(evidence.columns)}, {_JUDGED})"
        f" order by {', '.join(order)} limit {limit:d}"
    )
    # It has no parameters: a percent sign in it, of a pattern or a value, is one.
    rows = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).all()
    count = int(rows[0].finding_count) if rows else 0
    return count, [_finding(check, evidence, row.evidence) for row in rows]


def _failing_rows(
    suite: Suite, evidence: Evidence, outcome: Outcome, unjudged: Sequence[str]
) -> str:
    """Great Expectations' own queries for the rows that fail, or the view that lists them."""
    if outcome.failing_queries:
        return " union all ".join(f"({query})" for query in outcome.failing_queries)
    listing = f"select {_listed(evidence.columns)}, null from {evidence.relation}"  # noqa: S608
    excluded = ", ".join(_literal(table) for table in unjudged)
    judged = [f"{_quoted(column)} not in ({excluded})" for column in suite.source_columns]
    return f"{listing} where {' and '.join(judged)}" if unjudged else listing


def _finding(check: Check, evidence: Evidence, row: Mapping[str, Any]) -> Finding:
    key = {column: _as_text(row[column]) for column in evidence.key}
    return Finding(
        fingerprint=fingerprint(check.check_id, key),
        severity=row[evidence.severity] if evidence.severity else check.severity,
        tenant_id=_as_text(row[evidence.tenant]) if evidence.tenant else None,
        key=key,
        observed={column: row[column] for column in evidence.observed},
        message=check.message.format_map({name: _Spoken(value) for name, value in row.items()}),
    )


class _Spoken:
    """A value in a message: null is said as such, whatever format it is asked for in."""

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
    return ", ".join(_quoted(column) for column in columns)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quoted(column: str | None) -> str:
    assert column is not None
    return '"' + column.replace('"', '""') + '"'
