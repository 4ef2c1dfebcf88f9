"""Running the suites with Great Expectations, at one instant.

Great Expectations bundles all column expectations of a view into one SELECT when it is
asked for booleans only, so that is what it is asked for, with the query that would find
each failing row: evidence.py runs that for the checks that failed, and for no other.

A summary (a few rows, each the result of a scan) is fetched once and asserted over in
memory: what the report shows is then exactly what was asserted.
"""

import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from counterfoil.common.errors import SuiteError
from counterfoil.common.text import first_line
from counterfoil.postgres.instant import Instant
from counterfoil.postgres.rows import Awaited, Row
from counterfoil.postgres.words import words_of
from counterfoil.suites.data_docs import DataDocs
from counterfoil.suites.suite import Check, Expectation, Suite

log = logging.getLogger(__name__)

# Before its first import: it would look for a home to report usage to.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

_QUERY = "unexpected_index_query"
_ROW_COUNT = 'AS "table.row_count"'


@dataclass(frozen=True)
class Outcome:
    """Great Expectations' result of one check.

    Attributes:
        success: every row of the view satisfies it, and none is null.
        failing_queries: SQL selecting the columns that the suite's checks list, and the column
            judged after them, for the rows that do not; empty for a summary.
        error: why it could not be run, in one line.
    """

    success: bool
    failing_queries: tuple[str, ...] = ()
    error: str | None = None

    def where(self, condition: str) -> "Outcome":
        """The outcome, whose queries select only those rows."""
        queries = (
            f"select * from ({query}) as failing where {condition}"  # noqa: S608
            for query in self.failing_queries
        )
        return replace(self, failing_queries=tuple(queries))


@dataclass(frozen=True)
class SuiteOutcome:
    """What a suite's view held.

    Attributes:
        suite: the suite.
        row_count: rows of the view; None if it could not be read.
        summary: a summary's rows; empty for other views.
        checks: by check_id. A check that Great Expectations gave no result for is absent.
        seconds: what all of it took.
    """

    suite: Suite
    row_count: int | None
    checks: Mapping[str, Outcome]
    summary: Sequence[Row] = field(default_factory=tuple)
    seconds: float = 0

    def rows_checked_by(self, check: Check) -> int | None:
        """Rows that a check of the suite looked at, in the application's tables or the view."""
        counted = check.judged or self.suite.rows_checked
        if self.row_count is None or counted is None:
            return self.row_count
        return int(sum(row[counted] or 0 for row in self.summary))


class Asserter(Protocol):
    """What asserts suites, one after the other."""

    def run(self, suite: Suite, summary: Awaited | None = None) -> SuiteOutcome:
        """The suite's outcome; of a summary, over its rows."""

    def write_data_docs(self) -> None:
        """Writes a site of every suite that was run, if one was asked for."""

    def close(self) -> None:
        """Gives up what is open."""


