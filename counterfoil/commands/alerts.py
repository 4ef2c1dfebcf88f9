"""`counterfoil alerts`: trying the recipients, and watching for a night without an audit."""

from datetime import timedelta
from typing import Annotated

import typer

from counterfoil.audit.exit_codes import EXIT_PASSED
from counterfoil.commands.options import ContractOption
from counterfoil.common.errors import EXIT_ERROR, AlertError, CounterfoilError, FlowError
from counterfoil.common.prefect_home import settle_prefect
from counterfoil.common.terminal import one_line_errors, say, show_progress

alerts_app = typer.Typer(help="Notify recipients of what an audit changed.", no_args_is_help=True)


@alerts_app.command(
    "test",
    epilog="Exit codes: 0 every recipient took it, 3 one did not, or there is none."
    " Example: counterfoil alerts test",
)
def alerts_test(contract: ContractOption = None) -> None:
    """Send a test message to every recipient of alerts.yml, and print each result."""
    with one_line_errors():
        show_progress()
        from counterfoil.alerts.compose import trial
        from counterfoil.alerts.recipients import check_owners, load_recipients
        from counterfoil.alerts.send import send
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.suites.suite import load_suites

        file = settings().alerts_path
        recipients = load_recipients(file)
        declared = load_contract(settings().project_dir, contract)
        check_owners(recipients, load_suites(*settings().expectations_dirs), declared, file)
        if not recipients:
            raise AlertError("it names no recipient", where=str(file), remedy="Add a recipient")
        failed = False
        for recipient in recipients:
            error = send(recipient, trial(recipient), settings().alert_timeout_s)
            say(f"{recipient.name}: {f'not sent: {error}' if error else 'sent'}")
            failed = failed or error is not None
        raise typer.Exit(EXIT_ERROR if failed else EXIT_PASSED)


@alerts_app.command(
    "watch",
    epilog="Example: counterfoil alerts watch --block slack-webhook/on-call",
)
def alerts_watch(
    block: Annotated[str, typer.Option(help="Notification block of Prefect's, as type/name.")],
    contract: ContractOption = None,
    hours: Annotated[
        float, typer.Option(min=0.01, max=8760, help="How long to wait for an audit.")
    ] = 26,
) -> None:
    """Have Prefect notify when no audit of the contract's database was completed in time."""
    with one_line_errors():
        settle_prefect()
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.flows.absence import watch_for_absence

        database = load_contract(settings().project_dir, contract).database
        try:
            say(f"Watching: {watch_for_absence(database, block, timedelta(hours=hours))}")
        except CounterfoilError:
            raise
        except Exception as cause:
            raise FlowError(
                f"Prefect refused the automation: {type(cause).__name__}: {cause}",
                remedy="Check PREFECT_API_URL, and that its server answers",
            ) from None
