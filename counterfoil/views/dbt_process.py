"""A process that runs one dbt command: arguments as JSON on stdin, a line each on stdout.

A line for each node that is done, {done, of}, and the last one for the outcome.
"""

import json
import os
import sys
from threading import Thread
from typing import Any

from dbt.cli.main import dbtRunner


def main() -> None:
    """Runs dbt and prints {success, exception, nodes: [{name, relation, status, message}]}."""
    arguments = json.loads(sys.stdin.readline())
    Thread(target=_end_with_parent, daemon=True).start()
    outcome = dbtRunner(callbacks=[_Progress()]).invoke(["--quiet", "--no-use-colors", *arguments])
    nodes: list[dict[str, Any]] = []
    for result in getattr(outcome.result, "results", None) or []:
        node = result.node
        nodes.append(
            {
                "name": node.name,
                "relation": f"{node.schema}.{node.name}",
                "status": str(result.status),
                "message": " ".join(str(result.message or "").split()),
            }
        )
    exception = " ".join(str(outcome.exception).split()) if outcome.exception else None
    print(json.dumps({"success": outcome.success, "exception": exception, "nodes": nodes}))


class _Progress:
    """Says of each node that it is done, and of how many."""

    def __init__(self) -> None:
        self._done = 0

    def __call__(self, event: Any) -> None:
        """Hears every event of dbt's; those of a result know how many there will be."""
        if event.info.name not in ("LogModelResult", "LogTestResult"):
            return
        self._done += 1
        of = event.data.total if event.info.name == "LogModelResult" else event.data.num_models
        print(json.dumps({"done": self._done, "of": of}), flush=True)


def _end_with_parent() -> None:
    """Whoever started it holds stdin open; killed, it must not leave a build behind it."""
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    main()
