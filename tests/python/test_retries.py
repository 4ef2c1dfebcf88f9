"""What is tried again: what did not answer, and nothing that a user has to mend."""

from typing import Any, cast

import psycopg2
import pytest
from prefect.states import Failed

from counterfoil import errors
from flows.nightly import assert_expectations, build_views, make_the_plan, publish, record_audit
from flows.retries import WHEN_UNAVAILABLE

FAULTS = [
    kind("x")
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.CounterfoilError)
] + [ValueError("x"), psycopg2.OperationalError("x"), AssertionError("x")]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_only_what_did_not_answer_is_tried_again(fault: Exception) -> None:
    is_tried_again = WHEN_UNAVAILABLE["retry_condition_fn"](
        make_the_plan, cast("Any", None), Failed(data=fault)
    )
    assert is_tried_again is isinstance(fault, errors.UnavailableError)


# What was recorded once is not recorded twice: the record knows the audit by its id.
TRIED_AGAIN = (make_the_plan, build_views, assert_expectations, record_audit)


def test_what_was_published_is_not_published_again() -> None:
    assert [task.retries for task in TRIED_AGAIN] == [3] * 4
    assert publish.retries == 0
