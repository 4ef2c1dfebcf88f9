"""That the rows are judged by each expectation as it is, or not at all."""

from typing import Any

import pytest
from conftest import ROOT
from failing_rows import is_failed

from counterfoil.suites.suite import Check, Expectation, load_suites


def check_that(type_: str, kwargs: dict[str, Any]) -> Check:
    check = load_suites(ROOT / "expectations")[0].checks[0]
    expectation = Expectation(type=type_, kwargs={"column": "state"} | kwargs)
    return check.model_copy(update={"expectation": expectation})


@pytest.mark.parametrize(
    ("type_", "kwargs", "holds"),
    [
        ("in_set", {"value_set": ["it's", 0, False]}, "\"state\" in ('it''s', 0, False)"),
        ("between", {"max_value": 0}, '"state" <= 0'),
        (
            "between",
            {"min_value": 0, "max_value": 3},
            '"state" >= 0 and "state" <= 3',
        ),
    ],
)
def test_no_null_passes(type_: str, kwargs: dict[str, Any], holds: str) -> None:
    check = check_that(f"expect_column_values_to_be_{type_}", kwargs)
    assert is_failed(check) == f"not coalesce({holds}, false)"


@pytest.mark.parametrize(
    ("type_", "kwargs"),
    [
        ("expect_column_values_to_not_be_in_set", {"value_set": [0]}),
        ("expect_column_values_to_be_in_set", {"value_set": [0.5]}),
        ("expect_column_values_to_be_in_set", {"value_set": [0], "parse_strings": True}),
        ("expect_column_values_to_be_between", {}),
        ("expect_column_values_to_be_between", {"min_value": 0, "strict_min": True}),
    ],
)
def test_what_is_not_known_is_refused(type_: str, kwargs: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="teach it to failing_rows"):
        is_failed(check_that(type_, kwargs))
