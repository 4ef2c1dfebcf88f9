"""The deployment of prefect.yaml, on a real Prefect server with a real worker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from conftest import ROOT, Database
from psycopg2.extensions import connection as Connection  # noqa: N812
from waiting import wait_until

from counterfoil.contract import Pack
from counterfoil.findings import Audit

PREFECT = str(Path(sys.executable).with_name("prefect"))


class Prefect:
    """A Prefect server of the test's own, and its command line."""

    def __init__(self, home: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environment = os.environ | {
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A process of Prefect's, in a group of its own."""
        return subprocess.Popen(
            [PREFECT, *arguments], env=self.environment, cwd=ROOT, start_new_session=True
        )

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """One command, to its end."""
        return subprocess.run(
            [PREFECT, *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def ask(self, path: str, **body: Any) -> Any:
        """What the server's API answers to a filter."""
        request = urllib.request.Request(
            f"{self.api}/{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def runs(self, deployment: str) -> list[dict[str, Any]]:
        """The runs of a deployment, the latest first."""
        named = {"name": {"any_": [deployment]}}
        found = self.ask("flow_runs/filter", sort="START_TIME_DESC", deployments=named)
        return list(found)

    def wait(self) -> None:
        """Until the server answers."""
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{self.api}/health", timeout=5)
            except OSError:
                time.sleep(0.5)
            else:
                return
        raise TimeoutError(self.api)


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    prefect = Prefect(tmp_path_factory.mktemp("prefect"))
    processes = [prefect.start("server", "start", "--port", str(prefect.port))]
    try:
        prefect.wait()
        prefect.run("work-pool", "create", "counterfoil", "--type", "process")
        processes.append(prefect.start("worker", "start", "--pool", "counterfoil"))
        yield prefect
    finally:
        for process in reversed(processes):
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def test_prefect_yaml_deploys_and_the_nightly_publishes_then_fails(
    prefect: Prefect, overnight: Database
) -> None:
    deployed = prefect.run("--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    run = prefect.run("deployment", "run", "nightly/demo", "--watch")

    (flow_run,) = prefect.runs("demo")
    assert flow_run["state"]["type"] == "FAILED", run.stdout
    assert "EMPWR Dance - London is off by -50 tokens" in flow_run["state"]["message"]
    latest = overnight.settings.reports_path / "latest"
    assert json.loads((latest / "audit.json").read_text())["status"] == "critical"
    artifacts = {item["key"]: item for item in prefect.ask("artifacts/filter")}
    assert artifacts.keys() == {
        "empwr-checks",
        "empwr-incidents",
        "empwr-link",
        "empwr-report",
        "empwr-suites",
    }
    assert len(json.loads(artifacts["empwr-checks"]["data"])) == 31
    assert "London" in artifacts["empwr-report"]["data"]
    (incident,) = json.loads(artifacts["empwr-incidents"]["data"])
    assert (incident["status"], incident["checks"]) == ("open", 3)
    assert "index.html)" in artifacts["empwr-link"]["data"]
    assert artifacts["empwr-suites"]["data"] == 100
    logs = [entry["message"] for entry in prefect.ask("logs/filter", limit=200)]
    assert any("Everything is read as of 2025-10-30 05:00:00" in message for message in logs)


def test_the_deployments_keep_two_nights_apart_and_check_their_parameters(
    prefect: Prefect,
) -> None:
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    deployments = {item["name"]: item for item in prefect.ask("deployments/filter")}
    assert deployments.keys() == {"demo", "production", "audit", "nightly"}
    assert deployments.keys() == {item["name"] for item in declared}
    assert deployments["audit"]["global_concurrency_limit"] is None
    for name, deployment in deployments.items():
        properties = deployment["parameter_openapi_schema"]["properties"]
        assert deployment["enforce_parameter_schema"]
        assert properties["fail_on"]["enum"] == ["critical", "warning", "never"]
        if name == "audit":
            assert deployment["schedules"] == []
            assert properties["full_rebuild"]["type"] == "boolean"
            assert properties["packs"]["items"]["enum"] == list(get_args(Pack))
            continue
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        assert deployment["schedules"][0]["schedule"]["timezone"] == "UTC"
    refused = prefect.run("deployment", "run", "nightly/demo", "--param", "fail_on=sometimes")
    assert refused.returncode != 0


def test_a_schedule_that_is_active_makes_runs(prefect: Prefect) -> None:
    """With SQLAlchemy 2.1 the server's scheduler only raised, and no night ever came."""
    wait_until(lambda: bool(prefect.runs("production")), seconds=60)
    coming = prefect.runs("production")
    assert {run["state"]["type"] for run in coming} == {"SCHEDULED"}
    assert all(run["expected_start_time"].split("T")[1][:5] == "02:00" for run in coming)
    assert prefect.runs("nightly") == [], "it is not active"


def test_some_of_the_packs_by_either_way(
    prefect: Prefect, overnight: Database, superuser: Connection
) -> None:
    """The deployment and the command line say the same, and rebuild nothing for it."""
    latest = overnight.settings.reports_path / "latest" / "audit.json"
    before = views(superuser)
    some = ("deployment", "run", "nightly/demo", "--watch", "--param")
    run = prefect.run(*some, 'packs=["integrity"]')
    flow_run, *_ = prefect.runs("demo")
    assert flow_run["state"]["type"] == "COMPLETED", run.stdout
    assert flow_run["state"]["message"].endswith("without capacity, tenancy")
    by_deployment = Audit.model_validate_json(latest.read_text())

    by_hand = counterfoil(prefect, "--pack", "integrity")
    assert by_hand.returncode == 0, by_hand.stderr
    assert flow_run["state"]["message"] in by_hand.stdout
    audit = Audit.model_validate_json(latest.read_text())
    assert audit.audit_id != by_deployment.audit_id
    assert (audit.packs_left_out, statuses(audit)) == (
        by_deployment.packs_left_out,
        statuses(by_deployment),
    )
    assert views(superuser) == before

    unknown = counterfoil(prefect, "--pack", "health")
    assert unknown.returncode == 3
    assert "error: contract of empwr: the contract has no pack 'health'. Audit one" in (
        unknown.stderr
    )
    assert prefect.run(*some, 'packs=["helth"]').returncode != 0
    prefect.run(*some, 'packs=["health"]')
    flow_run, *_ = prefect.runs("demo")
    assert flow_run["state"]["type"] == "FAILED"
    assert flow_run["state"]["message"] in unknown.stderr


def counterfoil(prefect: Prefect, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`counterfoil run` of the demo, with the test's own Prefect server."""
    return subprocess.run(
        [sys.executable, "-m", "counterfoil", "run", *arguments],
        env=prefect.environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def statuses(audit: Audit) -> dict[str, str]:
    return {check.check_id: check.status for check in audit.checks}


def views(connection: Connection) -> list[tuple[object, ...]]:
    """Each of ours as the catalog has it: a view that is made anew has other numbers."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select oid::text, xmin::text, relname from pg_class"
            " where relkind = 'v' and relnamespace::regnamespace::text like 'counterfoil%'"
            " order by 1"
        )
        return cursor.fetchall()
