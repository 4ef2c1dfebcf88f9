"""Databases of other makes that are in order: nothing is found in them, nothing unknown."""

from pathlib import Path

import pytest
from applications import DATABASES, application, audited, created
from conftest import Database
from copies import write_profiles

from counterfoil.common.settings import Settings
from counterfoil.draft.contract import draft
from counterfoil.draft.survey import survey
from counterfoil.postgres.session import Session

# What is so, and was meant: keys between two tables of tenants that leave the tenant out.
FOUND = {"shop": {"schema.foreign_keys_carry_tenant"}}


@pytest.mark.parametrize("name", ["clinic", "lorries", "shop", "forum"])
def test_what_is_in_order_is_left_alone(
    name: str, overnight: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("four builds: --long")
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    with application(server, name, tmp_path) as database:
        audit = database.audit()
    loud = {
        check.check_id for check in audit.checks if check.status not in ("pass", "not applicable")
    }
    assert loud == FOUND.get(name, set())


@pytest.mark.parametrize("name", ["clinic", "lorries", "shop", "forum", "market", "plant"])
def test_a_draft_of_what_is_in_order_finds_nothing(
    name: str,
    overnight: Database,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not request.config.getoption("--long"):
        pytest.skip("six builds: --long")
    server = overnight.plan.session.builder.model_copy(update={"dbname": "postgres"})
    schema = (DATABASES / name / "schema.sql").read_text(encoding="utf-8")
    file = tmp_path / "contract.yml"
    with created(server, f"draft_of_{name}", schema) as target:
        write_profiles(tmp_path, target)
        monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        file.write_text(draft(survey(Session.alone(target, Settings()))), encoding="utf-8")
        audit = audited(target, file)
    assert not audit.unjudged
    loud = {check.check_id for check in audit.checks if check.findings and check.severity != "info"}
    assert not loud
