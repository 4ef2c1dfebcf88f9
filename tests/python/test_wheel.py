"""The wheel, installed: from an empty directory to a verdict, and to a deployment of it."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ROOT
from owners import owned, run_script
from prefects import Prefect
from refusals import assert_one_line
from servers import EMBEDDED, Server, server

from counterfoil.postgres.profiles import Target

pytestmark = pytest.mark.slow

OWN = {
    "models/loyalty/early_visits.sql": """
        select id, shop_id, day < date '2026-01-01' as is_early from public.visits
    """,
    "expectations/loyalty/early_visits.yml": """
        relation: early_visits
        pack: loyalty
        evidence: {relation: early_visits, key: [id]}
        checks:
          - check_id: loyalty.no_early_visit
            title: Nobody came before the shop was open
            why: It opened in 2026.
            remedy: Correct the day.
            owner: shops
            severity: warning
            category: Loyalty
            expectation:
              type: expect_column_values_to_be_in_set
              kwargs: {column: is_early, value_set: [false]}
            message: Visit {id} was early
    """,
    "cases/loyalty.no_early_visit.yml": """
        one_more:
          break: update public.visits set day = '2025-01-01' where id = 2
          expect:
            loyalty.no_early_visit: [{id: 2}]
        none:
          break: update public.visits set day = day + 1 where id = 2
          expect: {loyalty.no_early_visit: [{id: 2}]}
        no_statement:
          break: update public.nowhere set day = null
          expect: {}
    """,
}


@dataclass(frozen=True)
class Installation:
    """The wheel in an environment of its own, and a user without anything else."""

    python: Path
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "LANG": "C.UTF-8"}

    def run(
        self, *arguments: str, cwd: Path | None = None, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-m", "counterfoil", *arguments],
            cwd=cwd or self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    # What no wheel holds may be in a checkout: an old build, for one.
    left_out = shutil.ignore_patterns(".*", "build", "target", "reports", "logs", "*.egg-info")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    made = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([*pip, *made, str(source)], check=True)
    shutil.rmtree(source)
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    (packages,) = (folder / "venv").glob("lib/*/site-packages")
    # What the wheel needs is there, as if it had been installed beside it.
    needed = sysconfig.get_path("purelib")
    (packages / "needed.pth").write_text(f"import sys; sys.path.append({needed!r})\n")
    (wheel,) = folder.glob("*.whl")
    subprocess.run(
        [*pip, "install", "--no-deps", "--no-index", "--target", str(packages), str(wheel)],
        check=True,
    )
    (folder / "home").mkdir()
    return Installation(python, folder)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("server"), EMBEDDED) as started:
        yield started


@pytest.fixture(scope="module")
def shops(running: Server) -> Iterator[Target]:
    with owned(running) as owner:
        yield owner


def test_from_an_empty_directory_to_a_deployment(installed: Installation, shops: Target) -> None:
    audits = installed.folder / "audits"
    made = installed.run("init", "audits", "--url", _url(shops))
    assert made.returncode == 0, made.stderr
    _with_checks_of_ones_own(audits)
    grants = installed.run("grants", cwd=audits)
    assert grants.returncode == 0, grants.stderr
    assert not run_script(shops, grants.stdout)

    run = installed.run("run", cwd=audits)
    assert run.returncode == 2, run.stderr
    audit = json.loads((audits / "reports" / "latest" / "audit.json").read_text())
    assert audit["contract"] == "contract.yml"
    found = {check["check_id"]: check for check in audit["checks"]}
    assert not [check for check in found.values() if check["status"] in ("error", "unknown")]
    assert found["tenancy.references_stay_in_tenant"]["finding_count"] == 1
    assert found["loyalty.no_early_visit"]["finding_count"] == 1

    cases = installed.run("cases", "--in-place", "--url", _url(shops), cwd=audits)
    assert cases.returncode == 2, cases.stderr
    assert cases.stdout.splitlines() == [
        "ok    loyalty.no_early_visit.one_more",
        "fail  loyalty.no_early_visit.none",
        "      not found: loyalty.no_early_visit id 2",
        "fail  loyalty.no_early_visit.no_statement",
        '      it cannot be broken: relation "public.nowhere" does not exist',
    ]

    _is_refused_where_only_an_auditor_is_at_hand(installed, audits)

    home = installed.folder / "prefect"
    prefect = Prefect(
        home,
        command=[str(installed.python), "-m", "prefect"],
        folder=audits,
        environment=installed.environment,
    )
    with prefect.serve():
        prefect.run("work-pool", "create", "counterfoil", "--type", "process")
        deployed = prefect.run("--no-prompt", "deploy", "--name", "production")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr
        with prefect.running("worker", "start", "--pool", "counterfoil"):
            never = ("--param", "fail_on=never", "--watch")
            said = prefect.run("deployment", "run", "nightly/production", *never)
            (flow_run,) = [run for run in prefect.runs("production") if not run["auto_scheduled"]]
    assert flow_run["state"]["type"] == "COMPLETED", said.stdout
    assert len(list((audits / "reports").glob("*/audit.json"))) >= 2
    assert not [*(installed.folder / "venv").rglob("target")], "nothing is written to the wheel"


def _with_checks_of_ones_own(audits: Path) -> None:
    for name, text in OWN.items():
        (audits / name).parent.mkdir(parents=True, exist_ok=True)
        (audits / name).write_text(text.replace("\n        ", "\n"))


def _is_refused_where_only_an_auditor_is_at_hand(installed: Installation, audits: Path) -> None:
    """Whatever version the views are of."""
    folder = installed.folder / "alone"
    folder.mkdir()
    profiles = (audits / "profiles.yml").read_text().replace("builder", "auditor")
    (folder / "profiles.yml").write_text(profiles)
    alone = installed.run("run", cwd=audits, DBT_PROFILES_DIR=str(folder))
    assert alone.returncode == 3
    assert_one_line(alone.stderr.removesuffix("\n").splitlines()[-1])
    assert "role counterfoil_auditor may not" in alone.stderr


def _url(target: Target) -> str:
    return f"postgresql://{target.user}@/{target.dbname}?host={target.host}&port={target.port}"
