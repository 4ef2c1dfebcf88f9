"""The ways in which a ledger and its balances can be brought together again."""

from dataclasses import dataclass
from typing import Literal

Strategy = Literal["backfill", "recalculate"]


@dataclass(frozen=True)
class Request:
    """What is asked of a repair.

    Attributes:
        strategy: the way.
        ledger: the only ledger; None for all.
        accounts: keys of accounts, as the views have them; none for all.
    """

    strategy: Strategy
    ledger: str | None = None
    accounts: tuple[str, ...] = ()
