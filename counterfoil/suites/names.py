"""What a check or a view is called, and which rows are read, where each ledger, or each rule of
one's own, is a result by itself.
"""

from counterfoil.common.sqltext import literal


def named(name: str, ledger: str | None) -> str:
    """The name of a check or view, with the ledger or rule of which alone it speaks, if of one.

    Example: "ledger.balance_in_range (wallets)".
    """
    return name if ledger is None else f"{name} ({ledger})"


def rows_of(name: str | None, column: str = "ledger") -> str:
    """SQL for the rows of one ledger, or of what else the column names, by which Postgres runs
    that branch of a view alone; for all rows without a name.
    """
    return "true" if name is None else f"{column} = {literal(name)}"
