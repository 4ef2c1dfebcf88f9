"""Databases of four other makes that are in order: nothing is found in them, nothing unknown."""

from pathlib import Path

import pytest
from applications import application
from conftest import Database

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
