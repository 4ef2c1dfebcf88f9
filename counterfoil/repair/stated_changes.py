"""What a repair plan says it will change, kept in the history: it is no finding later."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import Json

from counterfoil.repair.repair_plan import MissingEntry, RepairPlan


def state_changes(cursor: Cursor, plan_id: str, plan: RepairPlan) -> tuple[int, int]:
    """Keeps what a plan says it will change of days that have a baseline, for a day.

    What earlier plans stated of the same accounts, and nobody carried out, is withdrawn.

    Args:
        cursor: of a transaction in the history's schema.
        plan_id: the plan's name.
        plan: what it will change.

    Returns:
        How many closed days it states a change of, and how many statements it withdrew.
    """
    database = plan.contract.database
    withdrawn = stated = 0
    carried_out = [earlier.plan_id for earlier in plan.statements if earlier.is_carried_out]
    for ledger, account in dict.fromkeys(
        (one.key.ledger, one.key.account) for one in plan.accounts
    ):
        cursor.execute(
            "update stated_changes set withdrawn_at = now() where database_name = %s"
            " and (ledger, account) = (%s, %s) and accepted_at is null and withdrawn_at is null"
            " and plan_id <> all(%s)",
            (database, ledger, account, carried_out),
        )
        withdrawn += cursor.rowcount
    for change in plan.closed_days:
        cursor.execute(
            "insert into stated_changes (plan_id, database_name, ledger, entries, day, account,"
            " entry_count, entries_amount, entry_rows)"
            " select %s, database_name, ledger, entries, %s, %s, %s, %s, %s from closed_through"
            " where (database_name, ledger, entries) = (%s, %s, %s) and day >= %s",
            (
                plan_id,
                change.day,
                change.account,
                len(change.gained),
                change.entries_amount,
                Json([_named(entry) for entry in change.gained]),
                database,
                change.ledger,
                change.entries,
                change.day,
            ),
        )
        stated += cursor.rowcount
    return stated, withdrawn


def _named(entry: MissingEntry) -> dict[str, str | None]:
    """The row that is to come, as `standing_statements` looks for it."""
    return {
        "entry": entry.entry,
        "hold": entry.hold,
        "change_amount": str(entry.change_amount),
        "reason": entry.reason,
        "created_at": entry.created_at,
    }
