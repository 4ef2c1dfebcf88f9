"""The command line: a verb a task, its exit codes documented, its imports late."""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from counterfoil.errors import PublishError
from counterfoil.gate import EXIT_ERROR, exit_code
from counterfoil.repair.cli import repair_app
from counterfoil.terminal import err, one_line_errors, out, show_progress

app = typer.Typer(
    name="counterfoil",
    help="A nightly proof that a Postgres database still agrees with itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
demo_app = typer.Typer(help="The embedded demo database.", no_args_is_help=True)
app.add_typer(demo_app, name="demo")
app.add_typer(repair_app, name="repair")


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
) -> None:
    """Audit a database: build the views, assert the suites, publish the report."""
    with one_line_errors():
        show_progress()
        _calm_prefect()
        from counterfoil.findings import Audit
        from counterfoil.publish.words import headlines, verdict
        from counterfoil.settings import settings
        from flows.nightly import new_audit_id, nightly

        audit_id = new_audit_id()
        state = nightly(
            target=target,
            contract=contract and contract.absolute(),
            fail_on=fail_on.value,
            audit_id=audit_id,
            return_state=True,
        )
        published = settings().reports_path / audit_id / "audit.json"
        if not published.is_file():
            err.print(f"[red]error:[/] {escape(str(state.message))}", soft_wrap=True)
            raise typer.Exit(EXIT_ERROR)
        audit = Audit.model_validate_json(published.read_text(encoding="utf-8"))
        if json is not None:
            _copy(published, json)
        out.print()
        out.print(f"[bold]{escape(verdict(audit))}[/]")
        for sentence in headlines(audit):
            out.print(f"  {escape(sentence)}", soft_wrap=True)
        out.print(f"Report: {_shortest(published.with_name('report.md'))}", soft_wrap=True)
        raise typer.Exit(exit_code(audit.status, fail_on.value))


@app.command(epilog="Example: counterfoil checks")
def checks() -> None:
    """List the catalogue: every check, its severity, its view and what it says."""
    with one_line_errors():
        from counterfoil.settings import settings
        from counterfoil.suites import load_suites

        table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
        table.add_column("check", overflow="fold")
        table.add_column("severity")
        table.add_column("says")
        for suite in load_suites(settings().expectations_dir):
            for check in suite.checks:
                table.add_row(check.check_id, check.severity, escape(check.title))
        table.add_row("audit.every_check_ran", "critical", "Every declared check has a result")
        out.print(table)


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
    app()


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
