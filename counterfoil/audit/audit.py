"""One audit: every suite at one instant, and what came of each check."""

import logging
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from counterfoil.audit.evidence import Failure, Key, accepted_by, fetch_failure, waive
from counterfoil.audit.findings import (
    Audit,
    CheckResult,
    CheckStatus,
    Finding,
    WaiverState,
    WaiverUse,
    audit_status,
)
from counterfoil.audit.probes import declared_probes, row_security_isolates
from counterfoil.audit.rewrites import check_not_rewritten
from counterfoil.audit.score import score, tenant_score
from counterfoil.audit.sections import gather_sections, read_sections
from counterfoil.audit.self_checks import every_check_ran, waivers_in_use
from counterfoil.audit.waivers import Waiver, Waivers, waivers_on
from counterfoil.common.errors import CounterfoilError, PreflightError
from counterfoil.common.text import first_line
from counterfoil.contract.contract import Contract, Pack
from counterfoil.postgres.instant import Instant, pinned_engine
from counterfoil.postgres.rows import Awaited, open_reader
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.suites.suite import (
    ROW_SECURITY_ISOLATES,
    SEVERITIES,
    Check,
    Severity,
    Suite,
    check_columns,
)
from counterfoil.suites.validator import Outcome, SuiteOutcome, Validator, check_expectations

log = logging.getLogger(__name__)

_COLUMNS = sa.text("""
    select relation.relname, array_agg(attribute.attname::text) as columns
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = :schema
        and relation.relkind = 'v'
        and attribute.attnum > 0
        and not attribute.attisdropped
    group by relation.relname
""")


