"""dbt on its own, for someone who never heard of the flow: models, data and unit tests."""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from conftest import ROOT, Database

from counterfoil.contract.derived import derive

DBT = Path(sys.executable).with_name("dbt")


def test_what_follows_from_the_contract_is_written_beside_it(overnight: Database) -> None:
    """`make derived` writes it: dbt alone interprets nothing, and `counterfoil run` passes it."""
    written = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    assert written["derived"] == derive(overnight.plan.scope.contract)


def test_dbt_build_alone(overnight: Database) -> None:
    """Every view is made, and what dbt itself tests of their SQL holds."""
    host = overnight.plan.session.builder.host
    build = subprocess.run(
        [DBT, "--no-use-colors", "build", "--target", "demo"],
        cwd=ROOT,
        env=os.environ | {"COUNTERFOIL_DEMO_HOST": host},
        capture_output=True,
        text=True,
        check=False,
    )
    assert build.returncode == 0, build.stdout
    assert "unit test" in build.stdout
    assert "ERROR=0 SKIP=0" in build.stdout
