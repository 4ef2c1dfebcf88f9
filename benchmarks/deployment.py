"""How long `prefect deployment run` takes on the demo, and where the time goes.

    make server; make deploy; make worker      # each in a terminal of its own
    make bench-deployment

runs `nightly/demo` over and over, and reads from Prefect's server when it was created, when
the worker took it, when the flow began and what each task took. Processor seconds are the
worker's children's, so that what else the machine does not count.
"""

import statistics
import subprocess
import sys
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psutil
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.objects import State

ROOT = Path(__file__).parents[1]
RUNS = 5
PREFECT = str(Path(sys.executable).with_name("prefect"))
ASK = [PREFECT, "deployment", "run", "nightly/demo", "--watch", "--param", "fail_on=never"]
_NEVER = datetime.max.replace(tzinfo=UTC)


def main() -> None:
    """Prints the medians of docs/performance.md."""
    measured: dict[str, list[float]] = defaultdict(list)
    with get_client(sync_client=True) as client:
        one_run(client)
        for _ in range(RUNS):
            for step, seconds in one_run(client).items():
                measured[step].append(seconds)
    print(f"medians of {RUNS} runs, in seconds")
    for step, values in measured.items():
        print(f"  {statistics.median(values):6.2f}  {step}")


def one_run(client: SyncPrefectClient) -> dict[str, float]:
    """Seconds by step, of a run from the command to its end."""
    before, asked = spent_by_worker(), time.time()
    said = subprocess.run(ASK, check=True, capture_output=True, text=True).stdout
    ended = time.time()
    (run_id,) = (UUID(line.split()[-1]) for line in said.splitlines() if "UUID:" in line)
    states = {state.name: state for state in client.read_flow_run_states(run_id)}
    created, taken = at(states["Scheduled"]), at(states["Pending"])
    began, completed = at(states["Running"]), at(states["Completed"])
    tasks = client.read_task_runs(
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run_id]}})
    )
    return {
        "from the command to Completed": completed - asked,
        "  the command's own start": created - asked,
        "  waiting for the worker's next look": taken - created,
        "  starting processes and importing": began - taken,
        **{
            f"  task {task.name.split('-')[0]}": task.total_run_time.total_seconds()
            for task in sorted(tasks, key=lambda task: task.start_time or _NEVER)
        },
        "until the command has ended": ended - asked,
        "processor, of the worker's children": spent_by_worker() - before,
    }


def at(state: State) -> float:
    """When it began, in seconds of the epoch."""
    return state.timestamp.timestamp()


def spent_by_worker() -> float:
    """Processor seconds of everything that this folder's workers started and saw end."""
    spent = 0.0
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command, folder = process.info["cmdline"] or [], process.info["cwd"]
        if command[2:4] == ["worker", "start"] and folder == str(ROOT):
            times = process.cpu_times()
            spent += times.children_user + times.children_system
    return spent


if __name__ == "__main__":
    main()
