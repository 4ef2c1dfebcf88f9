"""What a run is carried out in: this process, plainly. flows/ has Prefect's."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from counterfoil.common.errors import UnavailableError
from counterfoil.publish.body import Body

T = TypeVar("T")

log = logging.getLogger(__name__)

# Seconds before a step is tried again whose database did not answer.
DELAYS_S = (1.0, 4.0, 15.0)


class Host:
    """Carries the steps of a run out, one after the other, in this process."""

    def retried(self, name: str, step: Callable[[], T]) -> T:
        """Carries a step out, and again as a whole while its database does not answer.

        Nothing else is tried again: a finding is no failure, and what a user has to correct is
        not corrected by waiting. Two queries of one step at two instants would disagree, so
        nothing less than the step is.

        Args:
            name: what the step is called.
            step: it.

        Raises:
            UnavailableError: the database did not answer the last time either.
        """
        for delay_s in DELAYS_S:
            try:
                return step()
            except UnavailableError as cause:
                say_again(name, cause)
                time.sleep(delay_s)
        return step()

    def once(self, name: str, step: Callable[[], T]) -> T:
        """Carries out a step that would do harm, or say the same, a second time."""
        return step()

    def built(self, what: str, done: int, of: int) -> None:
        """Hears of each view, or data test, that dbt is done with."""

    def progress(self, database: str) -> Callable[[int, int], None]:
        """What is called after each suite with how many are done, and of how many."""
        return lambda _done, _of: None

    def show(self, body: Body, report: str, url: str) -> None:
        """Shows a published audit elsewhere than in its folder, where there is such a place."""


def say_again(name: str, cause: UnavailableError) -> None:
    """Says that a step will be tried again, and why."""
    log.warning("%s: %s It will be tried again", name, cause)
