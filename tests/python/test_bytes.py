"""A database of no encoding, whose keys are of an extension's type: both are read as they are."""

from collections.abc import Iterator

import pytest
from applications import application
from conftest import Database

from counterfoil.audit.findings import Audit


@pytest.fixture(scope="module")
def audit(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audit]:
    other = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    folder = tmp_path_factory.mktemp("bytes")
    with application(other, "bytes", folder, encoding="SQL_ASCII") as database:
        yield database.audit()


def test_what_is_no_utf_8_is_shown_as_its_bytes(audit: Audit) -> None:
    (check,) = (check for check in audit.checks if check.check_id == "integrity.values_allowed")
    (finding,) = check.findings
    assert finding.key == {"rule": "rooms", "row_id": "2"}
    assert "Go<c6>" in finding.message


def test_keys_are_compared_by_their_own_type(audit: Audit) -> None:
    statuses = {check.check_id: check.status for check in audit.checks}
    assert statuses["integrity.references_resolve"] == "pass"
