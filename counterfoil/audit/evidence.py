"""The rows behind a failed check: fetched for it alone, counted and followed, some listed.

Here, and nowhere else, waivers are subtracted.
"""

import json
import re
import shlex
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from typing import Any, cast

import sqlalchemy as sa

from counterfoil.audit.failing_rows import (
    ABOUT,
    IS_WAIVED,
    KEY,
    MOST_FOLLOWED,
    WAIVER,
    FailingRows,
)
from counterfoil.audit.findings import (
    Acceptance,
    CheckResult,
    Finding,
    Measure,
    Trace,
    fingerprint,
    measure,
    trace_of,
)
from counterfoil.audit.waivers import Waiver
from counterfoil.common.text import counted
from counterfoil.suites.severities import Severity, badness
from counterfoil.suites.suite import Check, Repair, Suite
from counterfoil.suites.validator import Outcome
from counterfoil.views.parts import parts_of

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
        abouts: by fingerprint what each may be about, where that may be several things.
        waivers: the waivers that hold for a row, by position.
        exceeded: those that name a row that is worse than their bound.
    """

    count: int
    waived_count: int = 0
    tenant_counts: Mapping[str, int] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    traces: Sequence[Trace] = ()
    abouts: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    waivers: frozenset[int] = frozenset()
    exceeded: frozenset[int] = frozenset()

    @property
    def is_followed(self) -> bool:
        """Whether each of its rows is followed singly."""
        return self.count <= MOST_FOLLOWED


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
    sought = FailingRows(suite, check, waivers, limit)
    if outcome.failing_queries:
        # Great Expectations' own, of a view that is in one part.
        parts = [sought.evidence.relation]
        failing = [" union all ".join(f"({query})" for query in outcome.failing_queries)]
    else:
        parts = parts_of(sought.evidence.relation, standing)
        failing = [sought.listing(part, unjudged) for part in parts]
    failures = []
    for part, rows in zip(parts, failing, strict=True):
        row = _read(connection, sought.all_of(rows))
        failures.append(_failure(sought, row, _listed(connection, sought, part, row)))
    failure = failures[0] if len(failures) == 1 else _together(failures, sought)
    if not failure.is_followed:
        return replace(failure, traces=(_too_many(check, failure),))
    unlisted = _new_and_unlisted(failure, known, limit)
    if unlisted:
        besides: list[Finding] = []
        for part, rows in zip(parts, failing, strict=True):
            row = _read(connection, sought.some_of(rows, unlisted))
            besides += _findings(sought, _listed(connection, sought, part, row))
        failure = _with(failure, besides)
    return _each_about_one(failure)


def _read(connection: sa.Connection, statement: str) -> sa.Row[Any]:
    # It has no parameters: a percent sign in it, of a pattern or a value, is one.
    row = connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).one()
    # Its locks are given back before the next takes as many.
    connection.rollback()
    return row


def _listed(
    connection: sa.Connection, sought: FailingRows, part: str, row: sa.Row[Any]
) -> list[dict[str, Any]]:
    """The rows that are listed, each as JSON, with what is told of these alone."""
    listed: list[dict[str, Any]] = row.listed or []
    if not listed or not sought.evidence.told:
        return listed
    keys = json.dumps([item[KEY] for item in listed])
    told = _read(connection, sought.told_of(part, keys)).listed or []
    by_key = {_name(item[KEY]): item for item in told}
    return [by_key.get(_name(item[KEY]), {}) | item for item in listed]


def _name(key: Mapping[str, str | None]) -> str:
    return json.dumps(key, sort_keys=True)


def _failure(sought: FailingRows, row: sa.Row[Any], listed: Sequence[Mapping[str, Any]]) -> Failure:
    findings = list({one.fingerprint: one for one in _findings(sought, listed)}.values())
    traces = _traces(sought, row, findings)
    return Failure(
        count=row.finding_count,
        waived_count=row.waived_count,
        tenant_counts=row.tenant_counts or {},
        findings=findings,
        traces=traces,
        abouts=_abouts(sought, row, traces) if len(sought.evidence.subjects) > 1 else {},
        waivers=frozenset(row.held or ()),
        exceeded=frozenset(row.named or ()) - frozenset(row.held or ()),
    )


def _findings(sought: FailingRows, listed: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    return (_finding(sought, item) for item in listed)


def _traces(sought: FailingRows, row: sa.Row[Any], findings: Sequence[Finding]) -> list[Trace]:
    """Every failing row, as far as it is followed; only those listed if they are too many."""
    if row.keys is None:
        return [trace_of(finding) for finding in findings]
    listed = {finding.fingerprint: finding for finding in findings}
    check = sought.check
    traces = []
    for key, severity, tenant, about, size, is_waived in zip(
        row.keys, row.severities, row.tenants, row.abouts, row.sizes, row.waived, strict=True
    ):
        name = fingerprint(check.check_id, json.loads(key))
        trace = Trace(
            fingerprint=name,
            key=key,
            severity=cast("Severity", sys.intern(severity)) if severity else check.severity,
            tenant_id=tenant and sys.intern(tenant),
            subject=_first(about),
            size=measure(size),
            is_waived=is_waived,
            message=None,
        )
        traces.append(_told(trace, listed.get(name)))
    return traces


def _with(failure: Failure, besides: Sequence[Finding]) -> Failure:
    """The failure with further findings listed."""
    told = {finding.fingerprint: finding for finding in besides}
    return replace(
        failure,
        findings=[*failure.findings, *besides],
        traces=[_told(trace, told.get(trace.fingerprint)) for trace in failure.traces],
    )


def _told(trace: Trace, finding: Finding | None) -> Trace:
    """The trace, with the words of its finding if that is listed."""
    if finding is None:
        return trace
    return replace(
        trace,
        message=finding.message,
        headline=finding.headline,
        together=finding.together,
    )


def _each_about_one(failure: Failure) -> Failure:
    """Each finding is about what most of the check's are about, of what it may be about itself.

    Ten rows that reference one of another tenant are about that one; a row that references two
    of another tenant is about itself. Where they are as many, it is the first that it names.
    """
    shared = Counter(name for names in failure.abouts.values() for name in {*names} - {None})
    about = {
        fingerprint: max(filter(None, names), key=shared.__getitem__, default=None)
        for fingerprint, names in failure.abouts.items()
    }
    moved = {
        trace.fingerprint: about[trace.fingerprint]
        for trace in failure.traces
        if about.get(trace.fingerprint, trace.subject) != trace.subject
    }
    if not moved:
        return failure
    findings = {
        one.fingerprint: one.model_copy(update={"subject": moved.get(one.fingerprint, one.subject)})
        for one in failure.findings
    }
    return replace(
        failure,
        findings=[*findings.values()],
        traces=[
            _told(replace(one, subject=moved[one.fingerprint]), findings.get(one.fingerprint))
            if one.fingerprint in moved
            else one
            for one in failure.traces
        ],
    )


def _abouts(
    sought: FailingRows, row: sa.Row[Any], traces: Sequence[Trace]
) -> Mapping[str, Sequence[str | None]]:
    if row.abouts is not None:
        return {one.fingerprint: about for one, about in zip(traces, row.abouts, strict=True)}
    check_id = sought.check.check_id
    return {fingerprint(check_id, item[KEY]): item[ABOUT] for item in row.listed or ()}


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


def _together(failures: Sequence[Failure], sought: FailingRows) -> Failure:
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
        abouts={name: names for each in failures for name, names in each.abouts.items()},
        waivers=held,
        exceeded=frozenset[int]().union(*(failure.exceeded for failure in failures)) - held,
    )


def _finding(sought: FailingRows, row: Mapping[str, Any]) -> Finding:
    check, evidence = sought.check, sought.evidence
    # In the suite's order: jsonb has one of its own.
    key = {column: row[KEY][column] for column in evidence.key}
    waiver = sought.waivers[row[WAIVER]] if row[IS_WAIVED] else None
    spoken = {name: _Spoken(value) for name, value in row.items()}
    message, headline = check.message.format_map(spoken).removesuffix(": "), None
    if check.headline:
        headline = check.headline.format_map(spoken)
        message = f"{headline}: {message}"
    together = {
        name: told.format_map(spoken)
        for name, told in zip(row[ABOUT], evidence.together, strict=False)
        if name and told
    }
    finding = Finding(
        fingerprint=fingerprint(check.check_id, key),
        severity=row[evidence.severity] if evidence.severity else check.severity,
        tenant_id=_as_text(row[evidence.tenant]) if evidence.tenant else None,
        key=key,
        observed={column: row[column] for column in (*evidence.observed, *evidence.told)},
        message=message,
        headline=headline,
        repair=check.repair and _options(check.repair, row),
        subject=_first(row[ABOUT]),
        size=_finite(row[check.size.column]) if check.size else None,
        waiver=waiver and accepted_by(waiver),
    )
    return finding.telling(together)


def _options(repair: Repair, row: Mapping[str, Any]) -> str | None:
    """The options of the command that plans it; None if one has no value."""
    values = {name: row[name] for name in repair.options}
    if None in values.values():
        return None
    return " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in values.items())


def _finite(size: Any) -> Measure | None:
    """A size; JSON has texts for what is no finite number, and that is none."""
    return None if isinstance(size, str) else size


def _first(about: Sequence[str | None]) -> str | None:
    return next(filter(None, about), None)


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
    """A value in a message: null is shown as such, whatever its format; `row|rows` counts."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __format__(self, specification: str) -> str:
        if self.value is None:
            return "null"
        if isinstance(self.value, str):
            return _INSTANT.sub(r"\1 \2 UTC", self.value)
        if not isinstance(self.value, int | float):
            return str(self.value)
        whole = isinstance(self.value, float) and self.value.is_integer()
        number = int(self.value) if whole else self.value
        if "|" in specification:
            return counted(number, *specification.split("|"))
        return format(number, specification if number else specification.replace("+", ""))


def _as_text(value: Any) -> str | None:
    return None if value is None else str(value)
