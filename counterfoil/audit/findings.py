"""What an audit found, in the shape that it is published in (docs/audit.schema.json)."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from counterfoil.contract.packs import Pack
from counterfoil.suites.names import named
from counterfoil.suites.severities import Severity

CheckStatus = Literal["pass", "fail", "waived", "error", "unknown", "not applicable"]
AuditStatus = Literal["passed", "warning", "critical", "error"]
# Of a category where nothing but information was found: "info".
ScoreStatus = CheckStatus | Literal["info"]
Priority = Literal["P0", "P1", "P2", "-"]
IncidentStatus = Literal["open", "waived", "resolved"]
ChangeKind = Literal["new", "reopened", "worsened", "eased", "resolved", "waived"]
WaiverState = Literal["holds", "exceeded", "expired", "unused", "not judged"]
Measure = int | float


class _Published(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Acceptance(_Published):
    """The waiver under which a finding is accepted."""

    owner: str
    reason: str
    expires_on: date
    bound: Measure | None = Field(description="The size up to which it holds; null for any.")


class Finding(_Published):
    """One failing row, by key. It holds keys and measures, never anything personal."""

    fingerprint: str = Field(description="sha256 of check_id and key; stable across audits.")
    severity: Severity
    tenant_id: str | None = Field(description="The tenant of the row; null if it has none.")
    key: dict[str, str | None] = Field(description="What names the row, values as text.")
    observed: dict[str, Any] = Field(description="The measures behind it.")
    message: str = Field(description="What is wrong, as a sentence.")
    headline: str | None = Field(
        default=None, description="What the message begins with, without the cause."
    )
    repair: str | None = Field(
        default=None,
        description="What plans its repair, after `counterfoil repair plan`, for a shell.",
    )
    subject: str | None = Field(
        default=None, description="What it is about: findings that agree on it belong together."
    )
    size: Measure | None = Field(default=None, description="How large it is, with its sign.")
    waiver: Acceptance | None = Field(default=None, description="Null: nobody accepted it.")
    # By what it may be about; of its incident the one that it is about is published.
    _together: Mapping[str, str] = PrivateAttr(default_factory=dict)

    def telling(self, together: Mapping[str, str]) -> "Finding":
        """The finding with what is said of several, by what they may be about."""
        finding = self.model_copy()
        finding._together = together
        return finding

    @property
    def together(self) -> str | None:
        """What is said of several that are about the same, after their number."""
        return self._together.get(self.subject or "")


@dataclass(frozen=True, slots=True)
class Trace:
    """What is followed of a finding, listed or not.

    Attributes:
        fingerprint: the finding's.
        key: what names the row, as JSON.
        message: None: it is not listed.
    """

    fingerprint: str
    key: str
    severity: Severity
    tenant_id: str | None
    subject: str | None
    size: Measure | None
    is_waived: bool
    message: str | None
    headline: str | None = None
    together: str | None = None


def trace_of(finding: Finding) -> Trace:
    """What is followed of a finding that is listed."""
    return Trace(
        fingerprint=finding.fingerprint,
        key=json.dumps(finding.key),
        severity=finding.severity,
        tenant_id=finding.tenant_id,
        subject=finding.subject,
        size=finding.size,
        is_waived=finding.waiver is not None,
        message=finding.message,
        headline=finding.headline,
        together=finding.together,
    )


class CheckResult(_Published):
    """What one check came to; of ledgers and rules of one's own, in one of them."""

    check_id: str
    ledger: str | None = Field(
        default=None,
        description="The ledger, or rule of the contract's own, that it is about; else null.",
    )
    title: str
    severity: Severity
    status: CheckStatus
    relation: str = Field(description="The view asserted over, with its schema.")
    rows_checked: int | None = Field(description="Rows looked at; null if none could be.")
    finding_count: int = Field(description="Failing rows: exact, however few are listed.")
    waived_count: int = Field(default=0, description="How many of them are waived: exact.")
    tenant_counts: dict[str, int] = Field(
        default={}, description="By tenant, the failing rows that are not waived: exact."
    )
    seconds: float | None = Field(
        default=None, description="What its view took, for all of the view's checks together."
    )
    owner: str
    category: str
    why: str
    remedy: str
    detail: str | None = Field(
        default=None,
        description="Why nothing, or nothing of some tables or packs, could be judged; else null.",
    )
    findings: list[Finding] = Field(
        description="The largest of them, up to the cap, and so many that were not there before."
    )
    sized_by: str | None = Field(
        default=None, description="The view and column of their sizes; null: they have none."
    )
    unit: str | None = Field(default=None, description="What their sizes count.")
    rows: str | None = Field(
        default=None, description="A query of its failing rows; null if no view lists them."
    )
    abouts: list[str] = Field(
        default=[], description="What each of them may be about, as SQL over the query's rows."
    )
    # Not published: there may be 100,000.
    _traces: Sequence[Trace] | None = PrivateAttr(default=None)

    def following(self, traces: Sequence[Trace]) -> "CheckResult":
        """The result with all its findings as they are followed, listed or not."""
        result = self.model_copy()
        result._traces = traces
        return result

    @property
    def traces(self) -> Sequence[Trace]:
        """What is followed of its findings."""
        return [*map(trace_of, self.findings)] if self._traces is None else self._traces

    @property
    def size(self) -> Measure | None:
        """What the sizes of its findings come to, whatever their signs; None if they have none."""
        if self.sized_by is None:
            return None
        return sum(abs(trace.size or 0) for trace in self.traces)

    @property
    def name(self) -> str:
        """What tells it from every other result of the audit."""
        return named(self.check_id, self.ledger)

    @property
    def is_quiet(self) -> bool:
        """Whether it asks nothing of anybody: it passed, or had nothing to judge."""
        return self.status in ("pass", "not applicable")

    @property
    def is_unjudged(self) -> bool:
        """Whether it says nothing of the data: it is an error or unknown."""
        return self.status in ("error", "unknown")

    @property
    def counts(self) -> int:
        """The failing rows that nobody accepted."""
        return self.finding_count - self.waived_count


