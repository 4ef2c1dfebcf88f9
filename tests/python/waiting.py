"""Waiting for what another process is about to do."""

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], object], *, seconds: float = 20) -> None:
    """Until it holds; fails when that takes longer."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.05)
