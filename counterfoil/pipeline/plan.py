"""Everything that is read and checked before the database is asked what is true."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from counterfoil.alerts.recipients import Recipient, check_owners, load_recipients
from counterfoil.audit.scope import Scope
from counterfoil.audit.waivers import load_waivers
from counterfoil.common.settings import Settings
from counterfoil.contract.contract import Contract, contract_of, load_contract
from counterfoil.contract.discovery import discover
from counterfoil.contract.packs import Pack
from counterfoil.migrations.deployment import with_histories
from counterfoil.pipeline.preflight import check_database, check_disk, check_recipients
from counterfoil.postgres.one_database import check_one_database
from counterfoil.postgres.session import Session
from counterfoil.suites.pack_report import load_reports
from counterfoil.suites.suite import Suite, check_suites, check_words, load_suites, read_pii_columns
from counterfoil.views.project import check_own_models


@dataclass(frozen=True)
class Plan:
    """What an audit will do.

    Attributes:
        scope: what it judges: the contract with what the catalog adds to it, and the suites
            that apply. The views are those of all its packs.
        contract_dir: the folder that the contract's paths are relative to.
        session: who builds the views, asserts, and writes the history.
        recipients: who is notified of what.
    """

    scope: Scope
    contract_dir: Path
    session: Session
    recipients: tuple[Recipient, ...]


def make_plan(
    target: str, contract_file: Path | None, settings: Settings, packs: Collection[Pack] = ()
) -> Plan:
    """Reads and checks all that an audit of `target` needs.

    Args:
        target: an output of profiles.yml.
        contract_file: a contract that replaces the dbt project's own; None keeps that.
        settings: the operator's.
        packs: which of the contract's are audited; all of them if none is named.

    Raises:
        CounterfoilError: the first thing that is wrong: target, contract, packs, suites, alerts,
            waivers, disk, connections, tables, columns, privileges. The files come first: what
            they get wrong is said though the database is down, and not tried again.
    """
    session = Session.of(target, settings)
    declared = load_contract(settings.project_dir, contract_file)
    audited = declared.narrowed_to(packs).packs
    suites = load_suites(*settings.expectations_dirs)
    check_own_models(settings)
    check_suites(
        [suite for suite in suites if suite.pack in declared.packs],
        declared,
        read_pii_columns(*settings.models_dirs),
    )
    check_words(suites, declared)
    check_recipients(settings)
    recipients = load_recipients(settings.alerts_path)
    check_owners(recipients, suites, declared, settings.alerts_path)
    # Who names a file means it; the usual one there is once something is accepted.
    is_there = settings.waivers_file is not None or settings.waivers_path.exists()
    waivers = load_waivers(settings.waivers_path, suites) if is_there else ()
    reports = load_reports(*settings.expectations_dirs)
    check_disk(settings)
    check_one_database(session.builder, (session.auditor, session.historian), settings)
    contract = discover(declared, session)
    contract = check_database(contract, session, named_by_views(suites, contract))
    contract_dir = contract_file.absolute().parent if contract_file else settings.project_dir
    found = with_histories(contract, contract_dir, session)
    return Plan(
        scope=Scope(
            contract=found,
            contract_file=str(contract_file or contract_of(settings.project_dir).name),
            suites=tuple(part for suite in suites for part in suite.narrowed_to(found)),
            packs=audited,
            reports=reports,
            waivers=waivers,
            evidence_limit=settings.evidence_limit,
        ),
        contract_dir=contract_dir,
        session=session,
        recipients=recipients,
    )


def named_by_views(suites: Iterable[Suite], contract: Contract) -> frozenset[str]:
    """The tables that views name themselves, and not by the contract's lists."""
    return frozenset(
        table
        for suite in suites
        if suite.applies_to(contract)
        for sources in (suite.sources, *(check.sources for check in suite.checks))
        for table in sources
    )
