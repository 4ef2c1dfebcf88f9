"""The statements that read a failed check's rows: counted, followed and listed in one pass."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from counterfoil.audit.waivers import Waiver
from counterfoil.common.sqltext import literal, quoted
from counterfoil.suites.suite import Check, Evidence, Suite

# Beyond these the findings of one check are no longer told apart.
MOST_FOLLOWED = 100_000

# Our own columns beside the view's: of a row its key, as JSON, what it may be about, the position
# of the waiver that names it, and whether that holds.
KEY = "counterfoil_key"
ABOUT = "counterfoil_about"
WAIVER = "counterfoil_waiver"
IS_WAIVED = "counterfoil_is_waived"

_JUDGED = "counterfoil_judged"
_SEVEREST_FIRST = "array_position(array['critical', 'warning', 'info'], {}) nulls first"


@dataclass(frozen=True)
class FailingRows:
    """Whose failing rows are read, and what is to be known of them.

    Attributes:
        suite: the check's suite.
        check: a check that failed.
        waivers: those in force for the check, by position.
        limit: how many rows to list, of those that are waived and of those that are not.
    """

    suite: Suite
    check: Check
    waivers: Mapping[int, Waiver]
    limit: int

    @property
    def evidence(self) -> Evidence:
        """Where its rows are listed."""
        return self.suite.evidence_of(self.check)

    def listing(self, part: str, unjudged: Sequence[str]) -> str:
        """The rows that a part of the evidence lists, but for tables that cannot be judged."""
        evidence, suite = self.evidence, self.suite
        listing = f"select {_listed(suite.columns_read(self.check))}, null from {part}"  # noqa: S608
        conditions = [suite.condition] if suite.ledger else []
        conditions += [f"({evidence.where})"] if evidence.where else []
        if unjudged:
            names = ", ".join(literal(table) for table in unjudged)
            conditions += [f"{quoted(column)} not in ({names})" for column in suite.source_columns]
        return f"{listing} where {' and '.join(conditions)}" if conditions else listing

    def all_of(self, failing: str) -> str:
        """One row: counts, tenants, the largest rows, and what is followed of all of them.

        Args:
            failing: a query of the rows, with the evidence's columns.
        """
        evidence = self.evidence
        severity, tenant = (
            f"{quoted(column)}::text" if column else "null::text"
            for column in (evidence.severity, evidence.tenant)
        )
        largest = (
            f"(select * from marked where {condition} order by {self._order} limit {self.limit:d})"  # noqa: S608
            for condition in (f"not {IS_WAIVED}", IS_WAIVED)
        )
        return f"""
            with {self._marked(failing)}
            select
                (select count(*) from marked) as finding_count,
                (select count(*) from marked where {IS_WAIVED}) as waived_count,
                {_tenant_counts(evidence)} as tenant_counts,
                (
                    select array_agg(distinct {WAIVER}) from marked where {WAIVER} is not null
                ) as named,
                (select array_agg(distinct {WAIVER}) from marked where {IS_WAIVED}) as held,
                (
                    select jsonb_agg(to_jsonb(listed))
                    from ({" union all ".join(largest)}) as listed
                ) as listed,
                followed.*
            from (select) as once
            left join (
                select
                    array_agg({KEY}::text) as keys,
                    array_agg({severity}) as severities,
                    array_agg({tenant}) as tenants,
                    array_agg({ABOUT}) as abouts,
                    array_agg({self._size}::numeric) as sizes,
                    array_agg({IS_WAIVED}) as waived
                from (select * from marked order by {self._order}) as marked
                having count(*) between {self.limit + 1:d} and {MOST_FOLLOWED:d}
            ) as followed on true
        """  # noqa: S608

    def some_of(self, failing: str, keys: Sequence[str]) -> str:
        """One row: the rows with these keys, each as JSON."""
        wanted = literal(f"[{','.join(keys)}]")
        return f"""
            with {self._marked(failing)}
            select jsonb_agg(to_jsonb(marked)) as listed from marked
            where {KEY} in (select jsonb_array_elements({wanted}::jsonb))
        """  # noqa: S608

    def told_of(self, part: str, keys: str) -> str:
        """One row: what is told of the rows with these keys, a JSON list, each as JSON."""
        told = _listed(self.evidence.told)
        return f"""
            select jsonb_agg(to_jsonb(told)) as listed
            from (
                select {self._key} as {KEY}, {told} from {part}
                where
                    {self.suite.condition}
                    and {self._key} in (select jsonb_array_elements({literal(keys)}::jsonb))
            ) as told
        """  # noqa: S608

    @property
    def _key(self) -> str:
        """The key of a row, as JSON: so a value arrives whatever its type."""
        pairs = [
            f"{literal(name)}, to_jsonb({quoted(name)}) #>> '{{}}'" for name in self.evidence.key
        ]
        return f"jsonb_build_object({', '.join(pairs)})"

    def _marked(self, failing: str) -> str:
        """The failing rows with their keys, and the waivers that name and that hold for them.

        As JSON a value arrives whatever its type: Python's own dates, for one, end with 9999.
        """
        suite, check = self.suite, self.check
        declared = (
            suite.columns_read(*suite.checks) if suite.evidence else suite.columns_read(check)
        )
        # What is interpolated are quoted identifiers, literals and numbers of our own.
        return f"""
            failing ({_listed(declared)}, {_JUDGED}) as ({failing}),
            keyed as (
                select
                    {_listed(suite.columns_read(check))},
                    {self._key} as {KEY},
                    array[{", ".join(self.evidence.abouts)}]::text[] as {ABOUT}
                from failing
            ),
            waivers (waiver, waived_key, bound) as ({self._waiver_rows}),
            marked as materialized (
                select
                    marked.*,
                    waivers.waiver as {WAIVER},
                    waivers.waiver is not null and coalesce(
                        waivers.bound is null
                        or {self._size}
                        between least(0, waivers.bound) and greatest(0, waivers.bound),
                        false
                    ) as {IS_WAIVED}
                from keyed as marked left join waivers on marked.{KEY} = waivers.waived_key
            )
        """  # noqa: S608

    @property
    def _size(self) -> str:
        """The size of a marked row."""
        if not self.check.size:
            return "null"
        size = f"marked.{quoted(self.check.size.column)}::numeric"
        # What is no finite number is a fault of no size.
        return f"nullif(nullif(nullif({size}, 'NaN'), 'Infinity'), '-Infinity')"

    @property
    def _order(self) -> str:
        """The largest first; where rows differ in severity, the worst before the largest."""
        evidence = self.evidence
        order = [_SEVEREST_FIRST.format(quoted(evidence.severity))] if evidence.severity else []
        if self.check.size:
            order.append(f"abs({self._size}) desc nulls first")
        return ", ".join([*order, *(quoted(column) for column in evidence.key)])

    @property
    def _waiver_rows(self) -> str:
        """The waivers that can name one of the check's rows; a bound needs a size to hold."""
        key, has_size = set(self.evidence.key), self.check.size is not None
        rows = [
            f"({position}, {literal(json.dumps(waiver.key))},"
            f" {'null' if waiver.bound is None else waiver.bound})"
            for position, waiver in self.waivers.items()
            if waiver.key.keys() == key and (waiver.bound is None or has_size)
        ] or ["(null, null, null)"]
        return (
            "select waiver::integer, waived_key::jsonb, bound::numeric"  # noqa: S608
            f" from (values {', '.join(rows)}) as lines (waiver, waived_key, bound)"
        )


def _tenant_counts(evidence: Evidence) -> str:
    if evidence.tenant is None:
        return "null::jsonb"
    tenant = quoted(evidence.tenant)
    return (
        "(select jsonb_object_agg(tenant, failing_rows) from ("  # noqa: S608
        f"select {tenant}::text as tenant, count(*) as failing_rows from marked"
        f" where not {IS_WAIVED} and {tenant} is not null group by 1) as tenants)"
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
