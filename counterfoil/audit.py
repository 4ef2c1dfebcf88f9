"""One audit: every suite at one instant, and what came of each check."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa

from counterfoil.contract import Contract
from counterfoil.database import PUBLIC_SCHEMA, STAGING_SCHEMA, Instant, pinned_engine
from counterfoil.errors import PreflightError
from counterfoil.evidence import fetch_findings
from counterfoil.findings import (
    Audit,
    CheckResult,
    CheckStatus,
    Finding,
    audit_status,
    every_check_ran,
)
from counterfoil.probes import ROW_SECURITY_ISOLATES, declared_probes, row_security_isolates
from counterfoil.rewrites import check_not_rewritten
from counterfoil.score import score
from counterfoil.sections import fetch_sections
from counterfoil.settings import Settings
from counterfoil.suites import Check, Suite, check_columns
from counterfoil.validate import Outcome, SuiteOutcome, Validator

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


def audit_database(
    contract: Contract,
    suites: Sequence[Suite],
    instant: Instant,
    settings: Settings,
    *,
    audit_id: str,
    contract_file: str,
) -> Audit:
    """Asserts every suite that the contract asks for, all of them at `instant`.

    Args:
        contract: what the database promises.
        suites: every suite there is, checked by `check_suites` and `check_expectations`.
        instant: what every query sees.
        settings: the operator's.
        audit_id: the audit's name.
        contract_file: where the contract was read from.

    Raises:
        SuiteError: a suite names a view or a column that is not there: found before
            anything is asserted.
        SnapshotError: a table was truncated or rewritten while the audit ran.
        PreflightError: the database cannot say which views there are, or which tables are
            empty.
    """
    started_at = datetime.now(UTC)
    applying = [suite for suite in suites if suite.applies_to(contract)]
    with pinned_engine(instant) as engine, engine.connect() as connection:
        views, empty_tables = _look_around(connection, contract)
        check_columns(applying, views)
        outcomes = _run(applying, instant, contract)
        results = [
            result
            for outcome in outcomes
            for result in _judge(
                connection, outcome, contract, empty_tables, limit=settings.evidence_limit
            )
        ]
        if declared_probes(contract):
            results.append(row_security_isolates(connection, contract))
        sections = fetch_sections(connection, outcomes, views)
        check_not_rewritten(connection, contract)
    scored = score(results)
    declared = [check.check_id for suite in applying for check in suite.checks]
    declared += [ROW_SECURITY_ISOLATES] if declared_probes(contract) else []
    results.append(every_check_ran(declared, results))
    return Audit(
        audit_id=audit_id,
        database=contract.database,
        contract=contract_file,
        snapshot_at=instant.as_of,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        status=audit_status(results),
        checks=results,
        score=scored,
        sections={name: [dict(row) for row in rows] for name, rows in sections.items()},
    )


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


def _run(suites: Iterable[Suite], instant: Instant, contract: Contract) -> list[SuiteOutcome]:
    validator = Validator(instant, contract.thresholds)
    try:
        outcomes = []
        for suite in suites:
            outcome = validator.run(suite)
            failed = sum(not check.success for check in outcome.checks.values())
            log.info(
                "%s: %s rows, %d of %d checks failed",
                suite.relation,
                "unknown" if outcome.row_count is None else f"{outcome.row_count:,}",
                failed,
                len(suite.checks),
            )
            outcomes.append(outcome)
        return outcomes
    finally:
        validator.close()


def _judge(
    connection: sa.Connection,
    outcome: SuiteOutcome,
    contract: Contract,
    empty_tables: frozenset[str],
    *,
    limit: int,
) -> Iterable[CheckResult]:
    """What each check of a suite came to; one that has no outcome yields nothing."""
    suite = outcome.suite
    for check in suite.checks:
        if check.check_id not in outcome.checks:
            continue
        checked = outcome.checks[check.check_id]
        reason = _why_not_judged(outcome, check, checked, contract, empty_tables)
        unjudged = _empty_sources_of_rows(outcome, empty_tables)
        if reason:
            yield _result(outcome, check, reason[0], detail=reason[1])
        elif not checked.success:
            yield _failed(connection, outcome, check, checked, unjudged, limit=limit)
        elif unjudged:
            yield _result(outcome, check, "unknown", detail=_without_rows(unjudged))
        else:
            yield _result(outcome, check, "pass")


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


def _failed(
    connection: sa.Connection,
    outcome: SuiteOutcome,
    check: Check,
    checked: Outcome,
    unjudged: Sequence[str],
    *,
    limit: int,
) -> CheckResult:
    try:
        count, findings = fetch_findings(
            connection, outcome.suite, check, checked, unjudged=unjudged, limit=limit
        )
    except sa.exc.DBAPIError as cause:
        connection.rollback()
        message = str(cause.orig).strip().splitlines()[0]
        return _result(outcome, check, "error", detail=f"its evidence cannot be read: {message}")
    if count == 0 and unjudged:
        return _result(outcome, check, "unknown", detail=_without_rows(unjudged))
    if count == 0:
        evidence = outcome.suite.evidence_of(check).relation
        detail = f"{outcome.suite.relation} counts failures, {evidence} lists none"
        return _result(outcome, check, "error", detail=detail)
    return _result(outcome, check, "fail", count=count, findings=findings)


def _result(
    outcome: SuiteOutcome,
    check: Check,
    status: CheckStatus,
    *,
    detail: str | None = None,
    count: int = 0,
    findings: Sequence[Finding] = (),
) -> CheckResult:
    return CheckResult(
        check_id=check.check_id,
        title=check.title,
        # Where rows differ in severity, the worst of them leads, and is the check's.
        severity=findings[0].severity if findings else check.severity,
        status=status,
        relation=f"{PUBLIC_SCHEMA}.{outcome.suite.relation}",
        rows_checked=outcome.rows_checked,
        finding_count=count,
        owner=check.owner,
        category=check.category,
        why=check.why,
        remedy=check.remedy,
        detail=detail,
        findings=list(findings),
    )
