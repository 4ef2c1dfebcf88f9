"""What is tried again: a task whose database did not answer, and nothing else.

A finding is no failure, and what a user has to mend is not mended by waiting. The task that
asserts is tried again as a whole: two of its queries at two instants would disagree.
"""

import logging
from typing import Any, TypedDict

from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from counterfoil.errors import UnavailableError

log = logging.getLogger("counterfoil.retries")


class _Retries(TypedDict):
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any


def _is_unavailable(task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except UnavailableError as cause:
        log.warning("%s: %s It will be tried again", task.name, cause)
        return True
    except Exception:
        return False
    return False


WHEN_UNAVAILABLE = _Retries(
    retries=3, retry_delay_seconds=[1, 4, 15], retry_condition_fn=_is_unavailable
)