class Score(_Published):
    """One line of the health score."""

    category: str
    status: ScoreStatus
    priority: Priority


class TenantScore(Score):
    """A line of a tenant's own score; a category without one passes for that tenant."""

    tenant_id: str


class WaiverUse(_Published):
    """What became of one waiver in an audit."""

    check_id: str
    key: dict[str, str | None]
    owner: str
    reason: str
    expires_on: date
    bound: Measure | None
    state: WaiverState


@dataclass(frozen=True, slots=True)
class Incident:
    """A finding over its life: one row, however often it went and came back."""

    incident_id: int
    check_id: str
    fingerprint: str
    status: IncidentStatus
    severity: Severity
    owner: str
    tenant_id: str | None
    subject: str | None
    key: dict[str, str | None]
    message: Annotated[
        str | None, Field(description="As it was last listed; null if it never was.")
    ]
    first_seen_at: datetime
    opened_at: Annotated[
        datetime, Field(description="When it was seen after not having been there.")
    ]
    last_seen_at: datetime
    clean_before: Annotated[
        datetime | None,
        Field(description="The last audit before that which did not have it; null if unknown."),
    ]
    resolved_at: datetime | None
    reopened_count: int
    first_size: Measure | None
    size: Measure | None
    worst_size: Measure | None
    sized_by: Annotated[
        str | None, Field(description="What they are sizes of; one of another is not compared.")
    ] = None
    ledger: Annotated[
        str | None,
        Field(description="The ledger or rule that its check is about; null if about none."),
    ] = None
    headline: Annotated[
        str | None, Field(description="What its message begins with, without the cause.")
    ] = None
    together: Annotated[
        str | None,
        Field(description="What is said of several about its subject, after their number."),
    ] = None

    @property
    def check(self) -> str:
        """The name of the result that it is a finding of."""
        return named(self.check_id, self.ledger)

    @property
    def cause(self) -> str | None:
        """Its message without the headline, if it has both."""
        if self.headline is None or self.message is None:
            return None
        return self.message.removeprefix(f"{self.headline}: ")

    @property
    def told(self) -> str:
        """What is wrong, in short, or whose it is where that was never listed."""
        if self.message is not None:
            return self.headline or self.message
        key = ", ".join(f"{name} {value}" for name, value in self.key.items())
        return f"{self.check_id}: {key}"


@dataclass(frozen=True, slots=True)
class Change:
    """What an audit changed of an incident."""

    change: ChangeKind
    incident: Incident
    size_before: Measure | None
    status_before: Annotated[IncidentStatus | None, Field(description="Null: it was not known.")]


class Step(_Published):
    """What one audit changed of an incident."""

    snapshot_at: datetime
    audit_id: str
    change: ChangeKind
    status_before: IncidentStatus | None = Field(description="Null: it was not known.")
    size_before: Measure | None
    size_after: Measure | None
    waived_by: str | None = Field(description="Who had accepted it by then; null: nobody had.")
    waived_because: str | None


class TrendPoint(_Published):
    """The result of one check in one audit."""

    snapshot_at: datetime
    audit_id: str = ""
    status: CheckStatus
    finding_count: int
    size: Measure | None = Field(
        default=None,
        description="What the sizes of its findings come to, whatever their signs; null where it"
        " has none, or those of something else than now.",
    )


class PreviousAudit(_Published):
    """The audit of this database that was recorded before this one."""

    audit_id: str
    snapshot_at: datetime
    status: AuditStatus


