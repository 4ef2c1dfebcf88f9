"""The history of checks that have another id now: what is open stays open under the new one."""

import json
from collections.abc import Mapping
from dataclasses import replace

from psycopg2.extensions import cursor as Cursor  # noqa: N812
from psycopg2.extras import Json, execute_values

from counterfoil.audit.findings import fingerprint
from counterfoil.suites.renamed_checks import Renamed, renamed_checks

# Where a size means what it did, it is kept: by old check, the view and column that it has now.
_SIZED_BY = {
    "capacity.available_matches_ledger": "ledger_balances.discrepancy_amount",
    "capacity.available_matches_ledger_exactly": "ledger_balances.discrepancy_amount",
    "capacity.closed_days_unchanged": "closed_day_changes.entries_amount_change",
}

# A finding of an oversold competition said one of two things, or both.
_OVERSOLD = "capacity.not_oversold"
_BELOW_ZERO = "ledger.balance_in_range"


def rename_checks(cursor: Cursor) -> None:
    """Gives every finding, incident and result the id, key and fingerprint of now."""
    _split_oversold(cursor)
    of_a_balance = renamed_checks()["capacity.available_matches_ledger"]
    renamed = {**renamed_checks(), _BELOW_ZERO: replace(of_a_balance, check_id=_BELOW_ZERO)}
    for table in ("findings", "incidents"):
        _rename_rows(cursor, table, renamed)
    for old, now in renamed_checks().items():
        for table in ("check_results", "followed_checks"):
            cursor.execute(
                f"update {table} set check_id = %s where check_id = %s",  # noqa: S608
                (now.check_id, old),
            )
        cursor.execute(
            "update incidents set sized_by = %(sized_by)s,"
            " size = case when %(sized_by)s is not null then size end,"
            " first_size = case when %(sized_by)s is not null then first_size end,"
            " worst_size = case when %(sized_by)s is not null then worst_size end"
            " where check_id = %(check_id)s",
            {"sized_by": _SIZED_BY.get(old), "check_id": now.check_id},
        )


def _rename_rows(cursor: Cursor, table: str, renamed: Mapping[str, Renamed]) -> None:
    cursor.execute(
        f"select distinct check_id, key::text, fingerprint from {table}"  # noqa: S608
        " where check_id = any(%s)",
        ([*renamed],),
    )
    rows = []
    for old, text, name in cursor.fetchall():
        now = renamed[old]
        key = now.key(json.loads(text))
        rows.append((old, name, now.check_id, fingerprint(now.check_id, key), Json(key)))
    execute_values(
        cursor,
        f"update {table} set check_id = renamed.now, fingerprint = renamed.name,"  # noqa: S608
        " key = renamed.key::jsonb,"
        " subject = renamed.key::jsonb ->> 'ledger' || substr(subject, strpos(subject, ' '))"
        " from (values %s) as renamed (old, before, now, name, key)"
        f" where {table}.check_id = renamed.old and {table}.fingerprint = renamed.before",
        rows,
    )


def _split_oversold(cursor: Cursor) -> None:
    """A stored balance below 0 is a check of its own now: its findings get that check's id."""
    names = {"old": _OVERSOLD, "now": _BELOW_ZERO}
    cursor.execute(
        "create temporary table below_zero on commit drop as"
        " select distinct on (fingerprint) fingerprint,"
        "  (observed ->> 'held_tokens')::numeric > (observed ->> 'total_tokens')::numeric"
        "   + (observed ->> 'adjusted_tokens')::numeric as is_oversold_too"
        " from findings where check_id = %(old)s and (observed ->> 'available_tokens')::numeric < 0"
        " order by fingerprint, audit_number desc",
        names,
    )
    for table in ("findings", "incidents"):
        cursor.execute(
            f"update {table} set check_id = %(now)s where check_id = %(old)s"  # noqa: S608
            " and fingerprint in (select fingerprint from below_zero where not is_oversold_too)",
            names,
        )
    # Those of then, whatever an incident has now.
    cursor.execute("select * from incidents limit 0")
    columns = [column.name for column in cursor.description or ()]
    listed = ", ".join(name for name in columns if name not in ("incident_id", "check_id"))
    cursor.execute(
        f"insert into incidents (check_id, {listed})"  # noqa: S608
        f" select %(now)s, {listed} from incidents where check_id = %(old)s"
        " and fingerprint in (select fingerprint from below_zero where is_oversold_too)",
        names,
    )
    cursor.execute(
        "insert into followed_checks (database_name, check_id, followed_at)"
        " select database_name, %(now)s, followed_at from followed_checks"
        " where check_id = %(old)s",
        names,
    )
