"""What an audit judges, and what that comes to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from counterfoil.audit.probes import PlacedProbe
from counterfoil.audit.waivers import Waiver
from counterfoil.contract.contract import Contract
from counterfoil.contract.packs import Pack
from counterfoil.suites.own_checks import POLICIES_NAME_THE_TENANT, ROW_SECURITY_ISOLATES
from counterfoil.suites.pack_report import PackReport
from counterfoil.suites.suite import Suite


@dataclass(frozen=True)
class Scope:
    """What an audit judges. All that the contract means to an audit is worked out here.

    Attributes:
        contract: what the database promises.
        contract_file: where it was read from, as the audit will say.
        suites: every suite there is, checked by `check_suites`.
        packs: which of the contract's are audited; all of them if none is named. Of the rest
            nothing is read, and nothing said.
        reports: what a report shows of each pack: the rows for it are read meanwhile.
        waivers: the accepted findings, of whatever database.
        known: by check_id, the fingerprints of findings that were there before: what is new is
            listed, however small it is.
        evidence_limit: how many findings are listed of a check; all are counted.
        unproven: by view, why what it says cannot be relied on: no check over it is judged.
    """

    contract: Contract
    contract_file: str
    suites: tuple[Suite, ...]
    packs: tuple[Pack, ...] = ()
    reports: tuple[PackReport, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    known: Mapping[str, Collection[str]] = field(default_factory=dict)
    evidence_limit: int = 100
    unproven: Mapping[str, str] = field(default_factory=dict)

    @property
    def database(self) -> str:
        """Its name, as waivers and reports say it."""
        return self.contract.database

    @cached_property
    def audited(self) -> Contract:
        """The contract with those of its packs that are audited."""
        return self.contract.narrowed_to(self.packs)

    @property
    def packs_left_out(self) -> list[Pack]:
        """The contract's packs that are not audited."""
        return [pack for pack in self.contract.packs if pack not in self.audited.packs]

    @cached_property
    def applying(self) -> tuple[Suite, ...]:
        """The suites that the audited packs ask for."""
        return tuple(suite for suite in self.suites if suite.applies_to(self.audited))

    @cached_property
    def checks(self) -> tuple[tuple[str, str | None], ...]:
        """The checks that the audited packs ask for, the audit's own aside, and their ledgers."""
        own = [POLICIES_NAME_THE_TENANT.check_id] if self.has_policies else []
        probed = [ROW_SECURITY_ISOLATES.check_id] if self.probes or self.strangers else []
        return (
            *((check.check_id, suite.ledger) for suite in self.applying for check in suite.checks),
            *((check_id, None) for check_id in (*own, *probed)),
        )

    @property
    def check_ids(self) -> tuple[str, ...]:
        """Their ids, each once."""
        return tuple(dict.fromkeys(check_id for check_id, _ in self.checks))

    @cached_property
    def check_ids_of_contract(self) -> tuple[str, ...]:
        """Those that all packs of the contract ask for, of which some may be left out."""
        return replace(self, packs=()).check_ids

    @property
    def has_policies(self) -> bool:
        """Whether policies are read: their pack is audited."""
        return "schema" in self.audited.packs

    @property
    def strangers(self) -> tuple[str, ...]:
        """The roles that are to see no row of a walled table while nothing is set."""
        structure = self.contract.structure
        if not self.has_policies or not structure or not structure.row_security:
            return ()
        return structure.row_security.strangers

    @cached_property
    def probes(self) -> tuple[PlacedProbe, ...]:
        """The probes of row security; none unless their pack is audited."""
        structure = self.contract.structure
        if not self.has_policies or not structure or not structure.row_security:
            return ()
        expected = {name for group in structure.tables for name in group.names}
        return tuple(
            PlacedProbe(probe, *self.contract.locate(probe.table), probe.table in expected)
            for declared in structure.row_security.probes
            for probe in declared.singly
        )

    @property
    def compared(self) -> list[tuple[str, str, str]]:
        """Each (schema, relation, column) that must be unique, or reference or be referenced."""
        contract = self.contract
        columns = {
            (rule.table, column)
            for rule in contract.business_keys
            for named in rule.columns
            for column in contract.columns_of(rule.table, named)
        }
        for reference in contract.references:
            columns |= {(reference.child, name) for name in reference.child_columns}
            of_parent = contract.parent_columns(reference)
            columns |= {(reference.parent, name) for name in of_parent}
        return [(*contract.locate(table), column) for table, column in sorted(columns)]

    @property
    def relations(self) -> list[tuple[str, str]]:
        """The (schema, relation) of each table of the contract."""
        return [*self.contract.relations]
