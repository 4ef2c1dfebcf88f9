"""What a check or a view is called, and which rows are read, where each ledger is on its own."""

from counterfoil.common.sqltext import literal


def named(name: str, ledger: str | None) -> str:
    """The name of a check or view, with the ledger of which alone it speaks, if of one.

    Example: "ledger.balance_in_range (wallets)".
    """
    return name if ledger is None else f"{name} ({ledger})"


def rows_of(ledger: str | None) -> str:
    """SQL for the rows of one ledger, by which Postgres runs that branch of a view alone; for all
    rows without one.
    """
    return "true" if ledger is None else f"ledger = {literal(ledger)}"
