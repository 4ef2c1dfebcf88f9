"""A process that runs one dbt command: arguments as JSON on stdin, outcome on stdout."""

import json
import sys
from typing import Any

from dbt.cli.main import dbtRunner


def main() -> None:
    """Runs dbt and prints {success, exception, nodes: [{name, relation, status, message}]}."""
    arguments = json.load(sys.stdin)
    outcome = dbtRunner().invoke(["--quiet", "--no-use-colors", *arguments])
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


if __name__ == "__main__":
    main()
