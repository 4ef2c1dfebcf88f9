"""Prefect, before it is first imported: quiet, and with a folder that it can write to."""

import os
import tempfile
from pathlib import Path

from counterfoil.common.errors import FlowError


def settle_prefect() -> None:
    """Sets what Prefect reads when it is imported; what the user has set stays.

    Raises:
        FlowError: it has no home to write to.
    """
    _calm_prefect()
    _give_prefect_a_home()


def _calm_prefect() -> None:
    """Prefect reads these when it is first imported."""
    quiet = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "counterfoil",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)


def _give_prefect_a_home() -> None:
    """Without one its server would be started again and again, and say so at length."""
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as cause:
        raise FlowError(
            f"Prefect cannot write there: {cause.strerror}",
            where=str(home),
            remedy="Make it writable, or set PREFECT_HOME",
        ) from None
