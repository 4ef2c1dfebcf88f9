"""A ledger of the contract, by the name that somebody gave."""

from counterfoil.common.errors import LedgerError
from counterfoil.contract.contract import Contract
from counterfoil.contract.ledgers import Ledger


def ledger_named(contract: Contract, name: str) -> Ledger:
    """The ledger of that name.

    Raises:
        LedgerError: there is none; names those that there are.
    """
    check_some(contract)
    if name not in contract.ledgers:
        raise LedgerError(
            f"no ledger '{name}'",
            where=f"contract of {contract.database}",
            remedy=f"Name one that is there: {', '.join(contract.ledgers)}",
        )
    return contract.ledgers[name]


def check_some(contract: Contract) -> None:
    """That there are ledgers.

    Raises:
        LedgerError: there are none.
    """
    if not contract.ledgers:
        raise LedgerError(
            "no ledgers",
            where=f"contract of {contract.database}",
            remedy="Declare one under ledgers, as docs/ledgers.md shows",
        )
