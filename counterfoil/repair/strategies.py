"""The ways in which a ledger and its balances can be brought together again."""

from typing import Literal

Strategy = Literal["backfill", "recalculate"]
