"""A run inside Prefect: each step is a task, and Prefect's pages show what was found."""

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from counterfoil.common.errors import UnavailableError
from counterfoil.flows.artifacts import Progress, publish_artifacts
from counterfoil.flows.events import emit_events
from counterfoil.pipeline.host import DELAYS_S, Host, say_again
from counterfoil.publish.body import Body

T = TypeVar("T")


class _Retries(TypedDict):
    retries: int
    retry_delay_seconds: list[float]
    retry_condition_fn: Any


def _is_unavailable(task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    try:
        state.result()
    except UnavailableError as cause:
        say_again(task.name, cause)
        return True
    except Exception:
        return False
    return False


WHEN_UNAVAILABLE = _Retries(
    retries=len(DELAYS_S),
    retry_delay_seconds=list(DELAYS_S),
    retry_condition_fn=_is_unavailable,
)


class PrefectHost(Host):
    """Carries the steps of a run out as tasks of the flow that it is called in."""

    def retried(self, name: str, step: Callable[[], T]) -> T:
        """A task that Prefect tries again while the database does not answer."""
        return _as_task(name, step, **WHEN_UNAVAILABLE)

    def once(self, name: str, step: Callable[[], T]) -> T:
        """A task without retries."""
        return _as_task(name, step)

    def progress(self, database: str) -> Callable[[int, int], None]:
        """A progress artifact of the run."""
        return Progress(database)

    def show(self, body: Body, report: str, url: str) -> None:
        """Artifacts, and an event for each change."""
        publish_artifacts(body, report, url)
        emit_events(body.audit)


def _as_task(name: str, step: Callable[[], T], **retries: Any) -> T:
    @task(name=name, cache_policy=NO_CACHE, **retries)
    def carried_out() -> T:
        return step()

    return carried_out()
