"""`counterfoil doctor`: what stands in the way of an audit."""

import typer

from counterfoil.audit.exit_codes import EXIT_PASSED, EXIT_WARNING
from counterfoil.commands.options import ContractOption, TargetOption, UrlOption, chosen
from counterfoil.common.errors import EXIT_ERROR
from counterfoil.common.terminal import one_line_errors, say

EPILOG = (
    "Exit codes: 0 an audit can run, 1 it can, and something is to be looked at, 3 it cannot."
    " Example: counterfoil doctor --target production"
)


def doctor(
    target: TargetOption = None,
    url: UrlOption = None,
    contract: ContractOption = None,
) -> None:
    """Look at all that an audit needs, a line each, and change nothing."""
    with one_line_errors():
        from counterfoil.common.settings import settings
        from counterfoil.common.text import one_line
        from counterfoil.pipeline.doctor import examine
        from counterfoil.postgres.server import announce

        announce(settings().demo_dir)
        states = set()
        for line in examine(chosen(target, url), contract, settings()):
            states.add(line.state)
            say(f"{line.state:<5} {line.what:<11} {one_line(line.says)}")
        if "fail" in states:
            raise typer.Exit(EXIT_ERROR)
        raise typer.Exit(EXIT_WARNING if "look" in states else EXIT_PASSED)
