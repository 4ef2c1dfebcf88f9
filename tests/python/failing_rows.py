"""What an audit would find, by the rows that fail the suites' own conditions.

Great Expectations takes a second or two of each audit, and histories and cases are many. So
they are judged by one query for each view, and by the audit itself for a sample of them;
the test that does so compares both. All but the asserting is the audit's own: what is not
judged and why, the evidence and its words, the probes, the audit's checks of itself.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import Database
from psycopg2.extensions import connection as Connection  # noqa: N812

from counterfoil.audit.findings import Audit
from counterfoil.common.sqltext import literal, quoted
from counterfoil.postgres.instant import OpenTransaction
from counterfoil.postgres.rows import Awaited, Row
from counterfoil.suites.suite import Check, Expectation, Suite
from counterfoil.suites.validator import Outcome, SuiteOutcome

_IN_SET = "expect_column_values_to_be_in_set"
_BETWEEN = "expect_column_values_to_be_between"
_BOUNDS = {"min_value": ">=", "max_value": "<="}


def audit_by_rows(database: Database, transaction: OpenTransaction) -> Audit:
    """The audit of what the transaction sees, asserted by `RowJudge`."""
    with judged_by_rows():
        return database.audit(transaction)


@contextmanager
def judged_by_rows() -> Iterator[None]:
    """While in the block, audits of an open transaction do without Great Expectations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("counterfoil.audit.audit.Validator", RowJudge)
        yield


def differences(one: Audit, other: Audit) -> dict[str, tuple[Any, Any]]:
    """What two audits say otherwise, by check and by field of the audit, but for their times."""
    said, also_said = _by_name(one), _by_name(other)
    return {
        name: (said.get(name), also_said.get(name))
        for name in said.keys() | also_said.keys()
        if said.get(name) != also_said.get(name)
    }


def _by_name(audit: Audit) -> dict[str, Any]:
    checks = {check.name: check.model_dump(exclude={"seconds"}) for check in audit.checks}
    rest = audit.model_dump(exclude={"started_at", "finished_at", "checks"})
    return checks | rest | {"checks": [check.name for check in audit.checks]}


class RowJudge:
    """Has the face of the audit's Validator.

    Args:
        transaction: what every query sees.
    """

    def __init__(
        self,
        transaction: OpenTransaction,
        data_docs: Path | None = None,
    ) -> None:
        assert data_docs is None, "Great Expectations' own site is not made by rows"
        self._connection: Connection = transaction.connection

    def run(self, suite: Suite, summary: Awaited | None = None) -> SuiteOutcome:
        """How many rows of the suite's view fail each check; raises what the database does.

        Args:
            suite: what to assert.
            summary: the rows of its view, which a summary is asserted over.
        """
        rows = summary().rows if summary else ()
        failed = [is_failed(check) for check in suite.checks]
        counts = ", ".join(f"count(*) filter (where {condition})" for condition in failed)
        with self._connection.cursor() as cursor:
            cursor.execute(f"select count(*), {counts} from {_source(suite, rows)}")
            row_count, *failures = cursor.fetchone() or ()
        outcomes = {
            check.check_id: Outcome(not count, _failing_query(suite, check, condition, count))
            for check, condition, count in zip(suite.checks, failed, failures, strict=True)
        }
        return SuiteOutcome(suite, row_count, outcomes, rows)

    def write_data_docs(self) -> None:
        """Nothing: none were asked for."""

    def close(self) -> None:
        """Nothing: the connection is somebody else's."""


def failing_rows(suite: Suite) -> str:
    """One query for all that fails in a suite: one row per finding, check_id and then key.

    A summary's findings are the rows that its check names as evidence.
    """
    if suite.is_summary:
        return " union all ".join(
            f"select '{check.check_id}', {_key(suite, check)}"
            f" from {suite.evidence_of(check).source}"
            for check in suite.checks
        )
    fails = ", ".join(f"('{check.check_id}', {is_failed(check)})" for check in suite.checks)
    return (
        f"select check_id, {_key(suite, suite.checks[0])} from {suite.relation}"
        f" cross join lateral (values {fails}) as judged (check_id, is_failed)"
        f" where judged.is_failed and {suite.condition}"
    )


def is_failed(check: Check) -> str:
    """The condition that a row fails a check: like the audit, it lets no null pass.

    Raises:
        ValueError: it is an expectation that this module does not know.
    """
    try:
        return f"not coalesce({_holds(check.expectation)}, false)"
    except ValueError as cause:
        raise ValueError(f"{check.check_id}: {cause}; teach it to failing_rows.py") from None


def _holds(expectation: Expectation) -> str:
    column = quoted(expectation.column)
    kwargs = {name: value for name, value in expectation.kwargs.items() if name != "column"}
    if expectation.type == _IN_SET and kwargs.keys() == {"value_set"}:
        return f"{column} in ({', '.join(map(_value, kwargs['value_set']))})"
    if expectation.type == _BETWEEN and kwargs and kwargs.keys() <= _BOUNDS.keys():
        bounds = [f"{column} {_BOUNDS[name]} {_value(bound)}" for name, bound in kwargs.items()]
        return " and ".join(bounds)
    raise ValueError(f"{expectation.type} of {', '.join(kwargs) or 'nothing'} is not known")


def _value(value: object) -> str:
    if not isinstance(value, str | int):
        raise ValueError(f"a value like {value!r} is not known")
    return literal(value)


def _source(suite: Suite, rows: Sequence[Row]) -> str:
    """The view's rows, or those that were read of a summary: those the report shows."""
    if not suite.is_summary:
        return f"{suite.relation} where {suite.condition}"
    shown = literal(json.dumps(rows))
    return f"jsonb_populate_recordset(null::{suite.relation}, {shown}) as shown"


def _failing_query(suite: Suite, check: Check, condition: str, count: int) -> tuple[str, ...]:
    """What evidence.py expects of Great Expectations: the evidence, and the judged column."""
    if suite.is_summary or not count:
        return ()
    columns = [*suite.columns_read(*suite.checks), check.expectation.column]
    listed = ", ".join(map(quoted, columns))
    return (f"select {listed} from {suite.relation} where {suite.condition} and {condition}",)


def _key(suite: Suite, check: Check) -> str:
    return ", ".join(f"{column}::text" for column in suite.evidence_of(check).key)