class Validator:
    """Great Expectations, held to one instant of one database.

    Args:
        instant: what every query sees.
        data_docs: where Great Expectations' own site is to be; None for none.
    """

    def __init__(self, instant: Instant, data_docs: Path | None = None) -> None:
        # Three seconds: not before an audit is really about to assert.
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        # It sets its own level to INFO, to say where a site is that nobody asked for.
        logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)
        self._gx = gx
        self._context = gx.get_context(mode="ephemeral")
        self._context.variables.progress_bars = ProgressBarsConfig(globally=False)
        # It writes its settings as YAML after each asset, and has nowhere to keep them.
        self._context._save_project_config = lambda: None  # type: ignore[method-assign]
        self._database = self._context.data_sources.add_postgres(
            "database",
            # Great Expectations insists on a user and a host; the engine's creator connects.
            connection_string="postgresql+psycopg2://counterfoil@localhost/",
            kwargs=instant.engine_arguments(),  # type: ignore[call-arg]
        )
        self._frames = self._context.data_sources.add_pandas("summaries")
        self._engines = (
            self._database.get_engine(),
            self._database.get_execution_engine().engine,
        )
        for engine in self._engines:
            instant.pin(engine)
        self._row_count: int | None = None
        # The driver's error in the suite under way: Great Expectations passes on its text alone.
        self._refused: BaseException | None = None
        self._data_docs = data_docs and DataDocs(self._context, data_docs)
        sa.event.listen(self._engines[1], "after_cursor_execute", self._hear_row_count)
        for engine in self._engines:
            sa.event.listen(engine, "handle_error", self._hear_error)

    def write_data_docs(self) -> None:
        """Great Expectations' own site of every suite that was run, if it was asked for."""
        if self._data_docs:
            self._data_docs.write()

    def close(self) -> None:
        """Disposes of the connections."""
        for engine in self._engines:
            engine.dispose()

    def _hear_row_count(
        self, _connection: object, cursor: Any, statement: str, *_rest: object
    ) -> None:
        """Great Expectations counts a view's rows without returning it; a second scan is spared."""
        if _ROW_COUNT in statement:
            (self._row_count,) = cursor.fetchone()
            cursor.scroll(0, mode="absolute")

    def _hear_error(self, context: sa.ExceptionContext) -> None:
        self._refused = context.original_exception

    def run(self, suite: Suite, summary: Awaited | None = None) -> SuiteOutcome:
        """The suite's outcome. A check that cannot be run is an error, not an exception.

        Args:
            suite: what to assert.
            summary: the rows of its view, which a summary is asserted over.
        """
        begun = time.perf_counter()
        self._refused = None
        try:
            if summary is None:
                outcome = self._run_on_view(suite)
            else:
                reading = summary()
                # Waiting for others' queries is no cost of this one.
                begun = time.perf_counter() - reading.seconds
                outcome = self._run_on_summary(suite, reading.rows)
        except sa.exc.DBAPIError as cause:
            outcome = _unread(suite, words_of(cause))
        except Exception as cause:
            # Great Expectations raises errors of its own around those of the driver. Whatever
            # it is, the other suites are still to be heard.
            outcome = _unread(suite, self._words(cause))
        return replace(outcome, seconds=time.perf_counter() - begun)

    def _run_on_summary(self, suite: Suite, rows: Sequence[Row]) -> SuiteOutcome:
        import pandas

        counted = suite.rows_checked
        if counted and not all(isinstance(row[counted] or 0, int) for row in rows):
            raise TypeError(f"rows_checked names '{counted}', which is no count")
        frame = pandas.DataFrame(list(rows), dtype=object)
        batch = (
            self._frames.add_dataframe_asset(suite.name)
            .add_batch_definition_whole_dataframe("all")
            .get_batch({"dataframe": frame})
        )
        outcomes = self._validate(batch, suite, {"result_format": "BOOLEAN_ONLY"})
        return SuiteOutcome(suite, len(rows), outcomes, rows)

    def _run_on_view(self, suite: Suite) -> SuiteOutcome:
        assert suite.evidence is not None
        self._row_count = None
        batch = (
            self._database._add_asset(_view_asset()(name=suite.name, table_name=suite.relation))
            .add_batch_definition_whole_table("all")
            .get_batch()
        )
        outcomes = self._validate(
            batch,
            suite,
            {
                "result_format": "BOOLEAN_ONLY",
                "return_unexpected_index_query": True,
                "unexpected_index_column_names": list(suite.columns_read(*suite.checks)),
            },
        )
        if suite.ledger is not None:
            # Great Expectations gives a query for the failing rows of all of them.
            outcomes = {
                check_id: outcome.where(suite.condition) for check_id, outcome in outcomes.items()
            }
        return SuiteOutcome(suite, self._row_count, outcomes)

    def _validate(
        self, batch: Any, suite: Suite, result_format: dict[str, Any]
    ) -> dict[str, Outcome]:
        """Each check, with beside it the guard that its column is never null."""
        rows = _rows_of(suite)
        expectations = [
            _expectation(check.check_id, check.expectation, **rows) for check in suite.checks
        ]
        for column in dict.fromkeys(check.expectation.column for check in suite.checks):
            guard = Expectation(
                type="expect_column_values_to_not_be_null", kwargs={"column": column}
            )
            expectations.append(_expectation(_guard_id(column), guard, **rows))
        judged = self._gx.ExpectationSuite(suite.name, expectations=expectations)
        results = batch.validate(judged, result_format=result_format)
        if self._data_docs:
            self._data_docs.keep(judged, results)
        by_id = {
            result.expectation_config.meta["check_id"]: self._outcome(suite, result)
            for result in results.results
        }
        return {
            check.check_id: _guarded(by_id[check.check_id], by_id[guard_id])
            for check in suite.checks
            if {check.check_id, guard_id := _guard_id(check.expectation.column)} <= by_id.keys()
        }

    def _outcome(self, suite: Suite, result: Any) -> Outcome:
        exception = _exception_message(result.exception_info)
        if exception is not None:
            return Outcome(False, error=_not_read(suite, self._words(exception)))
        query = (result.result or {}).get(_QUERY)
        failing = (query.rstrip(";\n "),) if query and not result.success else ()
        return Outcome(bool(result.success), failing)

    def _words(self, exception: object) -> str:
        """The driver's error if it raised one; else Great Expectations' own, who saw no row."""
        return words_of(self._refused) if self._refused else first_line(exception)


