"""Row security, read: what the policies of tenants' tables ask.

The views tell whom a policy is for and what narrows it. Its expression is parsed here, with
Postgres' own grammar: SQL has no means to.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from counterfoil.audit.findings import CheckResult, CheckStatus, Finding
from counterfoil.audit.policy_expressions import Asks, Rows, asks
from counterfoil.audit.self_checks import own_finding, own_result
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.postgres.words import words_of
from counterfoil.suites.own_checks import POLICIES_NAME_THE_TENANT

_OPEN = ("shows", "lets write")
# What a user of Supabase may write into the claims that say who is there.
_OWN_WORDS = ("user_metadata", "raw_user_meta_data")
_UNTOLD = "cannot be told"
_WALLED = (Asks.WALLS, Asks.FALSE)
# Of those that cannot be told, how many are named: the view has all policies.
_MOST_NAMED = 3


@dataclass(frozen=True)
class Halves:
    """What a policy asks of the rows that are seen, and of those that are written.

    Either is None where the policy's command has no such rows.
    """

    seen: Asks | None
    written: Asks | None
    are_one: bool

    def effect(self, narrowing: "Collection[Halves]", *, is_probed: bool) -> str | None:
        """`shows` or `lets write` another's rows, `cannot be told`; None if neither."""
        seen = _narrowed(self.seen, (other.seen for other in narrowing))
        written = _narrowed(self.written, (other.written for other in narrowing))
        if seen not in (*_WALLED, Asks.UNTOLD):
            return "shows"
        if written not in (*_WALLED, Asks.UNTOLD):
            return "lets write"
        # A probe tries what is seen, and so what is written if that is asked the same.
        if is_probed and (written is not Asks.UNTOLD or self.are_one):
            return None
        return _UNTOLD if Asks.UNTOLD in (seen, written) else None


def policies_name_the_tenant(
    connection: sa.Connection, probed: Collection[str], unproven: str | None
) -> CheckResult:
    """schema.policies_name_the_tenant: a policy that asks for no owner is a finding.

    Of one that cannot be told nothing is known, unless its table is probed.

    Args:
        connection: one that sees the audit's instant.
        probed: the tables whose own rows a probe tells from others'.
        unproven: why the view of policies cannot be relied on, if so.
    """
    if unproven:
        return _error(f"{POLICIES_NAME_THE_TENANT.relation} is not proven: {unproven}")
    try:
        rows = connection.exec_driver_sql(
            f"select * from {PUBLIC_SCHEMA}.schema_policies order by table_name, policy_name"  # noqa: S608
        ).all()
    except sa.exc.DBAPIError as cause:
        connection.rollback()
        return _error(words_of(cause))
    halves = {(row.table_name, row.policy_name): _halves(row) for row in rows}
    effects = [
        (
            row,
            halves[row.table_name, row.policy_name].effect(
                [halves[row.table_name, name] for name in row.narrowed_by],
                is_probed=row.table_name in probed,
            ),
        )
        for row in rows
        if row.standing in ("opens", "shares")
    ]
    findings = [_finding(row, effect) for row, effect in effects if effect in _OPEN]
    untold = [
        f"{row.table_name}: {row.policy_name}" for row, effect in effects if effect == _UNTOLD
    ]
    result = own_result(
        POLICIES_NAME_THE_TENANT,
        rows_checked=len(rows),
        detail=_why_untold(untold) if untold else None,
        findings=findings,
    )
    status: CheckStatus = "unknown" if untold and not findings else result.status
    return result.model_copy(update={"status": status})


def _error(detail: str) -> CheckResult:
    result = own_result(POLICIES_NAME_THE_TENANT, rows_checked=0, detail=detail)
    return result.model_copy(update={"status": "error"})


def _halves(row: sa.Row[tuple[object, ...]]) -> Halves:
    # What is shared anybody may see.
    shown = None if row.standing == "shares" else row.seen_expression
    expressions = (shown, row.written_expression)
    seen, written = (_asks(row, expression) for expression in expressions)
    return Halves(seen, written, are_one=row.seen_expression == row.written_expression)


def _asks(row: sa.Row[tuple[object, ...]], expression: str | None) -> Asks | None:
    if expression is None:
        return None
    if any(re.search(rf"\b{words}\b", expression) for words in _OWN_WORDS):
        return Asks.ROWS
    rows = Rows(alias=row.relation_name, owners=frozenset(row.owner_columns))
    asked = asks(expression, rows, row.function_names)
    # Who is there may be held against what is nobody's.
    return asked if row.names_owner or asked is Asks.FALSE else Asks.ROWS


def _narrowed(asked: Asks | None, narrowing: Iterator[Asks | None]) -> Asks:
    """What is asked by a policy, and by those that narrow it."""
    if asked is None:
        return Asks.FALSE
    held = {asked, *narrowing}
    walls = [one for one in (*_WALLED, Asks.UNTOLD) if one in held]
    return walls[0] if walls else asked


def _why_untold(untold: list[str]) -> str:
    more = len(untold) - _MOST_NAMED
    named = "; ".join(untold[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
    return (
        f"what it asks cannot be told of {named}: declare a probe of the table with own_rows,"
        " or have every alternative compare the tenant or the owner"
    )


def _finding(row: sa.Row[tuple[object, ...]], effect: str | None) -> Finding:
    key: dict[str, str | None] = {"table_name": row.table_name, "policy_name": row.policy_name}
    return own_finding(
        POLICIES_NAME_THE_TENANT,
        key,
        f"Policy {row.policy_name} of {row.table_name}, for {row.command} by {row.role_names},"
        f" {effect} rows without asking whose they are",
        command=row.command,
        role_names=row.role_names,
        effect=effect,
    )
