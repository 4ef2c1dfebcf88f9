"""`counterfoil ledger`: one ledger, while its contract is written and while it is on call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from counterfoil.commands.options import (
    ContractOption,
    TargetOption,
    UrlOption,
    chosen,
    standing_plan,
)
from counterfoil.common.terminal import one_line_errors, out, say
from counterfoil.common.text import clip, one_line, printable

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from counterfoil.contract.ledgers import Ledger
    from counterfoil.ledger.account import AccountState, Listed
    from counterfoil.ledger.parts import Part

# A caption, and the column of the view that it stands for.
_NUMBERS = {
    "stored": "stored_amount",
    "opening": "opening_amount",
    "entries": "entries_amount",
    "entry count": "entry_count",
    "expected": "expected_amount",
    "discrepancy": "discrepancy_amount",
    "certain": "certain_amount",
    "ambiguous": "ambiguous_amount",
    "unexplained": "unexplained_amount",
}
_CAUSES = {
    "balance": "balance",
    "tier": "tier",
    "role": "evidence_role",
    "amount": "amount",
    "detail": "detail",
}
_HOLDS = {
    "holds": "holds",
    "hold": "hold",
    "status": "hold_status",
    "amount": "hold_amount",
    "owed": "owed_amount",
    "has": "has_amount",
    "fault": "hold_fault",
}
_TIMELINE = {
    "at": "created_at",
    "balance": "balance",
    "entries": "entries",
    "entry": "entry",
    "change": "change_amount",
    "expected": "expected_amount",
    "reason": "reason",
    "hold": "hold",
}
_NAMES = ("balance", "entries", "holds")
# A sentence this long is read by nobody; a hostile name may be longer.
_MOST_LETTERS = 1_200

ledger_app = typer.Typer(help="The ledgers of a contract, one at a time.", no_args_is_help=True)


@ledger_app.command(
    "check",
    epilog="Exit codes: 0 Postgres takes it, 3 it does not, or there is no such ledger."
    " Example: counterfoil ledger check wallets --target staging",
)
def ledger_check(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME", help="Ledger of the contract; without it all are checked and listed."
        ),
    ] = None,
    target: TargetOption = None,
    url: UrlOption = None,
    contract: ContractOption = None,
) -> None:
    """Print what a ledger comes to in SQL, and some of its rows; build and write nothing."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.ledger.check import check_ledgers, checked_ledger
        from counterfoil.postgres.server import announce
        from counterfoil.postgres.session import Session

        announce(settings().demo_dir)
        session = Session.of(chosen(target, url), settings())
        declared = load_contract(settings().project_dir, contract)
        if name is None:
            check_ledgers(declared, session)
            for each, ledger in declared.ledgers.items():
                say(one_line(f"{each}: {', '.join(ledger.tables)}"))
            return
        for part, rows in checked_ledger(declared, session, name):
            _print_part(part, rows)


@ledger_app.command(
    "show",
    epilog="Exit codes: 0 shown, 3 there is no such ledger or account, or the views are not built."
    " Example: counterfoil ledger show stock '[7, 1]' --target production",
)
def ledger_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Ledger of the contract.")],
    account: Annotated[
        str,
        typer.Argument(
            metavar="ACCOUNT",
            help="The account's key, as the views show it; of several columns their JSON array:"
            " '[7, 1]'.",
        ),
    ],
    target: TargetOption = None,
    url: UrlOption = None,
    contract: ContractOption = None,
) -> None:
    """Print what the views have of one account: balances, causes, holds, last entries."""
    with one_line_errors():
        from counterfoil.ledger.account import read_account
        from counterfoil.postgres.instant import open_snapshot

        plan = standing_plan(chosen(target, url), contract)
        with open_snapshot(plan.session) as snapshot:
            state = read_account(snapshot, plan.scope.contract, name, account)
        _print_account(name, plan.scope.contract.ledgers[name], state)


