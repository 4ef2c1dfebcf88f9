"""What each check came to: the outcomes of a suite, held against waivers and empty tables."""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa

from counterfoil.audit.evidence import Failure, accepted_by, fetch_failure, waive
from counterfoil.audit.failing_rows import MOST_FOLLOWED
from counterfoil.audit.findings import CheckResult, CheckStatus, Finding, WaiverState, WaiverUse
from counterfoil.audit.scope import Scope
from counterfoil.audit.waivers import Waiver, Waivers
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.suites.severities import Severity, badness
from counterfoil.suites.suite import Check
from counterfoil.suites.validator import Outcome, SuiteOutcome

# Of why rows of a summary could not be judged, how many are quoted: the summary has all.
_MOST_REASONS = 3

_TOO_MANY = f"more than {MOST_FOLLOWED:,} findings: none of them is followed singly"


class Judge:
    """Makes results of outcomes, and remembers what became of the waivers meanwhile."""

    def __init__(
        self,
        *,
        connection: sa.Connection,
        scope: Scope,
        views: Collection[str],
        empty_tables: frozenset[str],
        waivers: Waivers,
    ) -> None:
        self._connection = connection
        self._scope = scope
        self._views = views
        self._empty_tables = empty_tables
        self._waivers = waivers
        self._holding: set[int] = set()
        self._exceeded: set[int] = set()

    def results(self, outcome: SuiteOutcome) -> Iterable[CheckResult]:
        """What each check of a suite came to; one that has no outcome yields nothing."""
        for check in outcome.suite.checks:
            if check.check_id not in outcome.checks:
                continue
            checked = outcome.checks[check.check_id]
            reason = _why_not_judged(outcome, check, checked, self._scope, self._empty_tables)
            unjudged = _empty_sources_of_rows(outcome, self._empty_tables)
            partly = _why_partly_judged(outcome, check, unjudged)
            if reason:
                yield _result(outcome, check, reason[0], detail=reason[1])
            elif not checked.success:
                yield self._failed(outcome, check, checked, unjudged, partly)
            elif partly:
                yield _result(outcome, check, "unknown", detail=partly)
            elif outcome.rows_checked_by(check) == 0:
                yield _result(outcome, check, "not applicable")
            else:
                yield _result(outcome, check, "pass")

    def _failed(
        self,
        outcome: SuiteOutcome,
        check: Check,
        checked: Outcome,
        unjudged: Sequence[str],
        partly: str | None,
    ) -> CheckResult:
        try:
            failure = fetch_failure(
                self._connection,
                outcome.suite,
                check,
                checked,
                standing=self._views,
                unjudged=unjudged,
                waivers=self._waivers.of(check.check_id),
                known=self._scope.known.get(check.check_id, ()),
                limit=self._scope.evidence_limit,
            )
        except sa.exc.DBAPIError as cause:
            self._connection.rollback()
            detail = f"its evidence cannot be read: {words_of(cause)}"
            return _result(outcome, check, "error", detail=detail)
        self._holding |= failure.waivers
        self._exceeded |= failure.exceeded
        if failure.count == 0 and unjudged:
            return _result(outcome, check, "unknown", detail=partly)
        if failure.count == 0:
            evidence = outcome.suite.evidence_of(check).source
            detail = f"{outcome.suite.name} counts failures, {evidence} lists none"
            return _result(outcome, check, "error", detail=detail)
        status: CheckStatus = "waived" if failure.waived_count == failure.count else "fail"
        if not failure.is_followed:
            partly = "; ".join(filter(None, [partly, _TOO_MANY]))
        return _result(outcome, check, status, detail=partly, failure=failure)

    def accepted(self, result: CheckResult) -> CheckResult:
        """The result of a check that has no view, its findings held against the waivers."""
        waived, held, exceeded = waive(result, self._waivers.of(result.check_id))
        self._holding |= held
        self._exceeded |= exceeded
        return waived

    def waiver_uses(self, results: Sequence[CheckResult]) -> list[WaiverUse]:
        """What became of each waiver of the database, once every suite has been judged."""
        left_out = {*self._scope.check_ids_of_contract} - {*self._scope.check_ids}
        unjudged = left_out | {
            result.check_id for result in results if result.is_unjudged or result.detail
        }
        return [
            *(
                _use(waiver, self._state(position, waiver, unjudged))
                for position, waiver in enumerate(self._waivers.in_force)
            ),
            *(_use(waiver, "expired") for waiver in self._waivers.expired),
        ]

    def _state(self, position: int, waiver: Waiver, unjudged: Iterable[str]) -> WaiverState:
        if position in self._exceeded:
            return "exceeded"
        if position in self._holding:
            return "holds"
        return "not judged" if any(map(waiver.concerns, unjudged)) else "unused"


