"""`counterfoil waive` and `counterfoil baseline`: lines of the waivers, for a pull request."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from counterfoil.commands.options import ContractOption, TargetOption, chosen
from counterfoil.common.terminal import one_line_errors, say

WAIVE_EPILOG = (
    "Exit codes: 0 written, 3 not: nothing of the file is changed then. Example: counterfoil waive"
    """ integrity.references_resolve '{"relationship": "orders.customer_id", "child_id": "7"}'"""
    " --until 2027-03-31 --reason 'Imported so'"
)
BASELINE_EPILOG = (
    "Exit codes: 0 written, or nothing is open; 3 not written."
    " Example: counterfoil baseline --target production --until 2027-03-31"
)

UntilOption = Annotated[
    datetime,
    typer.Option(metavar="DATE", formats=["%Y-%m-%d"], help="The last day on which it holds."),
]
OwnerOption = Annotated[
    str | None, typer.Option(help="Who answers for it.", show_default="the check's owner")
]


def waive(
    check: Annotated[str, typer.Argument(help="The check's id.")],
    key: Annotated[str, typer.Argument(help="The finding's key, as audit.json has it.")],
    *,
    until: UntilOption,
    reason: Annotated[str, typer.Option(help="Why it is accepted.")],
    owner: OwnerOption = None,
    bound: Annotated[
        str, typer.Option(help="The size up to which it holds, with its sign.", show_default="any")
    ] = "",
    contract: ContractOption = None,
) -> None:
    """Accept one finding until a date: a line more of the waivers."""
    with one_line_errors():
        from counterfoil.audit.waivers import add_waivers
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.suites.suite import load_suites

        suites = load_suites(*settings().expectations_dirs)
        owners = {each.check_id: each.owner for suite in suites for each in suite.checks}
        database = load_contract(settings().project_dir, contract).database
        answers = owner or owners.get(check, check)
        line = (database, check, key, answers, reason, f"{until:%Y-%m-%d}", bound)
        add_waivers(settings().waivers_path, [line], suites)
        say(f"{settings().waivers_path}: 1 line more")


def baseline(
    target: TargetOption = None,
    contract: ContractOption = None,
    *,
    until: UntilOption,
    reason: Annotated[str, typer.Option(help="Why it is accepted.")] = "Open at adoption",
    owner: OwnerOption = None,
) -> None:
    """Accept what is open now until a date, each finding by its key and up to its size."""
    with one_line_errors():
        from counterfoil.audit.waivers import add_waivers, waivable
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.history.life import open_incidents
        from counterfoil.postgres.server import announce
        from counterfoil.postgres.session import Session
        from counterfoil.suites.suite import load_suites

        suites = load_suites(*settings().expectations_dirs)
        keys = waivable(suites)
        database = load_contract(settings().project_dir, contract).database
        announce(settings().demo_dir)
        incidents = open_incidents(Session.of(chosen(target), settings()), database)
        lines: Sequence[tuple[str, ...]] = [
            (
                database,
                incident.check_id,
                json.dumps(incident.key, ensure_ascii=False),
                owner or incident.owner,
                reason,
                f"{until:%Y-%m-%d}",
                "" if incident.size is None else str(incident.size),
            )
            for incident in incidents
            if incident.key.keys() == {*keys.get(incident.check_id, ((), False))[0]}
        ]
        add_waivers(settings().waivers_path, lines, suites)
        left = len(incidents) - len(lines)
        say(
            f"{settings().waivers_path}: {len(lines):,} lines more, of {len(incidents):,} findings"
            f" that are open{f'; {left:,} cannot be waived' if left else ''}"
        )
