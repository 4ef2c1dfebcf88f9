"""A database of no encoding, whose keys are of an extension's type: both are read as they are."""

from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from applications import DATABASES, application
from conftest import ROOT, Database
from refusals import refused

from counterfoil.audit.findings import Audit
from counterfoil.common.errors import PreflightError
from counterfoil.contract.contract import load_contract
from counterfoil.contract.discovery import discover
from counterfoil.pipeline.preflight import check_database


@pytest.fixture(scope="module")
def database(shared: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    other = shared.plan.session.builder.model_copy(update={"dbname": "postgres"})
    folder = tmp_path_factory.mktemp("bytes")
    with application(other, "bytes", folder, encoding="SQL_ASCII") as database:
        yield database


@pytest.fixture(scope="module")
def audit(database: Database) -> Audit:
    return database.audit()


def test_what_is_no_utf_8_is_shown_as_its_bytes(audit: Audit) -> None:
    (check,) = (check for check in audit.checks if check.check_id == "integrity.values_allowed")
    (finding,) = check.findings
    assert finding.key == {"rule": "rooms", "row_id": "2"}
    assert "Go<c6>" in finding.message


def test_keys_are_compared_by_their_own_type(audit: Audit) -> None:
    statuses = {check.check_id: check.status for check in audit.checks}
    assert statuses["integrity.references_resolve"] == "pass"


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("code <> 'GAST'", "code is extensions.citext, and is compared as text here"),
        ("code::text <> 'GAST'", None),
        ("code operator(extensions.<>) 'GAST'", None),
        ("code is not null and name <> 'Gast'", None),
    ],
)
def test_a_condition_means_what_the_application_means_by_it(
    where: str, says: str | None, database: Database
) -> None:
    declared = load_contract(ROOT, DATABASES / "bytes" / "contract.yml")
    key = declared.business_keys[0].model_copy(update={"where": where})
    contract = discover(
        declared.model_copy(update={"business_keys": (key,)}), database.plan.session
    )
    with refused(PreflightError, says) if says else nullcontext():
        check_database(contract, database.plan.session)