def _print_part(part: "Part", rows: Sequence[Sequence[str | None]]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    out.print(_text(part.title, "bold"))
    said = Table.grid(padding=(0, 2, 0, 0))
    for what, sql in part.says:
        # A remark in it ends with its line.
        said.add_row(_text(what), Text("\n".join(map(printable, sql.splitlines()))))
    out.print(Padding(said, (0, 0, 0, 2), expand=False))
    out.print()
    table = _table((column.caption, column.is_amount) for column in part.columns)
    for row in rows:
        table.add_row(*map(_text, row))
    out.print(Padding(table if rows else "no rows", (0, 0, 0, 2), expand=False))
    out.print()


def _print_account(name: str, ledger: "Ledger", state: "AccountState") -> None:
    first = state.balances[0]
    out.print(
        _text(f"{first['account_word']} {first['account']}: {first['account_label']}", "bold")
    )
    out.print(
        _text(f"ledger {name}, in {first['unit']}, as of {state.as_of:%Y-%m-%d %H:%M:%S} UTC")
    )
    out.print()
    numbers = _table([("", False), *((str(row["balance"]), True) for row in state.balances)])
    for caption, column in _NUMBERS.items():
        numbers.add_row(caption, *(_text(row[column]) for row in state.balances))
    out.print(numbers)
    for row in state.balances:
        out.print(_text(f"{row['balance']}: {row['explanation']}"))
    # Of what only its size speaks for, the view has no sentence.
    causes = [
        {**row, "detail": row["detail"] or f"{row['cause']}: {row['part']} {row['entity']}"}
        for row in state.causes.rows
    ]
    _print_listed("Causes", replace(state.causes, rows=causes), _CAUSES)
    holds = [
        {**row, "hold_fault": row["hold_fault"] or "given back before it was taken"}
        for row in state.holds.rows
    ]
    word = ledger.words.hold
    columns = {caption: column for caption, column in _HOLDS.items() if caption != "holds"}
    _print_listed(
        f"Faults by {word}",
        replace(state.holds, rows=holds),
        _in_words(_HOLDS if len(ledger.holds) > 1 else columns, word),
    )
    _print_listed("Last entries", state.timeline, _in_words(_TIMELINE, word))
    out.print()
    out.print("To look further, in psql:")
    for statement in state.statements:
        say(statement)


def _in_words(columns: Mapping[str, str], hold: str) -> dict[str, str]:
    """The columns, that of the holds under the word that the ledger has for one."""
    if hold in columns:
        return {**columns}
    return {hold if column == "hold" else caption: column for caption, column in columns.items()}


def _print_listed(title: str, listed: "Listed", columns: Mapping[str, str]) -> None:
    """A table of the rows, without the columns that are null in all of them.

    What names the same balance, entries or holds in all of them is said once, above it.
    """
    rows = listed.rows
    if not rows:
        return
    values = {caption: {row[column] for row in rows} for caption, column in columns.items()}
    same = [caption for caption in _NAMES if len(values.get(caption, ())) == 1]
    said = [f"{caption} {rows[0][columns[caption]]}" for caption in same]
    more = [f"{len(rows)} of {listed.count}"] if listed.count > len(rows) else []
    out.print()
    out.print(_text(", ".join([title, *said, *more]), "bold"))
    shown = {
        caption: column
        for caption, column in columns.items()
        if caption not in same and values[caption] != {None}
    }
    table = _table((caption, column.endswith("amount")) for caption, column in shown.items())
    for row in rows:
        table.add_row(*(_text(row[column]) for column in shown.values()))
    out.print(table)


def _table(captions: Iterable[tuple[str, bool]]) -> "Table":
    """A table of these captions, each of which says whether its column is of amounts."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for caption, is_amount in captions:
        table.add_column(_text(caption), justify="right" if is_amount else "left", overflow="fold")
    return table


def _text(value: str | None, style: str = "") -> "Text":
    """A value of the database's, or a word of the contract's: nothing in it is markup."""
    from rich.text import Text

    return Text("–" if value is None else clip(printable(value), _MOST_LETTERS), style)
