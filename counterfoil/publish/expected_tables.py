"""The schema in a report: expected tables by module and tier, and the foreign keys at fault."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from counterfoil.audit.findings import Audit, CheckResult
from counterfoil.postgres.rows import Row

# What the absence of a tier's table amounts to; the gravest first.
_AMOUNTS_TO = {"critical": "critical", "important": "warning", "supporting": "info"}

# What each check of foreign keys knows of one that fails, in words.
_FAULTS: dict[str, Callable[[Row], str]] = {
    "schema.foreign_keys_as_declared": lambda told: (
        f"{told['state']}: {told['found']}" if told["constraint_name"] else told["state"]
    ),
    "schema.foreign_keys_enforced": lambda told: told["state"],
    "schema.foreign_key_stays_in_schema_map": lambda told: (
        "leads to a schema that it may not reference"
        + (f"; {told['intended_table_names']} may be meant" if told["intended_table_names"] else "")
    ),
    "schema.delete_rule_safe": lambda told: f"a delete of its parent {told['delete_effect']}",
}


@dataclass(frozen=True)
class Coverage:
    """How many tables of a tier are there, of those that are expected.

    Attributes:
        unmatched: globs of the contract that match no table.
    """

    tier: str
    present: int
    expected: int
    unmatched: int

    def __str__(self) -> str:
        if self.expected:
            return f"{self.present:,} of {self.expected:,}"
        return "no match" if self.unmatched else "–"

    def __bool__(self) -> bool:
        """Whether any table is expected at all."""
        return bool(self.expected or self.unmatched)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return self.present == self.expected and not self.unmatched


@dataclass(frozen=True)
class ModuleLine:
    """One module of the expected tables, or all of them.

    Attributes:
        name: the module's; empty for the tables of none.
        cells: one a tier, the gravest first.
        missing: the first tables that are missing, the gravest first.
        more: how many more are.
    """

    name: str
    cells: tuple[Coverage, ...]
    missing: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class ExpectedTables:
    """What the contract expects, and how much of it is there.

    Attributes:
        tiers: those that tables are expected of, over all modules.
        marks: by tier, what its missing tables amount to: a severity, `waived` or `pass`.
        modules: those with missing tables first.
        more: how many further modules there are.
    """

    tiers: tuple[Coverage, ...]
    marks: dict[str, str]
    modules: tuple[ModuleLine, ...]
    more: int


@dataclass(frozen=True)
class KeyLine:
    """A foreign key that fails a check.

    Attributes:
        references: the table that it references, or is declared to.
        fault: what is wrong with it, in words.
    """

    table_name: str
    column_names: str
    references: str
    fault: str
    is_waived: bool


@dataclass(frozen=True)
class KeyFaults:
    """Foreign keys that fail a check, and how many more do."""

    lines: tuple[KeyLine, ...]
    more: int


def expected_tables(audit: Audit, most: int) -> ExpectedTables | None:
    """At most so many modules; None where the contract expects no table."""
    rows = audit.sections.get("coverage", [])
    if not rows:
        return None
    statuses = {check.check_id: check.status for check in audit.checks}
    is_waived = statuses.get("schema.expected_tables_exist") == "waived"
    in_all, *by_module = rows
    tiers = tuple(cell for cell in _cells(in_all) if cell)
    modules = tuple(_module_line(row) for row in by_module[:most])
    return ExpectedTables(
        tiers=tiers,
        marks={cell.tier: _mark(cell, is_waived) for cell in tiers},
        modules=modules,
        more=in_all["module_count"] - len(modules),
    )


def tables_there(audit: Audit) -> str | None:
    """How much is there: "6 of 106 expected tables are there: 6 of 15 critical, ...".

    None where the contract expects no table.
    """
    expected = expected_tables(audit, most=0)
    if expected is None or not any(tier.expected for tier in expected.tiers):
        return None
    present = sum(tier.present for tier in expected.tiers)
    total = sum(tier.expected for tier in expected.tiers)
    told = ", ".join(f"{tier} {tier.tier}" for tier in expected.tiers if tier.expected)
    return f"{present:,} of {total:,} expected tables are there: {told}"


def key_faults(checks: Iterable[CheckResult], most: int) -> KeyFaults:
    """At most so many of the foreign keys that are missing, do not hold or lead astray."""
    judging = [check for check in checks if check.check_id in _FAULTS]
    lines = tuple(islice((line for check in judging for line in _key_lines(check)), most))
    return KeyFaults(lines, sum(check.finding_count for check in judging) - len(lines))


def _mark(coverage: Coverage, is_waived: bool) -> str:
    if coverage.is_complete:
        return "pass"
    return "waived" if is_waived else _AMOUNTS_TO[coverage.tier]


def _key_lines(check: CheckResult) -> Iterator[KeyLine]:
    for finding in check.findings:
        told = {**finding.key, **finding.observed}
        yield KeyLine(
            table_name=told["table_name"],
            column_names=told["column_names"],
            references=told.get("declared") or told["parent_table_name"],
            fault=_FAULTS[check.check_id](told),
            is_waived=finding.waiver is not None,
        )


def _module_line(row: Row) -> ModuleLine:
    missing = tuple(row["missing_table_names"])
    return ModuleLine(row["module"], _cells(row), missing, row["missing_count"] - len(missing))


def _cells(row: Row) -> tuple[Coverage, ...]:
    return tuple(
        Coverage(
            tier,
            row[f"{tier}_present_count"],
            row[f"{tier}_expected_count"],
            row[f"{tier}_unmatched_count"],
        )
        for tier in _AMOUNTS_TO
    )
