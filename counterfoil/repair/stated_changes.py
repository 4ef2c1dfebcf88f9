"""What a repair plan says it will change, kept in the history: it is no finding later."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import Json

from counterfoil.repair.repair_plan import MissingEntry, RepairPlan


def state_changes(cursor: Cursor, plan_id: str, plan: RepairPlan) -> tuple[int, int]:
    """Keeps what a plan says it will change of days that have a baseline, for a day.

    What earlier plans stated of the same competitions, and nobody carried out, is withdrawn.

    Args:
        cursor: of a transaction in the history's schema.
        plan_id: the plan's name.
        plan: what it will change.

    Returns:
        How many closed days it states a change of, and how many statements it withdrew.
    """
    cursor.execute(
        "update stated_changes set withdrawn_at = now() where database_name = %s"
        " and competition_id = any(%s) and accepted_at is null and withdrawn_at is null"
        " and plan_id <> all(%s)",
        (
            plan.database,
            [change.competition_id for change in plan.competitions],
            [earlier.plan_id for earlier in plan.statements if earlier.is_carried_out],
        ),
    )
    withdrawn, stated = cursor.rowcount, 0
    signs = {change.competition_id: change.sign for change in plan.competitions}
    for change in plan.closed_days:
        sign = signs[change.competition_id]
        cursor.execute(
            "insert into stated_changes (plan_id, database_name, day, competition_id,"
            " entry_count, ledger_tokens, entries) select %s, database_name, %s, %s, %s, %s, %s"
            " from closed_through where database_name = %s and day >= %s",
            (
                plan_id,
                change.day,
                change.competition_id,
                change.entry_count,
                sign * change.amount,
                Json([_named(entry, sign) for entry in plan.entries_of(change)]),
                plan.database,
                change.day,
            ),
        )
        stated += cursor.rowcount
    return stated, withdrawn


def _named(entry: MissingEntry, sign: int) -> dict[str, str | int]:
    """The row that is to come, as `standing_statements` looks for it: a deduction is negative."""
    return {
        "ledger_entry_id": entry.ledger_entry_id,
        "reservation_id": entry.reservation_id,
        "change_tokens": sign * entry.change_amount,
        "reason": entry.reason,
        "created_at": entry.approved_at,
    }
