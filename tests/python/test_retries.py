"""What is tried again: what did not answer, and nothing that a user has to correct."""

from types import SimpleNamespace
from typing import Any, cast

import psycopg2
import pytest
from prefect.states import Failed

import counterfoil.pipeline.host
from counterfoil.common import errors
from counterfoil.flows.host import WHEN_UNAVAILABLE
from counterfoil.pipeline.host import DELAYS_S, Host

FAULTS = [
    kind("x")
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.CounterfoilError)
] + [ValueError("x"), psycopg2.OperationalError("x"), AssertionError("x")]


class Failing:
    """A step that fails so many times, and then gives what it is called."""

    def __init__(self, fault: Exception, times: int) -> None:
        self.fault = fault
        self.times = times
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise self.fault
        return "done"


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited for, none of which pass."""
    seconds: list[float] = []
    monkeypatch.setattr(counterfoil.pipeline.host.time, "sleep", seconds.append)
    return seconds


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_only_what_did_not_answer_is_tried_again(fault: Exception, waited: list[float]) -> None:
    is_tried_again = isinstance(fault, errors.UnavailableError)
    as_a_task = WHEN_UNAVAILABLE["retry_condition_fn"](
        cast("Any", SimpleNamespace(name="step")), cast("Any", None), Failed(data=fault)
    )
    assert as_a_task is is_tried_again
    step = Failing(fault, times=len(DELAYS_S))
    if is_tried_again:
        assert Host().retried("step", step) == "done"
        assert waited == list(DELAYS_S)
    else:
        with pytest.raises(type(fault)):
            Host().retried("step", step)
        assert step.calls == 1


def test_it_is_not_tried_for_ever(waited: list[float]) -> None:
    step = Failing(errors.UnavailableError("x"), times=len(DELAYS_S) + 1)
    with pytest.raises(errors.UnavailableError):
        Host().retried("step", step)


def test_what_is_done_once_is_not_tried_again(waited: list[float]) -> None:
    step = Failing(errors.UnavailableError("x"), times=1)
    with pytest.raises(errors.UnavailableError):
        Host().once("step", step)
    assert waited == []
