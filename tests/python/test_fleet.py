"""A fleet of databases on a real Prefect server, with real workers; and lists that are none."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import yaml
from conftest import Database
from copies import copy_of, write_profiles
from prefects import Prefect
from refusals import refused
from test_exit_codes import LONDONS_REMEDY

from counterfoil.common.errors import FleetError, TargetError
from counterfoil.pipeline.fleet import limit_of, load_fleet
from counterfoil.postgres.profiles import Target


@dataclass(frozen=True)
class Fleet:
    """A list of databases, a Prefect server that has the deployments, and no worker yet."""

    prefect: Prefect
    databases: Path
    reports: Path
    limit: str

    @contextmanager
    def workers(self, number: int) -> Iterator[None]:
        """One that runs the fleet's own flow, and this many that run an audit at a time."""
        queues = [("fleet", "1"), *[("default", "1")] * number]
        with ExitStack() as stack:
            for place, (queue, limit) in enumerate(queues):
                stack.enter_context(
                    self.prefect.running(
                        *("worker", "start", "--pool", "counterfoil", "--work-queue", queue),
                        *("--limit", limit, "--name", f"worker {place}"),
                    )
                )
            yield

    def run(self, **parameters: Any) -> dict[str, Any]:
        """A run of the fleet's deployment, to its end."""
        given = {"databases": str(self.databases)} | parameters
        arguments = [f"--param={name}={json.dumps(value)}" for name, value in given.items()]
        said = self.prefect.run(
            *("deployment", "run", "fleet/nightly", "--watch", *arguments), timeout=3000
        )
        runs = self.prefect.ask(
            "flow_runs/filter", sort="START_TIME_DESC", flows={"name": {"any_": ["fleet"]}}
        )
        assert runs, said.stdout + said.stderr
        return dict(runs[0])

    @property
    def latest(self) -> Path:
        return self.reports / "fleet" / "latest"


