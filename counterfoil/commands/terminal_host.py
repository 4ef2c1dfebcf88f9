"""A run at a terminal: what it does now stands in its last line, until it is done."""

from collections.abc import Callable
from typing import Self, TypeVar

from rich.status import Status

from counterfoil.common.terminal import err
from counterfoil.pipeline.host import Host

T = TypeVar("T")

# By step, what a person at the terminal reads of it.
_DOING = {
    "plan": "Reading the contract, and asking the database for its tables",
    "build": "Checking whether the views are up to date",
    "assert": "Loading Great Expectations",
    "record": "Recording",
    "publish": "Publishing",
    "notify": "Sending alerts",
    "notify of failure": "Sending alerts",
}


class TerminalHost(Host):
    """Shows the step that is under way; where stderr is no terminal, nothing."""

    def __init__(self) -> None:
        self._status = Status("", console=err)

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def retried(self, name: str, step: Callable[[], T]) -> T:
        """Shows the step, and carries it out."""
        self._status.update(_DOING[name])
        return super().retried(name, step)

    def once(self, name: str, step: Callable[[], T]) -> T:
        """Shows the step, and carries it out."""
        self._status.update(_DOING[name])
        return super().once(name, step)

    def built(self, what: str, done: int, of: int) -> None:
        """Shows how many views, or data tests, dbt is done with."""
        self._status.update(f"Building: {what} {done} of {of}")

    def progress(self, database: str) -> Callable[[int, int], None]:
        """Shows how many suites are asserted."""
        return lambda done, of: self._status.update(f"Asserting: suite {done} of {of}")