@cache
def _view_asset() -> type[Any]:
    """Great Expectations' asset of a table, without the row that it asks for beforehand: of a
    view that counts, that row is a pass over all that it counts.
    """
    from great_expectations.datasource.fluent.sql_datasource import TableAsset

    class ViewAsset(TableAsset):
        def test_connection(self) -> None:
            pass

    return ViewAsset


def check_expectations(suites: Iterable[Suite]) -> None:
    """That Great Expectations knows every expectation, and takes its arguments.

    Raises:
        SuiteError: it does not; names file and check.
    """
    for suite in suites:
        for check in suite.checks:
            try:
                _expectation(check.check_id, check.expectation)
            except (ValueError, TypeError) as cause:  # pydantic v1's error is a ValueError
                raise SuiteError(
                    f"{check.expectation.type}: {_fault(cause)}",
                    where=f"{suite.file}, check {check.check_id}",
                    remedy="Correct the check's type or kwargs",
                ) from None


def _unread(suite: Suite, why: str) -> SuiteOutcome:
    error = Outcome(False, error=_not_read(suite, why))
    return SuiteOutcome(suite, None, {check.check_id: error for check in suite.checks})


def _not_read(suite: Suite, why: str) -> str:
    return f"{suite.name} cannot be read: {why}"


def _guard_id(column: str) -> str:
    return f"{column} is never null"


def _rows_of(suite: Suite) -> dict[str, Any]:
    """What has an expectation judge the rows of one ledger: Postgres runs no other's branch."""
    from great_expectations.expectations.row_conditions import Column

    return {} if suite.ledger is None else {"row_condition": Column(suite.told_by) == suite.ledger}


def _expectation(check_id: str, expectation: Expectation, **rows: Any) -> Any:
    """Great Expectations' own object for an entry of a suite.

    Args:
        check_id: what its result is known by.
        expectation: the entry.
        rows: which rows are judged; all of them without it.

    Raises:
        ValueError, TypeError: there is no such expectation, it cannot say which rows fail,
            or it does not take the arguments.
    """
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.registry import get_expectation_impl

    try:
        implementation = get_expectation_impl(expectation.type)
    except ExpectationNotFoundError:
        raise ValueError("unknown expectation") from None
    if not issubclass(implementation, ColumnMapExpectation):
        raise ValueError("does not judge row by row, so its findings would have no key")
    if "regex" in implementation.__fields__ and "regex" not in expectation.kwargs:
        raise ValueError("kwargs.regex is missing, and the default matches everything")
    return implementation(**expectation.kwargs, **rows, meta={"check_id": check_id})


def _guarded(outcome: Outcome, guard: Outcome) -> Outcome:
    """A null satisfies every expectation of a column; it must not satisfy a check."""
    return Outcome(
        outcome.success and guard.success,
        outcome.failing_queries + guard.failing_queries,
        outcome.error or guard.error,
    )


def _exception_message(exception_info: Mapping[str, Any] | None) -> str | None:
    """Great Expectations reports one exception flat, and several by the metric they hit."""
    if not exception_info:
        return None
    if "raised_exception" in exception_info:
        reports: Iterable[Any] = [exception_info]
    else:
        reports = exception_info.values()
    for report in reports:
        if report.get("raised_exception"):
            return str(report.get("exception_message") or "it raised an exception")
    return None


def _fault(cause: Exception) -> str:
    if not hasattr(cause, "errors"):
        return first_line(cause)
    fault = cause.errors()[0]
    key = ".".join(str(part) for part in fault["loc"] if part != "__root__")
    return f"kwargs.{key}: {fault['msg']}" if key else str(fault["msg"])