class Tally(_Published):
    """How much an audit left open, and how much it closed, as people count it: what is wrong with
    one subject counts once.
    """

    ongoing: int = Field(default=0, description="Open now, and in part or whole before.")
    new: int = Field(default=0, description="Open now, and never before.")
    reopened: int = Field(default=0, description="Open now, and not at the audit before.")
    worse: int = Field(default=0, description="Of the ongoing, those that got worse.")
    eased: int = Field(default=0, description="Of the ongoing, those that are less now.")
    resolved: int = Field(default=0, description="No longer there.")
    newly_waived: int = Field(default=0, description="Accepted since.")
    waived: int = Field(default=0, description="Accepted, since or before.")
    checks: int = Field(default=0, description="Checks that have an open incident.")
    open_incidents: dict[Severity, int] = Field(
        default={}, description="How many incidents that is, by severity."
    )
    waived_incidents: int = Field(default=0, description="How many incidents are waived.")
    changes: int = Field(default=0, description="How many incidents changed.")

    @property
    def open(self) -> int:
        """What is open."""
        return self.ongoing + self.new + self.reopened

    @property
    def changed(self) -> int:
        """What is not as it was."""
        moved = self.new + self.reopened + self.worse + self.eased
        return moved + self.resolved + self.newly_waived


class History(_Published):
    """What the audit means beside those before it."""

    previous: PreviousAudit | None
    tally: Tally = Field(
        default=Tally(), description="Of all changes and incidents, listed or not."
    )
    changes: list[Change]
    incidents: list[Incident] = Field(description="Those that are open or waived.")
    trends: dict[str, list[TrendPoint]] = Field(
        description="By failing check, followed in brackets by its ledger or rule if it is about"
        " one, the last audits, oldest first, this one included."
    )
    steps: dict[int, list[Step]] = Field(
        default={},
        description="By incident_id, of those that tell a group that is shown in full, what the"
        " last audits changed of it, oldest first.",
    )


class Audit(_Published):
    """One run over one database."""

    audit_id: str
    database: str
    contract: str = Field(description="The file that the contract was read from.")
    snapshot_at: datetime = Field(description="The instant that every query saw.")
    started_at: datetime
    finished_at: datetime
    status: AuditStatus
    checks: list[CheckResult]
    score: list[Score]
    tenant_score: list[TenantScore] = Field(
        default=[], description="What was found by tenant: one line per tenant and category."
    )
    waivers: list[WaiverUse] = Field(default=[], description="Those of this database.")
    target: str | None = Field(
        default=None, description="The output of profiles.yml that was audited."
    )
    psql: str | None = Field(
        default=None, description="What opens the database at a terminal; without a password."
    )
    contacts: dict[str, str] = Field(
        default={}, description="By owner, whom that is and how they are reached."
    )
    packs_left_out: list[Pack] = Field(
        default=[], description="The contract's packs that this run did not audit."
    )
    rebuilt_views: list[str] = Field(
        default=[],
        description="Not as they had been built, and built again before anything was asked.",
    )
    empty_tables: list[str] = Field(
        default=[], description="In use and without rows: nothing about them could be judged."
    )
    sections: dict[str, list[dict[str, Any]]] = Field(
        description="What the report shows besides: rows of the summary views."
    )
    history: History | None = Field(
        default=None, description="Null: it could not be recorded, or has not been yet."
    )

    def failing(self, severity: Severity) -> list[CheckResult]:
        """The failed checks of one severity."""
        return [
            check for check in self.checks if check.status == "fail" and check.severity == severity
        ]

    def contacts_of(self, owners: Iterable[str]) -> list[str]:
        """Each owner, and in brackets whom that is, if the contract says so."""
        return [
            f"{owner} ({self.contacts[owner]})" if owner in self.contacts else owner
            for owner in owners
        ]

    @property
    def applicable(self) -> list[CheckResult]:
        """The checks that had something to judge."""
        return [check for check in self.checks if check.status != "not applicable"]

    @property
    def unjudged(self) -> list[CheckResult]:
        """The checks that are an error or unknown."""
        return [check for check in self.checks if check.is_unjudged]

    @property
    def unjudged_names(self) -> frozenset[str]:
        """Their names."""
        return frozenset(check.name for check in self.unjudged)


def fingerprint(check_id: str, key: dict[str, str | None]) -> str:
    """The sha256 of check_id and key as sorted JSON, values as text."""
    canonical = json.dumps(
        {"check_id": check_id, "key": key},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def measure(value: Decimal | None) -> Measure | None:
    """A number of the database as JSON has it: whole where it is whole."""
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def audit_status(results: Sequence[CheckResult]) -> AuditStatus:
    """The worst of the results: error, critical, then what nothing accounts for, warning.

    An unknown check beside a critical finding is explained by it (the empty table). One
    without is a check that did not run, and that is an error.
    """
    statuses = {result.status for result in results}
    failed = {result.severity for result in results if result.status == "fail"}
    if "error" in statuses:
        return "error"
    if "critical" in failed:
        return "critical"
    if "unknown" in statuses:
        return "error"
    return "warning" if "warning" in failed else "passed"
