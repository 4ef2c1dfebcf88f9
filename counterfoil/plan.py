"""Everything that is read and checked before the database is asked what is true."""

from dataclasses import dataclass
from pathlib import Path

from counterfoil.contract import Contract, load_contract
from counterfoil.discovery import discover
from counterfoil.preflight import check_database, check_disk
from counterfoil.profiles import Target, load_targets
from counterfoil.settings import Settings
from counterfoil.suites import Suite, check_suites, load_suites, read_pii_columns


@dataclass(frozen=True)
class Plan:
    """What an audit will do.

    Attributes:
        contract: what the database promises, with what its catalog adds to that.
        contract_file: where that was read from, as the audit will say.
        replaces_project_contract: whether it stands in for the dbt project's own.
        suites: those that apply to the contract.
        builder: the target that builds the views.
        auditor: the target that asserts.
    """

    contract: Contract
    contract_file: str
    replaces_project_contract: bool
    suites: tuple[Suite, ...]
    builder: Target
    auditor: Target


def make_plan(target: str, contract_file: Path | None, settings: Settings) -> Plan:
    """Reads and checks all that an audit of `target` needs.

    Args:
        target: an output of profiles.yml.
        contract_file: a contract that replaces the dbt project's own; None keeps that.
        settings: the operator's.

    Raises:
        CounterfoilError: the first thing that is wrong: target, contract, suites, disk,
            connection, tables, columns, privileges.
    """
    builder, auditor = load_targets(target, settings.project_dir)
    declared = load_contract(settings.project_dir, contract_file)
    suites = load_suites(settings.expectations_dir)
    check_suites(
        [suite for suite in suites if suite.pack in declared.packs],
        declared,
        read_pii_columns(settings.project_dir / "models"),
    )
    check_disk(settings)
    contract = discover(declared, builder, settings)
    check_database(contract, builder, settings)
    return Plan(
        contract=contract,
        contract_file=str(contract_file or "dbt_project.yml"),
        replaces_project_contract=contract != declared or contract_file is not None,
        suites=tuple(suite.narrowed_to(contract) for suite in suites if suite.applies_to(contract)),
        builder=builder,
        auditor=auditor,
    )
