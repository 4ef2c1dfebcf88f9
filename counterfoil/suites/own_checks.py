"""The checks that no suite declares: the audit's own, of itself and by its probes."""

from dataclasses import dataclass

from counterfoil.suites.severities import Severity


@dataclass(frozen=True)
class OwnCheck:
    """A check as the catalogue has it; what its fields mean is what a suite's check says.

    `relation` is what it looks at, and no view.
    """

    check_id: str
    title: str
    severity: Severity
    relation: str
    owner: str
    category: str
    why: str
    remedy: str


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

# Of every database; the one of the probes first, which the audit makes before the others.
OWN_CHECKS = (ROW_SECURITY_ISOLATES, EVERY_CHECK_RAN, WAIVERS_IN_USE)
