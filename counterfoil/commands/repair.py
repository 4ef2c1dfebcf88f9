"""The commands under `counterfoil repair`: propose a correction of the books, and try it."""

import secrets
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from counterfoil.audit.exit_codes import EXIT_CRITICAL, EXIT_PASSED
from counterfoil.commands.options import ContractOption, TargetOption, chosen, standing_plan
from counterfoil.common.terminal import err, one_line_errors, out, show_progress
from counterfoil.repair.strategies import Request, Strategy

if TYPE_CHECKING:
    from rich.table import Table

    from counterfoil.repair.repair_plan import RepairPlan
    from counterfoil.repair.verify import Verification

# What a script that does what it says may still be: the wrong one.
_NOT_SHOWN: dict[Strategy, str] = {
    "backfill": "whether the balance followed these holds. Ask who made them.",
    "recalculate": "whether the entries are complete. What is not among them, the balance leaves"
    " out.",
}

repair_app = typer.Typer(
    help="Propose repairs of a ledger, and try them. None is ever committed.",
    no_args_is_help=True,
)


LedgerOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Only this ledger. Without it, all.")
]
AccountOption = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY", help="Only this account; may be given again. Without it, all."),
]
StrategyOption = Annotated[
    Strategy,
    typer.Option(help="Insert the entries that holds lack, or set balances from the entries."),
]


@repair_app.command(
    "plan",
    epilog="Exit codes: 0 printed, 3 there is nothing to repair, or it could not be planned."
    " Example: counterfoil repair plan --target production > repair.sql",
)
def repair_plan(
    target: TargetOption = None,
    contract: ContractOption = None,
    *,
    ledger: LedgerOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = "backfill",
    inverse: Annotated[
        bool, typer.Option("--inverse", help="Print only the script that takes the plan back.")
    ] = False,
) -> None:
    """Print the SQL script of a repair, for you to read and then to run."""
    with one_line_errors():
        show_progress()
        from counterfoil.common.settings import settings
        from counterfoil.history.tables import history_transaction
        from counterfoil.postgres.instant import open_snapshot
        from counterfoil.repair.repair_plan import plan_repair
        from counterfoil.repair.script import render, render_inverse, with_inverse
        from counterfoil.repair.stated_changes import state_changes

        plan = standing_plan(chosen(target), contract)
        with open_snapshot(plan.session) as snapshot:
            request = Request(strategy, ledger, tuple(account or ()))
            repair = plan_repair(snapshot, plan.scope.contract, request)
        undo = render_inverse(repair, lock_timeout_s=settings().lock_timeout_s)
        script = render(repair, lock_timeout_s=settings().lock_timeout_s)
        # What need not be written is not: a plan changes no closed day more often than not.
        if not inverse and (repair.closed_days or repair.statements):
            with history_transaction(plan.session) as cursor:
                _say_noted(*state_changes(cursor, secrets.token_hex(8), repair))
        sys.stdout.write(str(undo) if inverse else with_inverse(script, undo))
        _warn(repair)


@repair_app.command(
    "verify",
    epilog="Exit codes: 0 the script does what it says, 2 something stays off, or gets worse, 3 it"
    " could not be tried. Example: counterfoil repair verify --target production",
)
def repair_verify(
    target: TargetOption = None,
    contract: ContractOption = None,
    *,
    ledger: LedgerOption = None,
    account: AccountOption = None,
    strategy: StrategyOption = "backfill",
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="Try it on the database itself, its rows locked until it is rolled back,"
            " instead of on a copy.",
        ),
    ] = False,
) -> None:
    """Carry a repair out in a transaction, audit before and after, and roll it back."""
    with one_line_errors():
        show_progress()
        from counterfoil.common.settings import settings
        from counterfoil.postgres.one_database import check_one_database
        from counterfoil.postgres.profiles import load_repairer
        from counterfoil.repair.verify import verify_repair

        target = chosen(target)
        plan = standing_plan(target, contract)
        repairer = load_repairer(target, settings().project_dir)
        check_one_database(plan.session.builder, (repairer,), settings())
        verification = verify_repair(
            plan.scope,
            repairer,
            Request(strategy, ledger, tuple(account or ())),
            settings(),
            in_place=in_place,
        )
        _print(verification)
        _warn(verification.plan)
        raise typer.Exit(EXIT_PASSED if verification.holds else EXIT_CRITICAL)


def _print(verification: "Verification") -> None:
    from counterfoil.repair.repair_plan import spoken

    table = _table("account", "before", "after", "")
    for move in verification.accounts:
        remark = "" if move.is_targeted else "not in the plan"
        table.add_row(escape(move.label), spoken(move.before), spoken(move.after), remark)
    out.print("Stored minus expected:")
    out.print(table)
    out.print("All other accounts agree before and after.")
    out.print()
    if verification.checks:
        table = _table("check", "before", "after", "")
        for check in verification.checks:
            remark = "worse" if check.is_worse else ""
            table.add_row(check.check, _status(check.before), _status(check.after), remark)
        out.print(table)
    for day in verification.plan.closed_days:
        out.print(
            f"As planned, closed day {day.day} of {day.entries}, account {escape(day.account)}:"
            f" entries {len(day.gained):+}, sum {day.entries_amount:+}.",
            soft_wrap=True,
        )
    out.print()
    if not verification.worse:
        out.print("No other check of the ledgers got worse.")
    for worse in verification.worse:
        out.print(f"Worse: {escape(worse)}", soft_wrap=True)
    if verification.holds:
        out.print("The script does what it says. It was rolled back: nothing was changed.")
        out.print(f"Not shown by that: {_NOT_SHOWN[verification.plan.strategy]}", soft_wrap=True)
    else:
        out.print("The script does NOT correct it. It was rolled back: nothing was changed.")


def _say_noted(stated: int, withdrawn: int) -> None:
    """What was written, which is in the history alone."""
    if withdrawn:
        err.print(
            "Withdrawn in the history: what an earlier plan of these accounts said it would"
            " change. This plan takes its place.",
            soft_wrap=True,
        )
    if stated:
        err.print(
            f"Noted in the history, for one day: closed days that will change: {stated}. Run the"
            " script within it, and an audit after it: that accepts exactly these entries.",
            soft_wrap=True,
        )


def _warn(repair: "RepairPlan") -> None:
    for warning in repair.warnings:
        err.print(f"[yellow]warning:[/] {escape(warning)}", soft_wrap=True)


def _table(*headings: str) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, justify="right" if heading in ("before", "after") else "left")
    return table


def _status(status: tuple[str, int]) -> str:
    name, count = status
    return f"{name} ({count})" if count else name
