"""Asserting summaries whose every expectation is that a count is one of a set of values.

It is the same question that Great Expectations is asked of them, and takes a few comparisons: a
folder of files is judged without the seconds that its import takes. All else of an audit, the
suites, views, evidence and waivers, is one. The tests ask both.
"""

import time
from collections.abc import Sequence

from counterfoil.common.errors import SuiteError
from counterfoil.postgres.rows import Awaited, Row
from counterfoil.suites.suite import Check, Suite
from counterfoil.suites.validator import Outcome, SuiteOutcome

_IN_SET = "expect_column_values_to_be_in_set"


class CountsAlone:
    """Has the face of `Validator`, for summaries."""

    def run(self, suite: Suite, summary: Awaited | None = None) -> SuiteOutcome:
        """The suite's outcome over the rows of its view.

        Raises:
            SuiteError: it is no summary, or has an expectation of another kind.
        """
        assert summary is not None, f"{suite.relation} is no summary"
        began = time.perf_counter()
        rows = summary().rows
        outcomes = {check.check_id: Outcome(_holds(suite, check, rows)) for check in suite.checks}
        return SuiteOutcome(suite, len(rows), outcomes, rows, time.perf_counter() - began)

    def write_data_docs(self) -> None:
        """Nothing: none are asked for."""

    def close(self) -> None:
        """Nothing is open."""


def _holds(suite: Suite, check: Check, rows: Sequence[Row]) -> bool:
    """Whether every row's value is in the set; null never is."""
    expectation = check.expectation
    if expectation.type != _IN_SET or expectation.kwargs.keys() != {"column", "value_set"}:
        raise SuiteError(
            f"{expectation.type} of {', '.join(expectation.kwargs)} cannot be judged by counts",
            where=f"{suite.file}, check {check.check_id}",
            remedy="Count what is wrong, and expect it to be in a value_set",
        )
    wanted = {*expectation.kwargs["value_set"]} - {None}
    return all(row[expectation.column] in wanted for row in rows)
