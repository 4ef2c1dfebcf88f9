"""The command line: a verb a task, its exit codes documented, its imports late."""

import os
import sys
import tempfile
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from counterfoil.draft.cli import contract_app
from counterfoil.errors import AlertError, CounterfoilError, FlowError, PublishError
from counterfoil.gate import EXIT_ERROR, EXIT_PASSED, exit_code
from counterfoil.migrations.cli import EPILOG as MIGRATIONS_EPILOG
from counterfoil.migrations.cli import migrations
from counterfoil.repair.cli import repair_app
from counterfoil.terminal import one_line_errors, out, say, say_error, show_progress
from counterfoil.text import one_line

app = typer.Typer(
    name="counterfoil",
    help="A nightly proof that a Postgres database still agrees with itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
demo_app = typer.Typer(help="The embedded demo database.", no_args_is_help=True)
alerts_app = typer.Typer(help="Who is told what an audit changed.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(alerts_app, name="alerts")
views_app = typer.Typer(help="The views of a target.", no_args_is_help=True)
app.add_typer(repair_app, name="repair")
app.add_typer(contract_app, name="contract")
app.command("migrations", epilog=MIGRATIONS_EPILOG)(migrations)
app.add_typer(views_app, name="views")


class FailOnChoice(StrEnum):
    """The severities that --fail-on takes."""

    critical = "critical"
    warning = "warning"
    never = "never"


@app.command(
    epilog="Exit codes: 0 passed, 1 warnings, 2 critical findings, 3 the audit or one of its"
    " checks could not run. Example: counterfoil run --target production --fail-on critical"
)
def run(
    target: Annotated[
        str, typer.Option(help="Output of profiles.yml to audit.", show_default=True)
    ] = "demo",
    contract: Annotated[
        Path | None, typer.Option(help="Contract that replaces the one of dbt_project.yml.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write audit.json here.")] = None,
    fail_on: Annotated[
        FailOnChoice, typer.Option(help="Least severity for a non-zero exit code.")
    ] = FailOnChoice.warning,
    data_docs: Annotated[
        bool, typer.Option("--data-docs", help="Also publish Great Expectations' own site.")
    ] = False,
) -> None:
    """Audit a database: build the views, assert the suites, publish the report."""
    with one_line_errors():
        show_progress()
        _calm_prefect()
        _give_prefect_a_home()
        from counterfoil.findings import Audit
        from counterfoil.publish.words import headlines, movement, verdict
        from counterfoil.settings import settings
        from flows.nightly import new_audit_id, nightly

        audit_id = new_audit_id()
        published = settings().reports_path / audit_id / "audit.json"
        if json is not None:
            _refuse_unwritable(json)
        try:
            state = nightly(
                target=target,
                contract=contract and contract.absolute(),
                fail_on=fail_on.value,
                audit_id=audit_id,
                data_docs=data_docs,
                return_state=True,
            )
        except Exception as cause:
            # What the flow itself raises is a state: this is Prefect's server, or its settings.
            raise FlowError(
                f"Prefect cannot run the flow: {type(cause).__name__}: {cause}",
                remedy="Check the PREFECT_ variables, and that its server answers",
            ) from None
        if not published.is_file():
            say_error(str(state.message))
            raise typer.Exit(EXIT_ERROR)
        audit = Audit.model_validate_json(published.read_text(encoding="utf-8"))
        if json is not None:
            _copy(published, json)
        say()
        say(verdict(audit), style="bold")
        say(one_line(movement(audit)))
        for sentence in headlines(audit):
            say(f"  {one_line(sentence)}")
        say(f"Report: {_shortest(published.with_name('index.html'))}")
        raise typer.Exit(exit_code(audit.status, fail_on.value))


@app.command(epilog="Example: counterfoil checks")
def checks() -> None:
    """List the catalogue: every check, its severity and what it says."""
    with one_line_errors():
        from counterfoil.own_checks import every_check_ran, waivers_in_use
        from counterfoil.probes import isolation_check
        from counterfoil.settings import settings
        from counterfoil.suites import load_suites

        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("check", no_wrap=True)
        table.add_column("severity")
        table.add_column("says")
        for suite in load_suites(settings().expectations_dir):
            for check in suite.checks:
                table.add_row(check.check_id, check.severity, Text(one_line(check.title)))
        for own in (isolation_check(), every_check_ran([], []), waivers_in_use([])):
            table.add_row(own.check_id, own.severity, Text(one_line(own.title)))
        out.print(table)


@alerts_app.command(
    "test",
    epilog="Exit codes: 0 every recipient took it, 3 one did not, or there is none."
    " Example: counterfoil alerts test",
)
def alerts_test() -> None:
    """Send a test message to every recipient of alerts.yml, and say what came of it."""
    with one_line_errors():
        show_progress()
        _calm_prefect()
        _give_prefect_a_home()
        from counterfoil.alerts.compose import trial
        from counterfoil.alerts.recipients import check_owners, load_recipients
        from counterfoil.alerts.send import send
        from counterfoil.settings import settings
        from counterfoil.suites import load_suites

        file = settings().alerts_path
        recipients = load_recipients(file)
        check_owners(recipients, load_suites(settings().expectations_dir), file)
        if not recipients:
            raise AlertError("it names no recipient", where=str(file), remedy="Write one into it")
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
    contract: Annotated[
        Path | None, typer.Option(help="Contract that replaces the one of dbt_project.yml.")
    ] = None,
    hours: Annotated[
        float, typer.Option(min=0.01, max=8760, help="How long to wait for an audit.")
    ] = 26,
) -> None:
    """Have Prefect notify when no audit of the contract's database was completed in time."""
    with one_line_errors():
        _calm_prefect()
        _give_prefect_a_home()
        from counterfoil.contract import load_contract
        from counterfoil.settings import settings
        from flows.absence import watch_for_absence

        database = load_contract(settings().project_dir, contract).database
        try:
            say(f"Watching: {watch_for_absence(database, block, timedelta(hours=hours))}")
        except CounterfoilError:
            raise
        except Exception as cause:
            raise FlowError(
                f"Prefect did not take the automation: {type(cause).__name__}: {cause}",
                remedy="Check PREFECT_API_URL, and that its server answers",
            ) from None


@app.command(epilog="Example: counterfoil grants --target production > grants.sql")
def grants(
    target: Annotated[str, typer.Option(help="Output of profiles.yml to audit.")] = "demo",
    contract: Annotated[
        Path | None, typer.Option(help="Contract that replaces the one of dbt_project.yml.")
    ] = None,
    reader: Annotated[
        str, typer.Option(help="Role of the analysts, who read the views.")
    ] = "counterfoil_reader",
) -> None:
    """Print the SQL that makes the target's roles, for the database's owner to run."""
    with one_line_errors():
        from counterfoil.contract import load_contract
        from counterfoil.grants import render_grants
        from counterfoil.profiles import load_historian, load_targets
        from counterfoil.settings import settings

        project = settings().project_dir
        builder, auditor = load_targets(target, project)
        sys.stdout.write(
            render_grants(
                load_contract(project, contract),
                builder=builder,
                auditor=auditor,
                historian=load_historian(target, project),
                reader=reader,
            )
        )


@views_app.command(
    "drop",
    epilog="Exit codes: 0 dropped, 3 not, since somebody else's views stand on them."
    " Example: counterfoil views drop --target production",
)
def views_drop(
    target: Annotated[str, typer.Option(help="Output of profiles.yml that builds.")] = "demo",
) -> None:
    """Drop the views, before the application changes a table below them."""
    with one_line_errors():
        from counterfoil.build import drop_views
        from counterfoil.demo import announce
        from counterfoil.lock import only_audit
        from counterfoil.profiles import load_targets
        from counterfoil.settings import settings

        announce(settings().demo_dir)
        builder, _ = load_targets(target, settings().project_dir)
        with only_audit(builder, settings()):
            dropped = drop_views(builder, settings())
        say(f"Dropped {dropped} views; the next audit builds them again")


SnapshotOption = Annotated[str | None, typer.Option(help="Snapshot: overnight or afternoon.")]
LoadOption = Annotated[str, typer.Option("--snapshot", help="Snapshot: overnight or afternoon.")]
DataDirOption = Annotated[Path | None, typer.Option(help="Folder of the server's files.")]


@demo_app.command("start", epilog="Example: counterfoil demo start --snapshot afternoon")
def demo_start(snapshot: SnapshotOption = None, data_dir: DataDirOption = None) -> None:
    """Start the demo database, load a snapshot if it is not loaded, print its URL."""
    with one_line_errors():
        from counterfoil import demo

        show_progress()
        print(demo.start(_data_dir(data_dir), snapshot))


@demo_app.command("load", epilog="Example: counterfoil demo load --snapshot overnight")
def demo_load(snapshot: LoadOption = "overnight", data_dir: DataDirOption = None) -> None:
    """Put a snapshot's rows back, whatever was changed; print the database's URL."""
    with one_line_errors():
        from counterfoil import demo

        print(demo.load(_data_dir(data_dir), snapshot))


@demo_app.command("stop", epilog="Example: counterfoil demo stop")
def demo_stop(data_dir: DataDirOption = None) -> None:
    """Stop the demo database; its rows are kept."""
    with one_line_errors():
        from counterfoil import demo

        stopped = demo.stop(_data_dir(data_dir))
        print("stopped" if stopped else "it was not running")


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
    sys.exit(code)


def _calm_prefect() -> None:
    """Prefect reads these when it is first imported."""
    quiet = {
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "CRITICAL",
        "PREFECT_LOGGING_EXTRA_LOGGERS": "counterfoil",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    }
    for name, value in quiet.items():
        os.environ.setdefault(name, value)


def _give_prefect_a_home() -> None:
    """Without one its server would be started again and again, and say so at length."""
    home = Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as cause:
        raise FlowError(
            f"Prefect cannot write there: {cause.strerror}",
            where=str(home),
            remedy="Make it writable, or set PREFECT_HOME",
        ) from None


def _refuse_unwritable(file: Path) -> None:
    """Before the audit, not after it."""
    if file.is_dir() or not file.absolute().parent.is_dir():
        raise PublishError(
            "audit.json cannot be written there: no such folder, or no file",
            where=str(file),
            remedy="Name a file in a folder that exists with --json",
        )


def _copy(published: Path, to: Path) -> None:
    try:
        to.write_text(published.read_text(encoding="utf-8"), encoding="utf-8")
    except OSError as cause:
        raise PublishError(
            f"cannot be written: {cause.strerror}", where=str(to), remedy="Mend --json"
        ) from None


def _data_dir(given: Path | None) -> Path:
    from counterfoil.settings import settings

    return given or settings().demo_dir


def _shortest(path: Path) -> Path:
    """The path as a person in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
