"""The checks that no suite declares: the audit's own, of itself and by its probes."""

from dataclasses import asdict, dataclass
from typing import Any

from counterfoil.suites.severities import Severity


@dataclass(frozen=True)
class OwnCheck:
    """A check as the catalogue has it; what its fields mean is what a suite's check says.

    `relation` is what it looks at, `key` what its findings are known by if they can be waived,
    `sized_by` the measure that says how large they are and `unit` what that counts, and
    `judged` says how it is judged.
    """

    check_id: str
    title: str
    severity: Severity
    relation: str
    owner: str
    category: str
    why: str
    remedy: str
    key: tuple[str, ...] = ()
    sized_by: str | None = None
    unit: str | None = None
    judged: str = "Judged by the audit itself, after every suite: it needs no view."

    def shown(self) -> dict[str, Any]:
        """What an audit says of it."""
        said = asdict(self)
        return {name: said[name] for name in said.keys() - {"key", "judged"}}


POLICIES_NAME_THE_TENANT = OwnCheck(
    check_id="schema.policies_name_the_tenant",
    title="Every policy of a tenant's table compares the tenant or the owner",
    severity="critical",
    relation="schema_policies",
    owner="platform",
    category="Row security",
    why="A policy that is always true, or holds the tenant or owner against nothing that says"
    " who is there (a setting, a function, the role), shows every tenant's rows or lets them"
    " be written, while the table counts as walled in. A policy for UPDATE or ALL has two"
    " halves, and each must ask.",
    remedy="Make USING and WITH CHECK compare the tenant or the owner with who is there; declare"
    " owner columns and trusted roles under structure.row_security.",
    key=("table_name", "policy_name"),
    judged="Reads `counterfoil.schema_policies` and parses each expression, as Postgres writes"
    " it. Unknown while what a policy asks cannot be told from it, and no probe of"
    " `structure.row_security.probes` with `own_rows` tries its table.",
)


ROW_SECURITY_ISOLATES = OwnCheck(
    check_id="schema.row_security_isolates",
    title="Row security shows a role its own rows, and no other's",
    severity="critical",
    relation="structure.row_security.probes",
    owner="platform",
    category="Row security",
    why="Policies are or'ed together, owners and views go around them, and a role inherits"
    " what another may. Whether the policies isolate is known only when it is tried.",
    remedy="Look at schema_policies for the table, and at the role's memberships and"
    " BYPASSRLS; then write the policy that is missing.",
    key=("probe",),
    sized_by="foreign_row_count",
    unit="rows",
    judged="Runs the probes of `structure.row_security.probes`, each as its role and with its"
    " settings, and those of its `strangers`, in the audit's own read-only transaction. What a"
    " role may write is asked of the policies, and not tried. Applies when the contract has one.",
)

EVERY_CHECK_RAN = OwnCheck(
    check_id="audit.every_check_ran",
    title="Every declared check has a result",
    severity="critical",
    relation="expectations",
    owner="data",
    category="Audit",
    why="A check that silently did not run looks like one that passed.",
    remedy="Look at the audit's log for the check's suite, and run the audit again.",
)

WAIVERS_IN_USE = OwnCheck(
    check_id="audit.waivers_in_use",
    title="Every waiver holds, and waives something",
    severity="warning",
    relation="waivers",
    owner="data",
    category="Audit",
    why="A waiver that nothing needs any more hides the next fault of that key, and one that"
    " expired is a decision that somebody has to take again.",
    remedy="Delete its line of seeds/waivers.csv, or give it a new date and reason.",
)

# Of every database; those of the schema first, which the audit makes before the others.
OWN_CHECKS = (POLICIES_NAME_THE_TENANT, ROW_SECURITY_ISOLATES, EVERY_CHECK_RAN, WAIVERS_IN_USE)