@contextmanager
def fleet_of(overnight: Database, api: str, folder: Path, *, sound: int) -> Iterator[Fleet]:
    """So many sound databases, one with the demo's finding, and one that is down."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("DBT_PROFILES_DIR", str(folder))
        patch.setenv("COUNTERFOIL_REPORTS_DIR", str(folder / "reports"))
        first = stack.enter_context(copy_of(overnight, "sound_1"))
        with closing(psycopg2.connect(first.url)) as connection, connection.cursor() as cursor:
            cursor.execute(LONDONS_REMEDY)
            connection.commit()
        targets = [first.plan.session.builder]
        for number in range(2, sound + 1):
            copy = stack.enter_context(copy_of(first, f"sound_{number}"))
            targets.append(copy.plan.session.builder)
        faulty = stack.enter_context(copy_of(overnight, "faulty")).plan.session.builder
        down = faulty.model_copy(update={"name": "down", "dbname": "down"})
        targets += [faulty, down]
        write_profiles(folder, *targets)
        databases = folder / "databases.yml"
        entries = [{"target": target.name, "owner": "bookings"} for target in targets]
        databases.write_text(yaml.safe_dump({"databases": entries}))

        prefect = Prefect(folder / "prefect", api)
        for command in (
            ("work-pool", "create", "counterfoil", "--type", "process", "--overwrite"),
            ("--no-prompt", "deploy", "--all"),
        ):
            done = prefect.run(*command)
            assert done.returncode == 0, done.stdout + done.stderr
        yield Fleet(prefect, databases, folder / "reports", limit_of(faulty))


def statuses(fleet: Fleet) -> dict[str, str]:
    outcomes = json.loads((fleet.latest / "fleet.json").read_text())["outcomes"]
    return {outcome["target"]: outcome["status"] for outcome in outcomes}


def test_a_fleet_loses_nobody(
    overnight: Database, prefect_api: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    sound = 48 if request.config.getoption("--long") else 1
    with fleet_of(overnight, prefect_api, tmp_path, sound=sound) as fleet:
        with fleet.workers(2):
            without = fleet.run()
            assert without["state"]["type"] == "FAILED"
            assert without["state"]["message"] == (
                f"databases.yml: there is no global concurrency limit {fleet.limit}."
                f" prefect gcl create {fleet.limit} --limit 2."
            )
            fleet.prefect.run("gcl", "create", fleet.limit, "--limit", "2")
            run = fleet.run()

        assert run["state"]["type"] == "FAILED"
        verdict = f"ERROR: {sound} of {sound + 2} databases passed, 1 critical, 1 error; down: "
        assert run["state"]["message"].startswith(verdict), run["state"]["message"]
        assert statuses(fleet) == {
            "down": "error",
            "faulty": "critical",
            **{f"sound_{number}": "passed" for number in range(1, sound + 1)},
        }
        assert list(statuses(fleet))[:2] == ["down", "faulty"], "worst first"
        report, page = ((fleet.latest / name).read_text() for name in ("report.md", "index.html"))
        outcomes = json.loads((fleet.latest / "fleet.json").read_text())["outcomes"]
        for outcome in outcomes:
            link = f"../../{outcome['audit_id']}/index.html"
            if outcome["status"] == "error":
                assert 'database "down" does not exist' in outcome["message"]
                assert link not in report + page
                assert outcome["page"] in report
                assert outcome["page"] in page
            else:
                assert f"]({link})" in report
                assert f'href="{link}"' in page
                assert (fleet.latest / link).is_file()
        its_own = {"flow_run_id": {"any_": [run["id"]]}}
        artifacts = fleet.prefect.ask("artifacts/filter", artifacts=its_own)
        (report,) = [item["data"] for item in artifacts if item["key"] == "fleet-report"]
        assert "faulty" in report


def test_two_workers_are_faster_than_one(
    overnight: Database, prefect_api: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """By the clock, on two cores or more; each audit is a process of its own, mostly busy."""
    if not request.config.getoption("--long"):
        pytest.skip("some minutes, and a clock that nobody else disturbs: --long")
    with fleet_of(overnight, prefect_api, tmp_path, sound=10) as fleet:
        fleet.prefect.run("gcl", "create", fleet.limit, "--limit", "2")
        seconds = {}
        for number in (2, 1):
            with fleet.workers(number):
                started = time.monotonic()
                run = fleet.run()
                seconds[number] = time.monotonic() - started
            assert run["state"]["message"].startswith("ERROR: 10 of 12 databases passed")
    print(f"12 databases: {seconds[2]:.0f} s by two workers, {seconds[1]:.0f} s by one")
    assert seconds[1] / seconds[2] >= 1.6


# Lists that are none.

LISTS = {
    "the same database twice": (
        [{"target": "a", "owner": "x"}, {"target": "again", "owner": "y"}],
        FleetError,
        "key databases.1: 'again' is the database of 'a' once more",
    ),
    "an unknown target": (
        [{"target": "nowhere", "owner": "x"}],
        TargetError,
        "unknown target 'nowhere'",
    ),
    "an unknown contract": (
        [{"target": "a", "owner": "x", "contract": "contracts/no.yml"}],
        FleetError,
        "key databases.0: unknown contract 'contracts/no.yml'",
    ),
    "no owner": ([{"target": "a"}], FleetError, "key 'databases.0.owner' is missing"),
    "an unknown key": (
        [{"target": "a", "owner": "x", "shedule": "y"}],
        FleetError,
        "unknown key 'databases.0.shedule'",
    ),
    "nobody": ([], FleetError, "key 'databases'"),
    "nobody of the group": (
        [{"target": "a", "owner": "x", "group": "weekly"}],
        FleetError,
        "no database is of group 'nightly'",
    ),
}


@pytest.mark.parametrize(("entries", "error", "says"), LISTS.values(), ids=LISTS)
def test_a_list_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entries: Any, error: Any, says: str
) -> None:
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    target = Target(name="a", type="postgres", host="/x", user="u", dbname="d")
    write_profiles(tmp_path, target, target.model_copy(update={"name": "again"}))
    (tmp_path / "databases.yml").write_text(yaml.safe_dump({"databases": entries}))
    with refused(error, says):
        load_fleet(Path("databases.yml"), "nightly", tmp_path)


def test_no_list(tmp_path: Path) -> None:
    with refused(FleetError, str(tmp_path / "databases.yml"), "no such file"):
        load_fleet(Path("databases.yml"), "nightly", tmp_path)
