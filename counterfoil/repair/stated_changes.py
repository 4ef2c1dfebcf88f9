"""What a repair plan says it will change, kept in the history: it is no finding later."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812

from counterfoil.repair.repair_plan import RepairPlan


def state_changes(cursor: Cursor, plan_id: str, plan: RepairPlan) -> None:
    """Keeps what a repair plan says it will change of days that have a baseline."""
    signs = {change.competition_id: change.sign for change in plan.competitions}
    for change in plan.closed_days:
        tokens = signs[change.competition_id] * change.amount
        cursor.execute(
            "insert into stated_changes (plan_id, database_name, day, competition_id,"
            " entry_count, ledger_tokens) select %s, database_name, %s, %s, %s, %s"
            " from closed_through where database_name = %s and day >= %s",
            (
                plan_id,
                change.day,
                change.competition_id,
                change.entry_count,
                tokens,
                plan.database,
                change.day,
            ),
        )
