"""`counterfoil cases`: whether the checks of a folder notice what they are for."""

from typing import Annotated

import typer

from counterfoil.audit.exit_codes import EXIT_CRITICAL, EXIT_PASSED
from counterfoil.commands.options import (
    ContractOption,
    TargetOption,
    UrlOption,
    chosen,
    standing_plan,
)
from counterfoil.common.terminal import one_line_errors, say

EPILOG = (
    "Exit codes: 0 every case is found, and nothing besides, 2 one is not, 3 none could be tried."
    " Example: counterfoil cases --target staging"
)


def cases(
    target: TargetOption = None,
    url: UrlOption = None,
    contract: ContractOption = None,
    in_place: Annotated[
        bool,
        typer.Option(
            "--in-place",
            help="Break the database itself, its rows locked until all is rolled back,"
            " instead of a copy.",
        ),
    ] = False,
) -> None:
    """Break a copy as each file of cases/ says, and see that exactly that is found."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.common.text import one_line
        from counterfoil.pipeline.cases import try_cases
        from counterfoil.postgres.profiles import load_repairer

        name = chosen(target, url)
        plan = standing_plan(name, contract)
        folder = settings().project_dir / "cases"
        breaker = load_repairer(name, settings().project_dir)
        missed = False
        for tried in try_cases(plan, folder, breaker, settings(), in_place=in_place):
            missed |= bool(tried.wrong)
            say(f"{'fail' if tried.wrong else 'ok':<5} {one_line(tried.name)}")
            for line in tried.wrong:
                say(f"      {one_line(line)}")
        raise typer.Exit(EXIT_CRITICAL if missed else EXIT_PASSED)
