"""The command line: one verb per task, its exit codes documented, its imports late."""

import sys

import typer

from counterfoil.audit.exit_codes import EXIT_INTERRUPTED
from counterfoil.commands import cases, checks, doctor, grants, init, migrations, run, show, waivers
from counterfoil.commands.alerts import alerts_app
from counterfoil.commands.contract import contract_app
from counterfoil.commands.demo import demo_app
from counterfoil.commands.ledger import ledger_app
from counterfoil.commands.repair import repair_app
from counterfoil.commands.views import views_app
from counterfoil.common.errors import EXIT_ERROR
from counterfoil.common.terminal import say_error

app = typer.Typer(
    name="counterfoil",
    help="A nightly proof that a Postgres database still agrees with itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command(epilog=init.EPILOG)(init.init)
app.command(epilog=doctor.EPILOG)(doctor.doctor)
app.command(epilog=run.EPILOG)(run.run)
app.command(epilog=show.EPILOG)(show.show)
app.command(epilog=waivers.WAIVE_EPILOG)(waivers.waive)
app.command(epilog=waivers.BASELINE_EPILOG)(waivers.baseline)
app.command(epilog="Example: counterfoil checks")(checks.checks)
app.command(epilog=cases.EPILOG)(cases.cases)
app.command(epilog="Example: counterfoil grants --target production > grants.sql")(grants.grants)
app.command(epilog=migrations.EPILOG)(migrations.migrations)
for name, group in (
    ("contract", contract_app),
    ("ledger", ledger_app),
    ("repair", repair_app),
    ("alerts", alerts_app),
    ("views", views_app),
    ("demo", demo_app),
):
    app.add_typer(group, name=name)


def main() -> None:
    """The console script."""
    try:
        code = app(standalone_mode=False)
    except typer.TyperException as error:
        # Its own exit code, 2, would be taken for critical findings. Without a message the
        # help has been shown in its place.
        if message := error.format_message().strip():
            say_error(f"{message.rstrip('.')}. See counterfoil --help.")
        code = EXIT_ERROR
    except typer.Abort:
        code = EXIT_ERROR
    if code == EXIT_INTERRUPTED:
        say_error("Interrupted. Nothing of this run was recorded; the next one starts afresh.")
    sys.exit(code)
