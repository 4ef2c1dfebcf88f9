"""The command line: a verb a task, its exit codes documented, its imports late."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from counterfoil.audit.exit_codes import EXIT_ERROR, EXIT_INTERRUPTED, FailOn, exit_code
from counterfoil.commands.alerts import alerts_app
from counterfoil.commands.contract import contract_app
from counterfoil.commands.demo import demo_app
from counterfoil.commands.migrations import EPILOG as MIGRATIONS_EPILOG
from counterfoil.commands.migrations import migrations
from counterfoil.commands.repair import repair_app
from counterfoil.common.errors import FlowError, PublishError
from counterfoil.common.prefect_home import settle_prefect
from counterfoil.common.terminal import one_line_errors, out, say, say_error, show_progress
from counterfoil.common.text import one_line

if TYPE_CHECKING:
    # Its models take a tenth of a second, and every command line would import them.
    from counterfoil.contract.contract import Pack

app = typer.Typer(
    name="counterfoil",
    help="A nightly proof that a Postgres database still agrees with itself.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
views_app = typer.Typer(help="The views of a target.", no_args_is_help=True)
for name, group in (
    ("contract", contract_app),
    ("repair", repair_app),
    ("alerts", alerts_app),
    ("views", views_app),
    ("demo", demo_app),
):
    app.add_typer(group, name=name)


class FailOnChoice(StrEnum):
    """The severities that --fail-on takes."""

    critical = "critical"
    warning = "warning"
    never = "never"


class PackChoice(StrEnum):
    """The packs that --pack takes."""

    capacity = "capacity"
    tenancy = "tenancy"
    integrity = "integrity"
    migrations = "migrations"
    schema = "schema"
    health = "health"


@app.command(
    epilog="Exit codes: 0 passed, 1 warnings, 2 critical findings, 3 the audit or one of its"
    " checks could not run, 130 interrupted."
    " Example: counterfoil run --target production --fail-on critical"
)
def run(
    target: Annotated[
        str, typer.Option(help="Output of profiles.yml to audit.", show_default=True)
    ] = "demo",
    contract: Annotated[
        Path | None, typer.Option(help="Contract that replaces the one of dbt_project.yml.")
    ] = None,
    *,
    pack: Annotated[
        list[PackChoice] | None,
        typer.Option(help="Audit this pack of the contract; may be repeated.", show_default="all"),
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Also write audit.json here.")] = None,
    fail_on: Annotated[
        FailOnChoice, typer.Option(help="Least severity for a non-zero exit code.")
    ] = FailOnChoice.warning,
    data_docs: Annotated[
        bool, typer.Option("--data-docs", help="Also publish Great Expectations' own site.")
    ] = False,
    flow: Annotated[
        bool,
        typer.Option("--flow", help="Run as Prefect's flow, as with PREFECT_API_URL set."),
    ] = False,
) -> None:
    """Audit a database: build the views, assert the suites, publish the report."""
    with one_line_errors():
        show_progress()
        from counterfoil.audit.audit import new_audit_id
        from counterfoil.audit.findings import Audit
        from counterfoil.common.settings import settings
        from counterfoil.publish.expected_tables import tables_there
        from counterfoil.publish.headlines import headlines, movement, verdict

        audit_id = new_audit_id()
        published = settings().reports_path / audit_id / "audit.json"
        if json is not None:
            _refuse_unwritable(json)
        carried_out = _as_flow if flow or os.environ.get("PREFECT_API_URL") else _in_this_process
        failure = carried_out(
            target=target,
            contract=contract and contract.absolute(),
            fail_on=fail_on.value,
            packs=tuple(each.value for each in pack or ()),
            audit_id=audit_id,
            data_docs=data_docs,
        )
        if not published.is_file():
            say_error(str(failure))
            raise typer.Exit(EXIT_ERROR)
        audit = Audit.model_validate_json(published.read_text(encoding="utf-8"))
        if json is not None:
            _copy(published, json)
        say()
        say(verdict(audit), style="bold")
        say(one_line(movement(audit)))
        if there := tables_there(audit):
            say(there)
        for sentence in headlines(audit):
            say(f"  {one_line(sentence)}")
        say(f"Report: {_shortest(published.with_name('index.html'))}")
        raise typer.Exit(exit_code(audit.status, fail_on.value))


def _in_this_process(
    *,
    target: str,
    contract: Path | None,
    fail_on: FailOn,
    packs: "tuple[Pack, ...]",
    audit_id: str,
    data_docs: bool,
) -> str | None:
    """The run, without Prefect. Why it failed, in a line; None if it did not."""
    from counterfoil.commands.terminal_host import TerminalHost
    from counterfoil.common.settings import settings
    from counterfoil.pipeline.run import Job, Order, carry_out

    with TemporaryDirectory() as scratch, TerminalHost() as host:
        site = Path(scratch) / "data_docs" if data_docs else None
        order = Order(target, audit_id, contract, packs, site=site)
        return carry_out(Job(order, settings(), host)).failure


def _as_flow(**parameters: Any) -> str | None:
    """The run as Prefect's flow. What its state says of it."""
    settle_prefect()
    from flows.nightly import nightly

    try:
        state = nightly(**parameters, return_state=True)
    except Exception as cause:
        # What the flow itself raises is a state: this is Prefect's server, or its settings.
        raise FlowError(
            f"Prefect cannot run the flow: {type(cause).__name__}: {cause}",
            remedy="Check the PREFECT_ variables, and that its server answers",
        ) from None
    return state.message


@app.command(epilog="Example: counterfoil checks")
def checks() -> None:
    """List the catalogue: every check, its severity and what it says."""
    with one_line_errors():
        from counterfoil.audit.probes import isolation_check
        from counterfoil.audit.self_checks import every_check_ran, waivers_in_use
        from counterfoil.common.settings import settings
        from counterfoil.suites.suite import load_suites

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
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import load_contract
        from counterfoil.contract.grants import render_grants
        from counterfoil.postgres.profiles import load_historian, load_targets

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
        from counterfoil.common.settings import settings
        from counterfoil.postgres.lock import only_audit
        from counterfoil.postgres.profiles import load_targets
        from counterfoil.postgres.server import announce
        from counterfoil.views.build import drop_views

        announce(settings().demo_dir)
        builder, _ = load_targets(target, settings().project_dir)
        with only_audit(builder, settings()):
            dropped = drop_views(builder, settings())
        say(f"Dropped {dropped} views; the next audit builds them again")


app.command("migrations", epilog=MIGRATIONS_EPILOG)(migrations)


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
        say_error("Interrupted. Nothing of this run is on record; the next one begins anew.")
    sys.exit(code)


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


def _shortest(path: Path) -> Path:
    """The path as a person in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
