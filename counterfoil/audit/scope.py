"""What an audit judges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from counterfoil.audit.evidence import Key
from counterfoil.audit.waivers import Waiver
from counterfoil.contract.contract import Contract
from counterfoil.contract.packs import Pack
from counterfoil.suites.pack_report import PackReport
from counterfoil.suites.suite import Suite


@dataclass(frozen=True)
class Scope:
    """What an audit judges.

    Attributes:
        contract: what the database promises.
        contract_file: where it was read from, as the audit will say.
        suites: every suite there is, checked by `check_suites`.
        packs: which of the contract's are audited; all of them if none is named. Of the rest
            nothing is read, and nothing said.
        reports: what a report shows of each pack: the rows for it are read meanwhile.
        waivers: the accepted findings, of whatever database.
        looked_for: by check_id, keys of findings that are to be listed however small they
            are: those open since an earlier audit.
        evidence_limit: how many findings are listed of a check; all are counted.
    """

    contract: Contract
    contract_file: str
    suites: tuple[Suite, ...]
    packs: tuple[Pack, ...] = ()
    reports: tuple[PackReport, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    looked_for: Mapping[str, Sequence[Key]] = field(default_factory=dict)
    evidence_limit: int = 100

    @property
    def audited(self) -> Contract:
        """The contract with those of its packs that are audited."""
        return self.contract.narrowed_to(self.packs)
