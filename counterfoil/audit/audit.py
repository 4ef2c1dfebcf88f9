"""One audit: every suite at one instant, and what came of each check."""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from counterfoil.audit.audit_id import new_audit_id
from counterfoil.audit.collations import is_outdated
from counterfoil.audit.findings import Audit, CheckResult, audit_status
from counterfoil.audit.judge import Judge
from counterfoil.audit.policies import policies_name_the_tenant
from counterfoil.audit.probes import of_strangers, row_security_isolates
from counterfoil.audit.rewrites import check_not_rewritten
from counterfoil.audit.scope import Scope
from counterfoil.audit.score import score, tenant_score
from counterfoil.audit.sections import gather_sections, read_sections
from counterfoil.audit.self_checks import every_check_ran, waivers_in_use
from counterfoil.audit.waivers import waivers_on
from counterfoil.common.errors import PreflightError
from counterfoil.postgres.instant import Instant, pinned_connection
from counterfoil.postgres.rows import Awaited, Reader, open_reader
from counterfoil.postgres.schemas import PUBLIC_SCHEMA, STAGING_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.suites.own_checks import POLICIES_NAME_THE_TENANT
from counterfoil.suites.suite import Suite, check_columns
from counterfoil.suites.validator import Asserter, SuiteOutcome, Validator, check_expectations
from counterfoil.views.parts import parts_of

log = logging.getLogger(__name__)


_COLUMNS = sa.text("""
    select namespace.nspname, relation.relname, array_agg(attribute.attname::text) as columns
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as namespace on namespace.oid = relation.relnamespace
    join pg_catalog.pg_attribute as attribute on attribute.attrelid = relation.oid
    where namespace.nspname = any(:schemas)
        and relation.relkind = 'v'
        and attribute.attnum > 0
        and not attribute.attisdropped
    group by namespace.nspname, relation.relname
""")


