"""What a check or a view is called where it is asked for each ledger on its own."""


def named(name: str, ledger: str | None) -> str:
    """The name of a check or view, with the ledger of which alone it speaks, if of one.

    Example: "ledger.balance_in_range (wallets)".
    """
    return name if ledger is None else f"{name} ({ledger})"
