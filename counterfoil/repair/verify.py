"""Trying a repair: carried out in a transaction, audited on either side, rolled back."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import psycopg2
import sqlalchemy as sa
from psycopg2 import errors
from psycopg2.extras import Json

from counterfoil.audit.audit import audit
from counterfoil.audit.findings import Audit, CheckResult, Finding
from counterfoil.audit.scope import Scope
from counterfoil.common.errors import RepairError
from counterfoil.common.settings import Settings
from counterfoil.common.text import first_line
from counterfoil.history.closed_days import CHECK_ID as CLOSED_DAYS
from counterfoil.postgres.connection import MEANING, connect
from counterfoil.postgres.instant import OpenTransaction, open_transaction
from counterfoil.postgres.profiles import Target
from counterfoil.postgres.schemas import PUBLIC_SCHEMA
from counterfoil.repair.copy import copied
from counterfoil.repair.evidence import AccountKey, Amount
from counterfoil.repair.repair_plan import ClosedDayChange, RepairPlan, plan_repair
from counterfoil.repair.script import render
from counterfoil.repair.strategies import Request

log = logging.getLogger(__name__)

# Of those that agree before and after, there may be millions, only how many they are.
_OFF = f"""
    select ledger, balance, account::text, account_label, discrepancy_amount
    from {PUBLIC_SCHEMA}.ledger_balances
    where is_off_at_all
"""  # noqa: S608
_DECLARED_NOW = "select nullif(current_setting('counterfoil.as_of', true), '')::timestamptz"

# What a trigger of the application's may rely on, and an audit sets otherwise. Who may see which
# rows the script says itself, and the encoding is the connection's.
_OTHERWISE = frozenset(MEANING) - {"row_security", "client_encoding"}
_AS_THEY_ARE = """
    select json_object_agg(name, current_setting(name))
    from unnest(%s) as name
"""
_SET = "select set_config(key, value, true) from json_each_text(%s)"


@dataclass(frozen=True)
class AccountMove:
    """Stored minus expected of an account, before and after; None where nobody knows."""

    key: AccountKey
    label: str
    before: Amount | None
    after: Amount | None
    is_targeted: bool

    @property
    def is_worse(self) -> bool:
        """Whether it ends further off than it began, or unknown."""
        if self.after is None:
            return self.before is not None
        return self.before is not None and abs(Decimal(self.after)) > abs(Decimal(self.before))


@dataclass(frozen=True)
class CheckMove:
    """A check before and after: its status, and how many findings it had.

    `unstated` are the findings that are new, and that the plan did not state.
    """

    check: str
    before: tuple[str, int]
    after: tuple[str, int]
    unstated: tuple[str, ...]

    @property
    def is_worse(self) -> bool:
        """Whether it finds more, or can no longer say."""
        return bool(self.unstated) or self.after[0] in ("error", "unknown")


@dataclass(frozen=True)
class Verification:
    """What a repair did before it was rolled back.

    Attributes:
        plan: what was tried.
        accounts: those of the plan, and those that are off before or after.
        checks: the checks of ledgers that moved, or could not be judged.
    """

    plan: RepairPlan
    accounts: tuple[AccountMove, ...]
    checks: tuple[CheckMove, ...]

    @property
    def worse(self) -> tuple[str, ...]:
        """Whatever got worse, each in words."""
        accounts = [
            f"account {move.key.account} ({move.key.ledger}, {move.key.balance}) is further off"
            for move in self.accounts
            if move.is_worse
        ]
        return (*accounts, *(_in_words(move) for move in self.checks if move.is_worse))

    @property
    def holds(self) -> bool:
        """Whether every account of the plan ends at 0, and nothing got worse.

        That the plan is the right one it does not say.
        """
        corrected = all(move.after == 0 for move in self.accounts if move.is_targeted)
        return corrected and not self.worse


def verify_repair(
    scope: Scope,
    repairer: Target,
    request: Request,
    settings: Settings,
    *,
    in_place: bool = False,
) -> Verification:
    """Carries a repair out, on a copy unless `in_place`, and rolls it back.

    In place, the rows of the plan are locked until then. Either way one connection does
    everything: only it sees what it has not committed. The script is run with the settings that
    psql would have, its search_path among them; whatever is asked, with an audit's.

    Args:
        scope: what an audit of the database judges; its views are built.
        repairer: the database, through a role that may write.
        request: how, and what of it.
        settings: the operator's.
        in_place: try it on the database itself.

    Raises:
        RepairError: there is nothing to repair, the database cannot be copied, or the
            script failed: a right is missing, a row is locked, a guard raised.
        TargetError: the database cannot be reached.
    """
    try:
        with ExitStack() as stack:
            # A copy has neither.
            as_of, in_psql = _declared_now(repairer, settings), _in_psql(repairer, settings)
            if not in_place:
                log.info("Copying %s", repairer)
                repairer = stack.enter_context(copied(repairer, settings))
            transaction = stack.enter_context(open_transaction(repairer, settings, as_of=as_of))
            return _verify(scope, transaction, request, settings, in_psql)
    except sa.exc.DBAPIError as cause:
        raise _refused(cause.orig, repairer) from None
    except psycopg2.Error as cause:
        raise _refused(cause, repairer) from None


def _verify(
    scope: Scope,
    transaction: OpenTransaction,
    request: Request,
    settings: Settings,
    in_psql: Mapping[str, str],
) -> Verification:
    scope = replace(
        scope,
        suites=tuple(suite for suite in scope.suites if suite.pack == "ledger"),
        packs=(),
        # No report is made of it.
        reports=(),
        waivers=(),
        # What is new is told by its key: every finding is needed.
        evidence_limit=2**31,
    )
    repair = plan_repair(transaction, scope.contract, request)
    script = render(repair, lock_timeout_s=settings.lock_timeout_s)
    log.info("Auditing the ledgers as they are")
    before, off_before = audit(scope, transaction), _off(transaction)
    log.info("Carrying the plan out, and auditing again")
    with transaction.connection.cursor() as cursor:
        cursor.execute(_SET, (Json(in_psql),))
        cursor.execute(script.body)
        cursor.execute("; ".join(f"reset {name}" for name in sorted(_OTHERWISE)))
    after, off_after = audit(scope, transaction), _off(transaction)
    return Verification(
        plan=repair,
        accounts=_account_moves(repair, off_before, off_after),
        checks=tuple(_check_moves(before, after, repair.closed_days)),
    )


def _declared_now(target: Target, settings: Settings) -> datetime | None:
    """The instant that a dated database declares: a copy of it would not."""
    with closing(connect(target, settings)) as connection, connection.cursor() as cursor:
        cursor.execute(_DECLARED_NOW)
        (now,) = cursor.fetchone() or (None,)
    assert now is None or isinstance(now, datetime)
    return now


def _in_psql(target: Target, settings: Settings) -> dict[str, str]:
    """The settings that a script of the role's runs with, where nobody sets them."""
    unset = connect(target, settings, unset=_OTHERWISE)
    with closing(unset), unset.cursor() as cursor:
        # The driver has set its own.
        cursor.execute("reset DateStyle")
        cursor.execute(_AS_THEY_ARE, (sorted(_OTHERWISE),))
        (found,) = cursor.fetchone() or ({},)
        return dict(found)


