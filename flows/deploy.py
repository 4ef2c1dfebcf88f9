"""What deploying needs besides Prefect's own commands.

`make deploy` runs this module, which waits until Prefect's server answers; prefect.yaml calls
`target_is_configured`.
"""

import sys
import time

from prefect.client.orchestration import get_client
from prefect.settings import get_current_settings

from counterfoil.audit.exit_codes import EXIT_INTERRUPTED
from counterfoil.common.errors import EXIT_ERROR, CounterfoilError, FlowError
from counterfoil.common.settings import settings
from counterfoil.common.terminal import say, say_error
from counterfoil.postgres.profiles import is_configured

# A server's first start takes twenty seconds, and more on a machine that is busy.
LONGEST_WAIT_S = 120


def target_is_configured(target: str) -> dict[str, bool]:
    """A build step of prefect.yaml: the schedule of a database that nobody named is not active.

    Args:
        target: an output of profiles.yml.

    Returns:
        What prefect.yaml calls `{{ <id of the step>.is_configured }}`.
    """
    try:
        configured, why = is_configured(target, settings().project_dir), "its host is not set"
    except CounterfoilError as error:
        configured, why = False, str(error)
    if not configured:
        say(f"Target '{target}' is not configured, so its schedule is not active: {why}")
    return {"is_configured": configured}


def wait_for_server(longest_s: float = LONGEST_WAIT_S) -> None:
    """Returns once Prefect's server is healthy.

    Args:
        longest_s: seconds that it may take.

    Raises:
        FlowError: it did not become so.
    """
    url = get_current_settings().api.url
    deadline = time.monotonic() + longest_s
    with get_client(sync_client=True) as client:
        told = False
        while cause := client.api_healthcheck():
            if time.monotonic() >= deadline:
                raise FlowError(
                    f"Prefect's server has not answered for {longest_s:.0f} seconds ({cause})",
                    where=str(url),
                    remedy="Start it with `make server`, or name another in PREFECT_API_URL",
                )
            if not told:
                say(f"Waiting for Prefect's server, {url}")
                told = True
            time.sleep(0.5)


def main() -> None:
    """Waits; says in one line what it waited for in vain."""
    try:
        wait_for_server()
    except FlowError as error:
        say_error(str(error))
        sys.exit(EXIT_ERROR)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


if __name__ == "__main__":
    main()
