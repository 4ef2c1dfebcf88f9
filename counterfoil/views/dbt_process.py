"""A process of dbt's: as JSON on stdin {arguments, variables}, then one command per line.

On stdout a line for each node that is done, {done, of}, and after each command its outcome,
{success, exception, nodes: [{name, relation, parts, status, message, concerns}]}. The project is
read once.
"""

import json
import os
import sys
from collections.abc import Iterator
from queue import SimpleQueue
from threading import Thread
from typing import Any

from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest

from counterfoil.views.parts import SEPARATOR

# Its log of each statement, and the artifacts that nobody reads, are a sixth of its time.
_FLAGS = ("--quiet", "--no-use-colors", "--log-level-file", "info", "--no-write-json")


def main() -> None:
    """Carries out the commands, one after the other, until stdin is closed."""
    lines = _lines()
    project = next(lines)
    arguments = project["arguments"]
    # As they are: on the command line dbt would read them as YAML, some seconds each time.
    variables = project["variables"]
    read = dbtRunner().invoke([*_FLAGS, "parse", *arguments], vars=variables)
    for command in lines:
        outcome = read
        if isinstance(read.result, Manifest):
            if command[0] == "test":
                # The SQL that is tried is ours; whatever it calls writes nothing as the builder.
                os.environ["PGOPTIONS"] += " -c default_transaction_read_only=on"
            runner = dbtRunner(manifest=read.result, callbacks=[_Progress()])
            outcome = runner.invoke([*_FLAGS, *command, *arguments], vars=variables)
        print(json.dumps(_told(outcome, read.result)), flush=True)


def _lines() -> Iterator[Any]:
    """Each line of stdin, as it comes.

    Whoever started this holds stdin open: killed, it must not leave a build behind it, so
    the end of stdin is the end of the process, whatever it is doing.
    """
    queue: SimpleQueue[str] = SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            queue.put(line)
        os._exit(0)

    Thread(target=listen, daemon=True).start()
    while True:
        yield json.loads(queue.get())


def _told(outcome: dbtRunnerResult, manifest: Any) -> dict[str, Any]:
    nodes = [
        {
            "name": result.node.name,
            "relation": f"{result.node.schema}.{result.node.name}",
            "parts": (getattr(result.node, "compiled_code", None) or "").count(SEPARATOR) + 1,
            "status": str(result.status),
            "message": " ".join(str(result.message or "").split()),
            "concerns": _concerned(result.node.unique_id, manifest)
            if str(result.status) in ("fail", "error")
            else [],
        }
        for result in getattr(outcome.result, "results", None) or []
    ]
    exception = " ".join(str(outcome.exception).split()) if outcome.exception else None
    return {"success": outcome.success, "exception": exception, "nodes": nodes}


def _concerned(test: str, manifest: Manifest) -> list[str]:
    """The views that a data test is of, and all that stand on them."""
    found: dict[str, None] = {}
    reached = list(manifest.parent_map[test])
    while reached:
        name = reached.pop()
        if name.startswith("model.") and name not in found:
            found[name] = None
            reached += manifest.child_map[name]
    return [manifest.nodes[name].name for name in found]


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


if __name__ == "__main__":
    main()
