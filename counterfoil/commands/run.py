"""`counterfoil run`: one audit, from the plan to the alerts."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from counterfoil.audit.exit_codes import FailOn, exit_code
from counterfoil.commands.options import (
    ContractOption,
    FailOnOption,
    TargetOption,
    UrlOption,
    chosen,
)
from counterfoil.common.errors import EXIT_ERROR, FlowError, PublishError
from counterfoil.common.prefect_home import settle_prefect
from counterfoil.common.terminal import one_line_errors, say, say_error, show_progress, tell
from counterfoil.publish.choices import Format

EPILOG = (
    "Exit codes: 0 passed, 1 warnings, 2 critical findings, 3 the audit or one of its"
    " checks could not run, 130 interrupted."
    " Example: counterfoil run --target production --fail-on critical"
)


def run(
    target: TargetOption = None,
    contract: ContractOption = None,
    *,
    url: UrlOption = None,
    pack: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PACK",
            help="Audit this pack of the contract; may be repeated.",
            show_default="all",
        ),
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = "text",
    json: Annotated[Path | None, typer.Option(help="Also write audit.json here.")] = None,
    fail_on: FailOnOption = "warning",
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
        is_flow = flow or bool(os.environ.get("PREFECT_API_URL"))
        if json is not None:
            _refuse_unwritable(json)
        target = chosen(target, url)
        if not is_flow:
            _check_target(target)

        from counterfoil.audit.audit_id import new_audit_id
        from counterfoil.audit.findings import Audit
        from counterfoil.common.settings import settings
        from counterfoil.publish.body import body_of
        from counterfoil.publish.formats import Told, lines_of, render
        from counterfoil.publish.headlines import outcome
        from counterfoil.publish.terminal import render_terminal
        from counterfoil.suites.pack_report import load_reports

        audit_id = new_audit_id()
        published = settings().reports_path / audit_id / "audit.json"
        carried_out = _as_flow if is_flow else _in_this_process
        failure = carried_out(
            target=target,
            contract=contract and contract.absolute(),
            fail_on=fail_on,
            packs=tuple(pack or ()),
            audit_id=audit_id,
            data_docs=data_docs,
        )
        if not published.is_file():
            say_error(str(failure))
            raise typer.Exit(EXIT_ERROR)
        audit = Audit.model_validate_json(published.read_text(encoding="utf-8"))
        if json is not None:
            _copy(published, json)
        body = body_of(audit, load_reports(*settings().expectations_dirs))
        if form == "text":
            say()
            for line in render_terminal(body):
                tell(line)
            say(f"Report: {_shortest(published.with_name('index.html'))}")
        else:
            print(render(Told(body, lines_of(audit)), form))
        if failure not in (None, outcome(audit)):
            say_error(str(failure))
            raise typer.Exit(EXIT_ERROR)
        raise typer.Exit(exit_code(audit.status, fail_on))


def _check_target(target: str) -> None:
    """Says what is wrong with a target before anything heavy is imported.

    Where there are recipients of alerts the run says it, since it tells them, too.
    """
    from counterfoil.common.settings import settings
    from counterfoil.postgres.profiles import load_targets
    from counterfoil.postgres.server import announce

    if not settings().alerts_path.exists():
        announce(settings().demo_dir)
        load_targets(target, settings().project_dir)


def _in_this_process(
    *,
    target: str,
    contract: Path | None,
    fail_on: FailOn,
    packs: tuple[str, ...],
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
    """The run as Prefect's flow. Why it is not completed, if it is not: findings, or a failure."""
    settle_prefect()
    from counterfoil.flows.nightly import nightly

    try:
        state = nightly(**parameters, return_state=True)
    except Exception as cause:
        # What the flow itself raises is a state: this is Prefect's server, or its settings.
        refusal = FlowError(
            f"Prefect cannot run the flow: {type(cause).__name__}: {cause}",
            remedy="Check the PREFECT_ variables, and that its server answers",
        )
        if not os.environ.get("PREFECT_API_URL"):
            # Its server is this run's own, and an orderly exit stops it.
            raise refusal from None
        say_error(str(refusal))
        # An orderly exit would go on sending events to nobody, and say so, for a minute.
        os._exit(EXIT_ERROR)
    return None if state.is_completed() else state.message


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
            f"cannot be written: {cause.strerror}",
            where=str(to),
            remedy="Give --json a path that can be written",
        ) from None


def _shortest(path: Path) -> Path:
    """The path as a person in this folder would type it."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