def _refused(cause: BaseException | None, target: Target) -> RepairError:
    remedy = "Correct what Postgres names, and verify again"
    if isinstance(cause, errors.InsufficientPrivilege):
        remedy = (
            "Give profiles.yml an output TARGET_repair of a role that reads our views and may"
            " write these tables"
        )
    elif isinstance(cause, errors.LockNotAvailable):
        remedy = "Somebody else holds a row of the plan: wait for them, and verify again"
    elif isinstance(cause, errors.SerializationFailure | errors.RaiseException):
        remedy = "Somebody else changed it meanwhile: verify again"
    said = first_line(cause)
    return RepairError(f"cannot be carried out: {said}", where=str(target), remedy=remedy)


def _off(transaction: OpenTransaction) -> Mapping[AccountKey, tuple[str, Amount | None]]:
    with transaction.connection.cursor() as cursor:
        cursor.execute(_OFF)
        return {AccountKey(*row[:3]): (row[3], row[4]) for row in cursor}


def _account_moves(
    repair: RepairPlan,
    before: Mapping[AccountKey, tuple[str, Amount | None]],
    after: Mapping[AccountKey, tuple[str, Amount | None]],
) -> tuple[AccountMove, ...]:
    labels = {change.key: change.label for change in repair.accounts}
    agreeing: tuple[str, Amount | None] = ("", 0)
    return tuple(
        AccountMove(
            key,
            labels.get(key) or (before.get(key) or after[key])[0],
            before.get(key, agreeing)[1],
            after.get(key, agreeing)[1],
            key in labels,
        )
        for key in dict.fromkeys([*labels, *sorted({*before, *after})])
    )


def _check_moves(
    before: Audit, after: Audit, closed_days: Sequence[ClosedDayChange]
) -> Sequence[CheckMove]:
    was = {check.name: check for check in before.checks}
    moves = [
        _check_move(was[check.name], check, closed_days)
        for check in after.checks
        if check.name in was
    ]
    return [move for move in moves if move.before != move.after or move.is_worse]


def _check_move(
    before: CheckResult, after: CheckResult, closed_days: Sequence[ClosedDayChange]
) -> CheckMove:
    known = {finding.fingerprint for finding in before.findings}
    return CheckMove(
        check=after.name,
        before=(before.status, before.finding_count),
        after=(after.status, after.finding_count),
        unstated=tuple(
            finding.message
            for finding in after.findings
            if finding.fingerprint not in known and not _is_stated(after, finding, closed_days)
        ),
    )


def _is_stated(
    check: CheckResult, finding: Finding, closed_days: Sequence[ClosedDayChange]
) -> bool:
    """Whether it is the change of a closed day that the plan states."""
    return check.check_id == CLOSED_DAYS and any(
        {"ledger": day.ledger, "entries": day.entries, "day": day.day, "account": day.account}
        == finding.key
        for day in closed_days
    )


def _in_words(move: CheckMove) -> str:
    if move.unstated:
        return f"{move.check}: {'; '.join(move.unstated)}"
    return f"{move.check} cannot be judged"
