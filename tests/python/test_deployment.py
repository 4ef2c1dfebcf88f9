"""The deployment of prefect.yaml, on a real Prefect server with a real worker."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from conftest import ROOT, Database
from prefect.exceptions import ParameterTypeError
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefects import Prefect
from processes import counterfoil
from psycopg2.extensions import connection as Connection  # noqa: N812
from servers import free_port
from waiting import wait_until

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import FlowError
from counterfoil.flows.deploy import target_is_configured, wait_for_server
from counterfoil.flows.nightly import nightly


@pytest.fixture(scope="module")
def prefect(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prefect]:
    """A server with a worker."""
    prefect = Prefect(tmp_path_factory.mktemp("prefect"), prefect_api)
    prefect.run("work-pool", "create", "counterfoil", "--type", "process")
    with prefect.running("worker", "start", "--pool", "counterfoil"):
        yield prefect


def test_prefect_yaml_deploys_and_the_nightly_publishes_then_fails(
    prefect: Prefect, overnight: Database
) -> None:
    deployed = prefect.run("--no-prompt", "deploy", "--all")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "Target 'production' is not configured, so its schedule is not active" in (
        deployed.stdout
    )

    run = prefect.run("deployment", "run", "nightly/demo", "--watch")

    (flow_run,) = prefect.runs("demo")
    assert flow_run["state"]["type"] == "FAILED", run.stdout
    london = "EMPWR Dance - London (capacity, available) is off by -50 tokens"
    assert london in flow_run["state"]["message"]
    latest = overnight.settings.reports_path / "latest"
    assert json.loads((latest / "audit.json").read_text())["status"] == "critical"
    its_own = {"flow_run_id": {"any_": [flow_run["id"]]}}
    artifacts = {item["key"]: item for item in prefect.ask("artifacts/filter", artifacts=its_own)}
    shown = {"empwr-checks", "empwr-incidents", "empwr-link", "empwr-report", "empwr-suites"}
    tables = {key for key in artifacts if key not in shown}
    assert artifacts.keys() > shown
    assert {"empwr-score", "empwr-ledger-0-2", "empwr-isolation-0"} <= tables
    (worst, *_) = json.loads(artifacts["empwr-ledger-0-2"]["data"])
    assert (worst["Account"], worst["Discrepancy"]) == ("EMPWR Dance - London", "-50")
    assert len(json.loads(artifacts["empwr-checks"]["data"])) == 37
    assert "London" in artifacts["empwr-report"]["data"]
    (incident,) = json.loads(artifacts["empwr-incidents"]["data"])
    assert (incident["status"], incident["checks"]) == ("open", 3)
    assert "index.html)" in artifacts["empwr-link"]["data"]
    assert artifacts["empwr-suites"]["data"] == 100
    logs = [entry["message"] for entry in prefect.ask("logs/filter", logs=its_own)]
    assert any("Everything is read as of 2025-10-30 05:00:00" in message for message in logs)


def test_the_deployments_keep_two_nights_apart_and_check_their_parameters(
    prefect: Prefect,
) -> None:
    declared = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    deployments = {item["name"]: item for item in prefect.ask("deployments/filter")}
    assert deployments.keys() == {"demo", "production", "audit", "nightly", "weekly"}
    assert deployments.keys() == {item["name"] for item in declared}
    assert deployments["audit"]["global_concurrency_limit"] is None
    for name, deployment in deployments.items():
        properties = deployment["parameter_openapi_schema"]["properties"]
        assert deployment["enforce_parameter_schema"]
        assert properties["fail_on"]["enum"] == ["critical", "warning", "never"]
        if name == "audit":
            assert deployment["schedules"] == []
            assert properties["full_rebuild"]["type"] == "boolean"
            assert properties["packs"]["items"]["type"] == "string"
            continue
        assert deployment["global_concurrency_limit"]["limit"] == 1
        assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
        (schedule,) = deployment["schedules"]
        assert schedule["schedule"]["timezone"] == "UTC"
        assert schedule["active"] is False
    refused = prefect.run("deployment", "run", "nightly/demo", "--param", "fail_on=sometimes")
    assert refused.returncode != 0


def test_a_schedule_that_is_active_makes_runs(prefect: Prefect) -> None:
    """Prefect 3.8.8's scheduler only raised with SQLAlchemy 2.1, and no night ever came.

    It is active because somebody has said where the database is.
    """
    deploy = ("--no-prompt", "deploy", "--name", "production")
    deployed = prefect.run(*deploy, COUNTERFOIL_HOST="db.invalid")
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    assert "not configured" not in deployed.stdout
    wait_until(lambda: bool(prefect.runs("production")), seconds=60)
    coming = prefect.runs("production")
    assert {run["state"]["type"] for run in coming} == {"SCHEDULED"}
    assert all(run["expected_start_time"].split("T")[1][:5] == "02:00" for run in coming)
    assert not any(run["auto_scheduled"] for run in prefect.runs("nightly")), "it is not active"

    assert prefect.run(*deploy).returncode == 0
    (production,) = (
        item for item in prefect.ask("deployments/filter") if item["name"] == "production"
    )
    assert [schedule["active"] for schedule in production["schedules"]] == [False]


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".hidden", "a/b", "", "x" * 101, "a\n", "ä"])
def test_an_audit_id_is_no_path(name: str) -> None:
    with pytest.raises(ParameterTypeError):
        nightly.validate_parameters({"audit_id": name})


def test_some_of_the_packs_by_either_way(
    prefect: Prefect, overnight: Database, superuser: Connection, tmp_path: Path
) -> None:
    """The deployment and the command line say the same, and rebuild nothing for it."""
    latest = overnight.settings.reports_path / "latest" / "audit.json"
    before = views(superuser)
    some = ("deployment", "run", "nightly/demo", "--watch", "--param")
    run = prefect.run(*some, 'packs=["integrity"]')
    flow_run, *_ = prefect.runs("demo")
    assert flow_run["state"]["type"] == "COMPLETED", run.stdout
    assert flow_run["state"]["message"].endswith("without ledger, tenancy")
    by_deployment = Audit.model_validate_json(latest.read_text())

    by_hand = counterfoil("run", "--pack", "integrity", folder=tmp_path)
    assert by_hand.returncode == 0, by_hand.stderr
    assert flow_run["state"]["message"] in by_hand.stdout
    audit = Audit.model_validate_json(latest.read_text())
    assert audit.audit_id != by_deployment.audit_id
    assert (audit.packs_left_out, statuses(audit)) == (
        by_deployment.packs_left_out,
        statuses(by_deployment),
    )
    assert views(superuser) == before

    away = prefect.run("deployment", "run", "nightly/demo", "--param", 'audit_id="../../x"')
    assert away.returncode != 0
    assert "'../../x' does not match" in away.stdout + away.stderr

    unknown = counterfoil("run", "--pack", "health", folder=tmp_path)
    assert unknown.returncode == 3
    assert "error: contract of empwr: the contract has no pack 'health'. Audit one" in (
        unknown.stderr
    )
    assert prefect.run(*some, 'packs=["helth"]').returncode != 0
    prefect.run(*some, 'packs=["health"]')
    flow_run, *_ = prefect.runs("demo")
    assert flow_run["state"]["type"] == "FAILED"
    assert flow_run["state"]["message"] in unknown.stderr


IN_THE_FILE = "{type: postgres, host: db.invalid, user: u, dbname: d}"


@pytest.mark.parametrize(
    ("outputs", "host", "is_configured"),
    [
        (None, None, False),
        (None, "", False),
        (None, "db.invalid", True),
        (f"{{production: {IN_THE_FILE}}}", None, True),
        (f"{{demo: {IN_THE_FILE}}}", "db.invalid", False),
    ],
    ids=["example", "empty", "variable", "file", "removed"],
)
def test_whether_production_is_configured(
    outputs: str | None,
    host: str | None,
    is_configured: bool,
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = f"counterfoil: {{outputs: {outputs}}}"
    if outputs is None:
        text = (ROOT / "profiles.example.yml").read_text()
    (tmp_path / "profiles.yml").write_text(text)
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    monkeypatch.delenv("COUNTERFOIL_HOST", raising=False)
    if host is not None:
        monkeypatch.setenv("COUNTERFOIL_HOST", host)
    assert target_is_configured("production") == {"is_configured": is_configured}
    assert ("its schedule is not active" in capsys.readouterr().out) is not is_configured


def test_a_server_that_is_not_there_is_told_in_one_line() -> None:
    absent = f"http://127.0.0.1:{free_port()}/api"
    with temporary_settings({PREFECT_API_URL: absent}):
        with pytest.raises(FlowError, match="has not answered for 1 seconds") as refused:
            wait_for_server(longest_s=1)
    assert str(refused.value).startswith(f"{absent}: Prefect's server")
    assert "make server" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("target", ["server", "worker", "deploy", "bench-deployment"])
@pytest.mark.parametrize(("given", "port"), [((), "4200"), (("PORT=5001",), "5001")])
def test_every_target_of_make_means_the_same_server(
    tmp_path: Path, target: str, given: tuple[str, ...], port: str
) -> None:
    for program in ("prefect", "python"):
        (tmp_path / program).write_text('#!/bin/sh\necho "$PREFECT_API_URL $@"\n')
        (tmp_path / program).chmod(0o755)
    # Nor of `make test`, which may be what runs this.
    left_out = ("PREFECT_API_URL", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    environment = {name: os.environ[name] for name in os.environ if name not in left_out}
    said = subprocess.run(
        ["make", "--old-file=install", target, f"BIN={tmp_path}", *given],
        # Of other programs; nothing of it is meant here.
        env=environment | {"PORT": "8080", "PREFECT_HOME": str(tmp_path / "home")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    if target == "server":
        assert said == [f" server start --host 127.0.0.1 --port {port}"]
    else:
        assert {line.split()[0] for line in said} == {f"http://127.0.0.1:{port}/api"}


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