def audit(
    scope: Scope,
    instant: Instant,
    *,
    audit_id: str | None = None,
    data_docs: Path | None = None,
    asserted_by: Asserter | None = None,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Audit:
    """Asserts every suite that the contract asks for, all of them at `instant`.

    Args:
        scope: what is judged.
        instant: what every query sees.
        audit_id: the audit's name; a new one if none is given.
        data_docs: where Great Expectations' own site is to be; None for none.
        asserted_by: what asserts the suites in place of Great Expectations.
        progress: called after each suite with how many are done, and of how many.

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
    today = instant.as_of.astimezone(UTC).date()
    if asserted_by is None:
        check_expectations(scope.applying)
    held = waivers_on(scope.waivers, scope.database, today, scope.check_ids_of_contract)
    with (
        pinned_connection(instant) as connection,
        open_reader(connection, instant) as reader,
    ):
        views, empty_tables = _look_around(connection, scope.database)
        if is_outdated(connection, scope.compared):
            log.warning("A collation has changed: no index is read (schema.collations_current)")
            instant.distrust_indexes()
        connection.rollback()
        check_columns(scope.applying, views)
        # In the order in which they are needed: the suites' before the report's.
        summaries = _read_summaries(reader, scope.applying, views)
        sections_read = read_sections(
            reader, scope.reports, views, scope.audited.packs, [*scope.audited.ledgers]
        )
        asserter = asserted_by or Validator(instant, data_docs)
        outcomes = _run(scope.applying, summaries, asserter, instant, progress)
        # Before the evidence: until all are there, the connection is the reader's.
        sections = gather_sections(sections_read, scope.reports, outcomes)
        judge = Judge(
            connection=connection,
            scope=scope,
            views=views,
            empty_tables=empty_tables,
            waivers=held,
        )
        results = [result for outcome in outcomes for result in judge.results(outcome)]
        results += map(judge.accepted, _row_security(connection, scope))
        check_not_rewritten(connection, scope.relations)
    instant.check_unbroken()
    places = dict(pair for report in scope.reports for pair in report.score.items())
    scored, scored_by_tenant = score(results, places), tenant_score(results, places)
    uses = judge.waiver_uses(results)
    results += [
        every_check_ran(scope.checks, results, scope.packs_left_out),
        waivers_in_use(
            uses,
            scope.packs_left_out,
            limit=scope.evidence_limit,
        ),
    ]
    return Audit(
        audit_id=audit_id or new_audit_id(),
        database=scope.database,
        contract=scope.contract_file,
        snapshot_at=instant.as_of,
        started_at=started_at,
        finished_at=datetime.now(UTC),
        status=audit_status(results),
        checks=results,
        score=scored,
        tenant_score=scored_by_tenant,
        waivers=uses,
        contacts={name: contact.told for name, contact in scope.contract.owners.items()},
        packs_left_out=scope.packs_left_out,
        empty_tables=sorted(empty_tables),
        sections={name: [dict(row) for row in rows] for name, rows in sections.items()},
    )


def _row_security(connection: sa.Connection, scope: Scope) -> Iterator[CheckResult]:
    """The checks of row security that no view can make."""
    if scope.has_policies:
        seen = [placed.probe for placed in scope.probes if "select" in placed.probe.commands]
        own = {probe.table for probe in seen if probe.own_rows}
        unproven = scope.unproven.get(POLICIES_NAME_THE_TENANT.relation)
        yield policies_name_the_tenant(connection, own, unproven)
    if scope.probes or scope.strangers:
        strangers = of_strangers(connection, scope.strangers, scope.contract.locate)
        yield row_security_isolates(connection, [*scope.probes, *strangers])


def _look_around(
    connection: sa.Connection, database: str
) -> tuple[Mapping[str, frozenset[str]], frozenset[str]]:
    """The columns of each view, and the empty tables: without either nothing can be judged."""
    try:
        views = _view_columns(connection)
        return views[PUBLIC_SCHEMA], _empty_tables(connection, views[STAGING_SCHEMA])
    except sa.exc.DBAPIError as cause:
        raise PreflightError(
            f"cannot tell which tables are empty, and an empty one would pass: {words_of(cause)}",
            where=f"database {database}",
            remedy="Correct what Postgres names, and run the audit again",
        ) from None


def _view_columns(connection: sa.Connection) -> Mapping[str, Mapping[str, frozenset[str]]]:
    """By schema of ours and view, its columns."""
    views: dict[str, dict[str, frozenset[str]]] = {PUBLIC_SCHEMA: {}, STAGING_SCHEMA: {}}
    for row in connection.execute(_COLUMNS, {"schemas": [*views]}):
        views[row.nspname][row.relname] = frozenset(row.columns)
    return views


def _empty_tables(connection: sa.Connection, views: Collection[str]) -> frozenset[str]:
    empty: set[str] = set()
    for part in parts_of("empty_tables", views):
        statement = sa.text(f"select table_name from {STAGING_SCHEMA}.{part}")  # noqa: S608
        empty.update(connection.scalars(statement))
        # Its locks are given back before the next takes as many.
        connection.rollback()
    return frozenset(empty)


def _read_summaries(
    reader: Reader, suites: Iterable[Suite], views: Collection[str]
) -> dict[str, Awaited]:
    """Has the rows of each summary read, by the suite's name.

    Where one pass is for several rules, they are read together; and if that fails, one by one, so
    that a rule which runs into the time-out is an error of its own.
    """
    summaries: dict[str, Awaited] = {}
    together: dict[str, Awaited] = {}
    for suite in suites:
        if not suite.is_summary:
            continue
        if suite.singly is None:
            parts = [suite.rows_of(part) for part in parts_of(suite.relation, views)]
            summaries[suite.name] = reader.read(parts)
            continue
        if suite.relation not in together:
            together[suite.relation] = reader.read(parts_of(suite.relation, views))
        alone = [suite.rows_of(part) for part in parts_of(suite.singly, views)]
        own = partial(lambda rule, row: row["rule"] == rule, suite.ledger)
        summaries[suite.name] = reader.share(together[suite.relation], own, alone)
    return summaries


def _run(
    suites: Sequence[Suite],
    summaries: Mapping[str, Awaited],
    asserter: Asserter,
    instant: Instant,
    progress: Callable[[int, int], None],
) -> list[SuiteOutcome]:
    """The outcomes, in the order of the suites."""
    outcomes: dict[str, SuiteOutcome] = {}
    try:
        # Summaries are read while other views are asked; they are asserted over at the end.
        for suite in sorted(suites, key=lambda suite: suite.is_summary):
            outcome = asserter.run(suite, summaries.get(suite.name))
            failed = sum(not check.success for check in outcome.checks.values())
            log.info(
                "%s: %s rows, %d of %d checks failed",
                suite.name,
                "unknown" if outcome.row_count is None else f"{outcome.row_count:,}",
                failed,
                len(suite.checks),
            )
            outcomes[suite.name] = outcome
            instant.check_unbroken()
            progress(len(outcomes), len(suites))
        asserter.write_data_docs()
        return [outcomes[suite.name] for suite in suites]
    finally:
        asserter.close()