def _use(waiver: Waiver, state: WaiverState) -> WaiverUse:
    return WaiverUse(
        **accepted_by(waiver).model_dump(), check_id=waiver.check_id, key=waiver.key, state=state
    )


def _why_partly_judged(
    outcome: SuiteOutcome, check: Check, empty_tables: Sequence[str]
) -> str | None:
    """What of the summary a check can say nothing of, and why; None if it can of all of it."""
    parts = [_without_rows(empty_tables)] if empty_tables else []
    if check.unknown:
        said = [row[check.unknown] for row in outcome.summary if row[check.unknown]]
        reasons = [*dict.fromkeys(one for one in said if isinstance(one, str))]
        parts += reasons[:_MOST_REASONS]
        if len(reasons) > _MOST_REASONS:
            parts.append(f"and {len(reasons) - _MOST_REASONS} more")
        if count := sum(one for one in said if not isinstance(one, str)):
            parts.append(f"{count} cannot be judged: only a run would show")
    return "; ".join(parts) or None


def _why_not_judged(
    outcome: SuiteOutcome,
    check: Check,
    checked: Outcome,
    scope: Scope,
    empty_tables: frozenset[str],
) -> tuple[CheckStatus, str] | None:
    """Why it cannot be judged, whatever Great Expectations' result: emptiness never passes."""
    suite = outcome.suite
    for relation in (suite.relation, suite.evidence_of(check).relation):
        if relation in scope.unproven:
            return "error", f"{relation} is not proven: {scope.unproven[relation]}"
    emptied = [table for table in (*suite.sources, *check.sources) if table in empty_tables]
    if emptied:
        return "unknown", _without_rows(emptied)
    if outcome.row_count == 0:
        is_declared = bool(suite.sources) and not scope.contract.tables_in_use & set(suite.sources)
        if not (is_declared or suite.may_be_empty):
            return "error", f"{suite.name} has no rows: there was nothing to judge"
    if checked.error:
        return "error", checked.error
    return None


def _without_rows(tables: Sequence[str]) -> str:
    return f"{', '.join(tables)}: in use, and without rows (judged once there are some)"


def _empty_sources_of_rows(outcome: SuiteOutcome, empty_tables: frozenset[str]) -> list[str]:
    """The empty tables that rows of a summary are about.

    Counting 0 of 0 is no pass, and every child of an emptied parent is no finding.
    """
    return sorted(
        {
            row[column]
            for row in outcome.summary
            for column in outcome.suite.source_columns
            if row[column] in empty_tables
        }
    )


def _severity(check: Check, findings: Sequence[Finding]) -> Severity:
    """Where rows differ in severity, that of the worst which nobody waived, or else of all."""
    counting = [finding for finding in findings if finding.waiver is None]
    severities = [finding.severity for finding in counting or findings]
    return min(severities, key=badness, default=check.severity)


def _result(
    outcome: SuiteOutcome,
    check: Check,
    status: CheckStatus,
    *,
    detail: str | None = None,
    failure: Failure | None = None,
) -> CheckResult:
    failure = failure or Failure(0)
    return CheckResult(
        check_id=check.check_id,
        ledger=outcome.suite.ledger,
        title=check.title,
        severity=_severity(check, failure.findings),
        status=status,
        relation=f"{PUBLIC_SCHEMA}.{outcome.suite.relation}",
        rows_checked=outcome.rows_checked_by(check),
        finding_count=failure.count,
        waived_count=failure.waived_count,
        tenant_counts=dict(failure.tenant_counts),
        seconds=outcome.seconds,
        owner=check.owner,
        category=check.category,
        why=check.why,
        remedy=check.remedy,
        detail=detail,
        findings=list(failure.findings),
        sized_by=check.size and f"{outcome.suite.evidence_of(check).relation}.{check.size.column}",
        unit=check.size and check.size.unit,
        rows=outcome.suite.failing_rows(check),
        abouts=list(outcome.suite.evidence_of(check).abouts),
    ).following(failure.traces)