@dataclass(frozen=True)
class Scope:
    """What an audit judges.

    Attributes:
        contract: what the database promises.
        contract_file: where it was read from, as the audit will say.
        suites: every suite there is, checked by `check_suites`.
        packs: which of the contract's are audited; all of them if none is named. Of the rest
            nothing is read, and nothing said.
        waivers: the accepted findings, of whatever database.
        looked_for: by check_id, keys of findings that are to be listed however small they
            are: those open since an earlier audit.
        evidence_limit: how many findings are listed of a check; all are counted.
    """

    contract: Contract
    contract_file: str
    suites: tuple[Suite, ...]
    packs: tuple[Pack, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    looked_for: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    evidence_limit: int = 100

    @property
    def audited(self) -> Contract:
        """The contract with those of its packs that are audited."""
        return self.contract.narrowed_to(self.packs)


def audit(
    scope: Scope,
    instant: Instant,
    *,
    audit_id: str | None = None,
    data_docs: Path | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Audit:
    """Asserts every suite that the contract asks for, all of them at `instant`.

    Args:
        scope: what is judged.
        instant: what every query sees.
        audit_id: the audit's name; a new one if none is given.
        data_docs: where Great Expectations' own site is to be; None for none.
        progress: told after each suite how many are done, and of how many.

    Raises:
        WaiverError: two waivers are of one finding.
        SuiteError: Great Expectations does not know an expectation, or a suite names a view or
            a column that is not there: found before anything is asserted.
        SnapshotError: a table was truncated or rewritten while the audit ran.
        UnavailableError: a connection was lost; nothing that was found is of use.
        PreflightError: the database cannot say which views there are, or which tables are
            empty.
    """
    started_at = datetime.now(UTC)
    contract, suites, audited = scope.contract, scope.suites, scope.audited
    packs_left_out = [pack for pack in contract.packs if pack not in audited.packs]
    applying = [suite for suite in suites if suite.applies_to(audited)]
    everything, declared = _declared(suites, contract), _declared(suites, audited)
    today = instant.as_of.astimezone(UTC).date()
    check_expectations(applying)
    held = waivers_on(scope.waivers, contract.database, today, everything)
    try:
        with (
            pinned_engine(instant) as engine,
            engine.connect() as connection,
            open_reader(connection, instant) as reader,
        ):
            views, empty_tables = _look_around(connection, contract)
            check_columns(applying, views)
            # In the order in which they are needed: the suites' before the report's.
            summaries = {
                suite.relation: reader.read(suite.relation)
                for suite in applying
                if suite.is_summary
            }
            sections_read = read_sections(reader, views, audited.packs)
            validator = Validator(instant, contract.thresholds, data_docs)
            outcomes = _run(applying, summaries, validator, instant, progress)
            # Before the evidence: until all are there, the connection is the reader's.
            sections = gather_sections(sections_read, outcomes)
            judge = _Judge(
                connection=connection,
                contract=contract,
                empty_tables=empty_tables,
                waivers=held,
                looked_for=scope.looked_for,
                left_out=frozenset(everything) - frozenset(declared),
                limit=scope.evidence_limit,
            )
            results = [result for outcome in outcomes for result in judge.results(outcome)]
            if declared_probes(audited):
                results.append(judge.accepted(row_security_isolates(connection, contract)))
            check_not_rewritten(connection, contract)
    except (CounterfoilError, sa.exc.DBAPIError):
        # What went wrong may be a lost connection, and then that is what to say.
        instant.check_unbroken()
        raise
    instant.check_unbroken()
    scored, scored_by_tenant = score(results), tenant_score(results)
    uses = judge.waiver_uses(results)
    results += [
        every_check_ran(declared, results, packs_left_out),
        waivers_in_use(uses, packs_left_out),
    ]
    return Audit(
        audit_id=audit_id or new_audit_id(),
        database=contract.database,
        contract=scope.contract_file,
        snapshot_at=instant.as_of,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        status=audit_status(results),
        checks=results,
        score=scored,
        tenant_score=scored_by_tenant,
        waivers=uses,
        packs_left_out=packs_left_out,
        empty_tables=sorted(empty_tables),
        sections={name: [dict(row) for row in rows] for name, rows in sections.items()},
    )


def new_audit_id() -> str:
    """A name for an audit that sorts by time and is like no other."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def _declared(suites: Iterable[Suite], contract: Contract) -> list[str]:
    """The ids of the checks that a contract asks for, the audit's own aside."""
    check_ids = [
        check.check_id for suite in suites if suite.applies_to(contract) for check in suite.checks
    ]
    return [*check_ids, ROW_SECURITY_ISOLATES] if declared_probes(contract) else check_ids


def _look_around(
    connection: sa.Connection, contract: Contract
) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    """The columns of each view, and the empty tables: without either nothing can be judged."""
    try:
        return _view_columns(connection), _empty_tables(connection)
    except sa.exc.DBAPIError as cause:
        raise PreflightError(
            f"cannot tell which tables are empty, and an empty one would pass: {cause.orig}",
            where=f"database {contract.database}",
            remedy="Mend that, and run the audit again",
        ) from None


def _view_columns(connection: sa.Connection) -> Mapping[str, frozenset[str]]:
    rows = connection.execute(_COLUMNS, {"schema": PUBLIC_SCHEMA})
    return {row.relname: frozenset(row.columns) for row in rows}


def _empty_tables(connection: sa.Connection) -> frozenset[str]:
    statement = sa.text(f"select table_name from {STAGING_SCHEMA}.empty_tables")  # noqa: S608
    return frozenset(connection.scalars(statement))


def _run(
    suites: Sequence[Suite],
    summaries: Mapping[str, Awaited],
    validator: Validator,
    instant: Instant,
    progress: Callable[[int, int], None],
) -> list[SuiteOutcome]:
    """The outcomes, in the order of the suites."""
    outcomes: dict[str, SuiteOutcome] = {}
    try:
        # Summaries are read while other views are asked; they are asserted over at the end.
        for suite in sorted(suites, key=lambda suite: suite.is_summary):
            outcome = validator.run(suite, summaries.get(suite.relation))
            failed = sum(not check.success for check in outcome.checks.values())
            log.info(
                "%s: %s rows, %d of %d checks failed",
                suite.relation,
                "unknown" if outcome.row_count is None else f"{outcome.row_count:,}",
                failed,
                len(suite.checks),
            )
            outcomes[suite.relation] = outcome
            instant.check_unbroken()
            progress(len(outcomes), len(suites))
        validator.write_data_docs()
        return [outcomes[suite.relation] for suite in suites]
    finally:
        validator.close()


class _Judge:
    """Makes results of outcomes, and remembers what became of the waivers meanwhile."""

    def __init__(
        self,
        *,
        connection: sa.Connection,
        contract: Contract,
        empty_tables: frozenset[str],
        waivers: Waivers,
        looked_for: Mapping[str, Sequence[Key]],
        left_out: frozenset[str],
        limit: int,
    ) -> None:
        self._connection = connection
        self._contract = contract
        self._empty_tables = empty_tables
        self._waivers = waivers
        self._looked_for = looked_for
        self._left_out = left_out
        self._limit = limit
        self._holding: set[int] = set()
        self._exceeded: set[int] = set()

    def results(self, outcome: SuiteOutcome) -> Iterable[CheckResult]:
        """What each check of a suite came to; one that has no outcome yields nothing."""
        for check in outcome.suite.checks:
            if check.check_id not in outcome.checks:
                continue
            checked = outcome.checks[check.check_id]
            reason = _why_not_judged(outcome, check, checked, self._contract, self._empty_tables)
            unjudged = _empty_sources_of_rows(outcome, self._empty_tables)
            if reason:
                yield _result(outcome, check, reason[0], detail=reason[1])
            elif not checked.success:
                yield self._failed(outcome, check, checked, unjudged)
            elif unjudged:
                yield _result(outcome, check, "unknown", detail=_without_rows(unjudged))
            elif unknown := _count_unknown(outcome, check):
                detail = f"{unknown} cannot be judged: only a run would tell"
                yield _result(outcome, check, "unknown", detail=detail)
            else:
                yield _result(outcome, check, "pass")

    def _failed(
        self, outcome: SuiteOutcome, check: Check, checked: Outcome, unjudged: Sequence[str]
    ) -> CheckResult:
        try:
            failure = fetch_failure(
                self._connection,
                outcome.suite,
                check,
                checked,
                unjudged=unjudged,
                waivers=self._waivers.of(check.check_id),
                looked_for=self._looked_for.get(check.check_id, ()),
                limit=self._limit,
            )
        except sa.exc.DBAPIError as cause:
            self._connection.rollback()
            detail = f"its evidence cannot be read: {first_line(cause.orig)}"
            return _result(outcome, check, "error", detail=detail)
        self._holding |= failure.waivers
        self._exceeded |= failure.exceeded
        partly = _without_rows(unjudged) if unjudged else None
        if failure.count == 0 and unjudged:
            return _result(outcome, check, "unknown", detail=partly)
        if failure.count == 0:
            evidence = outcome.suite.evidence_of(check).relation
            detail = f"{outcome.suite.relation} counts failures, {evidence} lists none"
            return _result(outcome, check, "error", detail=detail)
        status: CheckStatus = "waived" if failure.waived_count == failure.count else "fail"
        return _result(outcome, check, status, detail=partly, failure=failure)

    def accepted(self, result: CheckResult) -> CheckResult:
        """The result of a check that has no view, its findings held against the waivers."""
        waived, held = waive(result, self._waivers.of(result.check_id))
        self._holding |= held
        return waived

    def waiver_uses(self, results: Sequence[CheckResult]) -> list[WaiverUse]:
        """What became of each waiver of the database, once every suite has been judged."""
        unjudged = self._left_out | {
            result.check_id
            for result in results
            if result.status in ("error", "unknown") or result.detail
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


def _count_unknown(outcome: SuiteOutcome, check: Check) -> int:
    """What the summary counts that a check can say nothing of."""
    if check.unknown is None:
        return 0
    return int(sum(row[check.unknown] or 0 for row in outcome.summary))


def _why_not_judged(
    outcome: SuiteOutcome,
    check: Check,
    checked: Outcome,
    contract: Contract,
    empty_tables: frozenset[str],
) -> tuple[CheckStatus, str] | None:
    """Why nothing can be said, whatever Great Expectations said: emptiness never passes."""
    suite = outcome.suite
    emptied = [table for table in (*suite.sources, *check.sources) if table in empty_tables]
    if emptied:
        return "unknown", _without_rows(emptied)
    if outcome.row_count == 0:
        is_declared = bool(suite.sources) and not contract.tables_in_use & set(suite.sources)
        if not (is_declared or suite.may_be_empty):
            return "error", f"{suite.relation} has no rows: there was nothing to judge"
    if checked.error:
        return "error", checked.error
    return None


def _without_rows(tables: Sequence[str]) -> str:
    return f"{', '.join(tables)}: in use, and without rows"


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
    return min(severities, key=SEVERITIES.index, default=check.severity)


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
        title=check.title,
        severity=_severity(check, failure.findings),
        status=status,
        relation=f"{PUBLIC_SCHEMA}.{outcome.suite.relation}",
        rows_checked=outcome.rows_checked,
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
    )
