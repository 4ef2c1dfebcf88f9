"""`counterfoil migrations DIR`: the migrations of an application, judged in its own CI."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from counterfoil.audit.exit_codes import exit_code
from counterfoil.commands.options import FailOnOption
from counterfoil.common.errors import MigrationsError
from counterfoil.common.terminal import one_line_errors, show_progress
from counterfoil.contract.layouts import Layout
from counterfoil.publish.choices import Format

EPILOG = (
    "Exit codes: 0 passed, 1 warnings, 2 critical findings, 3 something could not be judged."
    " Example: counterfoil migrations apps/backend/migrations --format github"
)


def migrations(  # noqa: PLR0917
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of migrations, or one that holds some.")
    ],
    layout: Annotated[
        Literal["auto", Layout], typer.Option(help="How the files are named and ordered.")
    ] = "auto",
    form: Annotated[Format, typer.Option("--format", help="What to print.")] = "text",
    contract: Annotated[
        Path | None,
        typer.Option(help="Contract whose `migrations` say what the folders are; DIR holds them."),
    ] = None,
    waivers: Annotated[
        Path | None, typer.Option(help="CSV of accepted findings, as seeds/waivers.csv is.")
    ] = None,
    static: Annotated[
        bool,
        typer.Option("--static", help="Read them only: run nothing on an empty server."),
    ] = False,
    run_alembic: Annotated[
        bool,
        typer.Option(
            "--run-alembic",
            help="Run Alembic's revisions for real: this executes their code, without a network.",
        ),
    ] = False,
    with_squawk: Annotated[
        bool,
        typer.Option("--with-squawk", help="Ask squawk, too, which has to be on the PATH."),
    ] = False,
    fail_on: FailOnOption = "warning",
) -> None:
    """Judge a folder of migrations: they run on an empty server; no database of yours is needed."""
    with one_line_errors():
        show_progress()
        from counterfoil.common.settings import settings
        from counterfoil.contract.contract import MigrationTree, load_contract
        from counterfoil.migrations.detection import LeftOut
        from counterfoil.migrations.extract import trees_of
        from counterfoil.migrations.output import render
        from counterfoil.migrations.workspace import judge_folder

        if not folder.is_dir():
            raise MigrationsError("no such folder", where=str(folder), remedy="Check the path")
        if static and run_alembic:
            raise MigrationsError(
                "--static runs nothing, and --run-alembic does", remedy="Give one of them"
            )
        database = None
        left_out: list[LeftOut] = []
        if contract is not None:
            declared = load_contract(settings().project_dir, contract)
            database, trees = declared.database, dict(declared.migrations)
        else:
            template = MigrationTree.model_validate({"folder": ".", "layout": layout})
            trees, left_out = trees_of(folder, template)
        judged = judge_folder(
            folder,
            trees,
            settings(),
            database=database,
            waivers_file=waivers,
            static=static,
            runs_alembic=run_alembic,
            with_squawk=with_squawk,
            left_out=left_out,
        )
        print(render(judged, folder, form))
        raise typer.Exit(exit_code(judged.audit.status, fail_on))
